"""Queues, templates, policies and what people judged, in the console."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from cases.models import CaseType
from hitl_platform.console.blindness import hide_from_judges
from hitl_platform.console.cards import Figure, Need, since, thousands
from hitl_platform.console.entry import actor_of
from hitl_platform.console.forms import ConsoleForm, DocumentField
from hitl_platform.console.model_admin import ConsoleAdmin
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.ledger.disclosure import is_judge
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews import permissions, queries
from reviews.models import (
    Consensus,
    Judgment,
    Panel,
    Purpose,
    Queue,
    QueueUserPermission,
    RoutingPolicy,
    RoutingRecord,
    Seat,
)
from reviews.queue_forms import CONDITION_HELP, CreateQueueForm, UpdateQueueForm
from reviews.services.policies import (
    activate_policy,
    approve_policy,
    draft_policy,
    retire_policy,
    revise_policy,
)
from reviews.services.queues import create_queue, grant_queue, revoke_queue, update_queue
from reviews.staffing_admin import SEAT_VERBS
from reviews.states import POLICY, PanelState, PolicyState, SeatState

COUNTED = 100_000
PERMISSIONS = [(permissions.WORK, "Work in the queue"), (permissions.MANAGE, "Manage the queue")]
FIRST_POLICY = {
    "rules": [],
    "thresholds": {"approve": 0.95, "decline": 0.95},
    "otherwise": {"queue": "a-queue", "template": "a-template"},
    "consensus": "dawid_skene",
}


POLICY_HELP = (
    "rules: each a name, a condition (when), and an action: auto (with a label, or the model's own) or review (with a "
    "queue and a template); the first whose condition holds decides. thresholds: the least probability of each label "
    "that is decided alone. otherwise: queue and template of the rest. consensus: majority or dawid_skene. "
    f"dispute_below: a consensus less sure than this goes to an adjudicator. {CONDITION_HELP}"
)


class GrantForm(ConsoleForm):
    user_id = forms.ChoiceField(label="Member")
    permission = forms.ChoiceField(choices=PERMISSIONS)


class DraftPolicyForm(ConsoleForm):
    case_type_key = forms.ChoiceField(label="Case type")
    definition = DocumentField(help_text=POLICY_HELP)


class RevisePolicyForm(ConsoleForm):
    definition = DocumentField(help_text=POLICY_HELP)


def _case_type_choices(_actor: Actor, _obj: Any) -> dict[str, list[tuple[str, str]]]:
    return {"case_type_key": [(each.key, each.name) for each in CaseType.objects.order_by("name")]}


def _queue_choices(actor: Actor, obj: Any) -> dict[str, list[tuple[str, str]]]:
    types = [("", "Any"), *_case_type_choices(actor, obj)["case_type_key"]]
    return {"case_type_key": types, **_template_choices(actor, obj)}


def _template_choices(_actor: Actor, _obj: Any) -> dict[str, list[tuple[str, str]]]:
    newest = queries.newest_templates()
    return {"template_key": [(key, str(template)) for key, template in sorted(newest.items())]}


def _member_choices(_actor: Actor, _obj: Any) -> dict[str, list[tuple[str, str]]]:
    members = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name")
    return {"user_id": [(str(each.user_id), f"{each.user.name} ({', '.join(each.roles)})") for each in members]}


def _create_queue(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    queue = create_queue(actor=actor, **{**values, "case_type_key": values["case_type_key"] or None})
    return Told(f"The queue “{queue.name}” is there. Grant it to those who shall work in it.")


def _update_queue(actor: Actor, queue: Queue, values: dict[str, Any]) -> Told:
    update_queue(actor=actor, queue_key=queue.key, **values)
    return Told("Changed. Panels and leases that are there keep what they began with.")


def _grant(actor: Actor, queue: Queue, values: dict[str, Any]) -> Told:
    grant_queue(actor=actor, queue_key=queue.key, **values)
    return Told("Granted.")


def _revoke(actor: Actor, queue: Queue, values: dict[str, Any]) -> Told:
    revoke_queue(actor=actor, queue_key=queue.key, **values)
    return Told("Revoked. Seats in hand stay until they are submitted or their lease ends.")


def _draft(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    return Told(f"{draft_policy(actor=actor, **values)} is drafted. Somebody else approves it.")


def _revise(actor: Actor, policy: RoutingPolicy, values: dict[str, Any]) -> Told:
    revise_policy(actor=actor, policy_id=policy.pk, definition=values["definition"])
    return Told("The draft is reworded; you are its author now.")


def _approve(actor: Actor, policy: RoutingPolicy, _values: dict[str, Any]) -> Told:
    approve_policy(actor=actor, policy_id=policy.pk)
    return Told("Approved: it never changes from here on. Activate it to put it in force.")


def _activate(actor: Actor, policy: RoutingPolicy, _values: dict[str, Any]) -> Told:
    activate_policy(actor=actor, policy_id=policy.pk)
    return Told("In force for every case that is routed from now on.")


def _retire(actor: Actor, policy: RoutingPolicy, _values: dict[str, Any]) -> Told:
    retire_policy(actor=actor, policy_id=policy.pk)
    return Told("Out of force: people decide every case of this type until another policy is active.")


def _may_define(actor: Actor, _obj: Any = None) -> bool:
    return permissions.can_define_reviews(actor)


def _may_manage(actor: Actor, queue: Queue) -> bool:
    granted = QueueUserPermission.objects.filter(content_object=queue, user_id=actor.id)
    return permissions.can_manage_queue(actor, set(granted.values_list("permission__codename", flat=True)))


def _policy_verb(name: str) -> Any:
    def may(actor: Actor, policy: RoutingPolicy) -> bool:
        is_own = name == "approve" and policy.created_by == actor.id
        return _may_define(actor) and POLICY.allows(name, policy.state) and not is_own

    return may


def _settings_of(queue: Queue) -> dict[str, Any]:
    return {name: getattr(queue, name) for name in UpdateQueueForm.base_fields}


@admin.register(Queue, site=site)
class QueueAdmin(ConsoleAdmin):
    """Where human work waits."""

    list_display = ("name", "key", "case_type", "is_active", "lease_seconds")
    list_select_related = ("case_type",)
    list_filter = ("is_active",)
    verbs = (
        Verb("create", "Create a queue", "You will manage it; nobody works in it until it is granted to them.",
             _create_queue, _may_define, form=CreateQueueForm, on_list=True, choices=_queue_choices),
        Verb("settings", "Change settings", "Panels and leases that are there keep what they began with.",
             _update_queue, _may_manage, form=UpdateQueueForm, initial=_settings_of, choices=_template_choices),
        Verb("grant", "Grant", "The member sees the queue at once.", _grant, _may_manage, form=GrantForm,
             choices=_member_choices),
        Verb("revoke", "Revoke", "The member no longer sees the queue.", _revoke, _may_manage, form=GrantForm,
             choices=_member_choices, is_grave=True),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The columns, and who may do what here."""
        return [*super().get_fields(request, obj), "granted"]

    @admin.display(description="granted to")
    def granted(self, queue: Queue) -> str:
        """Who may work in the queue and who manages it."""
        rows = QueueUserPermission.objects.filter(content_object=queue).select_related("user", "permission")
        told = sorted(f"{row.user.name} ({row.permission.codename.removesuffix('_queue')})" for row in rows)
        return ", ".join(told) or "nobody yet"


@admin.register(RoutingPolicy, site=site)
class RoutingPolicyAdmin(ConsoleAdmin):
    """What is decided alone and who is asked otherwise."""

    list_display = ("__str__", "state", "created_at", "approved_at", "activated_at")
    list_select_related = ("case_type",)
    list_filter = ("state", "case_type")
    verbs = (
        Verb("draft", "Draft a policy", "Checked against the case type, and in force only after somebody else has "
             "approved it.", _draft, _may_define, form=DraftPolicyForm, on_list=True, choices=_case_type_choices,
             initial=lambda _none: {"definition": FIRST_POLICY}),
        Verb("revise", "Reword", "The draft changes and you become its author.", _revise, _policy_verb("revise"),
             form=RevisePolicyForm, initial=lambda policy: {"definition": policy.definition}),
        Verb("approve", "Approve", "You have read it and it never changes from here on.", _approve,
             _policy_verb("approve")),
        Verb("activate", "Activate", "It routes every case from now on, and the policy before it retires.", _activate,
             _policy_verb("activate")),
        Verb("retire", "Retire", "Without another active policy, people decide every case of this type.", _retire,
             _policy_verb("retire"), is_grave=True),
    )  # fmt: skip


@admin.register(RoutingRecord, site=site)
class RoutingRecordAdmin(ConsoleAdmin):
    """Why cases went where they went; of open cases not to those who may judge them."""

    list_display = ("case", "route", "label", "queue", "cause", "created_at")
    list_display_links = ("case", "route")
    list_select_related = ("case", "queue")
    list_filter = ("route",)
    search_exactly = ("case__external_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoutingRecord]:
        """Without what would end a judge's blindness."""
        return hide_from_judges(super().get_queryset(request), request=request)


@admin.register(Seat, site=site)
class SeatAdmin(ConsoleAdmin):
    """Places on panels, newest first."""

    list_display = ("case", "queue", "kind", "state", "reviewer", "opened_at", "lease_ends_at")
    list_display_links = ("case", "queue")
    list_select_related = ("case", "queue", "reviewer")
    list_filter = ("state", "kind", "queue")
    search_exactly = ("case__external_id",)
    verbs = SEAT_VERBS

    def name_of(self, obj: Any) -> str:
        """The case as its reviewers know it, and the queue."""
        return f"{obj}, {obj.queue}"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Without the stored answer, and without what tells a dispute, for those who may judge."""
        fields = super().get_fields(request, obj)
        if not is_judge(actor_of(request)):
            return fields
        return [each for each in fields if getattr(each, "__name__", each) not in ("first_label", "kind_in_words")]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """As get_fields: an adjudicator's seat tells of a dispute."""
        listed = super().get_list_display(request)
        return [each for each in listed if each != self._column("kind")] if is_judge(actor_of(request)) else listed

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """As get_list_display."""
        filters = super().get_list_filter(request)
        return [each for each in filters if each[0] != "kind"] if is_judge(actor_of(request)) else filters


@admin.register(Judgment, site=site)
class JudgmentAdmin(ConsoleAdmin):
    """What people said, newest first; of open cases not to those who may judge them."""

    list_display = ("case", "reviewer", "label", "kind", "judged_at", "superseded_at")
    list_display_links = ("case", "reviewer")
    list_select_related = ("case", "reviewer")
    list_filter = ("kind",)
    search_exactly = ("case__external_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Judgment]:
        """Without what would end a judge's blindness."""
        return hide_from_judges(super().get_queryset(request), request=request)


@admin.register(Consensus, site=site)
class ConsensusAdmin(ConsoleAdmin):
    """What judgments add up to, newest first."""

    list_display = ("panel", "method", "label", "confidence", "agreement", "votes", "chosen")
    list_display_links = ("panel", "method")
    list_select_related = ("panel",)
    list_filter = ("method", "chosen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consensus]:
        """Without what would end a judge's blindness."""
        return hide_from_judges(super().get_queryset(request), request=request, case="panel__case")


def needs(actor: Actor) -> list[Need]:
    """Disputes, and policies that wait for this actor."""
    # whoever may judge them finds disputes in the queue, and in no list of the console
    disputes = 0 if is_judge(actor) else _count(Panel.objects.filter(state=PanelState.DISPUTED))
    drafts = RoutingPolicy.objects.filter(state=PolicyState.DRAFT)
    approved = RoutingPolicy.objects.filter(state=PolicyState.APPROVED)
    policies = reverse("console:reviews_routingpolicy_changelist")
    found = [
        Need(disputes, "panel in dispute", "panels in dispute",
             f"{reverse('console:reviews_panel_changelist')}?state__exact=disputed", "warning",
             "Waiting for an adjudicator."),
    ]  # fmt: skip
    if permissions.can_define_reviews(actor):
        to_approve = _count(drafts.exclude(created_by=actor.id))
        found += [
            Need(to_approve, "policy to approve", "policies to approve", f"{policies}?state__exact=draft", "warning",
                 "Drafted by somebody else."),
            Need(_count(approved), "approved policy not in force", "approved policies not in force",
                 f"{policies}?state__exact=approved"),
        ]  # fmt: skip
    return found


def figures(actor: Actor) -> list[Figure]:
    """How much waits for people, and what they did today."""
    waiting = Seat.objects.filter(state=SeatState.OPEN, purpose=Purpose.LIVE)
    oldest = waiting.order_by("opened_at").values_list("opened_at", flat=True).first()
    yesterday = timezone.now() - timedelta(days=1)
    judged = Judgment.objects.filter(judged_at__gte=yesterday, superseded_at=None, purpose=Purpose.LIVE)
    where = f"{reverse('console:reviews_seat_changelist')}?state__exact=open"
    longest = f"the oldest for {since(oldest)}" if oldest else "nobody waits"
    people = judged.order_by().values("reviewer").distinct().count()
    return [
        Figure("Seats that wait", thousands(_count(waiting)), longest, where),
        Figure("Judgments, last 24 hours", thousands(_count(judged)), f"by {people} reviewer{'s' * (people != 1)}",
               reverse("console:reviews_judgment_changelist")),
    ]  # fmt: skip


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNTED].count()
