"""What the API answers about cases. These only present: input is checked by the schemas of `schemas.py`."""

from typing import Any

from rest_framework import serializers

from cases import queries
from cases.models import Case, CaseType, CaseTypeVersion, Decision, EvidenceFile, Outcome
from cases.states import FileState


class CaseTypeVersionSerializer(serializers.ModelSerializer[CaseTypeVersion]):
    class Meta:
        model = CaseTypeVersion
        fields = [
            "id",
            "version",
            "question",
            "payload_schema",
            "labels",
            "costs",
            "reason_codes",
            "layout",
            "attributes_schema",
            "facets",
            "created_at",
        ]
        read_only_fields = fields


class CaseTypeSerializer(serializers.ModelSerializer[CaseType]):
    class Meta:
        model = CaseType
        fields = ["id", "key", "name", "current_version_id", "created_at"]
        read_only_fields = fields


class CaseTypeDetailSerializer(serializers.ModelSerializer[CaseType]):
    current_version = CaseTypeVersionSerializer(read_only=True)

    class Meta:
        model = CaseType
        fields = ["id", "key", "name", "created_at", "current_version"]
        read_only_fields = fields


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    external_id = serializers.CharField(source="case.external_id", read_only=True)
    case_type = serializers.CharField(source="case.case_type.key", read_only=True)

    class Meta:
        model = Decision
        fields = [
            "id",
            "case_id",
            "case_type",
            "external_id",
            "sequence",
            "label",
            "made_by",
            "confidence",
            "posterior",
            "policy_id",
            "model_version_id",
            "panel_id",
            "consensus_id",
            "reason_codes",
            "supersedes_id",
            "decided_at",
            "event_id",
        ]
        read_only_fields = fields


class OutcomeSerializer(serializers.ModelSerializer[Outcome]):
    class Meta:
        model = Outcome
        fields = ["id", "case_id", "label", "observed_at", "source", "supersedes_id", "created_at"]
        read_only_fields = fields


class CaseSerializer(serializers.ModelSerializer[Case]):
    case_type = serializers.CharField(source="case_type.key", read_only=True)
    type_version = serializers.IntegerField(source="type_version.version", read_only=True)

    class Meta:
        model = Case
        fields = [
            "id",
            "case_type",
            "type_version",
            "external_id",
            "state",
            "importance",
            "priority",
            "due_at",
            "subject_ref",
            "created_at",
            "decided_at",
            "decision_id",
            "withdrawn_at",
            "reduced_at",
            "erased_at",
        ]
        read_only_fields: list[str] = fields


class CaseDetailSerializer(CaseSerializer):
    payload = serializers.JSONField(source="stored_payload.payload", read_only=True)
    decisions = DecisionSerializer(many=True, read_only=True)
    outcomes = OutcomeSerializer(many=True, read_only=True)

    class Meta(CaseSerializer.Meta):
        fields = [*CaseSerializer.Meta.fields, "payload", "decisions", "outcomes"]
        read_only_fields = fields


class EvidenceFileSerializer(serializers.ModelSerializer[EvidenceFile]):
    url = serializers.SerializerMethodField(help_text="Where its bytes are; empty until it is stored.")

    class Meta:
        model = EvidenceFile
        fields = [
            "id",
            "case_id",
            "name",
            "state",
            "media_type",
            "size",
            "sha256",
            "width",
            "height",
            "problem",
            "url",
            "created_at",
            "erased_at",
        ]
        read_only_fields = fields

    def get_url(self, file: EvidenceFile) -> str:
        return queries.file_address(file.pk) if file.state == FileState.STORED else ""


class CaseWithFilesSerializer(serializers.Serializer[Any]):
    case = CaseSerializer(read_only=True)
    files = EvidenceFileSerializer(many=True, read_only=True)


class TimelineEventSerializer(serializers.Serializer[Any]):
    """One event of a case's story; of an event about a whole chunk, this case's part."""

    id = serializers.UUIDField(read_only=True)
    at = serializers.DateTimeField(read_only=True)
    verb = serializers.CharField(read_only=True)
    actor = serializers.JSONField(read_only=True)
    subject_type = serializers.CharField(read_only=True)
    subject_id = serializers.UUIDField(read_only=True, allow_null=True)
    body = serializers.JSONField(read_only=True)
