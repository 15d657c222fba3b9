"""A bias audit from its request to its signature: who may, in which state, what is recorded, what is computed."""

import json
from typing import Any

import pytest

from audits.fairness import document_digest
from audits.fairness.audit import audit as fairness_audit
from audits.models import BiasAudit, Finding
from audits.services.bias import (
    cancel_bias_audit,
    forget_frozen,
    read_bias_audit,
    request_bias_audit,
    resume_bias_audit,
    sign_bias_audit,
)
from audits.tallying import count_cube, plan_of, population_of
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.notices.models import Notice
from hitl_platform.pipeline.runner import drain, run_batch
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.audits.worlds import ASKED, World, make_world
from tests.cast import Cast

KINDS = ("audit_freeze", "audit_compute")


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast, cases=600, reviewing=0.5)


@pytest.fixture
def few(cast: Cast) -> World:
    """For what does not depend on how many there are."""
    return make_world(cast, cases=24)


@pytest.fixture
def finished(world: World, ada: Actor) -> BiasAudit:
    return run(request_bias_audit(actor=ada, asked=ASKED))


def run(audit: BiasAudit) -> BiasAudit:
    drain(audit.tenant_id, kinds=KINDS)
    return now(audit)


def now(audit: BiasAudit) -> BiasAudit:
    with tenant_scope(audit.tenant_id):
        return BiasAudit.objects.get(pk=audit.pk)


def events(audit: BiasAudit) -> list[str]:
    with tenant_scope(audit.tenant_id):
        return list(AuditEvent.objects.filter(subject_id=audit.pk).order_by("id").values_list("verb", flat=True))


def test_it_runs_and_names_the_stage_where_the_disparity_enters(finished: BiasAudit, ada: Actor) -> None:
    assert (finished.state, finished.problem, finished.frozen_rows) == ("finished", "", 600)
    document = document_of(finished)
    assert document["n"] == 600
    assert document["stages"]["sex"]["female"]["enters"] == "first judgment"
    with tenant_scope(finished.tenant_id):
        findings = list(Finding.objects.filter(audit=finished))
        assert Notice.objects.filter(recipient_id=ada.id, kind="audit").count() == 1
    assert any("female" in found.text for found in findings)
    assert events(finished) == [
        "bias_audit.requested", "bias_audit.freezing", "bias_audit.froze", "bias_audit.frozen", "bias_audit.finished",
    ]  # fmt: skip


def test_run_again_it_gives_the_same_bytes(finished: BiasAudit, ada: Actor) -> None:
    with tenant_scope(finished.tenant_id):
        assert count_cube(finished) == finished.cube
    again = fairness_audit(population_of(finished), plan=plan_of(finished))
    assert document_digest(again) == finished.report_sha256
    other = run(request_bias_audit(actor=ada, asked=ASKED | {"known_on": finished.known_on.isoformat()}))
    assert (other.report, other.population_sha256) == (finished.report, finished.population_sha256)


def test_counts_outlive_the_people_they_were_made_of(finished: BiasAudit, world: World, ada: Actor) -> None:
    forget_frozen(actor=ada, case_ids=world.cases[:300])
    again = fairness_audit(population_of(now(finished)), plan=plan_of(finished))
    assert document_digest(again) == finished.report_sha256


def test_only_somebody_who_did_not_run_it_signs(finished: BiasAudit, ada: Actor, olga: Actor) -> None:
    with pytest.raises(Forbidden, match="Somebody who did not make it"):
        sign_bias_audit(actor=ada, audit_id=finished.pk, statement="Read.")
    with pytest.raises(Invalid) as refusal:
        sign_bias_audit(actor=olga, audit_id=finished.pk, statement=" ")
    assert set(refusal.value.fields) == {"statement"}
    signed = sign_bias_audit(actor=olga, audit_id=finished.pk, statement="Read; the first finding is assigned.")
    assert (signed.state, signed.signed_by) == ("signed", olga.id)
    with pytest.raises(Conflict):
        sign_bias_audit(actor=olga, audit_id=finished.pk, statement="Once more.")
    assert events(finished)[-1] == "bias_audit.signed"


def test_whoever_resumed_it_has_run_it(few: World, ada: Actor, olga: Actor) -> None:
    audit = request_bias_audit(actor=ada, asked=ASKED)
    cancel_bias_audit(actor=ada, audit_id=audit.pk)
    resume_bias_audit(actor=olga, audit_id=audit.pk)
    assert run(audit).state == "finished"
    with pytest.raises(Forbidden, match="Somebody who did not make it"):
        sign_bias_audit(actor=olga, audit_id=audit.pk, statement="Read.")


def test_a_cancelled_audit_stops_and_goes_on_where_it_was(few: World, ada: Actor) -> None:
    audit = request_bias_audit(actor=ada, asked=ASKED)
    for _ in range(2):
        run_batch("audit_freeze", tenant_id=audit.tenant_id)
    cancel_bias_audit(actor=ada, audit_id=audit.pk)
    stopped = run(audit)
    assert (stopped.state, stopped.frozen_rows) == ("cancelled", 24)
    with pytest.raises(NotFound):
        read_bias_audit(actor=ada, audit_id=audit.pk)
    resume_bias_audit(actor=ada, audit_id=audit.pk)
    assert (run(audit).state, now(audit).frozen_rows) == ("finished", 24)
    with pytest.raises(Conflict):
        cancel_bias_audit(actor=ada, audit_id=audit.pk)


@pytest.mark.parametrize("who", ["alice", "mona", "mel", "sam"])
def test_nobody_else_may(few: World, ada: Actor, cast: Any, who: str) -> None:
    actor, audit = cast.people[who], request_bias_audit(actor=ada, asked=ASKED)
    with pytest.raises(Forbidden):
        request_bias_audit(actor=actor, asked=ASKED)
    for verb in (cancel_bias_audit, resume_bias_audit, read_bias_audit):
        with pytest.raises(NotFound):
            verb(actor=actor, audit_id=audit.pk)


def test_another_tenant_knows_nothing_of_it(few: World, ada: Actor, cast: Any) -> None:
    audit = run(request_bias_audit(actor=ada, asked=ASKED))
    for verb in (cancel_bias_audit, read_bias_audit):
        with pytest.raises(NotFound):
            verb(actor=cast.people["gil"], audit_id=audit.pk)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"attributes": ["sex", "caste"]}, "attributes"),
        ({"attributes": []}, "attributes"),
        ({"period": {"from": "2026-06-01T00:00:00Z", "to": "2026-05-01T00:00:00Z"}}, "period"),
        ({"known_on": "2999-01-01T00:00:00Z"}, "known_on"),
        ({"queue": "nowhere"}, "queue"),
        ({"policy_version": 9}, "policy_version"),
        ({"model": "risk"}, "model_version"),
        ({"favourable": ["grant"]}, "favourable"),
        ({"unfavourable": ["approve"]}, "unfavourable"),
        ({"rule_sets": ["twelve_tables"]}, "rule_sets"),
        ({"reference": {"sex": "male"}}, "reference"),
        ({"factors": [{"facet": "amount"}]}, "factors[0]"),
        ({"factors": [{"facet": "amount", "bands": [5, 1]}]}, "factors[0]"),
        ({"minimum_cell": -1}, "minimum_cell"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_asked_wrongly_is_named(few: World, ada: Actor, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        request_bias_audit(actor=ada, asked=ASKED | wrong)
    assert set(refusal.value.fields) == {field}


def test_an_empty_population_says_so(few: World, ada: Actor) -> None:
    empty = {"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}
    audit = run(request_bias_audit(actor=ada, asked=ASKED | {"period": empty}))
    assert (audit.state, audit.problem) == ("failed", "No case of this type was decided in the period.")


def test_declared_factors_are_counted_and_compared(world: World, ada: Actor) -> None:
    factors = [{"facet": "amount", "bands": [5_000, 15_000.5]}, {"facet": "product"}]
    document = document_of(run(request_bias_audit(actor=ada, asked=ASKED | {"factors": factors})))
    assert document["plan"]["labels"]["amount"] == [
        "not told", "under 5000", "5000 to under 15000.5", "15000.5 and more",
    ]  # fmt: skip
    assert document["conditional"]["deciders"]["final decision"]["sex"]["mantel_haenszel"]["female"]["difference"] < 0


def document_of(audit: BiasAudit) -> dict[str, Any]:

    document: dict[str, Any] = json.loads(audit.report)
    return document
