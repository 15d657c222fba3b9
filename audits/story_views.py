"""The portal's doors to a case's story: page, JSON, and where an outsider gets the proof."""

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from audits import permissions
from audits.appeal_permissions import can_handle_appeals
from audits.services.access import record_export, record_read
from audits.stories import Story, story_document, tell_story
from audits.story_queries import CaseRecord, read_case_record
from cases.models import Case
from hitl_platform.doors.authentication import actor_required
from hitl_platform.kernel.errors import require
from hitl_platform.ledger.permissions import can_read_ledger
from hitl_platform.ledger.queries import case_events
from reviews.references import reference_of
from reviews.views import PortalRequest


@actor_required
@require_GET
def story(request: PortalRequest, case_id: UUID) -> HttpResponse:
    """A case's story as a page."""
    record, told = _told(request, case_id)
    record_read(actor=request.actor, subject=record.case, what="story")
    context = {"story": told, "case": record.case, "reads_ledger": can_read_ledger(request.actor)}
    return render(request, "audits/stories/story.html", context)


@actor_required
@require_GET
def story_as_json(request: PortalRequest, case_id: UUID) -> HttpResponse:
    """A case's story as a file, for the person's request for access."""
    record, told = _told(request, case_id)
    record_export(actor=request.actor, subject=record.case, what="story as JSON")
    response = JsonResponse(story_document(told))
    response["Content-Disposition"] = f'attachment; filename="story-{reference_of(case_id)}.json"'
    return response


@actor_required
@require_GET
def find_case(request: PortalRequest) -> HttpResponse:
    """A case by the id that its sender gave it; to its story."""
    require(permissions.can_audit(request.actor) or can_handle_appeals(request.actor))
    wanted = request.GET.get("id", "").strip()
    found = list(Case.objects.filter(external_id=wanted).select_related("case_type")[:50]) if wanted else []
    if len(found) == 1:
        return redirect("audits:story", found[0].pk)
    rows = [(case, reference_of(case.pk)) for case in found]
    return render(request, "audits/stories/find.html", {"rows": rows, "wanted": wanted})


def _told(request: PortalRequest, case_id: UUID) -> tuple[CaseRecord, Story]:
    record = read_case_record(request.actor, case_id)
    return record, tell_story(record, case_events(request.actor, record.case))
