"""The thing to be decided, as rows: its type, the case, what was decided, what turned out to be true.

A case is spread over tables by who may read which part and how often it changes: the narrow Case row moves
through the states, its payload never changes, its protected attributes stand apart.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.states import OPEN_STATES, CaseState, FileState
from hitl_platform.tenants.owned import TenantForeignKey, TenantOneToOneField, TenantOwned


class CaseType(TenantOwned):
    """What kind of case: a name that stays while its definition gets new versions."""

    key = models.TextField()
    name = models.TextField()
    # no foreign key: the first version needs the type first, and it moves with each revision
    current_version_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="no_two_case_types_with_one_key")]

    def __str__(self) -> str:
        return self.name


class CaseTypeVersion(TenantOwned):
    """One definition of a case type, immutable; `cases/definitions.py` says what each part holds."""

    case_type = TenantForeignKey(CaseType, related_name="versions")
    version = models.IntegerField()
    question = models.TextField()
    payload_schema = models.JSONField()
    labels = models.JSONField()
    costs = models.JSONField()
    reason_codes = models.JSONField()
    layout = models.JSONField()
    attributes_schema = models.JSONField()
    facets = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case_type", "version"], name="no_two_versions_of_one_number"),
            # what the foreign key of a case points at: its version belongs to its type
            models.UniqueConstraint(fields=["tenant", "case_type", "id"], name="no_version_of_two_case_types"),
            models.CheckConstraint(condition=Q(version__gte=1), name="no_version_before_the_first"),
        ]

    def __str__(self) -> str:
        return f"{self.case_type} v{self.version}"


class Case(TenantOwned):
    """One thing to decide. Its id is ordered by submission; its state moves by the arrows of `states.py`."""

    case_type = TenantForeignKey(CaseType, related_name="+")
    type_version = TenantForeignKey(CaseTypeVersion, related_name="+")
    external_id = models.TextField()
    state = models.TextField(default=CaseState.RECEIVED, choices=[(s.value, s.value) for s in CaseState])
    importance = models.FloatField(default=1)
    priority = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    # the user who brought it in and the user whom it concerns: neither may judge it
    submitter_id = models.UUIDField(null=True)
    subject_user_id = models.UUIDField(null=True)
    subject_ref = models.TextField(default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_at = models.DateTimeField(null=True)
    decision_id = models.UUIDField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    # since when its payload is no longer whole, and since when nothing of it is left; erasing sets both
    reduced_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    # events that tell of a whole chunk name no single case; the case names them instead
    event_ids = ArrayField(models.UUIDField(), default=list)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case_type", "external_id"], name="no_case_submitted_twice"),
            models.CheckConstraint(condition=Q(state__in=list(CaseState)), name="no_unknown_case_state"),
            models.CheckConstraint(
                condition=~Q(state=CaseState.DECIDED) | Q(decision_id__isnull=False, decided_at__isnull=False),
                name="no_decided_case_without_decision",
            ),
            # NaN is greater than every number in PostgreSQL, so the upper bound keeps it out
            models.CheckConstraint(
                condition=Q(importance__gte=0, importance__lte=1_000_000), name="no_importance_out_of_range"
            ),
        ]
        # decided cases are most cases, and a list of them needs no help
        indexes = [
            models.Index(
                fields=["tenant", "state", "id"], condition=~Q(state=CaseState.DECIDED), name="undecided_cases"
            ),
            # whether somebody who is to judge a case has brought one of the same subject in
            models.Index(
                fields=["tenant", "submitter_id", "subject_ref"],
                condition=Q(submitter_id__isnull=False) & ~Q(subject_ref=""),
                name="case_by_submitter",
            ),
            # the history of a subject
            models.Index(fields=["tenant", "subject_ref", "-id"], condition=~Q(subject_ref=""), name="case_by_subject"),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self.state in OPEN_STATES


class CasePayload(TenantOwned):
    """What is to be judged. `salt` guards its digest in the ledger against guessing, and goes with the first field
    that is erased: an empty one belongs to a payload that is no longer whole."""

    id = None  # type: ignore[assignment]  # Django's way to leave an inherited field out
    case = TenantOneToOneField(Case, primary_key=True, related_name="stored_payload")
    payload = models.JSONField()
    salt = models.BinaryField(max_length=16)

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"payload of {self.case_id}"


class CaseAttributes(TenantOwned):
    """Protected attributes of a case: no model, no reviewer and no API answer ever sees them."""

    id = None  # type: ignore[assignment]  # Django's way to leave an inherited field out
    case = TenantOneToOneField(Case, primary_key=True, related_name="+")
    attributes = models.JSONField()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"attributes of {self.case_id}"


class CaseFacet(TenantOwned):
    """One filterable value of a payload, copied out at submission because row-level security keeps
    expressions on the payload from using an index."""

    case_type = TenantForeignKey(CaseType, related_name="+")
    case = TenantForeignKey(Case, related_name="+")
    key = models.TextField()
    text_value = models.TextField(null=True)
    float_value = models.FloatField(null=True)
    time_value = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case", "key"], name="no_facet_twice"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "case_type", "key", value, "case"],
                condition=Q(**{f"{value}__isnull": False}),
                name=f"facet_by_{value}",
            )
            for value in ("text_value", "float_value", "time_value")
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.case_id}"


class EvidenceFile(TenantOwned):
    """A file that came with a case: what is known of its bytes, which lie in the storage under `storage_key`.

    `name` is what its sender calls it and stands in no path; `media_type` is told by its bytes alone.
    """

    case = TenantForeignKey(Case, related_name="files")
    state = models.TextField(choices=[(s.value, s.value) for s in FileState])
    name = models.TextField()
    # where it is fetched from, until it is
    source_url = models.TextField(default="")
    storage_key = models.UUIDField(null=True)
    media_type = models.TextField(default="")
    size = models.BigIntegerField(null=True)
    sha256 = models.TextField(null=True)
    # of images, so that a page keeps their place
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    # why it was refused, in words
    problem = models.TextField(default="")
    uploaded_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            # a payload names its files, so a name leads to one
            models.UniqueConstraint(
                fields=["tenant", "case", "name"],
                condition=Q(state__in=["fetching", "stored"]),
                name="no_two_files_of_one_name_in_a_case",
            ),
            models.UniqueConstraint(fields=["tenant", "storage_key"], name="no_two_files_in_one_place"),
            models.CheckConstraint(condition=Q(state__in=list(FileState)), name="no_unknown_file_state"),
            models.CheckConstraint(
                condition=~Q(state="stored")
                | Q(storage_key__isnull=False, sha256__isnull=False, size__isnull=False) & ~Q(media_type=""),
                name="no_stored_file_without_content",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "case", "id"], name="files_of_case")]

    def __str__(self) -> str:
        return self.name


class Outcome(TenantOwned):
    """What turned out to be true. A later one supersedes the one before; the first supersedes none."""

    case = TenantForeignKey(Case, related_name="outcomes")
    label = models.TextField()
    observed_at = models.DateTimeField()
    source = models.TextField()
    supersedes = TenantForeignKey("self", null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "case", "supersedes"], nulls_distinct=False, name="no_fork_in_outcomes"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.source})"


class MadeBy(models.TextChoices):
    MODEL = "model"
    PANEL = "panel"
    ADJUDICATOR = "adjudicator"
    OVERRIDE = "override"
    # nobody answered in time: what an escalation rule declares for that, which is never an approval
    FALLBACK = "fallback"


class Decision(TenantOwned):
    """The result of a case, immutable; a case's decisions form a history. What it rests on stands on upper
    floors, so those are named by id."""

    case = TenantForeignKey(Case, related_name="decisions")
    sequence = models.IntegerField()
    label = models.TextField()
    made_by = models.TextField(choices=MadeBy.choices)
    confidence = models.FloatField(null=True)
    posterior = models.JSONField(null=True)
    policy_id = models.UUIDField(null=True)
    model_version_id = models.UUIDField(null=True)
    panel_id = models.UUIDField(null=True)
    consensus_id = models.UUIDField(null=True)
    reason_codes = ArrayField(models.TextField(), default=list)
    supersedes = TenantForeignKey("self", null=True, related_name="+")
    decided_at = models.DateTimeField()
    event_id = models.UUIDField()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case", "sequence"], name="no_two_decisions_of_one_number"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="no_decision_before_the_first"),
            models.CheckConstraint(condition=Q(made_by__in=MadeBy.values), name="no_unknown_decider"),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0, confidence__lte=1),
                name="no_confidence_out_of_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} by {self.made_by}"
