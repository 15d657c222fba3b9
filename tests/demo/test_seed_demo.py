"""Seeding through services and HTTP, twice; then simulated reviewers through the portal."""

import json
import random
import threading
import time

import pytest
from django.core.management import call_command
from django.db.models import Count
from django.utils import timezone

from audits.demo import reviewers
from audits.demo.organisations import all_organisations
from audits.demo.people import logins
from audits.demo.reviewers import SimulatedReviewer
from cases.models import Case, CaseAttributes, CaseType, Outcome
from cases.queries import get_case_type
from cases.services import create_case_type, post_outcome, submit_case
from hitl_platform.embedded.visitors import Forms
from hitl_platform.tenants.models import Membership, ServiceKey, Tenant, User
from hitl_platform.tenants.operators import find_tenant_id
from hitl_platform.tenants.scope import tenant_scope
from models_registry.models import ModelVersion
from models_registry.queries import labelled_payloads
from models_registry.training import train
from reviews.models import Judgment, Panel, PanelTemplate, Queue, QueueUserPermission, RoutingPolicy

TABLES = (
    Tenant, Membership, CaseType, ModelVersion, PanelTemplate, Queue, QueueUserPermission, RoutingPolicy,
    Case, CaseAttributes, Outcome,
)  # fmt: skip


def counts(slug):
    tenant_id = find_tenant_id(slug)
    with tenant_scope(tenant_id):
        return {table.__name__: table.objects.count() for table in TABLES}


@pytest.mark.slow
def test_the_whole_demonstration(committed, server, pipeline, tmp_path, monkeypatch, capsys):
    """One test, because setting up is what takes long: seeded, found again, worked on, looked back on."""
    path = tmp_path / "logins.json"
    monkeypatch.setenv("HITL_DEMO_LOGINS", str(path))
    call_command("seed_demo", "--without-cases")
    assert counts("northwind")["Case"] == 0
    assert User.objects.filter(simulated=True).count() == 15
    call_command("seed_demo", "--base-url", server, "--without-scenes")
    first = {slug: counts(slug) for slug in ("northwind", "st-agnes")}
    assert first["northwind"]["Case"] == first["northwind"]["CaseAttributes"] == 500
    assert (first["st-agnes"]["Case"], first["st-agnes"]["CaseAttributes"]) == (284, 0)

    call_command("seed_demo", "--base-url", server, "--without-scenes")
    assert {slug: counts(slug) for slug in first} == first
    assert len(json.loads(path.read_text())) == 31

    for organisation in all_organisations():
        look_at(organisation)
    let_reviewers_work(server)


def look_at(organisation):
    tenant_id = find_tenant_id(organisation.slug)
    with tenant_scope(tenant_id):
        assert Tenant.objects.get(pk=tenant_id).simulated
        champion = ModelVersion.objects.get(state="champion")
        assert champion.promoted_by not in (champion.registered_by, champion.trained_by)
        policy = RoutingPolicy.objects.get(state="active")
        assert policy.approved_by != policy.created_by
        by_state = dict(Case.objects.values_list("state").annotate(Count("pk")))
        assert set(by_state) == {"decided", "in_review"}
        assert by_state["decided"] > by_state["in_review"] > 20
        # what the data set knows has arrived for what is decided, and for nothing else
        assert Outcome.objects.count() == by_state["decided"]
        # intake keys are gone with their work
        assert not ServiceKey.objects.filter(revoked_at=None).exists()


def let_reviewers_work(server):
    organisations = all_organisations()
    truth = {example.external_id: example.truth for each in organisations for example in each.cases}
    hired = reviewers.hire(logins(organisations), number=6, address=server, truth=truth, pace=0.002, seed=3)
    assert len({each.person.email for each in hired}) == 6
    stop, deadline = threading.Event(), time.monotonic() + 90

    def tick():
        if sum(each.done for each in hired) >= 60 or time.monotonic() > deadline:
            stop.set()

    reviewers.run(hired, stop=stop, tick=tick)
    right = total = 0
    for organisation in organisations:
        with tenant_scope(find_tenant_id(organisation.slug)):
            judged = Judgment.objects.select_related("case", "reviewer")
            assert all(judgment.reviewer.simulated for judgment in judged)
            assert all("Simulated" in judgment.rationale for judgment in judged)
            right += sum(judgment.label == truth[judgment.case.external_id] for judgment in judged)
            total += len(judged)
            assert Panel.objects.filter(state__in=["open", "disputed", "settled"]).exists()
    assert total >= 60
    assert 0.6 < right / total < 0.99


def test_attributes_do_not_reach_the_model(mona, integrator):
    """German credit with its protected attributes in the database: the artifact is that of the payloads alone."""
    organisation, _ = all_organisations()
    examples = organisation.cases[:120]
    trained = train(
        [example.payload for example in examples],
        [example.truth for example in examples],
        feature_schema=organisation.feature_schema,
    )
    create_case_type(actor=mona, key="loan", name="Loan", definition=dict(organisation.definition))
    for example in examples:
        case, _ = submit_case(
            actor=integrator,
            case_type_key="loan",
            submission={
                "external_id": example.external_id,
                "payload": example.payload,
                "attributes": example.attributes,
            },
        )
        post_outcome(actor=integrator, case_id=case.pk, label=example.truth, observed_at=timezone.now())
    with tenant_scope(mona.tenant_id):
        assert CaseAttributes.objects.count() == 120
        rows = labelled_payloads(get_case_type(mona, "loan").pk)
    assert train(*rows, feature_schema=organisation.feature_schema).sha256 == trained.sha256


def test_a_reviewer_errs_by_their_own_confusion_matrix():
    reviewer = SimulatedReviewer(None, "Simulated", {"NC-0002": "decline"}, (0.8, 0.8), random.Random(5))
    page = (
        '<p>NC-0002</p><form><input type="radio" name="label" value="approve">'
        '<input type="radio" name="label" value="decline"></form>'
    )
    (form,) = Forms(page).forms
    said = [reviewer._label(page, form) for _ in range(2000)]
    assert said.count("decline") / 2000 == pytest.approx(0.8, abs=0.03)
    assert reviewer.confusion["decline"]["decline"] == pytest.approx(0.8)


def test_a_reviewer_mostly_keeps_the_first_answer():
    reviewer = SimulatedReviewer(None, "Simulated", {"NC-0002": "decline"}, (1.0, 1.0), random.Random(5))
    page = (
        '<p>NC-0002</p><form><input type="radio" name="label" value="approve" required checked>'
        '<input type="radio" name="label" value="decline" required></form>'
    )
    (form,) = Forms(page).forms
    said = [reviewer._label(page, form) for _ in range(1000)]
    assert said.count("approve") / 1000 == pytest.approx(1 - reviewers.CHANGES_MIND, abs=0.04)
