"""The frozen population: what is in a row, in which order, under which digest, and what makes it change."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audits import freezing
from audits.models import BiasAudit, FrozenDecision
from audits.services.bias import forget_frozen, request_bias_audit
from audits.services.bias_runs import begin_freezing
from cases.models import CaseAttributes, Decision, Outcome
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import open_command
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.audits.worlds import ASKED, BEGIN, World, make_world
from tests.cast import Cast


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast, cases=60)


@pytest.fixture
def frozen(world: World, ada: Actor) -> BiasAudit:
    return freeze(request_bias_audit(actor=ada, asked=ASKED))


def freeze(audit: BiasAudit, *, rows: int = 1_000) -> BiasAudit:
    with open_command("test", tenant_id=audit.tenant_id):
        begin_freezing(audit)
    with tenant_scope(audit.tenant_id):
        while (part := freezing.freeze_part(audit, rows=rows)).read:
            audit.read_rows, audit.frozen_rows = audit.read_rows + part.read, audit.frozen_rows + part.frozen
            audit.frozen_upto = part.upto
    return audit


def digest(audit: BiasAudit) -> str:
    with tenant_scope(audit.tenant_id):
        return freezing.population_digest(audit)


def row_of(audit: BiasAudit, case_id: UUID) -> FrozenDecision:
    with tenant_scope(audit.tenant_id):
        return FrozenDecision.objects.get(audit=audit, case_id=case_id)


def test_a_row_holds_what_was_said_of_its_case(frozen: BiasAudit, world: World) -> None:
    labels = frozen.codebook["labels"]
    with tenant_scope(frozen.tenant_id):
        for decision in Decision.objects.select_related("case"):
            row = FrozenDecision.objects.get(audit=frozen, case_id=decision.case_id)
            attributes = CaseAttributes.objects.get(case_id=decision.case_id).attributes
            told = [
                ["", *groups][code]
                for code, groups in zip(row.groups, frozen.codebook["attributes"].values(), strict=True)
            ]
            assert told == [attributes.get("sex", ""), attributes["race"]]
            assert labels[row.final - 1] == decision.label == labels[row.appealed - 1]
            assert row.routed == (decision.made_by == "panel") == (row.human is not None) == (row.panel is not None)
            assert (row.ai == labels.index("approve") + 1) == (row.score >= 0.5)
            assert (row.reviewer_id in world.reviewers) == row.routed
            assert 3600 <= row.seconds <= 5 * 3600


def test_parts_together_are_the_whole(frozen: BiasAudit, ada: Actor) -> None:
    again = request_bias_audit(actor=ada, asked=ASKED | {"known_on": frozen.known_on.isoformat()})
    freeze(again, rows=7)
    assert (again.frozen_rows, again.read_rows) == (frozen.frozen_rows, 60) == (60, 60)
    assert digest(again) == digest(frozen)


def test_what_is_known_later_changes_nothing(frozen: BiasAudit, world: World, ada: Actor) -> None:
    before = digest(frozen)
    with tenant_scope(frozen.tenant_id):
        case_id = world.cases[0]
        first = Decision.objects.get(case_id=case_id)
        Outcome.objects.create(
            tenant_id=frozen.tenant_id, case_id=world.cases[1], label="decline", source="late",
            observed_at=BEGIN, supersedes=Outcome.objects.filter(case_id=world.cases[1]).first(),
        )  # fmt: skip
        Decision.objects.create(
            tenant_id=frozen.tenant_id, case_id=case_id, sequence=2, label="ask", made_by="override",
            decided_at=timezone.now() + timedelta(seconds=1), supersedes=first, event_id=uuid7(),
        )  # fmt: skip
    again = request_bias_audit(actor=ada, asked=ASKED | {"known_on": frozen.known_on.isoformat()})
    assert digest(freeze(again)) == before
    later = freeze(request_bias_audit(actor=ada, asked=ASKED | {"known_on": frozen.known_on.isoformat()}))
    with tenant_scope(later.tenant_id):
        BiasAudit.objects.filter(pk=later.pk)
    assert row_of(later, case_id).overturned is False


def test_a_reversal_is_told_by_both_labels(world: World, ada: Actor, acme: Any) -> None:
    with tenant_scope(acme.id):
        first = Decision.objects.get(case_id=world.cases[0])
        Decision.objects.create(
            tenant_id=acme.id, case_id=first.case_id, sequence=2, label="ask", made_by="override",
            decided_at=first.decided_at + timedelta(days=3), supersedes=first, event_id=uuid7(),
        )  # fmt: skip
    audit = freeze(request_bias_audit(actor=ada, asked=ASKED))
    row = row_of(audit, first.case_id)
    labels = audit.codebook["labels"]
    assert (labels[row.final - 1], labels[row.appealed - 1], row.overturned) == (first.label, "ask", True)


@pytest.mark.parametrize(
    "narrowed",
    [
        {"queue": "loans"},
        {"model": "risk", "model_version": 1},
        {"period": {"from": "2026-05-02T00:00:00Z", "to": "2026-05-03T00:00:00Z"}},
    ],
)
def test_the_population_is_narrowed(world: World, ada: Actor, narrowed: dict[str, Any]) -> None:
    audit = freeze(request_bias_audit(actor=ada, asked=ASKED | narrowed))
    with tenant_scope(audit.tenant_id):
        rows = list(FrozenDecision.objects.filter(audit=audit))
        within = {each.case_id for each in Decision.objects.all()
                  if "period" not in narrowed or each.decided_at.day == 2}  # fmt: skip
    assert rows
    assert {row.case_id for row in rows} <= within
    if "queue" in narrowed:
        assert {row.queue_id for row in rows} == {world.queue.pk}
    if "period" in narrowed:
        assert {row.case_id for row in rows} == within


def test_a_changed_row_changes_the_digest(frozen: BiasAudit, world: World, ada: Actor) -> None:
    before = digest(frozen)
    assert forget_frozen(actor=ada, case_ids=[world.cases[3], uuid7()]) == 1
    assert digest(frozen) != before


def test_an_erased_person_leaves_no_trace_and_is_counted(frozen: BiasAudit, world: World, ada: Actor) -> None:
    assert forget_frozen(actor=ada, case_ids=world.cases[:2]) == 2
    assert forget_frozen(actor=ada, case_ids=world.cases[:2]) == 0
    row = row_of(frozen, world.cases[0])
    held = {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}
    told = {name for name, value in held.items() if value not in (None, False)}
    assert told == {"id", "tenant", "audit", "case_id"}
    with tenant_scope(frozen.tenant_id):
        assert BiasAudit.objects.get(pk=frozen.pk).forgotten_rows == 2


def test_nobody_edits_a_frozen_row_or_what_was_asked(frozen: BiasAudit) -> None:
    changes = ("update audits_frozendecision set final = 2", "update audits_biasaudit set definition = '{}'")
    for change in changes:
        with (
            tenant_scope(frozen.tenant_id), pytest.raises(IntegrityError, match="immutable"), transaction.atomic(),
            connection.cursor() as cursor,
        ):  # fmt: skip
            cursor.execute(change)


def test_another_tenant_sees_no_frozen_row(frozen: BiasAudit, globex: Any) -> None:
    with tenant_scope(globex.id):
        assert not FrozenDecision.objects.exists()
        assert not BiasAudit.objects.exists()
