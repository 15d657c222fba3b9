"""Models as rows: a named predictor of a case type, its immutable versions, their artifacts, what they said."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models import Case, CaseType
from hitl_platform.tenants.owned import TenantForeignKey, TenantOneToOneField, TenantOwned
from models_registry.states import VersionState


class Model(TenantOwned):
    """A named predictor for a case type; what predicts is a version of it."""

    case_type = TenantForeignKey(CaseType, related_name="+")
    key = models.TextField()
    name = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="no_two_models_with_one_key")]

    def __str__(self) -> str:
        return self.name


class ModelVersion(TenantOwned):
    """One immutable, hashed version; only its state moves, and who promoted or retired it is added."""

    model = TenantForeignKey(Model, related_name="versions")
    # the model's own, repeated so that the database can hold one champion to a case type
    case_type = TenantForeignKey(CaseType, related_name="+")
    version = models.IntegerField()
    state = models.TextField(
        default=VersionState.REGISTERED, choices=[(state.value, state.value) for state in VersionState]
    )
    sha256 = models.TextField()
    feature_schema = models.JSONField()
    labels = models.JSONField()
    metrics = models.JSONField(default=dict)
    is_linear = models.BooleanField()
    trained_by = models.UUIDField(null=True)
    registered_by = models.UUIDField()
    promoted_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    promoted_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "model", "version"], name="no_two_model_versions_of_one_number"),
            models.UniqueConstraint(fields=["tenant", "model", "sha256"], name="no_artifact_registered_twice"),
            models.UniqueConstraint(
                fields=["tenant", "case_type"],
                condition=Q(state=VersionState.CHAMPION),
                name="no_second_champion_of_a_case_type",
            ),
            models.CheckConstraint(condition=Q(state__in=list(VersionState)), name="no_unknown_model_version_state"),
            models.CheckConstraint(
                condition=~Q(state=VersionState.CHAMPION)
                | Q(promoted_by__isnull=False) & ~Q(promoted_by=models.F("registered_by")),
                name="no_champion_without_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} v{self.version}"


class ModelArtifact(TenantOwned):
    """The skops file of a version."""

    id = None  # type: ignore[assignment]  # its version is its key
    version = TenantOneToOneField(ModelVersion, primary_key=True, related_name="artifact")
    content = models.BinaryField()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"artifact of {self.version_id}"


class Prediction(TenantOwned):
    """What one version said of one case, immutable.

    `probabilities` in the order of the version's labels. Where the version is linear, `contributions` maps each
    feature to the log-odds that it moved `label` against the runner-up; with `baseline` they sum to the whole.
    """

    case = TenantForeignKey(Case, related_name="predictions")
    model_version = TenantForeignKey(ModelVersion, related_name="+")
    probabilities = ArrayField(models.FloatField())
    label = models.TextField()
    confidence = models.FloatField()
    contributions = models.JSONField(null=True)
    baseline = models.FloatField(null=True)
    event_id = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "case", "model_version"], name="no_second_prediction_of_a_version"
            ),
            # NaN is greater than every number in PostgreSQL, so the upper bound keeps it out
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="no_confidence_beyond_certainty"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.confidence:.3f})"
