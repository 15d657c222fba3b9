"""The REST API of reviewers: a member's session, one service a route. Blindness is decided in `pages`."""

from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.validation import require_valid, validator_of
from hitl_platform.doors.authentication import IsActor, actor_of
from hitl_platform.doors.cursors import given_parameters
from hitl_platform.doors.openapi import answers
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from reviews import pages, queries, schemas, services
from reviews.pages import SeatPage
from reviews.serializers import (
    ClaimSerializer,
    DraftSerializer,
    LeaseSerializer,
    QueueSerializer,
    SeatSerializer,
    SubmittedSerializer,
)

LEASE_BODY = validator_of(schemas.LEASE)
ANSWER_BODY = validator_of(schemas.ANSWER)
SUBMIT_BODY = validator_of(schemas.SUBMIT)
DRAFT_BODY = validator_of(schemas.DRAFT)
NOTHING_BODY = validator_of(schemas.NOTHING)

# the schema of the payload is the portal's business; the clock is the response's own
_SHOWN = [field.name for field in fields(SeatPage) if field.name not in ("payload_schema", "read_at")]
_SEAT_ANSWERS = answers(404, 409, ok=SeatSerializer)


class IsMember(IsActor):
    """A person; a key never judges."""

    message = "This needs the session of a member."

    def has_permission(self, request: Any, view: Any) -> bool:
        actor: Actor | None = request._request.actor
        return actor is not None and actor.kind == "user"


class ReviewerView(APIView):
    """A route of a person. Each service is a transaction of its own: a refused submit keeps its draft."""

    own_transactions = True
    permission_classes = [IsMember]


class Queues(ReviewerView):
    @extend_schema(operation_id="list_my_queues", responses=answers(ok=QueueSerializer(many=True)))
    def get(self, request: Any) -> Response:
        """The queues that you may work in, and what waits there."""
        given_parameters(request)
        actor = actor_of(request)
        with tenant_scope(actor.tenant_id):
            return Response(QueueSerializer(queries.my_queues(actor), many=True).data)


class Claim(ReviewerView):
    @extend_schema(
        operation_id="claim_next",
        request={"application/json": schemas.NOTHING},
        responses=answers(404, 409, ok=ClaimSerializer),
    )
    def post(self, request: Any, key: str) -> Response:
        """Lease the next seat of a queue. A seat already in your hands is handed out again."""
        require_valid(NOTHING_BODY, request.data or {}, what="The request")
        actor = actor_of(request)
        page = services.claim_page(actor=actor, queue_key=key)
        if page is not None:
            return Response({"seat": _seat(page), "empty": None})
        with tenant_scope(actor.tenant_id):
            reasons = queries.empty_reasons(actor, queries.get_queue(actor, key))
        return Response(ClaimSerializer({"seat": None, "empty": reasons}).data)


class SeatDetail(ReviewerView):
    @extend_schema(operation_id="get_seat", responses=answers(404, ok=SeatSerializer))
    def get(self, request: Any, seat_id: UUID) -> Response:
        """A seat, with the case while it is in your hands."""
        given_parameters(request)
        services.view_seat(actor=actor_of(request), seat_id=seat_id)
        return _page(request, seat_id)


class Heartbeat(ReviewerView):
    @extend_schema(
        operation_id="heartbeat_seat",
        request={"application/json": schemas.LEASE},
        responses=answers(404, 409, ok=LeaseSerializer),
    )
    def post(self, request: Any, seat_id: UUID) -> Response:
        """Let the lease begin anew, while the case is looked at."""
        require_valid(LEASE_BODY, request.data, what="The request")
        token = request.data["lease_token"]
        ends_at = services.heartbeat_seat(actor=actor_of(request), seat_id=seat_id, lease_token=token)
        return Response({"lease_ends_at": ends_at})


class Release(ReviewerView):
    @extend_schema(operation_id="release_seat", request={"application/json": schemas.NOTHING}, responses=_SEAT_ANSWERS)
    def post(self, request: Any, seat_id: UUID) -> Response:
        """Give the seat back."""
        require_valid(NOTHING_BODY, request.data or {}, what="The request")
        services.release_seat(actor=actor_of(request), seat_id=seat_id)
        return _page(request, seat_id)


class Hold(ReviewerView):
    @extend_schema(operation_id="hold_seat", request={"application/json": schemas.NOTHING}, responses=_SEAT_ANSWERS)
    def post(self, request: Any, seat_id: UUID) -> Response:
        """Keep the seat while you ask somebody; no lease runs meanwhile."""
        require_valid(NOTHING_BODY, request.data or {}, what="The request")
        services.hold_seat(actor=actor_of(request), seat_id=seat_id)
        return _page(request, seat_id)


class Resume(ReviewerView):
    @extend_schema(operation_id="resume_seat", request={"application/json": schemas.NOTHING}, responses=_SEAT_ANSWERS)
    def post(self, request: Any, seat_id: UUID) -> Response:
        """Go on with a seat on hold."""
        require_valid(NOTHING_BODY, request.data or {}, what="The request")
        services.resume_seat(actor=actor_of(request), seat_id=seat_id)
        return _page(request, seat_id)


class Draft(ReviewerView):
    @extend_schema(
        operation_id="save_draft",
        request={"application/json": schemas.DRAFT},
        responses=answers(404, ok=DraftSerializer),
    )
    def post(self, request: Any, seat_id: UUID) -> Response:
        """Keep what you have written; it outlives the lease."""
        require_valid(DRAFT_BODY, request.data, what="The draft")
        draft = services.save_draft(actor=actor_of(request), seat_id=seat_id, body=request.data)
        return Response({"saved_at": draft.saved_at})


class Answer(ReviewerView):
    @extend_schema(operation_id="answer_seat", request={"application/json": schemas.ANSWER}, responses=_SEAT_ANSWERS)
    def post(self, request: Any, seat_id: UUID) -> Response:
        """Freeze your blind answer; what the model says is shown after it."""
        require_valid(ANSWER_BODY, request.data, what="The answer")
        services.answer_seat(actor=actor_of(request), seat_id=seat_id, **request.data)
        return _page(request, seat_id)


class Submit(ReviewerView):
    @extend_schema(
        operation_id="submit_judgment",
        request={"application/json": schemas.SUBMIT},
        responses=answers(404, 409, ok=SubmittedSerializer),
    )
    def post(self, request: Any, seat_id: UUID) -> Response:
        """Give your verdict. Where the lease has ended (409, `lease_expired`) it is kept as a draft."""
        require_valid(SUBMIT_BODY, request.data, what="The judgment")
        given = dict(request.data)
        token = given.pop("lease_token")
        verdict = services.Verdict(**given)
        judgment = services.submit_judgment(
            actor=actor_of(request), seat_id=seat_id, lease_token=token, verdict=verdict
        )
        undo_until = judgment.judged_at + timedelta(seconds=judgment.seat.queue.undo_seconds)
        told = {"seat_id": seat_id, "label": judgment.label, "judged_at": judgment.judged_at, "undo_until": undo_until}
        return Response(told)


class Undo(ReviewerView):
    @extend_schema(operation_id="undo_judgment", request={"application/json": schemas.NOTHING}, responses=_SEAT_ANSWERS)
    def post(self, request: Any, seat_id: UUID) -> Response:
        """Take your last word back, within the queue's undo time."""
        require_valid(NOTHING_BODY, request.data or {}, what="The request")
        services.undo_judgment(actor=actor_of(request), seat_id=seat_id)
        return _page(request, seat_id)


def _page(request: Any, seat_id: UUID) -> Response:
    actor = actor_of(request)
    with tenant_scope(actor.tenant_id):
        return Response(_seat(pages.seat_page(actor, queries.get_seat(actor, seat_id))))


def _seat(page: SeatPage) -> dict[str, Any]:
    # by hand: a serializer would cost more than everything else that a claim does
    told = {name: getattr(page, name) for name in _SHOWN}
    advice = page.advice
    told["advice"] = {"label": advice.label, "probabilities": advice.probabilities} if advice else None
    told["judgments"] = [
        {field.name: getattr(judgment, field.name) for field in fields(judgment)} for judgment in page.judgments
    ]
    return told
