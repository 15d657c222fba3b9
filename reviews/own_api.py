"""The REST API of people's own matters: absences, conflicts of interest, care, known cases, contests, practice.

Managers send the same for others; what may be declared for whom is the services' to say.
"""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from jsonschema_rs import Validator
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.queries import payloads
from cases.validation import read_time, require_valid, validator_of
from hitl_platform.doors.authentication import actor_of
from hitl_platform.doors.cursors import filtered, given_parameters, page_of, text_filter, uuid_filter
from hitl_platform.doors.idempotency import idempotent
from hitl_platform.doors.openapi import IDEMPOTENCY_KEY, PAGING_PARAMETERS, answers, page_serializer
from hitl_platform.kernel.errors import Invalid, require
from reviews import own_schemas, permissions, quality_queries, queries, schemas, services, staffing_queries
from reviews.api import IsMember
from reviews.models import ContentCare, GoldContest
from reviews.own_serializers import (
    AbsenceSerializer,
    ConflictSerializer,
    ContentCareSerializer,
    ContestSerializer,
    KnownCaseSerializer,
    PracticeSerializer,
    PractisedSerializer,
)
from reviews.services.comments import set_content_care
from reviews.services.contests import contest_gold
from reviews.services.practice import answer_practice, practice_cases
from reviews.states import ContestState
from reviews.type_versions import type_version

ABSENCE_BODY = validator_of(own_schemas.ABSENCE)
CONFLICT_BODY = validator_of(own_schemas.CONFLICT)
CARE_BODY = validator_of(own_schemas.CARE)
CONTEST_BODY = validator_of(own_schemas.CONTEST)
PRACTICE_BODY = validator_of(own_schemas.PRACTICE)
NOTHING_BODY = validator_of(schemas.NOTHING)

AbsencePage = page_serializer(AbsenceSerializer)
ConflictPage = page_serializer(ConflictSerializer)
ContestPage = page_serializer(ContestSerializer)
OF_PERSON = {"user": uuid_filter("user_id")}
OF_CONTEST = {"state": text_filter("state", choices=tuple(ContestState))}


class MemberView(APIView):
    """A route of a person, whoever it is; the request is one transaction."""

    permission_classes = [IsMember]


class Absences(MemberView):
    @extend_schema(operation_id="list_absences", parameters=PAGING_PARAMETERS, responses=answers(ok=AbsencePage))
    def get(self, request: Any) -> Response:
        """Your absences, newest first; for managers everybody's, or those of one `user`."""
        return listed(request, staffing_queries.visible_absences(actor_of(request)), AbsencePage, filters=OF_PERSON)

    @extend_schema(
        operation_id="declare_absence",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": own_schemas.ABSENCE},
        responses=answers(404, 422, created=AbsenceSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """Be away, from then until then: nothing new comes, and at the start what you hold goes back."""
        body = _checked(request, ABSENCE_BODY, what="The absence")
        actor = actor_of(request)
        absence = services.declare_absence(
            actor=actor,
            user_id=UUID(body.get("user_id", str(actor.id))),
            starts_at=_moment(body, "starts_at"),
            ends_at=_moment(body, "ends_at"),
            note=body.get("note", ""),
        )
        return Response(AbsenceSerializer(absence).data, status=201)


class AbsenceEnd(MemberView):
    @extend_schema(
        operation_id="end_absence",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": schemas.NOTHING},
        responses=answers(404, 409, 422, ok=AbsenceSerializer),
    )
    @idempotent
    def post(self, request: Any, absence_id: UUID) -> Response:
        """You are back sooner, or never go."""
        _checked(request, NOTHING_BODY, what="The request")
        absence = services.end_absence(actor=actor_of(request), absence_id=absence_id)
        return Response(AbsenceSerializer(absence).data)


class Conflicts(MemberView):
    @extend_schema(operation_id="list_conflicts", parameters=PAGING_PARAMETERS, responses=answers(ok=ConflictPage))
    def get(self, request: Any) -> Response:
        """Your declared conflicts of interest, newest first; for managers everybody's, or those of one `user`."""
        return listed(request, staffing_queries.visible_conflicts(actor_of(request)), ConflictPage, filters=OF_PERSON)

    @extend_schema(
        operation_id="declare_conflict",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": own_schemas.CONFLICT},
        responses=answers(404, 409, 422, created=ConflictSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """Say that you stand too near to some cases: they never come to you, and what you hold of them goes back."""
        body = _checked(request, CONFLICT_BODY, what="The conflict of interest")
        actor = actor_of(request)
        given = {**body, "user_id": UUID(body.get("user_id", str(actor.id)))}
        return Response(ConflictSerializer(services.declare_conflict(actor=actor, **given)).data, status=201)


class ConflictLift(MemberView):
    @extend_schema(
        operation_id="lift_conflict",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": schemas.NOTHING},
        responses=answers(404, 409, 422, ok=ConflictSerializer),
    )
    @idempotent
    def post(self, request: Any, conflict_id: UUID) -> Response:
        """A manager says that a conflict no longer stands; nobody lifts their own."""
        _checked(request, NOTHING_BODY, what="The request")
        conflict = services.lift_conflict(actor=actor_of(request), conflict_id=conflict_id)
        return Response(ConflictSerializer(conflict).data)


class Care(MemberView):
    @extend_schema(operation_id="get_content_care", responses=answers(ok=ContentCareSerializer))
    def get(self, request: Any) -> Response:
        """How you want content that may distress; all of it is on until you say otherwise."""
        given_parameters(request)
        care = ContentCare.objects.filter(reviewer_id=actor_of(request).id).first() or ContentCare()
        return Response(ContentCareSerializer(care).data)

    @extend_schema(
        operation_id="set_content_care",
        request={"application/json": own_schemas.CARE},
        responses=answers(ok=ContentCareSerializer),
    )
    def put(self, request: Any) -> Response:
        """How you want content that may distress, on every case from now on."""
        body = _checked(request, CARE_BODY, what="The preference")
        return Response(ContentCareSerializer(set_content_care(actor=actor_of(request), **body)).data)


class KnownCases(MemberView):
    @extend_schema(operation_id="list_known_cases", responses=answers(ok=KnownCaseSerializer(many=True)))
    def get(self, request: Any) -> Response:
        """The cases with a known answer that you judged, as far as they are told; newest first."""
        given_parameters(request)
        actor = actor_of(request)
        told = quality_queries.told_results(actor)[: quality_queries.MOST_SHOWN]
        contests = quality_queries.contests_of([result.judgment_id for result in told])
        for result in told:
            result.reference = queries.shown_reference(result.judgment)  # type: ignore[attr-defined]  # presented
            result.contest_id = contests.get(result.judgment_id)  # type: ignore[attr-defined]  # presented
        return Response(KnownCaseSerializer(told, many=True).data)


class Contests(MemberView):
    @extend_schema(operation_id="list_contests", parameters=PAGING_PARAMETERS, responses=answers(ok=ContestPage))
    def get(self, request: Any) -> Response:
        """Your contests of known answers, newest first; for managers everybody's. `state` narrows them."""
        contests = quality_queries.visible_contests(actor_of(request))
        return listed(request, contests, ContestPage, filters=OF_CONTEST, present=with_reference)

    @extend_schema(
        operation_id="contest_gold",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": own_schemas.CONTEST},
        responses=answers(404, 409, 422, created=ContestSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """Say that a known answer is wrong; a manager who did not write it decides."""
        body = _checked(request, CONTEST_BODY, what="The contest")
        made = contest_gold(actor=actor_of(request), result_id=UUID(body["known_case_id"]), reason=body["reason"])
        return Response(ContestSerializer(with_reference(made)).data, status=201)


class Practice(MemberView):
    @extend_schema(operation_id="next_practice_case", responses=answers(404, ok=PracticeSerializer))
    def get(self, request: Any, key: str) -> Response:
        """A past case whose outcome is known, drawn anew each time; its outcome is told once you have answered."""
        given_parameters(request)
        actor = actor_of(request)
        queue = queries.get_queue(actor, key)
        require(permissions.can_work_queue(actor, queries.granted_on(queue)), "This queue is not yours to work in.")
        case = practice_cases(actor, queue=queue).order_by("?").first()
        shown: dict[str, Any] | None = None
        if case is not None:
            version = type_version(case.type_version_id)
            names = ("question", "labels", "layout")
            shown = {"id": case.pk, "payload": payloads([case.pk])[case.pk]}
            shown |= {name: getattr(version, name) for name in names}
        return Response(PracticeSerializer({"case": shown, "score": quality_queries.practised(actor)}).data)

    @extend_schema(
        operation_id="answer_practice",
        request={"application/json": own_schemas.PRACTICE},
        responses=answers(404, 409, created=PractisedSerializer),
    )
    def post(self, request: Any, key: str) -> Response:
        """Answer it; what turned out to be true is told at once. Nothing of it counts."""
        body = _checked(request, PRACTICE_BODY, what="The answer")
        answer = answer_practice(
            actor=actor_of(request), queue_key=key, case_id=UUID(body["case_id"]), label=body["label"]
        )
        told = {"label": answer.label, "outcome": answer.outcome, "is_right": answer.label == answer.outcome}
        return Response(PractisedSerializer(told).data, status=201)


def listed(request: Any, rows: QuerySet[Any], serializer: Any, *, filters: Any = None, present: Any = None) -> Response:
    """One page of a list, narrowed by its filters; `present` gives each row what its serializer tells beside it."""
    known = filters or {}
    parameters = given_parameters(request, allowed=known.__contains__)
    page = page_of(
        filtered(rows, parameters, filters=known), parameters, actor=actor_of(request), purpose=serializer.__name__
    )
    items = [present(row) for row in page.items] if present else page.items
    return Response(serializer({"items": items, "next_cursor": page.next_cursor, "count": page.count}).data)


def with_reference(contest: GoldContest) -> GoldContest:
    """A contest with the short name of its case."""
    contest.reference = queries.shown_reference(contest.judgment)  # type: ignore[attr-defined]  # presented
    return contest


def _checked(request: Any, validator: Validator, *, what: str) -> dict[str, Any]:
    body: dict[str, Any] = request.data or {}
    require_valid(validator, body, what=what)
    return body


def _moment(body: dict[str, Any], name: str) -> Any:
    try:
        return read_time(body[name])
    except ValueError as error:
        raise Invalid("The request is not valid.", fields={name: [f"{error}."]}) from None
