"""Case types, cases, decisions and outcomes in the console.

Protected attributes are not here: they leave through audits alone.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from cases import permissions, services
from cases.models import Case, CaseFacet, CasePayload, CaseType, CaseTypeVersion, Decision, MadeBy, Outcome
from hitl_platform.console.cards import Figure, thousands
from hitl_platform.console.forms import ConsoleForm, DocumentField
from hitl_platform.console.model_admin import HISTORY, ConsoleAdmin, Event, document
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.ledger.queries import case_events
from hitl_platform.tenants.actor import Actor

DEFINITION = ("question", "payload_schema", "labels", "costs", "reason_codes", "layout", "attributes_schema", "facets")
DEFINITION_HELP = (
    "question, payload_schema (JSON Schema), labels, costs, reason_codes, layout, attributes_schema, facets: as in "
    "the API's document."
)
# counted no further than this: a day's cases may be a million
COUNTED = 100_000
FIRST_DEFINITION = {
    "question": "What must be decided, in one sentence?",
    "payload_schema": {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]},
    "labels": [{"key": "approve", "name": "Approve"}, {"key": "decline", "name": "Decline"}],
}


class CreateCaseTypeForm(ConsoleForm):
    key = forms.CharField(max_length=60, help_text="Stands in addresses and rules; it never changes.")
    name = forms.CharField(max_length=200)
    definition = DocumentField(help_text=DEFINITION_HELP)


class ReviseCaseTypeForm(ConsoleForm):
    definition = DocumentField(help_text=DEFINITION_HELP)


class WithdrawForm(ConsoleForm):
    reason = forms.CharField(max_length=2000, required=False, widget=forms.Textarea)


def _definition_of(case_type: CaseType) -> dict[str, Any]:
    version = CaseTypeVersion.objects.filter(case_type=case_type).latest("version")
    return {"definition": {name: getattr(version, name) for name in DEFINITION}}


def _create(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    made = services.create_case_type(actor=actor, **values)
    return Told(f"The case type “{made.name}” is there; cases can be submitted.")


def _revise(actor: Actor, case_type: CaseType, values: dict[str, Any]) -> Told:
    version = services.revise_case_type(actor=actor, case_type_key=case_type.key, definition=values["definition"])
    return Told(f"Version {version.version} is in force for cases submitted from now on.")


def _withdraw(actor: Actor, case: Case, values: dict[str, Any]) -> Told:
    services.withdraw_case(actor=actor, case_id=case.pk, reason=values["reason"])
    return Told("The case is withdrawn.")


def _may_define(actor: Actor, _obj: Any = None) -> bool:
    return permissions.can_define_case_types(actor)


def _may_withdraw(actor: Actor, case: Case) -> bool:
    return case.is_open and permissions.can_submit_cases(actor)


@admin.register(CaseType, site=site)
class CaseTypeAdmin(ConsoleAdmin):
    """Kinds of case; a change is a new version."""

    list_display = ("name", "key", "created_at")
    ordering = ("name",)
    verbs = (
        Verb("create", "Create a case type", "Its key stays for ever; all else can be revised.", _create, _may_define,
             form=CreateCaseTypeForm, on_list=True, initial=lambda _none: {"definition": FIRST_DEFINITION}),
        Verb("revise", "Revise", "This makes a new version. Cases that are there keep the version they came under.",
             _revise, _may_define, form=ReviseCaseTypeForm, initial=_definition_of),
    )  # fmt: skip


@admin.register(CaseTypeVersion, site=site)
class CaseTypeVersionAdmin(ConsoleAdmin):
    """What a case type said when."""

    list_display = ("case_type", "version", "question", "created_at")
    list_select_related = ("case_type",)
    list_filter = ("case_type",)


class Overdue(admin.SimpleListFilter):
    """Cases that nobody decided in time; what their terms are is known a floor above, and found by its name."""

    title = "overdue"
    parameter_name = "overdue"
    rule = "reviews.escalation_queries.overdue_cases"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one choice there is."""
        return [("yes", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """The overdue ones, where they are asked for."""
        found: QuerySet[Case] = import_string(self.rule)(queryset) if self.value() == "yes" else queryset
        return found


@admin.register(Case, site=site)
class CaseAdmin(ConsoleAdmin):
    """Cases, newest first."""

    list_display = ("external_id", "case_type", "state", "importance", "priority", "due_at", "created_at")
    list_select_related = ("case_type",)
    list_filter = ("state", Overdue, "case_type")
    search_exactly = ("external_id",)
    hidden = ("event_ids",)
    story = "reviews.case_story.story_of"
    verbs = (
        Verb("withdraw", "Withdraw", "The case leaves every queue and is never decided. Drafts of it are kept.",
             _withdraw, _may_withdraw, form=WithdrawForm, is_grave=True),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """The case's columns, what it says, and where its story goes on."""
        return [*super().get_fields(request, obj), "payload", "facets", "decisions"]

    @admin.display(description="payload")
    def payload(self, case: Case) -> SafeString:
        """What is to be judged."""
        stored = CasePayload.objects.filter(case=case).first()
        return document(stored.payload if stored else None)

    @admin.display(description="facets")
    def facets(self, case: Case) -> SafeString:
        """What the case can be found by."""
        rows = CaseFacet.objects.filter(case=case)
        values = {row.key: row.text_value or row.float_value or row.time_value for row in rows}
        return document(values)

    @admin.display(description="decisions")
    def decisions(self, case: Case) -> SafeString:
        """The case's decisions, first to last."""
        rows = Decision.objects.filter(case=case).order_by("sequence")
        told = [f"{row.sequence}. {row.label}, by {row.made_by}, {row.decided_at:%Y-%m-%d %H:%M} UTC" for row in rows]
        return format_html("<span>{}</span>", "; ".join(told) or "none yet")

    def events_of(self, actor: Actor, obj: Any) -> Iterable[Event]:
        """The case's story, newest first; of a chunk's events its own part."""
        return reversed(case_events(actor, obj)[-HISTORY:])


@admin.register(Decision, site=site)
class DecisionAdmin(ConsoleAdmin):
    """Decisions, newest first."""

    list_display = ("case", "label", "made_by", "confidence", "sequence", "decided_at")
    list_display_links = ("case", "label")
    list_select_related = ("case",)
    list_filter = ("made_by",)
    search_exactly = ("case__external_id",)


@admin.register(Outcome, site=site)
class OutcomeAdmin(ConsoleAdmin):
    """What turned out to be true, newest first."""

    list_display = ("case", "label", "source", "observed_at")
    list_display_links = ("case", "label")
    list_select_related = ("case",)
    search_exactly = ("case__external_id",)


def figures(actor: Actor) -> list[Figure]:
    """Today's cases and decisions, and how many of those no human saw."""
    since = timezone.now() - timedelta(days=1)
    came = _count(Case.objects.filter(created_at__gte=since))
    decided = Decision.objects.filter(decided_at__gte=since)
    total, by_model = _count(decided), _count(decided.filter(made_by=MadeBy.MODEL))
    share = f"{by_model / total:.0%} of {thousands(total)} by the model alone" if total else "none yet"
    where = reverse("console:cases_case_changelist")
    return [
        Figure("Cases, last 24 hours", thousands(came), "submitted", where),
        Figure("Decided, last 24 hours", thousands(total), share, reverse("console:cases_decision_changelist")),
    ]


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNTED].count()
