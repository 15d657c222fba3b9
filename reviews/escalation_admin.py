"""Terms, calendars, rules of escalation and what they fired, in the console."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from cases.models import Case, CaseType
from hitl_platform.console.blindness import hide_from_judges
from hitl_platform.console.cards import Need
from hitl_platform.console.forms import ConsoleForm, DocumentField
from hitl_platform.console.model_admin import ConsoleAdmin
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.console.words import in_words
from hitl_platform.tenants.actor import Actor
from reviews import permissions
from reviews.escalation_queries import overdue_cases
from reviews.models import (
    LIVE_PANEL,
    Calendar,
    Escalation,
    EscalationRule,
    PanelPause,
    PauseCause,
    Queue,
    ServiceLevel,
    SlaClock,
    Trigger,
)
from reviews.queue_forms import CONDITION_HELP
from reviews.references import reference_of
from reviews.services.calendars import create_calendar
from reviews.services.escalation_rules import (
    activate_rule,
    disable_rule,
    draft_rule,
    enable_rule,
    retire_rule,
    revise_rule,
)
from reviews.services.escalations import acknowledge_escalation, cancel_escalation
from reviews.services.service_levels import create_service_level
from reviews.services.snoozes import snooze_panel, wake_panel
from reviews.states import ESCALATION, RULE, EscalationState, RuleState

COUNTED = 10_000
FIRST_HOURS = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
FIRST_LEVEL = {"within": "2d", "at_risk": 0.75, "rules": []}
FIRST_RULE = {
    "when": "",
    "rewake": "1d",
    "ladder": [
        {"after": "0min", "action": "notify", "roles": ["manager"]},
        {"after": "4h", "action": "adjudicate"},
    ],
}


class CalendarForm(ConsoleForm):
    key = forms.CharField(max_length=60, help_text="A key that is there already gets its next version.")
    name = forms.CharField(max_length=200)
    zone = forms.CharField(max_length=60, initial="UTC", help_text="As in Europe/Berlin.")
    week = DocumentField(help_text='hours: {"mon": ["09:00-12:30", "13:30-17:00"], …}; holidays: ["2026-12-25", …].')


class LevelForm(ConsoleForm):
    key = forms.CharField(max_length=60, help_text="A key that is there already gets its next version.")
    name = forms.CharField(max_length=200)
    case_type_key = forms.ChoiceField(label="Case type")
    queue_key = forms.ChoiceField(required=False, label="Queue")
    calendar_key = forms.ChoiceField(required=False, label="Calendar")
    definition = DocumentField(
        help_text=f"within (30min, 4h, 2d, 1w of working time), at_risk, rules (the first that holds). {CONDITION_HELP}"
    )
    enabled = forms.BooleanField(required=False, initial=True)


class RevisionForm(ConsoleForm):
    trigger = forms.ChoiceField(choices=Trigger.choices)
    definition = DocumentField(
        help_text=f"when (a condition), threshold, calendar, rewake, ladder (after, action, …). {CONDITION_HELP}"
    )


class RuleForm(RevisionForm):
    key = forms.CharField(max_length=60, help_text="A key that is there already gets its next version.")
    name = forms.CharField(max_length=200)
    case_type_key = forms.ChoiceField(label="Case type")
    field_order = ["key", "name", "case_type_key"]


class WhyForm(ConsoleForm):
    why = forms.CharField(max_length=500, widget=forms.Textarea)


class SleepForm(ConsoleForm):
    days = forms.IntegerField(min_value=1, max_value=90, initial=7, label="Days")
    cause = forms.ChoiceField(choices=[(PauseCause.WAITING, "The subject is to answer"), (PauseCause.SNOOZE, "Later")])
    why = forms.CharField(max_length=500, required=False, widget=forms.Textarea)


def _types(_actor: Actor, _obj: Any) -> dict[str, list[tuple[str, str]]]:
    return {"case_type_key": [(each.key, each.name) for each in CaseType.objects.order_by("name")]}


def _level_choices(actor: Actor, obj: Any) -> dict[str, list[tuple[str, str]]]:
    queues = [(queue.key, queue.name) for queue in Queue.objects.filter(is_active=True).order_by("name")]
    keys = sorted(set(Calendar.objects.values_list("key", flat=True)))
    calendars = [("", "All hours of all days"), *[(key, key) for key in keys]]
    return {**_types(actor, obj), "queue_key": [("", "Any"), *queues], "calendar_key": calendars}


def _create_calendar(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    week = values.pop("week") or {}
    made = create_calendar(actor=actor, **values, hours=week.get("hours") or {}, holidays=week.get("holidays") or [])
    return Told(f"{made} counts for terms that begin from now on.")


def _create_level(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    return Told(f"{create_service_level(actor=actor, **values)} counts for panels that open from now on.")


def _draft(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    return Told(f"{draft_rule(actor=actor, **values)} is drafted. Somebody else activates it.")


def _revise(actor: Actor, rule: EscalationRule, values: dict[str, Any]) -> Told:
    revise_rule(actor=actor, rule_id=rule.pk, **values)
    return Told("The draft is reworded; you are its author now.")


def _activate(actor: Actor, rule: EscalationRule, _values: dict[str, Any]) -> Told:
    activate_rule(actor=actor, rule_id=rule.pk)
    return Told("In force. What an earlier version fired climbs on under it.")


def _disable(actor: Actor, rule: EscalationRule, _values: dict[str, Any]) -> Told:
    disable_rule(actor=actor, rule_id=rule.pk)
    return Told("It fires no more; what it fired is called off when its next rung comes.")


def _enable(actor: Actor, rule: EscalationRule, _values: dict[str, Any]) -> Told:
    enable_rule(actor=actor, rule_id=rule.pk)
    return Told("It fires again.")


def _retire(actor: Actor, rule: EscalationRule, _values: dict[str, Any]) -> Told:
    retire_rule(actor=actor, rule_id=rule.pk)
    return Told("Out of force for good.")


def _acknowledge(actor: Actor, escalation: Escalation, _values: dict[str, Any]) -> Told:
    acknowledge_escalation(actor=actor, escalation_id=escalation.pk)
    return Told("You look after it. If the case is not decided in time, it wakes again.")


def _call_off(actor: Actor, escalation: Escalation, values: dict[str, Any]) -> Told:
    cancel_escalation(actor=actor, escalation_id=escalation.pk, why=values["why"])
    return Told("Called off.")


def _sleep(actor: Actor, clock: SlaClock, values: dict[str, Any]) -> Told:
    until = timezone.now() + timedelta(days=values["days"])
    snooze_panel(actor=actor, panel_id=clock.panel_id, until=until, cause=values["cause"], why=values["why"])
    return Told("Nobody is handed it until then, and its clock stands still.")


def _wake(actor: Actor, clock: SlaClock, _values: dict[str, Any]) -> Told:
    wake_panel(actor=actor, panel_id=clock.panel_id)
    return Told("It waits for people again, and its clock goes on.")


def _may_define(actor: Actor, _obj: Any = None) -> bool:
    return permissions.can_define_reviews(actor)


def _rule_verb(name: str) -> Callable[[Actor, EscalationRule], bool]:
    def may(actor: Actor, rule: EscalationRule) -> bool:
        is_own = name == "activate" and rule.created_by == actor.id
        return _may_define(actor) and RULE.allows(name, rule.state) and not is_own

    return may


def _escalation_verb(name: str) -> Callable[[Actor, Escalation], bool]:
    return lambda actor, escalation: _may_define(actor) and ESCALATION.allows(name, escalation.state)


def _may_sleep(actor: Actor, clock: SlaClock) -> bool:
    return _may_define(actor) and clock.panel.state in LIVE_PANEL


def _may_wake(actor: Actor, clock: SlaClock) -> bool:
    return _may_sleep(actor, clock) and clock.paused_at is not None


@admin.register(Calendar, site=site)
class CalendarAdmin(ConsoleAdmin):
    """When people work; a change is a new version."""

    list_display = ("name", "key", "version", "zone", "created_at")
    verbs = (
        Verb("create", "Create a calendar", "Terms that begin from now on may use it.", _create_calendar, _may_define,
             form=CalendarForm, on_list=True, initial=lambda _none: {"week": {"hours": FIRST_HOURS, "holidays": []}}),
        Verb("revise", "New version", "Terms that run keep the version they began with.", _create_calendar,
             _may_define, form=CalendarForm, initial=lambda each: {
                 "key": each.key, "name": each.name, "zone": each.zone,
                 "week": {"hours": each.hours, "holidays": each.holidays}}),
    )  # fmt: skip


@admin.register(ServiceLevel, site=site)
class ServiceLevelAdmin(ConsoleAdmin):
    """By when cases are to be decided; a change is a new version."""

    list_display = ("name", "key", "version", "case_type", "queue", "enabled", "created_at")
    list_select_related = ("case_type", "queue")
    list_filter = ("enabled", "case_type")
    verbs = (
        Verb("create", "Create a service level", "Panels that open from now on get their due dates by it.",
             _create_level, _may_define, form=LevelForm, on_list=True, choices=_level_choices,
             initial=lambda _none: {"definition": FIRST_LEVEL, "enabled": True}),
        Verb("revise", "New version", "Panels that are open keep the due dates they have.", _create_level, _may_define,
             form=LevelForm, choices=_level_choices, initial=lambda each: {
                 "key": each.key, "name": each.name, "case_type_key": each.case_type.key,
                 "queue_key": each.queue.key if each.queue else "", "calendar_key": each.calendar_key,
                 "definition": each.definition, "enabled": each.enabled}),
    )  # fmt: skip


@admin.register(EscalationRule, site=site)
class EscalationRuleAdmin(ConsoleAdmin):
    """What is to happen when something goes wrong."""

    list_display = ("__str__", "trigger", "state", "case_type", "created_at", "activated_at")
    list_select_related = ("case_type",)
    list_filter = ("state", "trigger")
    verbs = (
        Verb("draft", "Draft a rule", "Checked at once, and in force only after somebody else has activated it.",
             _draft, _may_define, form=RuleForm, on_list=True, choices=_types,
             initial=lambda _none: {"definition": FIRST_RULE}),
        Verb("revise", "Reword", "The draft changes and you become its author.", _revise, _rule_verb("revise"),
             form=RevisionForm,
             initial=lambda rule: {"trigger": rule.trigger, "definition": rule.definition}),
        Verb("activate", "Activate", "You have read it: it fires from now on and never changes. The version before it "
             "retires.", _activate, _rule_verb("activate")),
        Verb("disable", "Disable", "It fires no more, and what it fired is called off.", _disable,
             _rule_verb("disable"), is_grave=True),
        Verb("enable", "Enable", "It fires again, as it was.", _enable, _rule_verb("enable")),
        Verb("retire", "Retire", "It never comes back; what it fired climbs on.", _retire, _rule_verb("retire"),
             is_grave=True),
    )  # fmt: skip


@admin.register(Escalation, site=site)
class EscalationAdmin(ConsoleAdmin):
    """Firings of rules, newest first; of open cases not to those who may judge them."""

    list_display = ("case", "trigger", "rule", "state", "rung", "queue", "fired_at", "next_at")
    list_display_links = ("case", "trigger")
    list_select_related = ("case", "rule", "queue")
    list_filter = ("state", "trigger", "queue")
    search_exactly = ("case__external_id",)
    verbs = (
        Verb("acknowledge", "Acknowledge", "You look after it, and the ladder waits for the time that the rule gives "
             "you.", _acknowledge, _escalation_verb("acknowledge")),
        Verb("cancel", "Call off", "Nothing more happens by this escalation.", _call_off, _escalation_verb("cancel"),
             form=WhyForm, is_grave=True),
    )  # fmt: skip

    def name_of(self, obj: Any) -> str:
        """What set it off, the case as its reviewers know it, and the queue."""
        return f"{in_words(obj.trigger)}: {reference_of(obj.case_id)}, {obj.queue}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Escalation]:
        """Without what would end a judge's blindness."""
        return hide_from_judges(super().get_queryset(request), request=request)


@admin.register(SlaClock, site=site)
class SlaClockAdmin(ConsoleAdmin):
    """Due dates of panels, newest first, and what stops their clocks."""

    list_display = ("case", "queue", "level", "due_at", "at_risk_at", "paused_at", "breach_told_at")
    list_display_links = ("case", "queue")
    list_select_related = ("case", "queue", "level", "panel")
    list_filter = ("queue", "level")
    search_exactly = ("case__external_id",)
    verbs = (
        Verb("snooze", "Let it sleep", "Nobody is handed the case's seats meanwhile, and its clock stands still. A due "
             "date that came with the case stays.", _sleep, _may_sleep, form=SleepForm),
        Verb("wake", "Wake", "It waits for people again, and its clock goes on.", _wake, _may_wake),
    )  # fmt: skip

    def name_of(self, obj: Any) -> str:
        """The case as its reviewers know it, and the queue."""
        return f"{obj}, {obj.queue}"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The columns, and every pause so far."""
        return [*super().get_fields(request, obj), "pauses"]

    @admin.display(description="pauses")
    def pauses(self, clock: SlaClock) -> str:
        """What stopped the clock, from when to when."""
        rows = PanelPause.objects.filter(panel_id=clock.panel_id).order_by("began_at")
        told = [
            f"{row.cause} from {row.began_at:%Y-%m-%d %H:%M} to "
            f"{f'{row.ended_at:%Y-%m-%d %H:%M}' if row.ended_at else 'now'} UTC"
            for row in rows
        ]
        return "; ".join(told) or "none"


def needs(actor: Actor) -> list[Need]:
    """Escalations that nobody has acknowledged, cases that are overdue, and rules that wait for this actor."""
    fired = reverse("console:reviews_escalation_changelist")
    late = f"{reverse('console:cases_case_changelist')}?overdue=yes"
    open_ones = Escalation.objects.filter(state=EscalationState.OPEN, panel__state__in=LIVE_PANEL)
    found = [
        Need(_count(open_ones), "escalation nobody looks after", "escalations nobody looks after",
             f"{fired}?state__exact={EscalationState.OPEN}", "danger", "They climb until somebody acknowledges them."),
        Need(_count(overdue_cases(Case.objects.all())), "case overdue", "cases overdue", late, "danger",
             "Not decided by its due date."),
    ]  # fmt: skip
    if permissions.can_define_reviews(actor):
        drafts = EscalationRule.objects.filter(state=RuleState.DRAFT).exclude(created_by=actor.id)
        where = f"{reverse('console:reviews_escalationrule_changelist')}?state__exact={RuleState.DRAFT}"
        found.append(
            Need(_count(drafts), "escalation rule to activate", "escalation rules to activate", where, "warning",
                 "Drafted by somebody else.")
        )  # fmt: skip
    return found


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNTED].count()
