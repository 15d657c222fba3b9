"""Rules of the demonstration: a calendar, terms, escalations, and what queues ask of answers to known cases."""

from typing import Any

from audits.demo.scenes.playing import Play
from cases.models import Decision, Outcome
from hitl_platform.ledger.commands import open_command
from reviews.models import Calendar, EscalationRule, GoldItem, QualityRule, ServiceLevel
from reviews.services import update_queue
from reviews.services.calendars import create_calendar
from reviews.services.escalation_rules import activate_rule, draft_rule
from reviews.services.gold import approve_gold, propose_gold
from reviews.services.pauses import set_quality_rule
from reviews.services.service_levels import create_service_level
from reviews.states import RuleState

HOLIDAYS = ("2026-12-25", "2026-12-26", "2027-01-01", "2027-03-26", "2027-03-29", "2027-12-25")
RULES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "overdue", "Overdue: somebody looks at it", "sla_breached",
        {"ladder": [
            {"after": "0min", "action": "notify", "roles": ["manager"]},
            {"after": "4h", "action": "raise_priority", "by": 50},
            {"after": "1d", "action": "adjudicate"},
        ]},
    ),
    (
        "help", "A reviewer asks for help", "reviewer_asks",
        {"ladder": [
            {"after": "0min", "action": "notify", "roles": ["manager"]},
            {"after": "4h", "action": "notify", "roles": ["manager", "owner"]},
        ]},
    ),
    (
        "disagreement", "Large sums in dispute", "disagreement",
        {"when": "case.amount >= 10000", "ladder": [
            {"after": "0min", "action": "notify", "roles": ["adjudicator"]},
            {"after": "1d", "action": "notify", "roles": ["adjudicator", "manager"]},
        ]},
    ),
)  # fmt: skip
GOLD_OF_A_KIND = 4


def have_terms(play: Play) -> bool:
    """Whether calendar, service levels and escalation rules are in force."""
    with play.reading():
        active = EscalationRule.objects.filter(state=RuleState.ACTIVE)
        return active.count() == len(RULES) and ServiceLevel.objects.count() >= 2 and Calendar.objects.exists()


def set_terms(play: Play) -> None:
    """Drafted by the manager; the owner puts rules in force."""
    case_type = play.organisation.case_type
    with play.reading():
        calendars, levels = Calendar.objects.exists(), set(ServiceLevel.objects.values_list("key", flat=True))
        active = set(EscalationRule.objects.filter(state=RuleState.ACTIVE).values_list("key", flat=True))
    if not calendars:
        hours = {day: ["08:00-12:30", "13:30-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
        create_calendar(
            actor=play.manager, key="office", name="Office hours", zone="Europe/Berlin", hours=hours, holidays=HOLIDAYS
        )
    if "loans" not in levels:
        rule = {"name": "over 5,000 DM", "when": "case.amount > 5000", "within": "1d"}
        create_service_level(
            actor=play.manager, key="loans", name="Loans: two working days", case_type_key=case_type,
            definition={"within": "2d", "at_risk": 0.75, "rules": [rule]}, calendar_key="office", queue_key="loans",
        )  # fmt: skip
    if "large-loans" not in levels:
        create_service_level(
            actor=play.manager, key="large-loans", name="Large loans: a day, round the clock", case_type_key=case_type,
            definition={"within": "24h", "at_risk": 0.5}, queue_key="large-loans",
        )  # fmt: skip
    for key, name, trigger, definition in RULES:
        if key not in active:
            rule_drafted = draft_rule(
                actor=play.manager, key=key, name=name, case_type_key=case_type, trigger=trigger, definition=definition
            )
            activate_rule(actor=play.owner, rule_id=rule_drafted.pk)


def hides_known_cases(play: Play) -> bool:
    """Whether known cases are approved and the queues ask for them."""
    with play.reading():
        return GoldItem.objects.filter(state="active").exists() and QualityRule.objects.exists()


def hide_loans(play: Play) -> None:
    """Known loans among the live ones: two at the start, then one in ten; some decisions are judged once more."""
    _approve_known_cases(play)
    update_queue(
        actor=play.manager, queue_key="loans", gold_first=2, gold_rate=0.1, second_review_rate=0.05, routine_rate=0.05,
        variety_rate=0.1,
    )  # fmt: skip
    set_quality_rule(actor=play.manager, queue_key="loans", reveal_after=5)


def hide_samples(play: Play) -> None:
    """Four known samples at the start; whoever is right on too few of them is paused."""
    _approve_known_cases(play)
    update_queue(actor=play.manager, queue_key="cytology", gold_first=4, gold_rate=0.1, variety_rate=0.1)
    set_quality_rule(actor=play.manager, queue_key="cytology", pause_below=0.65, pause_after=4, reveal_after=5)


def _approve_known_cases(play: Play) -> None:
    """Of what the model decided: some where it was wrong, and some of each label. One proposes, another approves."""
    with play.reading():
        truth = dict(Outcome.objects.values_list("case_id", "label"))
        decided = Decision.objects.filter(made_by="model", case_id__in=truth).order_by("case__external_id")
        rows = decided.values_list("case__external_id", "case_id", "label")
        known = [(external_id, truth[case_id], label) for external_id, case_id, label in rows]
        there = set(GoldItem.objects.values_list("known_case__external_id", flat=True))
    kinds = [[each for each in known if each[1] != each[2]]]
    kinds += [[each for each in known if each[1] == each[2] == label] for label in play.organisation.label_order]
    why = "The data set says how this one ended."
    for kind in kinds:
        for external_id, label, _ in kind[:GOLD_OF_A_KIND]:
            if external_id in there:
                continue
            with open_command("known case", tenant_id=play.staff.tenant_id):
                item = propose_gold(
                    actor=play.owner, case_type_key=play.organisation.case_type, external_id=external_id, label=label,
                    why=why,
                )  # fmt: skip
                approve_gold(actor=play.manager, item_id=item.pk)
