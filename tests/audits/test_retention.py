"""Rules of retention: written, set in force by a second person, shown beforehand, carried out, recorded."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audits.models import RetentionRule, RetentionRun
from audits.retention_queries import counted, due_cases
from audits.services.retention_holds import lift_hold, place_hold
from audits.services.retention_rules import (
    activate_retention_rule,
    draft_retention_rule,
    retire_retention_rule,
)
from audits.services.retention_runs import run_retention
from cases.models import CaseAttributes, CaseFacet, CasePayload
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.models import Step
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.audits.letting_go import WORDS, Told, found_in_rows, let_time_pass, tell_everything
from tests.portal.scene import CASE_TYPE
from tests.stored import kept_bytes


@pytest.fixture
def told(cast: Any, api: Any, store: Path) -> Told:
    return tell_everything(cast, api)


def draft(actor: Actor, **changes: Any) -> RetentionRule:
    terms = {"reduce_after_months": 6, "kept_fields": ["amount", "purpose"], "erase_after_months": 25, **changes}
    return draft_retention_rule(actor=actor, case_type_key=CASE_TYPE, basis="Regulation B, 25 months", **terms)


def in_force(told: Told, **changes: Any) -> RetentionRule:
    rule = draft(told.desk.cast.people["ada"], **changes)
    return activate_retention_rule(actor=told.desk.cast.people["olga"], rule_id=rule.pk)


def dry(told: Told, rule: RetentionRule) -> dict[str, int]:
    with tenant_scope(told.tenant().pk):
        due = due_cases(rule, at=timezone.now())
    return {name: count for name, count in counted(due).items() if count}


def only_run(told: Told) -> RetentionRun:
    with tenant_scope(told.tenant().pk):
        return RetentionRun.objects.get()


def verbs(told: Told, start: str) -> list[str]:
    with tenant_scope(told.tenant().pk):
        found = AuditEvent.objects.filter(verb__startswith=start).order_by("id")
        return list(found.values_list("verb", flat=True))


class TestRules:
    def test_a_second_person_sets_it_in_force(self, told: Told, ada: Actor, olga: Actor) -> None:
        rule = draft(ada)
        with pytest.raises(Forbidden) as refusal:
            activate_retention_rule(actor=ada, rule_id=rule.pk)
        assert refusal.value.code == "own_work"
        assert activate_retention_rule(actor=olga, rule_id=rule.pk).state == "active"
        with pytest.raises(Conflict):
            activate_retention_rule(actor=olga, rule_id=rule.pk)
        assert verbs(told, "retention_rule.") == ["retention_rule.drafted", "retention_rule.activated"]

    def test_the_next_version_takes_the_place_of_the_one_before(self, told: Told, ada: Actor, olga: Actor) -> None:
        first = in_force(told)
        second = in_force(told, erase_after_months=48)
        with tenant_scope(told.tenant().pk):
            states = dict(RetentionRule.objects.values_list("version", "state"))
        assert (first.version, second.version, states) == (1, 2, {1: "retired", 2: "active"})

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"reduce_after_months": None, "kept_fields": [], "erase_after_months": None}, "erase_after_months"),
            ({"erase_after_months": 6}, "erase_after_months"),
            ({"reduce_after_months": 0}, "reduce_after_months"),
            ({"kept_fields": ["amuont"]}, "kept_fields"),
            ({"kept_attributes": ["amount"]}, "kept_attributes"),
            ({"reduce_after_months": None}, "kept_fields"),
        ],
    )
    def test_nonsense_names_its_field(self, told: Told, ada: Actor, changes: Any, field: str) -> None:
        with pytest.raises(Invalid) as refusal:
            draft(ada, **changes)
        assert set(refusal.value.fields) == {field}

    @pytest.mark.parametrize("who", ["alice", "mona", "mel"])
    def test_refuses_the_wrong_role(self, told: Told, cast: Any, ada: Actor, who: str) -> None:
        with pytest.raises(Forbidden):
            draft(cast.people[who])
        with pytest.raises(NotFound):
            activate_retention_rule(actor=cast.people[who], rule_id=draft(ada).pk)

    def test_hides_from_globex(self, told: Told, ada: Actor, cast: Any) -> None:
        with pytest.raises(NotFound):
            retire_retention_rule(actor=cast.people["gus"], rule_id=draft(ada).pk)

    def test_what_a_rule_says_never_changes(self, told: Told, ada: Actor) -> None:
        rule = draft(ada)
        with (
            pytest.raises(Exception, match="permission denied"),
            tenant_scope(told.tenant().pk),
            connection.cursor() as cursor,
        ):
            cursor.execute("update audits_retentionrule set erase_after_months = 1 where id = %s", [rule.pk])


class TestCarryingOut:
    def test_a_dry_run_changes_nothing_and_says_what_would_go(self, told: Told, ada: Actor) -> None:
        rule = draft(ada)
        assert dry(told, rule) == {}
        let_time_pass(told, days=200)
        assert dry(told, rule) == {"reduce": 2}
        let_time_pass(told, days=600)
        hold = place_hold(actor=ada, case_id=told.other.pk, reason="before the court")
        assert dry(told, rule) == {"erase": 1, "hold": 1}
        lift_hold(actor=ada, hold_id=hold.pk, reason="settled")
        assert dry(told, rule) == {"erase": 2}
        assert told.row().reduced_at is None

    def test_reducing_leaves_what_is_kept_and_no_words(self, told: Told, store: Path) -> None:
        let_time_pass(told, days=200)
        in_force(told)
        drain(told.tenant().pk)
        with tenant_scope(told.tenant().pk):
            kept = CasePayload.objects.get(case_id=told.case.pk)
            assert kept.payload == {"amount": 4711, "purpose": WORDS["facet"]}
            assert bytes(kept.salt) == b""
            assert not CaseAttributes.objects.exists()
            assert list(CaseFacet.objects.filter(case_id=told.case.pk).values_list("key", flat=True)) == ["purpose"]
        row = told.row()
        assert (row.subject_ref != "", row.reduced_at is not None, row.erased_at) == (True, True, None)
        gone = WORDS.keys() - {"facet", "external_id", "subject"}
        assert not any(found_in_rows(told.tenant(), WORDS[name]) for name in gone)
        assert kept_bytes(store) == []
        run = only_run(told)
        assert (run.planned, run.reduced, run.erased, run.kept) == (2, 2, 0, 0)
        assert run.finished_at is not None
        assert run.started_by is None

    def test_erasing_follows_and_every_round_writes_the_next(self, told: Told, olga: Actor) -> None:
        let_time_pass(told, days=800)
        rule = in_force(told, reduce_after_months=None, kept_fields=[])
        drain(told.tenant().pk)
        assert told.row().external_id == f"erased-{told.case.pk}"
        assert only_run(told).erased == 2
        assert "case.erased" in verbs(told, "case.")
        assert verbs(told, "retention_run.") == ["retention_run.begun", "retention_run.finished"]
        with tenant_scope(told.tenant().pk):
            (tomorrow,) = Step.objects.filter(kind="retention", state="ready")
            assert tomorrow.subject_id == rule.case_type_id
        with pytest.raises(Conflict, match="Nothing is due"):
            run_retention(actor=olga, rule_id=rule.pk)

    def test_what_is_held_meanwhile_stays(self, told: Told, ada: Actor) -> None:
        let_time_pass(told, days=800)
        in_force(told)
        drain(told.tenant().pk, kinds=["retention"])
        place_hold(actor=ada, case_id=told.case.pk, reason="before the court")
        drain(told.tenant().pk)
        assert told.row().erased_at is None
        assert told.row(told.other).erased_at is not None
        run = only_run(told)
        assert (run.planned, run.erased, run.kept) == (2, 1, 1)
        assert run.finished_at is not None

    def test_a_rule_out_of_force_lets_nothing_go(self, told: Told, olga: Actor) -> None:
        let_time_pass(told, days=800)
        rule = in_force(told)
        drain(told.tenant().pk, kinds=["retention"])
        retire_retention_rule(actor=olga, rule_id=rule.pk)
        drain(told.tenant().pk)
        assert told.row().erased_at is None
        assert only_run(told).kept == 2
        with pytest.raises(Conflict, match="not in force"):
            run_retention(actor=olga, rule_id=rule.pk)
