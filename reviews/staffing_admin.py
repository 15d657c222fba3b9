"""Staffing in the console: profiles, skills, caps, absences, conflicts of interest, and what managers do to a seat."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from hitl_platform.console.forms import ConsoleForm
from hitl_platform.console.model_admin import ConsoleAdmin
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews import permissions, staffing_queries
from reviews.models import (
    Absence,
    ConflictOfInterest,
    InterestKind,
    Queue,
    QueueCap,
    ReviewerProfile,
    ReviewerSkill,
    Seat,
)
from reviews.services.absences import declare_absence, end_absence
from reviews.services.conflicts import declare_conflict, lift_conflict
from reviews.services.leases import hand_over_seat, reassign_seat, release_seat
from reviews.services.staffing import remove_skill, set_cap, set_profile, set_skill
from reviews.states import SEAT

Choices = dict[str, list[tuple[str, str]]]


class MomentField(forms.CharField):
    """A date and time as people write it, in the person's zone unless it names one."""

    def to_python(self, value: Any) -> Any:
        """The moment, or None."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None:
            raise forms.ValidationError("Write it as 2026-03-01 09:00.")
        return timezone.make_aware(moment) if timezone.is_naive(moment) else moment

    def prepare_value(self, value: Any) -> Any:
        """A moment as it is to be written."""
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else value


class ProfileForm(ConsoleForm):
    user_id = forms.ChoiceField(label="Reviewer")
    team = forms.CharField(max_length=60, required=False, help_text="A panel may ask that its teams differ.")
    group = forms.CharField(max_length=60, required=False, help_text="A panel may bound how many are of one group.")
    max_per_day = forms.IntegerField(min_value=0, required=False, label="Cases a day, over all queues")
    max_share = forms.FloatField(min_value=0, max_value=1, required=False, label="Greatest share of a queue's day")


class SkillForm(ConsoleForm):
    user_id = forms.ChoiceField(label="Reviewer")
    skill = forms.CharField(max_length=60, help_text="A language is the skill lang-de, lang-fr, …")
    level = forms.IntegerField(min_value=1, max_value=5, initial=1)
    expires_at = MomentField(required=False, label="Expires", help_text="2026-03-01 09:00, or never.")


class CapForm(ConsoleForm):
    queue_key = forms.ChoiceField(label="Queue")
    user_id = forms.ChoiceField(required=False, label="Reviewer")
    per_day = forms.IntegerField(min_value=0, required=False, label="Cases a day")
    share = forms.FloatField(min_value=0, max_value=1, required=False, label="Share of the queue's day",
                             help_text="Binds from the tenth case of the day on.")  # fmt: skip


class AbsenceForm(ConsoleForm):
    user_id = forms.ChoiceField(label="Who")
    starts_at = MomentField(label="From", help_text="2026-03-01 09:00")
    ends_at = MomentField(label="Until")
    note = forms.CharField(max_length=1_000, required=False)


class ConflictForm(ConsoleForm):
    user_id = forms.ChoiceField(label="Who")
    kind = forms.ChoiceField(choices=InterestKind.choices)
    about = forms.CharField(max_length=500, help_text="The subject's reference, the member's id, or the party's name.")
    facet_key = forms.CharField(max_length=60, required=False, label="Field that names the party")
    note = forms.CharField(max_length=500, required=False)


class HandOverForm(ConsoleForm):
    to_user_id = forms.ChoiceField(label="To")
    hours = forms.FloatField(min_value=0, max_value=168, initial=24, help_text="So long nobody else may take it.")
    note = forms.CharField(max_length=2_000, required=False)


def _members() -> list[tuple[str, str]]:
    members = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name")
    return [(str(each.user_id), f"{each.user.name} ({', '.join(each.roles)})") for each in members]


def _others(actor: Actor, _obj: Any) -> Choices:
    return {"user_id": [each for each in _members() if each[0] != str(actor.id)]}


def _anybody(_actor: Actor, _obj: Any) -> Choices:
    return {"user_id": _members()}


def _cap_choices(actor: Actor, obj: Any) -> Choices:
    queues = [(queue.key, queue.name) for queue in Queue.objects.filter(is_active=True).order_by("name")]
    return {"queue_key": queues, "user_id": [("", "Everybody"), *_others(actor, obj)["user_id"]]}


def _hand_over_choices(_actor: Actor, seat: Seat) -> Choices:
    return {"to_user_id": [each for each in _members() if each[0] != str(seat.reviewer_id)]}


def _set_profile(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    set_profile(actor=actor, **_with_id(values))
    return Told("Set. It holds from the person's next claim on.")


def _set_skill(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    set_skill(actor=actor, **_with_id(values))
    return Told("Set. It holds from the person's next claim on.")


def _remove_skill(actor: Actor, skill: ReviewerSkill, _values: dict[str, Any]) -> Told:
    remove_skill(actor=actor, user_id=skill.user_id, skill=skill.skill)
    return Told("Removed. What is in the person's hands stays there.")


def _set_cap(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    user_id = UUID(values["user_id"]) if values["user_id"] else None
    set_cap(actor=actor, **{**values, "user_id": user_id})
    return Told("Set. A cap without bounds is none.")


def _remove_cap(actor: Actor, cap: QueueCap, _values: dict[str, Any]) -> Told:
    set_cap(actor=actor, queue_key=cap.queue.key, user_id=cap.user_id)
    return Told("Removed.")


def _declare_absence(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    declare_absence(actor=actor, **_with_id(values))
    return Told("Declared. At its start the person's seats go back to their queues.")


def _end_absence(actor: Actor, absence: Absence, _values: dict[str, Any]) -> Told:
    end_absence(actor=actor, absence_id=absence.pk)
    return Told("Over. The person may claim again.")


def _declare_conflict(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    declare_conflict(actor=actor, **_with_id(values))
    return Told("Declared. What the person holds of such cases went back to its queue.")


def _lift_conflict(actor: Actor, conflict: ConflictOfInterest, _values: dict[str, Any]) -> Told:
    lift_conflict(actor=actor, conflict_id=conflict.pk)
    return Told("Lifted.")


def _release(actor: Actor, seat: Seat, _values: dict[str, Any]) -> Told:
    release_seat(actor=actor, seat_id=seat.pk)
    return Told("Released. What its holder wrote is kept as a draft.")


def _reassign(actor: Actor, seat: Seat, _values: dict[str, Any]) -> Told:
    reassign_seat(actor=actor, seat_id=seat.pk)
    return Told("Open again. The frozen answer stays in the ledger.")


def _hand_over(actor: Actor, seat: Seat, values: dict[str, Any]) -> Told:
    hand_over_seat(actor=actor, seat_id=seat.pk, **{**values, "to_user_id": UUID(values["to_user_id"])})
    return Told("Handed over.")


def _with_id(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "user_id": UUID(values["user_id"])}


def _may_staff(actor: Actor, _obj: Any = None) -> bool:
    return permissions.can_staff(actor)


def _may_staff_other(actor: Actor, row: Any) -> bool:
    return permissions.can_staff(actor) and row.user_id != actor.id


def _may_end(actor: Actor, absence: Absence) -> bool:
    is_live = absence.withdrawn_at is None and absence.ends_at > timezone.now()
    return is_live and (absence.user_id == actor.id or _may_staff(actor))


def _may_lift(actor: Actor, conflict: ConflictOfInterest) -> bool:
    return conflict.lifted_at is None and _may_staff_other(actor, conflict)


def _may_seat(verb: str) -> Any:
    def may(actor: Actor, seat: Seat) -> bool:
        granted = staffing_queries.granted_to(actor.id, seat.queue_id)
        return SEAT.allows(verb, seat.state) and permissions.can_manage_queue(actor, granted)

    return may


SEAT_VERBS = (
    Verb("release", "Release", "Its holder loses the lease; what is written is kept as a draft.", _release,
         _may_seat("release"), is_grave=True),
    Verb("reassign", "Reassign", "The seat opens again; the frozen answer of its author stays in the ledger.",
         _reassign, _may_seat("reassign"), is_grave=True),
    Verb("hand-over", "Hand over", "The seat goes to one person, who alone may take it for so long.", _hand_over,
         _may_seat("hand_over"), form=HandOverForm, choices=_hand_over_choices),
)  # fmt: skip


@admin.register(ReviewerProfile, site=site)
class ReviewerProfileAdmin(ConsoleAdmin):
    """Where reviewers belong, and how much a day may bring them."""

    list_display = ("user", "team", "group", "max_per_day", "max_share")
    list_select_related = ("user",)
    verbs = (
        Verb("set", "Set a profile", "It replaces what is set for the person, from the next claim on.", _set_profile,
             _may_staff, form=ProfileForm, on_list=True, choices=_others),
    )  # fmt: skip


@admin.register(ReviewerSkill, site=site)
class ReviewerSkillAdmin(ConsoleAdmin):
    """What reviewers can do, how well, and until when."""

    list_display = ("user", "skill", "level", "expires_at")
    list_select_related = ("user",)
    search_exactly = ("skill",)
    verbs = (
        Verb("set", "Set a skill", "Seats that ask for it are handed to the person from the next claim on.", _set_skill,
             _may_staff, form=SkillForm, on_list=True, choices=_others),
        Verb("remove", "Remove", "Seats that ask for it are no longer handed to the person.", _remove_skill,
             _may_staff_other, is_grave=True),
    )  # fmt: skip


@admin.register(QueueCap, site=site)
class QueueCapAdmin(ConsoleAdmin):
    """How much of a queue one day may bring to one person."""

    list_display = ("queue", "user", "per_day", "share")
    list_display_links = ("queue", "user")
    list_select_related = ("queue", "user")
    verbs = (
        Verb("set", "Set a cap", "It replaces the cap there is, from the next claim on.", _set_cap, _may_staff,
             form=CapForm, on_list=True, choices=_cap_choices),
        Verb("remove", "Remove", "The queue's own cap holds for the person again, or none.", _remove_cap,
             _may_staff_other, is_grave=True),
    )  # fmt: skip


@admin.register(Absence, site=site)
class AbsenceAdmin(ConsoleAdmin):
    """Who is away, and when."""

    list_display = ("user", "starts_at", "ends_at", "withdrawn_at")
    list_select_related = ("user",)
    verbs = (
        Verb("declare", "Declare an absence", "At its start the person's seats go back to their queues.",
             _declare_absence, _may_staff, form=AbsenceForm, on_list=True, choices=_anybody),
        Verb("end", "End", "The person may claim again at once.", _end_absence, _may_end),
    )  # fmt: skip


@admin.register(ConflictOfInterest, site=site)
class ConflictOfInterestAdmin(ConsoleAdmin):
    """Who stands too near to which cases."""

    list_display = ("user", "kind", "declared_at", "lifted_at")
    list_select_related = ("user",)
    list_filter = ("kind",)
    verbs = (
        Verb("declare", "Declare a conflict", "Such cases are never handed to the person; what they hold goes back.",
             _declare_conflict, _may_staff, form=ConflictForm, on_list=True, choices=_anybody),
        Verb("lift", "Lift", "Such cases may be handed to the person again.", _lift_conflict, _may_lift),
    )  # fmt: skip
