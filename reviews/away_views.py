"""The portal's doors to what somebody says of themselves: when they are away, and which cases they stand too near to.

What will happen is said before it does, without a script: a conflict is shown with what it takes away, then confirmed.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from cases.models import CaseTypeVersion
from hitl_platform.doors.authentication import actor_required
from hitl_platform.kernel.errors import DomainError
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews import staffing_queries
from reviews.models import InterestKind
from reviews.services.absences import MAX_NOTE, declare_absence, end_absence
from reviews.services.conflicts import MAX_TEXT, declare_conflict
from reviews.views import PortalRequest

SHOWN = 20
KINDS = [
    (InterestKind.SUBJECT.value, "A subject: the person or organisation that cases are about"),
    (InterestKind.PERSON.value, "A colleague: cases that they brought in or that are about them"),
    (InterestKind.PARTY.value, "A party: somebody whom a field of the case names"),
]


def _moment(label: str) -> forms.DateTimeField:
    picker = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=picker, error_messages={"required": "Give a day and a time."})


class AbsenceForm(forms.Form):
    starts_at = _moment("From")
    ends_at = _moment("Until")
    note = forms.CharField(
        max_length=MAX_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}), label="Note",
        help_text="For managers. Say no more than they need.",
    )  # fmt: skip


class ConflictForm(forms.Form):
    kind = forms.ChoiceField(choices=KINDS, widget=forms.RadioSelect, label="Whom it concerns")
    subject = forms.CharField(
        max_length=MAX_TEXT, required=False, label="Reference of the subject",
        help_text="As it stands in the system that cases come from, such as a customer's number.",
    )  # fmt: skip
    colleague = forms.ChoiceField(required=False, label="Colleague")
    facet_key = forms.ChoiceField(required=False, label="Field of the case")
    party = forms.CharField(
        max_length=MAX_TEXT, required=False, label="What stands in that field", help_text="Written as in the cases."
    )
    note = forms.CharField(
        max_length=MAX_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}), label="Note",
        help_text="For managers. Why need not be said.",
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {"colleague": _colleagues(actor), "facet_key": _named_fields()}
        for name, offered in choices.items():
            self.fields[name].choices = [("", "Choose"), *offered]  # type: ignore[attr-defined]  # the stubs know no choices of a form field

    def declared(self) -> dict[str, str]:
        """What the service is told: of the three ways to name somebody, the one that was chosen."""
        data = self.cleaned_data
        about = {"subject": data["subject"], "person": data["colleague"], "party": data["party"]}[data["kind"]]
        facet_key = data["facet_key"] if data["kind"] == InterestKind.PARTY else ""
        return {"kind": data["kind"], "about": about.strip(), "facet_key": facet_key, "note": data["note"]}

    def explain(self, refusal: DomainError) -> None:
        """Put a service's reasons at the fields of this form."""
        of_kind = {"subject": "subject", "person": "colleague", "party": "party"}[self.cleaned_data["kind"]]
        for name, found in refusal.fields.items():
            place = of_kind if name == "about" else name
            self.add_error(place if place in self.fields else None, found)
        if not refusal.fields:
            self.add_error(None, refusal.message)


@actor_required
@require_http_methods(["GET", "POST"])
def absences(request: PortalRequest) -> HttpResponse:
    """When I am away, and being away once more."""
    actor = request.actor
    form = AbsenceForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            declared = declare_absence(actor=actor, user_id=actor.id, **form.cleaned_data)
        except DomainError as refusal:
            for name, found in refusal.fields.items():
                form.add_error(name if name in form.fields else None, found)
        else:
            begun = declared.starts_at <= timezone.now()
            messages.success(
                request,
                "You are away now. What you held goes back to its queues." if begun else "Your absence is noted.",
            )
            return redirect("absences")
    rows = staffing_queries.visible_absences(actor).filter(user_id=actor.id)[:SHOWN]
    context = {"form": form, "absences": rows, "held": staffing_queries.held_by(actor.id), "now": timezone.now()}
    return render(request, "reviews/absences.html", context, status=400 if form.errors else 200)


@actor_required
@require_POST
def back_again(request: PortalRequest, absence_id: UUID) -> HttpResponse:
    """I am back sooner, or never go."""
    end_absence(actor=request.actor, absence_id=absence_id)
    messages.success(request, "You are here again, and cases may come to you.")
    return redirect("absences")


@actor_required
@require_http_methods(["GET", "POST"])
def conflicts(request: PortalRequest) -> HttpResponse:
    """The cases that I stand too near to; one more is shown with what it takes away, then confirmed."""
    actor = request.actor
    form = ConflictForm(request.POST if request.method == "POST" else None, actor=actor)
    taken: int | None = None
    if form.is_valid():
        given = form.declared()
        if "confirmed" in request.POST:
            try:
                declare_conflict(actor=actor, user_id=actor.id, **given)
            except DomainError as refusal:
                form.explain(refusal)
            else:
                messages.success(request, "Declared. Such cases never come to you from now on.")
                return redirect("conflicts")
        else:
            taken = staffing_queries.held_near(
                actor.id, **{name: given[name] for name in ("kind", "about", "facet_key")}
            )
    rows = staffing_queries.visible_conflicts(actor).filter(user_id=actor.id)[:SHOWN]
    context = {"form": form, "conflicts": _told(rows), "taken": taken, "asks": taken is not None}
    return render(request, "reviews/conflicts.html", context, status=400 if form.errors else 200)


def _told(rows: Any) -> list[dict[str, Any]]:
    conflicts = list(rows)
    people = [row.about for row in conflicts if row.kind == InterestKind.PERSON]
    members = Membership.objects.filter(user_id__in=people).select_related("user")
    names = {str(member.user_id): member.user.name for member in members}
    return [{"row": row, "about": names.get(row.about, row.about)} for row in conflicts]


def _colleagues(actor: Actor) -> list[tuple[str, str]]:
    members = Membership.objects.filter(is_active=True).exclude(user_id=actor.id).select_related("user")
    return [(str(member.user_id), member.user.name) for member in members.order_by("user__name")]


def _named_fields() -> list[tuple[str, str]]:
    """The fields of any case type in which a party can be named: its declared facets of text."""
    newest = CaseTypeVersion.objects.order_by("case_type_id", "-version").distinct("case_type_id")
    keys = {
        each["key"] for facets in newest.values_list("facets", flat=True) for each in facets if each["type"] == "text"
    }
    return [(key, key.replace("_", " ").capitalize()) for key in sorted(keys)]
