"""What the API answers about bias audits."""

from typing import Any

from rest_framework import serializers

from audits.models import BiasAudit, Finding


class FindingSerializer(serializers.ModelSerializer[Finding]):
    class Meta:
        model = Finding
        fields = [
            "number", "severity", "title", "text", "state", "owner_id", "due_on", "action", "retest_id", "conclusion",
            "closed_at",
        ]  # fmt: skip
        read_only_fields = fields


class BiasAuditSerializer(serializers.ModelSerializer[BiasAudit]):
    case_type = serializers.CharField(source="case_type.key", read_only=True)
    definition: Any = serializers.JSONField(read_only=True, help_text="What was asked, complete.")

    class Meta:
        model = BiasAudit
        fields = [
            "id", "case_type", "title", "state", "definition", "known_on", "requested_by", "requested_at",
            "decided_rows", "read_rows", "frozen_rows", "frozen_at", "finished_at", "previous_id", "schedule_id",
            "population_sha256", "report_sha256", "forgotten_rows", "problem", "signed_by", "signed_at", "statement",
        ]  # fmt: skip
        read_only_fields = fields


class BiasAuditDetailSerializer(BiasAuditSerializer):
    findings = FindingSerializer(many=True, read_only=True)

    class Meta(BiasAuditSerializer.Meta):
        fields = [*BiasAuditSerializer.Meta.fields, "findings"]
        read_only_fields = fields
