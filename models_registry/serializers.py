"""What the API takes and answers about models. Input is checked by the schemas here, output only presented."""

from typing import Any

from rest_framework import serializers

from cases.schemas import KEY, NAME, closed, listed
from models_registry.features import TYPES
from models_registry.models import Model, ModelVersion

MODEL = closed(["case_type", "key", "name"], {"case_type": KEY, "key": KEY, "name": NAME})
FEATURE = closed(
    ["name", "type"],
    {
        "name": NAME,
        "type": {"enum": list(TYPES)},
        "path": {"type": "string", "minLength": 1, "description": "Dotted, in the payload; the name when absent."},
        "missing_value": {
            "type": ["number", "string", "null"],
            "description": "Stands for an absent value; without it the feature is required. Null: the model imputes.",
        },
        "values": listed({"type": "string"}, 1, 10_000, description="The only categories that are accepted."),
    },
)
DEFINITION = closed(
    ["feature_schema", "labels"],
    {
        "feature_schema": closed(["features"], {"features": listed(FEATURE, 1, 500)}),
        "labels": listed(KEY, 2, 20, description="Which of the case type's labels the model knows, in any order."),
        "metrics": {"type": "object", "description": "What its makers measured."},
        "example": {"type": "object", "description": "A payload to try the model on."},
    },
)
VERSION_UPLOAD = closed(
    ["artifact", "definition"],
    {
        "artifact": {"type": "string", "format": "binary", "description": "A skops file of allowed types."},
        "definition": DEFINITION,
    },
)


class ModelSerializer(serializers.ModelSerializer[Model]):
    case_type = serializers.CharField(source="case_type.key", read_only=True)

    class Meta:
        model = Model
        fields = ["id", "key", "name", "case_type", "created_at"]
        read_only_fields = fields


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    model = serializers.CharField(source="model.key", read_only=True)
    feature_schema = serializers.JSONField(read_only=True)
    labels = serializers.ListField(child=serializers.CharField(), read_only=True)
    metrics: Any = serializers.JSONField(read_only=True)

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "model",
            "version",
            "state",
            "sha256",
            "feature_schema",
            "labels",
            "metrics",
            "is_linear",
            "trained_by",
            "registered_by",
            "promoted_by",
            "created_at",
            "promoted_at",
            "retired_at",
        ]
        read_only_fields = fields
