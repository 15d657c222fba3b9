"""The REST API of those who lead reviewers: panels, queues and their settings, panel templates, contests.

Whoever may be asked to judge an open case learns nothing of its panel here, whatever other role they have.
"""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from jsonschema_rs import Validator
from rest_framework.response import Response

from cases.validation import require_valid, validator_of
from hitl_platform.doors.authentication import actor_of
from hitl_platform.doors.cursors import given_parameters, text_filter, uuid_filter
from hitl_platform.doors.idempotency import idempotent
from hitl_platform.doors.openapi import IDEMPOTENCY_KEY, PAGING_PARAMETERS, answers, page_serializer
from hitl_platform.kernel.errors import require
from hitl_platform.tenants.actor import Actor
from reviews import api, leading_schemas, panel_queries, permissions, queries, services
from reviews.leading_serializers import (
    ForgivenSerializer,
    PanelDetailSerializer,
    PanelSerializer,
    PanelTemplateSerializer,
    QueueSettingsSerializer,
)
from reviews.own_api import MemberView, listed, with_reference
from reviews.own_serializers import ContestSerializer
from reviews.services.contests import forgive_contest, uphold_contest
from reviews.services.panels import add_seat, dispute_panel, move_panel
from reviews.states import PanelState

NEW_QUEUE_BODY = validator_of(leading_schemas.NEW_QUEUE)
QUEUE_CHANGES_BODY = validator_of(leading_schemas.QUEUE_CHANGES)
TEMPLATE_BODY = validator_of(leading_schemas.TEMPLATE)

PanelPage = page_serializer(PanelSerializer)
OF_PANEL = {
    "state": text_filter("state", choices=tuple(PanelState)),
    "queue": text_filter("queue__key"),
    "case": uuid_filter("case_id"),
}


class LeadVerb(MemberView):
    """A verb of one thing: the body is checked, `done` calls the service and says what is answered."""

    body: ClassVar[Validator]

    @idempotent
    def post(self, request: Any, **named: Any) -> Response:
        given = request.data or {}
        require_valid(self.body, given, what="The request")
        return Response(self.done(actor_of(request), given, **named))

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        raise NotImplementedError


def lead_verb(
    operation_id: str, *, body: dict[str, Any], ok: Any = PanelDetailSerializer
) -> Callable[[type[LeadVerb]], type[LeadVerb]]:
    """Give a verb the schema of its body, and tell the OpenAPI document; what it does is said by its docstring."""
    told = extend_schema(
        operation_id=operation_id,
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": body},
        responses=answers(404, 409, 422, ok=ok),
    )

    def complete(view: type[LeadVerb]) -> type[LeadVerb]:
        view.body = validator_of(body)
        return extend_schema_view(post=told)(view)

    return complete


class Panels(MemberView):
    @extend_schema(
        operation_id="list_panels",
        parameters=[*(OpenApiParameter(name, str) for name in OF_PANEL), *PAGING_PARAMETERS],
        responses=answers(ok=PanelPage),
    )
    def get(self, request: Any) -> Response:
        """The panels of the queues that you manage, newest first; of open cases not to those who may judge them."""
        return listed(request, panel_queries.visible_panels(actor_of(request)), PanelPage, filters=OF_PANEL)


class PanelDetail(MemberView):
    @extend_schema(operation_id="get_panel", responses=answers(404, ok=PanelDetailSerializer))
    def get(self, request: Any, panel_id: UUID) -> Response:
        """One panel with its seats: who has which, and until when."""
        given_parameters(request)
        return Response(_panel(actor_of(request), panel_id))


@lead_verb("add_seat", body=leading_schemas.BECAUSE)
class AddSeat(LeadVerb):
    """Ask one more reviewer, whatever the panel's rules would ask by themselves."""

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        add_seat(actor=actor, panel_id=named["panel_id"], why=given["why"])
        return _panel(actor, named["panel_id"])


@lead_verb("move_panel", body=leading_schemas.MOVE)
class Move(LeadVerb):
    """Let a panel wait in another queue; what is in hand stays there."""

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        moved = move_panel(actor=actor, panel_id=named["panel_id"], queue_key=given["queue"])
        # the other queue may be none of the actor's own
        return PanelDetailSerializer(panel_queries.told(moved)).data


@lead_verb("dispute_panel", body=leading_schemas.BECAUSE)
class Dispute(LeadVerb):
    """Send an open panel to an adjudicator; reviewers who have not submitted are asked no longer."""

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        dispute_panel(actor=actor, panel_id=named["panel_id"], why=given["why"])
        return _panel(actor, named["panel_id"])


@lead_verb("raise_priority", body=leading_schemas.PRIORITY)
class RaisePriority(LeadVerb):
    """Move the waiting seats of a panel forward; the cause is shown to reviewers."""

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        services.raise_priority(actor=actor, panel_id=named["panel_id"], **given)
        return _panel(actor, named["panel_id"])


@lead_verb("uphold_contest", body=leading_schemas.UPHOLD, ok=ContestSerializer)
class Uphold(LeadVerb):
    """The known answer stands, and the reviewer is told why. Not by its author."""

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        contest = uphold_contest(actor=actor, contest_id=named["contest_id"], answer=given["answer"])
        return ContestSerializer(with_reference(contest)).data


@lead_verb("forgive_contest", body=leading_schemas.FORGIVE, ok=ForgivenSerializer)
class Forgive(LeadVerb):
    """The reviewer is right: the known answer is corrected, or (without `label`) retired, and scores are made anew."""

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        return ForgivenSerializer(forgive_contest(actor=actor, contest_id=named["contest_id"], **given).effect).data


class QueueSettings(MemberView):
    @extend_schema(operation_id="get_queue_settings", responses=answers(404, ok=QueueSettingsSerializer))
    def get(self, request: Any, key: str) -> Response:
        """What a queue asks of people and how much of it is checked; for those who manage or audit it."""
        given_parameters(request)
        return Response(_settings(actor_of(request), key))

    @extend_schema(
        operation_id="update_queue",
        request={"application/json": leading_schemas.QUEUE_CHANGES},
        responses=answers(404, 409, ok=QueueSettingsSerializer),
    )
    def patch(self, request: Any, key: str) -> Response:
        """Change what is named; panels and leases that are there keep what they began with."""
        require_valid(QUEUE_CHANGES_BODY, request.data, what="The settings")
        actor = actor_of(request)
        services.update_queue(actor=actor, queue_key=key, **request.data)
        return Response(_settings(actor, key))


class Queues(api.Queues):
    own_transactions = False

    @extend_schema(
        operation_id="create_queue",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": leading_schemas.NEW_QUEUE},
        responses=answers(404, 409, 422, created=QueueSettingsSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """A new queue, which you manage; nobody works there until it is granted to them."""
        require_valid(NEW_QUEUE_BODY, request.data, what="The queue")
        actor = actor_of(request)
        queue = services.create_queue(actor=actor, **request.data)
        return Response(_settings(actor, queue.key), status=201)


@lead_verb("grant_queue", body=leading_schemas.GRANT, ok=QueueSettingsSerializer)
class Grant(LeadVerb):
    """Let a member work in a queue, or manage it."""

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        services.grant_queue(actor=actor, queue_key=named["key"], **_with_id(given))
        return _settings(actor, named["key"])


@lead_verb("revoke_queue", body=leading_schemas.GRANT, ok=QueueSettingsSerializer)
class Revoke(LeadVerb):
    """Take a member off a queue; seats in hand stay until they are submitted, given back or their lease ends."""

    def done(self, actor: Actor, given: dict[str, Any], **named: Any) -> Any:
        services.revoke_queue(actor=actor, queue_key=named["key"], **_with_id(given))
        return _settings(actor, named["key"])


class PanelTemplates(MemberView):
    @extend_schema(operation_id="list_panel_templates", responses=answers(ok=PanelTemplateSerializer(many=True)))
    def get(self, request: Any) -> Response:
        """The version of each panel template that new panels take, by key."""
        given_parameters(request)
        require(permissions.can_read_reviews(actor_of(request)))
        newest = [template for _, template in sorted(queries.newest_templates().items())]
        return Response(PanelTemplateSerializer(newest, many=True).data)

    @extend_schema(
        operation_id="create_panel_template",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": leading_schemas.TEMPLATE},
        responses=answers(409, 422, created=PanelTemplateSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """A new template, or the next version of a key that is there; panels that stand keep theirs."""
        require_valid(TEMPLATE_BODY, request.data, what="The panel template")
        template = services.create_template(actor=actor_of(request), **request.data)
        return Response(PanelTemplateSerializer(template).data, status=201)


def _panel(actor: Actor, panel_id: UUID) -> Any:
    return PanelDetailSerializer(panel_queries.told(panel_queries.get_panel(actor, panel_id))).data


def _settings(actor: Actor, key: str) -> Any:
    queue = queries.get_queue(actor, key)
    granted = queries.granted_on(queue)
    require(permissions.can_manage_queue(actor, granted) or permissions.can_read_reviews(actor))
    return QueueSettingsSerializer(queue).data


def _with_id(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "user_id": UUID(given["user_id"])}
