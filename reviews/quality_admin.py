"""Known answers, contests, pauses, flags and second looks in the console."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from cases.definitions import label_names
from cases.models import CaseType
from hitl_platform.console.cards import Figure, Need
from hitl_platform.console.entry import actor_of
from hitl_platform.console.forms import ConsoleForm
from hitl_platform.console.model_admin import ConsoleAdmin
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, Role
from reviews import permissions, quality_queries
from reviews.models import (
    CompetenceSnapshot,
    GoldContest,
    GoldItem,
    GoldResult,
    QualityRule,
    Queue,
    QueueUserPermission,
    ReviewerPause,
    SecondReview,
    StampFlag,
)
from reviews.quality_figures import agreement_of_second_looks, flagged_and_by_chance
from reviews.services.contests import forgive_contest, uphold_contest
from reviews.services.flags import close_flag, look_for_rubber_stamps
from reviews.services.gold import approve_gold, propose_gold, retire_gold
from reviews.services.pauses import lift_pause, pause_reviewer, set_quality_rule
from reviews.services.second_reviews import see_second_review
from reviews.states import CONTEST, GOLD
from reviews.type_versions import type_version

# a reviewer's figures are for those who lead reviewers, and for those who audit
READERS = (Role.MANAGER, Role.OWNER, Role.COMPLIANCE_OFFICER)


class ProposeForm(ConsoleForm):
    case_type_key = forms.ChoiceField(label="Case type")
    external_id = forms.CharField(max_length=200, label="Case", help_text="Its external id. It is decided.")
    label = forms.CharField(max_length=200, label="Right answer")
    accepted = forms.CharField(required=False, help_text="Other answers that count as right, separated by commas.")
    why = forms.CharField(max_length=5_000, widget=forms.Textarea, help_text="Told to whoever missed it, later.")


class ForgiveForm(ConsoleForm):
    label = forms.ChoiceField(required=False, label="Right answer")
    accepted = forms.CharField(required=False, help_text="Other answers that count as right, separated by commas.")
    answer = forms.CharField(max_length=2_000, widget=forms.Textarea, help_text="Told to the reviewer.")


class UpholdForm(ConsoleForm):
    answer = forms.CharField(max_length=2_000, widget=forms.Textarea, help_text="Told to the reviewer.")


class ReasonForm(ConsoleForm):
    reason = forms.CharField(max_length=2_000, widget=forms.Textarea, help_text="Told to the reviewer.")


class PauseForm(ReasonForm):
    reviewer_id = forms.ChoiceField(label="Reviewer")
    case_type_key = forms.ChoiceField(required=False, label="Case type")
    field_order = ["reviewer_id", "case_type_key"]


class RuleForm(ConsoleForm):
    queue_key = forms.ChoiceField(label="Queue")
    pause_below = forms.FloatField(required=False, min_value=0, max_value=1, help_text="Share of right answers.")
    pause_after = forms.IntegerField(min_value=1, max_value=1_000, initial=10, help_text="Known cases.")
    quiz_at_least = forms.FloatField(required=False, min_value=0, max_value=1, help_text="Of the first known cases.")
    reveal_after = forms.IntegerField(min_value=1, max_value=1_000, initial=20, help_text="Judgments.")


class LookForm(ConsoleForm):
    queue_key = forms.ChoiceField(label="Queue")
    days = forms.IntegerField(min_value=1, max_value=366, initial=30)


class ConcludeForm(ConsoleForm):
    conclusion = forms.CharField(max_length=4_000, widget=forms.Textarea, help_text="Told to the reviewer.")


def _of(count: int, word: str) -> str:
    return f"1 {word} was" if count == 1 else f"{count} {word}s were"


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _types(_actor: Actor, _obj: Any) -> dict[str, list[tuple[str, str]]]:
    return {"case_type_key": [(each.key, each.name) for each in CaseType.objects.order_by("name")]}


def _answers(_actor: Actor, contest: GoldContest) -> dict[str, list[tuple[str, str]]]:
    labels = type_version(contest.gold_item.known_case.type_version_id).labels
    return {"label": [("", "None is known: the item is retired"), *label_names(labels).items()]}


def _people(actor: Actor, obj: Any) -> dict[str, list[tuple[str, str]]]:
    members = Membership.objects.filter(is_active=True, roles__overlap=["reviewer", "adjudicator"])
    names = [(str(each.user_id), each.user.name) for each in members.select_related("user").order_by("user__name")]
    return {"reviewer_id": names, "case_type_key": [("", "Any"), *_types(actor, obj)["case_type_key"]]}


def _queues(actor: Actor, _obj: Any) -> dict[str, list[tuple[str, str]]]:
    managed = QueueUserPermission.objects.filter(user_id=actor.id, permission__codename=permissions.MANAGE)
    queues = Queue.objects.filter(is_active=True).order_by("name")
    if not actor.has(Role.OWNER):
        queues = queues.filter(pk__in=managed.values("content_object_id"))
    return {"queue_key": [(queue.key, queue.name) for queue in queues]}


def _propose(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    propose_gold(actor=actor, **{**values, "accepted": _words(values["accepted"])})
    return Told("Proposed. Somebody else approves it before it measures anybody.")


def _approve(actor: Actor, item: GoldItem, _values: dict[str, Any]) -> Told:
    approve_gold(actor=actor, item_id=item.pk)
    return Told("Approved: it is hidden among live cases from now on.")


def _retire(actor: Actor, item: GoldItem, _values: dict[str, Any]) -> Told:
    retire_gold(actor=actor, item_id=item.pk)
    return Told("Retired. What was answered stays as it was assessed.")


def _forgive(actor: Actor, contest: GoldContest, values: dict[str, Any]) -> Told:
    decided = forgive_contest(
        actor=actor,
        contest_id=contest.pk,
        answer=values["answer"],
        label=values["label"] or None,
        accepted=_words(values["accepted"]),
    )
    effect = decided.effect
    anew = f"{_of(effect['results'], 'result')} made anew, {_of(effect['pauses_lifted'], 'pause')} lifted."
    changed = len(effect["panels_that_would_change"])
    asked = f"{effect['panels_asked']} settled panel{'s' * (effect['panels_asked'] != 1)}"
    would = f"{changed} of {asked} would come out otherwise" if changed else "No settled panel would come out otherwise"
    return Told(f"Forgiven. {anew} {would}; none is reopened.")


def _uphold(actor: Actor, contest: GoldContest, values: dict[str, Any]) -> Told:
    uphold_contest(actor=actor, contest_id=contest.pk, answer=values["answer"])
    return Told("Upheld. The reviewer is told why.")


def _pause(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    pause_reviewer(actor=actor, **{**values, "case_type_key": values["case_type_key"] or None})
    return Told("Paused. The reviewer sees the reason.")


def _lift(actor: Actor, pause: ReviewerPause, values: dict[str, Any]) -> Told:
    lift_pause(actor=actor, pause_id=pause.pk, reason=values["reason"])
    return Told("Lifted. What is measured from now on counts anew.")


def _set_rule(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    set_quality_rule(actor=actor, **values)
    return Told("Set. Pauses that stand stay until somebody lifts them.")


def _look(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    now = timezone.now()
    since = now - timedelta(days=values["days"])
    found = look_for_rubber_stamps(actor=actor, queue_key=values["queue_key"], since=since, until=now)
    return Told(f"{len(found)} new flag{'s' * (len(found) != 1)}. Whoever is flagged sees it and can answer.")


def _close(actor: Actor, flag: StampFlag, values: dict[str, Any]) -> Told:
    close_flag(actor=actor, flag_id=flag.pk, conclusion=values["conclusion"])
    return Told("Closed. The reviewer sees what you concluded.")


def _see(actor: Actor, review: SecondReview, _values: dict[str, Any]) -> Told:
    see_second_review(actor=actor, review_id=review.pk)
    return Told("Noted. The decision stays as it is.")


def _may_define(actor: Actor, _obj: Any = None) -> bool:
    return permissions.can_define_reviews(actor)


def _may_decide(actor: Actor, contest: GoldContest) -> bool:
    is_own = actor.id in (contest.gold_item.proposed_by, contest.reviewer_id)
    return _may_define(actor) and CONTEST.allows("forgive", contest.state) and not is_own


@admin.register(GoldItem, site=site)
class GoldItemAdmin(ConsoleAdmin):
    """Cases with a known answer. Whoever may be asked sees only what they proposed or approved."""

    viewers = READERS
    list_display = ("known_case", "case_type", "label", "state", "proposed_at", "approved_at")
    list_select_related = ("known_case", "case_type")
    list_filter = ("state", "case_type")
    verbs = (
        Verb("propose", "Propose a known case", "It measures nobody before somebody else has approved it.", _propose,
             _may_define, form=ProposeForm, on_list=True, choices=_types),
        Verb("approve", "Approve", "It is hidden among the live cases of its type from now on.", _approve,
             lambda actor, item: _may_define(actor) and item.state == "proposed" and item.proposed_by != actor.id),
        Verb("retire", "Retire", "Nobody is asked with it any more.", _retire,
             lambda actor, item: _may_define(actor) and GOLD.allows("retire", item.state), is_grave=True),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[GoldItem]:
        """What this actor may know of."""
        return quality_queries.visible_gold(actor_of(request))


class OfReviewers(ConsoleAdmin):
    """Rows about reviewers: nobody reads here what is hidden from themselves."""

    viewers = READERS
    list_select_related: tuple[str, ...] = ("reviewer",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Everybody's but one's own, which is told on one's own page when its time has come."""
        rows: QuerySet[Any] = super().get_queryset(request).exclude(reviewer_id=actor_of(request).id)
        return rows


@admin.register(GoldResult, site=site)
class GoldResultAdmin(OfReviewers):
    """Judgments against known answers; those of items that were corrected stay, superseded."""

    list_display = ("reviewer", "queue", "label", "expected", "is_right", "counts", "judged_at", "superseded_at")
    list_select_related = ("reviewer", "queue")
    list_filter = ("is_right", "counts", "queue")


@admin.register(GoldContest, site=site)
class GoldContestAdmin(OfReviewers):
    """What reviewers say against known answers."""

    list_display = ("reviewer", "gold_item", "given", "state", "contested_at", "decided_at")
    list_select_related = ("reviewer", "gold_item")
    list_filter = ("state",)
    verbs = (
        Verb("forgive", "Forgive", "The item is corrected or retired, every result of it is made anew, and pauses "
             "without a reason are lifted. No case is reopened.", _forgive, _may_decide, form=ForgiveForm,
             choices=_answers),
        Verb("uphold", "Uphold", "The known answer stands.", _uphold, _may_decide, form=UpholdForm),
    )  # fmt: skip


@admin.register(CompetenceSnapshot, site=site)
class CompetenceSnapshotAdmin(OfReviewers):
    """How reviewers answer, given what was true, by source; rows are the true labels. The newest one stands."""

    list_display = ("reviewer", "case_type", "source", "right", "total", "because", "made_at")
    list_select_related = ("reviewer", "case_type")
    list_filter = ("source", "case_type")


@admin.register(QualityRule, site=site)
class QualityRuleAdmin(ConsoleAdmin):
    """What queues ask of answers to known cases."""

    viewers = READERS
    list_display = ("queue", "pause_below", "pause_after", "quiz_at_least", "reveal_after")
    list_select_related = ("queue",)
    verbs = (
        Verb("rule", "Set a rule", "It holds for what is assessed from now on.", _set_rule, _may_define, form=RuleForm,
             on_list=True, choices=_queues),
    )  # fmt: skip


@admin.register(ReviewerPause, site=site)
class ReviewerPauseAdmin(OfReviewers):
    """Who takes nothing new, and why."""

    list_display = ("reviewer", "case_type", "reason", "paused_at", "lifted_at")
    list_select_related = ("reviewer", "case_type")
    verbs = (
        Verb("pause", "Pause a reviewer", "Nothing new goes to them until somebody lifts it.", _pause, _may_define,
             form=PauseForm, on_list=True, choices=_people, is_grave=True),
        Verb("lift", "Lift", "The reviewer can work again at once.", _lift,
             lambda actor, pause: _may_define(actor) and pause.lifted_at is None and pause.reviewer_id != actor.id,
             form=ReasonForm),
    )  # fmt: skip


@admin.register(StampFlag, site=site)
class StampFlagAdmin(OfReviewers):
    """Evidence that cases were not read. Whoever is flagged sees the same, and may answer."""

    def summary(self, actor: Actor) -> list[Figure]:
        """How many are flagged, beside how many would be by chance alone."""
        return flagged_and_by_chance()

    list_display = ("reviewer", "queue", "since", "until", "answered_at", "closed_at")
    list_select_related = ("reviewer", "queue")
    verbs = (
        Verb("look", "Look for rubber stamps", "A flag is raised with its evidence, and its subject sees it.", _look,
             _may_define, form=LookForm, on_list=True, choices=_queues),
        Verb("close", "Close", "The reviewer sees what you conclude.", _close,
             lambda actor, flag: _may_define(actor) and flag.closed_at is None and flag.reviewer_id != actor.id,
             form=ConcludeForm),
    )  # fmt: skip


@admin.register(SecondReview, site=site)
class SecondReviewAdmin(OfReviewers):
    """Decisions judged blind once more."""

    def summary(self, actor: Actor) -> list[Figure]:
        """How often a second look agreed, by queue and by who had decided."""
        return agreement_of_second_looks(actor)

    list_display = ("queue", "made_by", "decided_label", "label", "agrees", "assessed_at", "seen_at")
    list_select_related = ("queue",)
    list_filter = ("agrees", "made_by", "queue")
    verbs = (
        Verb("see", "Seen", "Noted beside the disagreement; the decision stays as it is.", _see,
             lambda actor, review: _may_define(actor) and not review.agrees and review.seen_at is None),
    )  # fmt: skip


def needs(actor: Actor) -> list[Need]:
    """Contests, flags, pauses, items to approve and disagreements that wait for this actor."""
    if not permissions.can_define_reviews(actor):
        return []
    lists = {name: reverse(f"console:reviews_{name}_changelist") for name in
             ("goldcontest", "stampflag", "reviewerpause", "golditem", "secondreview")}  # fmt: skip
    others = {"reviewer_id": actor.id}
    contests = GoldContest.objects.filter(state="open").exclude(gold_item__proposed_by=actor.id).exclude(**others)
    proposed = quality_queries.visible_gold(actor).filter(state="proposed").exclude(proposed_by=actor.id)
    return [
        Need(contests.count(), "contest of a known case", "contests of known cases",
             f"{lists['goldcontest']}?state__exact=open", "warning", "A reviewer says that the answer is wrong."),
        Need(StampFlag.objects.filter(closed_at__isnull=True).exclude(**others).count(), "reviewer flagged",
             "reviewers flagged", lists["stampflag"], "warning", "Figures look as if cases were not read."),
        Need(ReviewerPause.objects.filter(lifted_at__isnull=True).exclude(**others).count(), "reviewer paused",
             "reviewers paused", lists["reviewerpause"]),
        Need(proposed.count(), "known case to approve", "known cases to approve",
             f"{lists['golditem']}?state__exact=proposed", "neutral", "Proposed by somebody else."),
        Need(SecondReview.objects.filter(agrees=False, seen_at__isnull=True).count(), "second look that differs",
             "second looks that differ", f"{lists['secondreview']}?agrees__exact=0"),
    ]  # fmt: skip
