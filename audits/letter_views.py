"""The portal's doors to the letter with a decision's reasons: page, text, JSON."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audits.letters import (
    LetterFacts,
    appeal_words,
    letter_text,
    read_letter,
    search_changes,
    write_letter,
)
from audits.services.access import record_export, record_read
from hitl_platform.doors.authentication import actor_required
from hitl_platform.tenants.scope import tenant_scope
from reviews.references import reference_of
from reviews.views import PortalRequest


@actor_required
@require_GET
def letter(request: PortalRequest, case_id: UUID) -> HttpResponseBase:
    """The letter as a page."""
    facts, written = _written(request, case_id)
    with tenant_scope(request.actor.tenant_id):
        record_read(actor=request.actor, subject=facts.record.case, what="letter")
        context = {
            "letter": written,
            "case": facts.record.case,
            "appeal_words": appeal_words(written["appeal"]["until"]),
        }
        return render(request, "audits/letters/letter.html", context)


@actor_required
@require_GET
def letter_as_text(request: PortalRequest, case_id: UUID) -> HttpResponseBase:
    """The letter as plain text, to be sent as it is."""
    facts, written = _written(request, case_id)
    record_export(actor=request.actor, subject=facts.record.case, what="letter as text")
    return _file(HttpResponse(letter_text(written), content_type="text/plain; charset=utf-8"), case_id, "txt")


@actor_required
@require_GET
def letter_as_json(request: PortalRequest, case_id: UUID) -> HttpResponseBase:
    """The letter with the values that its sentences rest on."""
    facts, written = _written(request, case_id)
    record_export(actor=request.actor, subject=facts.record.case, what="letter as JSON")
    return _file(JsonResponse(written), case_id, "json")


def _written(request: PortalRequest, case_id: UUID) -> tuple[LetterFacts, dict[str, Any]]:
    """The letter; between two short scopes the model is asked in none, since it may take its time."""
    with tenant_scope(request.actor.tenant_id):
        facts = read_letter(request.actor, case_id)
    return facts, write_letter(facts, search_changes(facts, tenant_id=request.actor.tenant_id))


def _file(response: HttpResponse, case_id: UUID, suffix: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="letter-{reference_of(case_id)}.{suffix}"'
    return response


for _view in (letter, letter_as_text, letter_as_json):
    _view.own_transactions = True  # type: ignore[attr-defined]  # read by the scope's middleware
