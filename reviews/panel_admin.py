"""Panel templates and panels in the console: settings in words with what they cost, and a manager's moves."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from hitl_platform.console.blindness import hide_from_judges
from hitl_platform.console.forms import ConsoleForm
from hitl_platform.console.model_admin import ConsoleAdmin
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from reviews import panel_queries, permissions
from reviews.models import LIVE_PANEL, Advice, Mode, Panel, PanelTemplate, Purpose, Queue, QueueUserPermission, Stop
from reviews.panel_settings import rules_of
from reviews.panels import MOST_SEATS, effect_in_words
from reviews.services.panels import add_seat, dispute_panel, move_panel
from reviews.services.templates import create_template
from reviews.states import PANEL

MODES = [
    (Mode.FIRST_RESPONSE.value, "First response: the first judgment decides, the other seats are cancelled"),
    (Mode.MAJORITY.value, "Majority: the label that most reviewers chose; a tie goes to an adjudicator"),
    (Mode.UNANIMOUS.value, "Unanimous: all agree, or an adjudicator decides"),
    (Mode.WEIGHTED.value, "Weighted: reviewers count by how they erred before"),
    (Mode.CHAIN.value, "Chain: one stage after another, the last one decides"),
]
STOPS = [
    (Stop.FIXED.value, "Fixed: every seat is asked"),
    (Stop.CONFIDENT.value, "Confident: one seat more at a time, until the panel is sure enough or full"),
]
ADVICE = [
    (Advice.HIDDEN.value, "Never"),
    (Advice.SHOWN.value, "From the start"),
    (Advice.AFTER_ANSWER.value, "After a blind answer, both of which are kept"),
]


class StagesField(forms.CharField):
    """The stages of a chain, one a line: name, skill (or nothing), veto (dispute, settle or nothing)."""

    def to_python(self, value: Any) -> Any:
        """A list of stages; whether each makes sense is the service's to say."""
        stages = []
        for line in (super().to_python(value) or "").splitlines():
            if line.strip():
                parts = [part.strip() for part in line.split(",")]
                if len(parts) > 3:
                    raise forms.ValidationError("A line holds name, skill and veto, with commas between.")
                stages.append(dict(zip(("name", "skill", "veto"), [*parts, "", ""], strict=False)))
        return stages

    def prepare_value(self, value: Any) -> Any:
        """Stages as lines."""
        if not isinstance(value, list):
            return value
        lines = [[stage["name"], stage.get("skill", ""), stage.get("veto", "")] for stage in value]
        return "\n".join(", ".join(parts).rstrip(", ") for parts in lines)


class TemplateForm(ConsoleForm):
    key = forms.CharField(max_length=60, help_text="A key that is there already gets its next version.")
    name = forms.CharField(max_length=200)
    seats = forms.IntegerField(min_value=1, max_value=MOST_SEATS, help_text="How many reviewers a panel opens with.")
    seats_max = forms.IntegerField(
        min_value=1, max_value=MOST_SEATS, required=False, label="Seats at most",
        help_text="How many it may grow to. Empty: it stays as it opens.",
    )  # fmt: skip
    mode = forms.ChoiceField(choices=MODES, label="Who decides")
    stop = forms.ChoiceField(choices=STOPS, required=False, label="When enough were asked")
    confidence_at_least = forms.FloatField(
        min_value=0.5, max_value=1, required=False, label="Sure enough from",
        help_text="Of the stop rule “confident”: the probability of the leading label, given how its reviewers err.",
    )  # fmt: skip
    stages = StagesField(
        required=False, widget=forms.Textarea, label="Stages of a chain",
        help_text="One a line: name, skill, veto. “checker, audit:2, dispute” asks level 2 of audit, and where it "
        "differs from the stage before, an adjudicator decides; with “settle” its own label ends the panel.",
    )  # fmt: skip
    confirms_model = forms.BooleanField(
        required=False, label="Confirm the model",
        help_text="One reviewer answers blind. Agreement with the model ends it; disagreement asks one more, until "
        "two voices agree. About 1.1 readers a case where the model is right 90 % of the time.",
    )  # fmt: skip
    panel_share = forms.FloatField(
        min_value=0, max_value=1, required=False, initial=1, label="Share of cases with the full panel",
        help_text="The others get one seat. The draw is fixed for each case and kept with its probability.",
    )  # fmt: skip
    advice = forms.ChoiceField(
        choices=ADVICE,
        initial=Advice.AFTER_ANSWER,
        label="When reviewers see what the model said",
        help_text="People shown it first judge worse on average.",
    )
    control_share = forms.FloatField(
        min_value=0, max_value=1, required=False, initial=0, label="Share of seats that never see it",
        help_text="Drawn at random, so that the effect of advice can be measured: 0.05 is one seat in twenty.",
    )  # fmt: skip
    distinct_teams = forms.BooleanField(required=False, label="No two seats of one team")
    most_of_one_group = forms.IntegerField(
        min_value=1, max_value=MOST_SEATS, required=False, label="At most so many of one group"
    )
    needs_one_with = forms.CharField(
        max_length=62, required=False, label="At least one with the skill", help_text="A skill, or skill:level."
    )
    adjudicator_sees_names = forms.BooleanField(required=False, label="Adjudicators see names")
    shows_similar = forms.BooleanField(
        required=False, label="Show similar decided cases", help_text="With their decisions, beside the case."
    )
    headings = {
        "seats": "Who decides, and after how many",
        "confirms_model": "With a model",
        "distinct_teams": "Who sits together",
        "adjudicator_sees_names": "What is shown beside the case",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, heading in self.headings.items():
            self.fields[name].heading = heading  # type: ignore[attr-defined]  # read by the page of verbs


class ReasonForm(ConsoleForm):
    why = forms.CharField(max_length=500, label="Why", help_text="For those who read the case's history.")


class MoveForm(ConsoleForm):
    queue_key = forms.ChoiceField(label="To the queue")


def _create_template(actor: Actor, _obj: Any, values: dict[str, Any]) -> Told:
    # what was left empty is the service's to choose
    given = {name: value for name, value in values.items() if value not in (None, "")}
    template = create_template(actor=actor, **given)
    with tenant_scope(actor.tenant_id):
        thin = panel_queries.thin_teams(template)
    warnings = [
        f"The queue “{name}” has {people} reviewers, fewer than the {template.seats_max} that a panel may ask: it "
        "then ends with those who are there, or goes to an adjudicator."
        for name, people in thin
    ]
    told = f"{template} is used for panels from now on. {effect_in_words(rules_of(template))}"
    return Told(" ".join([told, *warnings]))


def _template_of(template: PanelTemplate) -> dict[str, Any]:
    return {name: getattr(template, name) for name in TemplateForm.base_fields}


def _may_define(actor: Actor, _obj: Any = None) -> bool:
    return permissions.can_define_reviews(actor)


def _may(verb: str) -> Any:
    def may(actor: Actor, panel: Panel) -> bool:
        granted = QueueUserPermission.objects.filter(content_object_id=panel.queue_id, user_id=actor.id)
        manages = permissions.can_manage_queue(actor, set(granted.values_list("permission__codename", flat=True)))
        states = PANEL.sources(verb) if verb != "move" else LIVE_PANEL
        return manages and panel.purpose == Purpose.LIVE and panel.state in states

    return may


def _add_seat(actor: Actor, panel: Panel, values: dict[str, Any]) -> Told:
    add_seat(actor=actor, panel_id=panel.pk, **values)
    return Told("One more reviewer is asked.")


def _move(actor: Actor, panel: Panel, values: dict[str, Any]) -> Told:
    return Told(f"The panel waits in “{move_panel(actor=actor, panel_id=panel.pk, **values).queue}”.")


def _dispute(actor: Actor, panel: Panel, values: dict[str, Any]) -> Told:
    dispute_panel(actor=actor, panel_id=panel.pk, **values)
    return Told("An adjudicator is asked. Reviewers who had not submitted are asked no longer.")


def _queue_choices(_actor: Actor, panel: Panel) -> dict[str, list[tuple[str, str]]]:
    others = Queue.objects.filter(is_active=True).exclude(pk=panel.queue_id).order_by("name")
    fitting = [queue for queue in others if queue.case_type_id in (None, panel.case_type_id)]
    return {"queue_key": [(queue.key, queue.name) for queue in fitting]}


@admin.register(PanelTemplate, site=site)
class PanelTemplateAdmin(ConsoleAdmin):
    """How panels are built; a change is a new version."""

    list_display = ("name", "key", "version", "seats", "seats_max", "mode", "stop", "advice", "created_at")
    verbs = (
        Verb("create", "Create a template", "Panels built from now on may use it.", _create_template, _may_define,
             form=TemplateForm, on_list=True),
        Verb("revise", "New version", "Panels that stand keep the version they were built from.", _create_template,
             _may_define, form=TemplateForm, initial=_template_of),
    )  # fmt: skip

    def get_fields(self, request: Any, obj: Any = None) -> list[Any]:
        """The columns, and what they cost and give."""
        return [*super().get_fields(request, obj), "effect"]

    @admin.display(description="effect")
    def effect(self, template: PanelTemplate) -> str:
        """What the settings cost and give, under assumptions that are stated."""
        return effect_in_words(rules_of(template))


@admin.register(Panel, site=site)
class PanelAdmin(ConsoleAdmin):
    """Rounds of human review, newest first; of open cases not to those who may judge them."""

    list_display = ("case", "queue", "state", "round", "why", "opened_at", "settled_at")
    list_display_links = ("case", "queue")
    list_select_related = ("case", "queue")
    list_filter = ("state", "queue")
    search_exactly = ("case__external_id",)

    verbs = (
        Verb("add_seat", "Ask one more", "One more reviewer is asked, and the panel waits for them.", _add_seat,
             _may("add_seat"), form=ReasonForm),
        Verb("move", "Move to another queue", "What is not yet judged waits there; what is in hand stays there.", _move,
             _may("move"), form=MoveForm, choices=_queue_choices),
        Verb("dispute", "Send to an adjudicator", "Reviewers who have not submitted are asked no longer.", _dispute,
             _may("dispute"), form=ReasonForm, is_grave=True),
    )  # fmt: skip

    def name_of(self, obj: Any) -> str:
        """The case as its reviewers know it, and the queue."""
        return f"{obj}, {obj.queue}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Panel]:
        """Without what would end a judge's blindness: why a panel was asked, and that it is in dispute."""
        return hide_from_judges(super().get_queryset(request), request=request)
