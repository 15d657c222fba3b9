"""The portal's doors to retention: rules and what they would let go, legal holds, and erasing on request."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audits import retention_permissions, retention_queries
from audits.models import RetentionRule
from audits.retention import in_words
from audits.retention_forms import EraseForm, HoldForm, LookForm, ReasonForm, RuleForm
from audits.services.retention_erasure import erase_case, erase_person, erase_subject
from audits.services.retention_holds import lift_hold, place_hold
from audits.services.retention_rules import activate_retention_rule, draft_retention_rule, retire_retention_rule
from audits.services.retention_runs import run_retention
from audits.states import RetentionState
from hitl_platform.doors.authentication import actor_required
from hitl_platform.doors.errors import domain_refusal
from hitl_platform.kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, require
from reviews.views import PortalRequest

SHOWN = 50
# two forms of one page, whose fields have the same names
IDS = "meant_%s"
RUNS = 10
VERBS = {"activate": activate_retention_rule, "retire": retire_retention_rule, "run": run_retention}
SAID = {
    "activate": "The rule is in force. Its first round begins now, and then one begins each night.",
    "retire": "The rule is out of force. What it has not let go yet, stays.",
    "run": "The round has begun. Its figures below grow while workers carry it out.",
}
# of the service's fields, which field of the form shows their reasons
SHOWN_AT = {"reduce_after_months": "reduce_after", "erase_after_months": "erase_after"}


@actor_required
@require_GET
def retention(request: PortalRequest) -> HttpResponse:
    """The rules of each case type, and the newest rounds."""
    require(retention_permissions.can_keep(request.actor))
    every = request.GET.get("show") == "all"
    rules = retention_queries.visible_rules(request.actor)
    rules = rules if every else rules.exclude(state=RetentionState.RETIRED)
    context = {
        "rules": [_told(rule) for rule in rules],
        "every": every,
        "runs": retention_queries.visible_runs(request.actor)[:RUNS],
        "holds": retention_queries.visible_holds(request.actor).filter(lifted_at__isnull=True).count(),
        "can_erase": retention_permissions.can_erase(request.actor),
    }
    return render(request, "audits/retention/home.html", context)


@actor_required
@require_http_methods(["GET", "POST"])
def new_rule(request: PortalRequest) -> HttpResponse:
    """Write the next version of a rule."""
    require(retention_permissions.can_keep(request.actor))
    form = RuleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            rule = draft_retention_rule(actor=request.actor, **form.terms())
        except Invalid as refusal:
            _show(form, refusal)
        else:
            messages.success(request, "Written. Somebody else sets it in force, after reading what would go.")
            return redirect("audits:retention_rule", rule.pk)
    return render(request, "audits/retention/new.html", {"form": form}, status=400 if form.errors else 200)


@actor_required
@require_GET
def retention_rule(request: PortalRequest, rule_id: UUID) -> HttpResponse:
    """One rule, and what it would let go now."""
    require(retention_permissions.can_keep(request.actor))
    rule, at = retention_queries.get_rule(request.actor, rule_id), timezone.now()
    due = retention_queries.due_cases(rule, at=at)
    counts = retention_queries.counted(due)
    page = Paginator(due, SHOWN).get_page(request.GET.get("page"))
    kept = [(words, counts[why]) for why, words in retention_queries.KEPT_BECAUSE.items() if counts[why]]
    context = {
        **_told(rule),
        "at": at,
        "counts": counts,
        "kept": kept,
        "page": page,
        "is_bounded": len(due) == retention_queries.MOST_PLANNED,
        "runs": retention_queries.visible_runs(request.actor).filter(rule=rule)[:RUNS],
        "is_author": rule.created_by == request.actor.id,
    }
    return render(request, "audits/retention/rule.html", context)


@actor_required
@require_POST
def retention_verb(request: PortalRequest, rule_id: UUID, verb: str) -> HttpResponse:
    """Set a rule in force, put it out of force, or carry it out now."""
    require(retention_permissions.can_keep(request.actor))
    if verb not in VERBS:
        raise NotFound
    try:
        VERBS[verb](actor=request.actor, rule_id=rule_id)
    except (Conflict, Forbidden) as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, SAID[verb])
    return redirect("audits:retention_rule", rule_id)


@actor_required
@require_http_methods(["GET", "POST"])
def legal_holds(request: PortalRequest) -> HttpResponse:
    """Cases that stay whole, and a form to hold another."""
    require(retention_permissions.can_keep(request.actor))
    every = request.GET.get("show") == "all"
    form = HoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            (case,) = retention_queries.named_cases(request.actor, form.cleaned_data["case"])
            place_hold(actor=request.actor, case_id=case.pk, reason=form.cleaned_data["reason"])
        except (Invalid, Conflict) as refusal:
            _show(form, refusal)
        else:
            messages.success(request, "Held. Rules and requests pass it by until the hold is lifted.")
            return redirect("audits:legal_holds")
    holds = retention_queries.visible_holds(request.actor)
    page = Paginator(holds if every else holds.filter(lifted_at__isnull=True), SHOWN).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "every": every}
    return render(request, "audits/retention/holds.html", context, status=400 if form.errors else 200)


@actor_required
@require_POST
def lift(request: PortalRequest, hold_id: UUID) -> HttpResponse:
    """End a hold."""
    require(retention_permissions.can_keep(request.actor))
    form = ReasonForm(request.POST)
    try:
        lift_hold(actor=request.actor, hold_id=hold_id, reason=form.data.get("reason", ""))
    except (Invalid, Conflict) as refusal:
        return domain_refusal(request, refusal)
    messages.success(request, "Lifted. Rules and requests reach the case again.")
    return redirect("audits:legal_holds")


@actor_required
@require_http_methods(["GET", "POST"])
def erase(request: PortalRequest) -> HttpResponse:
    """Say what is to be erased, see what would go, then mean it."""
    require(retention_permissions.can_erase(request.actor), "Compliance officers erase.")
    meant = EraseForm(request.POST, auto_id=IDS) if request.method == "POST" else None
    if meant is not None and meant.is_valid():
        try:
            said = _erase(request, meant.cleaned_data)
        except DomainError as refusal:
            _show(meant, refusal)
        else:
            messages.success(request, said)
            return redirect("audits:erase")
    asked = request.POST if meant is not None else request.GET
    look = LookForm(asked if "which" in asked else None)
    context: dict[str, Any] = {"look": look, "form": meant}
    if look.is_bound and look.is_valid():
        try:
            context |= _seen(request, look.cleaned_data)
        except (Invalid, NotFound) as refusal:
            look.add_error("which", refusal.message)
        else:
            context["form"] = meant or EraseForm(initial=look.cleaned_data, auto_id=IDS)
    wrong = look.errors or (meant is not None and meant.errors)
    return render(request, "audits/retention/erase.html", context, status=400 if wrong else 200)


def _seen(request: PortalRequest, asked: dict[str, str]) -> dict[str, Any]:
    """What would go, and what keeps it back."""
    if asked["what"] == "person":
        return {"person": retention_queries.former_member(request.actor, asked["which"])}
    cases = retention_queries.named_cases(request.actor, asked["which"], by=asked["what"])
    kept = retention_queries.kept_back(request.actor, [case.pk for case in cases])
    return {"cases": cases, "kept": [(words, len(found)) for words, found in kept.items()]}


def _erase(request: PortalRequest, asked: dict[str, Any]) -> str:
    actor, reason = request.actor, asked["reason"]
    if asked["what"] == "person":
        person = retention_queries.former_member(actor, asked["which"])
        erase_person(actor=actor, user_id=person.user_id, reason=reason)
        return "Erased. What this person decided stays under an id."
    if asked["what"] == "subject":
        count = erase_subject(actor=actor, subject_ref=asked["which"], reason=reason)
        return f"Erased: {count} case{'' if count == 1 else 's'}. Decisions and proofs stay."
    (case,) = retention_queries.named_cases(actor, asked["which"])
    erase_case(actor=actor, case_id=case.pk, reason=reason)
    return "Erased. Its decision and the proofs stay."


def _show(form: Any, refusal: DomainError) -> None:
    """Put the reasons of a refusal beside the fields that they concern."""
    for name, reasons in (refusal.fields or {"": [refusal.message]}).items():
        shown = SHOWN_AT.get(name, name)
        form.add_error(shown if shown in form.fields else None, list(reasons))


def _told(rule: RetentionRule) -> dict[str, Any]:
    return {
        "rule": rule,
        "reduce_after": in_words(rule.reduce_after_months) if rule.reduce_after_months else "",
        "erase_after": in_words(rule.erase_after_months) if rule.erase_after_months else "",
    }
