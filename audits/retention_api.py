"""The REST API of retention: rules, what they would let go, runs, legal holds, and erasure on request."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from audits import retention_permissions, retention_queries
from audits.models import LegalHold, RetentionRule, RetentionRun
from audits.retention import MAX_MONTHS
from audits.services.retention_erasure import erase_case, erase_person, erase_subject
from audits.services.retention_holds import MAX_REASON, lift_hold, place_hold
from audits.services.retention_rules import (
    MAX_BASIS,
    activate_retention_rule,
    draft_retention_rule,
    retire_retention_rule,
)
from audits.services.retention_runs import run_retention
from cases.schemas import KEY, closed
from cases.validation import require_valid, validator_of
from hitl_platform.doors.authentication import IsActor, actor_of
from hitl_platform.doors.cursors import given_parameters, page_of
from hitl_platform.doors.idempotency import idempotent
from hitl_platform.doors.openapi import IDEMPOTENCY_KEY, PAGING_PARAMETERS, answers, page_serializer

MONTHS = {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_MONTHS}
NAMES = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200}, "maxItems": 200}
REASON = {"type": "string", "minLength": 1, "maxLength": MAX_REASON}
UUID_TEXT = {"type": "string", "format": "uuid"}
RULE = closed(
    ["case_type", "basis"],
    {
        "case_type": KEY,
        "basis": {"type": "string", "minLength": 1, "maxLength": MAX_BASIS, "description": "The law or policy."},
        "reduce_after_months": MONTHS,
        "kept_fields": {**NAMES, "description": "Payload fields that stay when a case is reduced."},
        "kept_attributes": {**NAMES, "description": "Protected attributes that stay when a case is reduced."},
        "erase_after_months": MONTHS,
    },
)
HOLD = closed(["case_id", "reason"], {"case_id": UUID_TEXT, "reason": REASON})
LIFT = closed(["reason"], {"reason": REASON})
ERASURE = closed(
    ["reason"],
    {
        "case_id": UUID_TEXT,
        "subject_ref": {"type": "string", "minLength": 1, "maxLength": 200, "description": "All cases about it."},
        "user_id": {**UUID_TEXT, "description": "A member who has left."},
        "reason": REASON,
    },
    oneOf=[{"required": ["case_id"]}, {"required": ["subject_ref"]}, {"required": ["user_id"]}],
)
NOTHING = closed([], {})
RULE_BODY, HOLD_BODY, LIFT_BODY = validator_of(RULE), validator_of(HOLD), validator_of(LIFT)
ERASURE_BODY, EMPTY_BODY = validator_of(ERASURE), validator_of(NOTHING)
LISTED = 100


class MayKeep(IsActor):
    """People who answer for what is kept; no key does."""

    message = "This needs one of the roles compliance_officer, owner."

    def has_permission(self, request: Any, view: Any) -> bool:
        actor = request._request.actor
        return actor is not None and retention_permissions.can_keep(actor)


class RetentionRuleSerializer(serializers.ModelSerializer[RetentionRule]):
    case_type = serializers.CharField(source="case_type.key", read_only=True)

    class Meta:
        model = RetentionRule
        fields = [
            "id", "case_type", "version", "state", "basis", "reduce_after_months", "kept_fields", "kept_attributes",
            "erase_after_months", "created_by", "created_at", "activated_by", "activated_at", "retired_at",
        ]  # fmt: skip
        read_only_fields = fields


class LegalHoldSerializer(serializers.ModelSerializer[LegalHold]):
    class Meta:
        model = LegalHold
        fields = ["id", "case_id", "reason", "placed_by", "placed_at", "lifted_by", "lifted_at", "lift_reason"]
        read_only_fields = fields


class RetentionRunSerializer(serializers.ModelSerializer[RetentionRun]):
    class Meta:
        model = RetentionRun
        fields = [
            "id", "rule_id", "as_of", "started_by", "started_at", "planned", "reduced", "erased", "kept", "failed",
            "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class DueSerializer(serializers.Serializer[Any]):
    case_id = serializers.UUIDField(read_only=True)
    external_id = serializers.CharField(read_only=True)
    closed_at = serializers.DateTimeField(read_only=True)
    what = serializers.ChoiceField(["erase", "reduce"], read_only=True)
    kept_because = serializers.CharField(read_only=True, help_text="Why it stays after all; empty where it goes.")


class DryRunSerializer(serializers.Serializer[Any]):
    """What a rule would let go now: how many, and the oldest of them."""

    at = serializers.DateTimeField(read_only=True)
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    cases = DueSerializer(many=True, read_only=True)


class ErasureSerializer(serializers.Serializer[Any]):
    erased = serializers.IntegerField(read_only=True, help_text="How many cases, or people.")


RunPage = page_serializer(RetentionRunSerializer)
HoldPage = page_serializer(LegalHoldSerializer)


class RetentionRules(APIView):
    permission_classes = [MayKeep]

    @extend_schema(operation_id="list_retention_rules", responses=answers(ok=RetentionRuleSerializer(many=True)))
    def get(self, request: Any) -> Response:
        """All rules, by case type, newest version first."""
        given_parameters(request)
        rules = retention_queries.visible_rules(actor_of(request))
        return Response(RetentionRuleSerializer(rules, many=True).data)

    @extend_schema(
        operation_id="draft_retention_rule",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": RULE},
        responses=answers(404, 413, 415, 422, created=RetentionRuleSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """The next version of a case type's rule, as a draft that a second person sets in force."""
        body = request.data
        require_valid(RULE_BODY, body, what="The rule")
        terms = {name: part for name, part in body.items() if name != "case_type"}
        rule = draft_retention_rule(actor=actor_of(request), case_type_key=body["case_type"], **terms)
        return Response(RetentionRuleSerializer(rule).data, status=201)


class ActivateRetentionRule(APIView):
    permission_classes = [MayKeep]

    @extend_schema(
        operation_id="activate_retention_rule",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": NOTHING},
        responses=answers(404, 409, 413, 415, 422, ok=RetentionRuleSerializer),
    )
    @idempotent
    def post(self, request: Any, rule_id: UUID) -> Response:
        """Set somebody else's draft in force; the version before it retires."""
        require_valid(EMPTY_BODY, request.data, what="The request")
        rule = activate_retention_rule(actor=actor_of(request), rule_id=rule_id)
        return Response(RetentionRuleSerializer(rule).data)


class RetireRetentionRule(APIView):
    permission_classes = [MayKeep]

    @extend_schema(
        operation_id="retire_retention_rule",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": NOTHING},
        responses=answers(404, 409, 413, 415, 422, ok=RetentionRuleSerializer),
    )
    @idempotent
    def post(self, request: Any, rule_id: UUID) -> Response:
        """Put a rule out of force: what it has not let go yet, stays."""
        require_valid(EMPTY_BODY, request.data, what="The request")
        rule = retire_retention_rule(actor=actor_of(request), rule_id=rule_id)
        return Response(RetentionRuleSerializer(rule).data)


class DryRun(APIView):
    permission_classes = [MayKeep]

    @extend_schema(operation_id="dry_run_retention_rule", responses=answers(404, ok=DryRunSerializer))
    def get(self, request: Any, rule_id: UUID) -> Response:
        """What this rule would let go now, and what would stay for which reason. Nothing is changed."""
        given_parameters(request)
        rule, at = retention_queries.get_rule(actor_of(request), rule_id), timezone.now()
        due = retention_queries.due_cases(rule, at=at)
        told = {"at": at, "counts": retention_queries.counted(due), "cases": due[:LISTED]}
        return Response(DryRunSerializer(told).data)


class RetentionRuns(APIView):
    permission_classes = [MayKeep]

    @extend_schema(
        operation_id="list_retention_runs",
        parameters=PAGING_PARAMETERS,
        responses=answers(ok=RunPage),
    )
    def get(self, request: Any) -> Response:
        """Runs, newest first."""
        actor = actor_of(request)
        runs = retention_queries.visible_runs(actor)
        page = page_of(runs, given_parameters(request), actor=actor, purpose="retention-runs")
        content = {"items": page.items, "next_cursor": page.next_cursor, "count": page.count}
        return Response(RunPage(content).data)


class RunRetentionRule(APIView):
    permission_classes = [MayKeep]

    @extend_schema(
        operation_id="run_retention_rule",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": NOTHING},
        responses=answers(404, 409, 413, 415, 422, created=RetentionRunSerializer),
    )
    @idempotent
    def post(self, request: Any, rule_id: UUID) -> Response:
        """Carry an active rule out now and not tonight."""
        require_valid(EMPTY_BODY, request.data, what="The request")
        run = run_retention(actor=actor_of(request), rule_id=rule_id)
        return Response(RetentionRunSerializer(run).data, status=201)


class LegalHolds(APIView):
    permission_classes = [MayKeep]

    @extend_schema(
        operation_id="list_legal_holds",
        parameters=PAGING_PARAMETERS,
        responses=answers(ok=HoldPage),
    )
    def get(self, request: Any) -> Response:
        """Holds, newest first, those that were lifted included."""
        actor = actor_of(request)
        holds = retention_queries.visible_holds(actor)
        page = page_of(holds, given_parameters(request), actor=actor, purpose="retention-holds")
        content = {"items": page.items, "next_cursor": page.next_cursor, "count": page.count}
        return Response(HoldPage(content).data)

    @extend_schema(
        operation_id="place_legal_hold",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": HOLD},
        responses=answers(404, 409, 413, 415, 422, created=LegalHoldSerializer),
    )
    @idempotent
    def post(self, request: Any) -> Response:
        """Keep a case whole until the hold is lifted."""
        body = request.data
        require_valid(HOLD_BODY, body, what="The hold")
        hold = place_hold(actor=actor_of(request), case_id=UUID(body["case_id"]), reason=body["reason"])
        return Response(LegalHoldSerializer(hold).data, status=201)


class LiftLegalHold(APIView):
    permission_classes = [MayKeep]

    @extend_schema(
        operation_id="lift_legal_hold",
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": LIFT},
        responses=answers(404, 409, 413, 415, 422, ok=LegalHoldSerializer),
    )
    @idempotent
    def post(self, request: Any, hold_id: UUID) -> Response:
        """End a hold."""
        body = request.data
        require_valid(LIFT_BODY, body, what="The request")
        hold = lift_hold(actor=actor_of(request), hold_id=hold_id, reason=body["reason"])
        return Response(LegalHoldSerializer(hold).data)


class Erasures(APIView):
    permission_classes = [MayKeep]

    @extend_schema(
        operation_id="erase",
        request={"application/json": ERASURE},
        responses=answers(404, 409, 413, 415, ok=ErasureSerializer),
    )
    def post(self, request: Any) -> Response:
        """Erase a case, all cases of a subject, or who a former member was. It cannot be undone."""
        body, actor = request.data, actor_of(request)
        require_valid(ERASURE_BODY, body, what="The erasure")
        reason, erased = body["reason"], 1
        if "case_id" in body:
            erase_case(actor=actor, case_id=UUID(body["case_id"]), reason=reason)
        elif "user_id" in body:
            erase_person(actor=actor, user_id=UUID(body["user_id"]), reason=reason)
        else:
            erased = erase_subject(actor=actor, subject_ref=body["subject_ref"], reason=reason)
        return Response(ErasureSerializer({"erased": erased}).data)
