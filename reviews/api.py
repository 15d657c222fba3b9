"""The REST API of reviewers: a member's session, one service a route. Blindness is decided in `pages`."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from jsonschema_rs import Validator
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.validation import require_valid, validator_of
from hitl_platform.doors.authentication import IsActor, actor_of
from hitl_platform.doors.cursors import given_parameters
from hitl_platform.doors.openapi import answers
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from reviews import own_schemas, pages, queries, schemas, services, staffing_queries
from reviews.pages import SeatPage
from reviews.serializers import (
    ClaimSerializer,
    CommentSerializer,
    DraftSerializer,
    LeaseSerializer,
    QueueSerializer,
    SeatSerializer,
    SubmittedSerializer,
)
from reviews.services.comments import add_comment
from reviews.services.escalations import ask_for_help

NOTHING_BODY = validator_of(schemas.NOTHING)

# the schema of the payload is the portal's business; the clock is the response's own
_SHOWN = [
    field.name
    for field in fields(SeatPage)
    if field.name
    not in ("payload_schema", "read_at", "may_release", "advice", "judgments", "comments", "care", "files")
]
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
            reasons = staffing_queries.empty_reasons(actor, queries.get_queue(actor, key))
        return Response(ClaimSerializer({"seat": None, "empty": reasons}).data)


class SeatDetail(ReviewerView):
    @extend_schema(operation_id="get_seat", responses=answers(404, ok=SeatSerializer))
    def get(self, request: Any, seat_id: UUID) -> Response:
        """A seat, with the case while it is in your hands."""
        given_parameters(request)
        actor = actor_of(request)
        services.view_seat(actor=actor, seat_id=seat_id)
        return Response(_page(actor, seat_id))


class SeatVerb(ReviewerView):
    """A verb of one seat: the body is checked, `done` calls the service and says what is answered."""

    body: ClassVar[Validator]
    named = "The request"

    def post(self, request: Any, seat_id: UUID) -> Response:
        given = request.data or {}
        require_valid(self.body, given, what=self.named)
        return Response(self.done(actor_of(request), seat_id, given))

    def done(self, actor: Actor, seat_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


class PageVerb(SeatVerb):
    """A verb that answers the seat's page as it is after `service`."""

    service: ClassVar[Callable[..., Any]]

    def done(self, actor: Actor, seat_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
        self.service(actor=actor, seat_id=seat_id, **given)
        return _page(actor, seat_id)


def seat_verb(
    operation_id: str, *, body: dict[str, Any] = schemas.NOTHING, responses: dict[Any, Any] = _SEAT_ANSWERS
) -> Callable[[type[SeatVerb]], type[SeatVerb]]:
    """Give a verb the schema of its body, and tell the OpenAPI document; what it does is said by its docstring."""
    told = extend_schema(operation_id=operation_id, request={"application/json": body}, responses=responses)

    def complete(view: type[SeatVerb]) -> type[SeatVerb]:
        view.body = validator_of(body)
        return extend_schema_view(post=told)(view)

    return complete


@seat_verb("heartbeat_seat", body=schemas.LEASE, responses=answers(404, 409, ok=LeaseSerializer))
class Heartbeat(SeatVerb):
    """Let the lease begin anew, while the case is looked at."""

    def done(self, actor: Actor, seat_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
        return {"lease_ends_at": services.heartbeat_seat(actor=actor, seat_id=seat_id, **given)}


@seat_verb("release_seat")
class Release(PageVerb):
    """Give the seat back."""

    service = staticmethod(services.release_seat)


@seat_verb("skip_seat", body=schemas.SKIP)
class Skip(PageVerb):
    """Give the seat back with a reason; it holds for every seat of its panel."""

    named = "The skip"
    service = staticmethod(services.skip_seat)


@seat_verb("ask_for_help", body=own_schemas.ASK)
class Ask(PageVerb):
    """Ask for help with the case, which stays in your hands; managers are told."""

    named = "The question"
    service = staticmethod(ask_for_help)


@seat_verb("add_comment", body=own_schemas.COMMENT, responses=answers(404, ok=SeatSerializer))
class Comments(PageVerb):
    """Say something on the case; what others say is told once you have judged for good."""

    named = "The comment"
    service = staticmethod(add_comment)

    @extend_schema(operation_id="list_comments", responses=answers(404, ok=CommentSerializer(many=True)))
    def get(self, request: Any, seat_id: UUID) -> Response:
        """What was said on the case, as far as you may read it now."""
        given_parameters(request)
        return Response(_page(actor_of(request), seat_id)["comments"])


@seat_verb("hand_over_seat", body=schemas.HAND_OVER)
class HandOver(SeatVerb):
    """Give the seat to a named person, who alone may take it for so many hours."""

    named = "The hand over"

    def done(self, actor: Actor, seat_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
        named = {**given, "to_user_id": UUID(given["to_user_id"])}
        services.hand_over_seat(actor=actor, seat_id=seat_id, **named)
        return _page(actor, seat_id)


@seat_verb("hold_seat")
class Hold(PageVerb):
    """Keep the seat while you ask somebody; no lease runs meanwhile."""

    service = staticmethod(services.hold_seat)


@seat_verb("resume_seat")
class Resume(PageVerb):
    """Go on with a seat on hold."""

    service = staticmethod(services.resume_seat)


@seat_verb("save_draft", body=schemas.DRAFT, responses=answers(404, ok=DraftSerializer))
class Draft(SeatVerb):
    """Keep what you have written; it outlives the lease."""

    named = "The draft"

    def done(self, actor: Actor, seat_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
        return {"saved_at": services.save_draft(actor=actor, seat_id=seat_id, body=given).saved_at}


@seat_verb("answer_seat", body=schemas.ANSWER)
class Answer(PageVerb):
    """Freeze your blind answer; what the model says is shown after it."""

    named = "The answer"
    service = staticmethod(services.answer_seat)


@seat_verb("submit_judgment", body=schemas.SUBMIT, responses=answers(404, 409, ok=SubmittedSerializer))
class Submit(SeatVerb):
    """Give your verdict. Where the lease has ended (409, `lease_expired`) it is kept as a draft."""

    named = "The judgment"

    def done(self, actor: Actor, seat_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
        verdict = services.Verdict(**{name: value for name, value in given.items() if name != "lease_token"})
        judgment = services.submit_judgment(
            actor=actor, seat_id=seat_id, lease_token=given["lease_token"], verdict=verdict
        )
        undo_until = judgment.judged_at + timedelta(seconds=judgment.seat.queue.undo_seconds)
        return {
            "seat_id": seat_id, "label": judgment.label, "judged_at": judgment.judged_at, "undo_until": undo_until
        }  # fmt: skip


@seat_verb("undo_judgment")
class Undo(PageVerb):
    """Take your last word back, within the queue's undo time."""

    service = staticmethod(services.undo_judgment)


def _page(actor: Actor, seat_id: UUID) -> dict[str, Any]:
    with tenant_scope(actor.tenant_id):
        return _seat(pages.seat_page(actor, queries.get_seat(actor, seat_id)))


def _seat(page: SeatPage) -> dict[str, Any]:
    # by hand: a serializer would cost more than everything else that a claim does
    told = {name: getattr(page, name) for name in _SHOWN}
    told["advice"] = asdict(page.advice) if page.advice else None
    told["judgments"] = [asdict(judgment) for judgment in page.judgments]
    told["comments"] = [asdict(comment) for comment in page.comments]
    told["care"] = asdict(page.care)
    told["files"] = [asdict(file) for file in page.files.values()]
    return told
