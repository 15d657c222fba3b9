"""Bias audits as rows: what was asked, the frozen population, what was found, and what becomes of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from audits.states import AuditState, FindingState
from cases.models import CaseType
from hitl_platform.tenants.owned import TenantForeignKey, TenantOwned


class Every(models.TextChoices):
    WEEK = "week", "Each week"
    MONTH = "month", "Each month"
    QUARTER = "quarter", "Each quarter"


class Severity(models.TextChoices):
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class BiasSchedule(TenantOwned):
    """An audit that comes round: each run looks at the whole weeks, months or quarters before it."""

    case_type = TenantForeignKey(CaseType, related_name="+")
    title = models.TextField()
    # as of an audit, without its period
    definition = models.JSONField()
    every = models.TextField(choices=Every.choices)
    next_run_at = models.DateTimeField()
    created_by = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=Q(every__in=Every.values), name="no_unknown_rhythm_of_audits"),
        ]

    def __str__(self) -> str:
        return self.title


class BiasAudit(TenantOwned):
    """A frozen, reproducible fairness run over a population of decisions.

    The definition never changes; the report is a function of the cube, and the cube of the frozen rows.
    """

    case_type = TenantForeignKey(CaseType, related_name="+")
    title = models.TextField()
    definition = models.JSONField()
    state = models.TextField(default=AuditState.REQUESTED, choices=[(s.value, s.value) for s in AuditState])
    schedule = TenantForeignKey(BiasSchedule, null=True, related_name="audits")
    # what it is compared with
    previous = TenantForeignKey("self", null=True, related_name="+")
    # none: a schedule
    requested_by = models.UUIDField(null=True)
    # everybody who asked for it, let it go on, or set its schedule up: none of them signs it
    run_by = ArrayField(models.UUIDField(), default=list)
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    # what is told and decided after this moment is not known to the audit
    known_on = models.DateTimeField()
    # how far the freezing is: of how many decided cases it has read how many, which of them belong to the population,
    # after which case its next part begins, and how many steps were written for all of it
    decided_rows = models.IntegerField(default=0)
    read_rows = models.IntegerField(default=0)
    frozen_rows = models.IntegerField(default=0)
    frozen_upto = models.UUIDField(null=True)
    steps = models.IntegerField(default=0)
    frozen_at = models.DateTimeField(null=True)
    # what the codes of the frozen rows stand for: groups of each attribute, labels, values of each factor
    codebook = models.JSONField(default=dict)
    population_sha256 = models.TextField(default="")
    # counts that hold no person
    cube = models.JSONField(null=True)
    # the document as canonical JSON, to the byte: its digest is what the ledger holds
    report = models.TextField(default="")
    report_sha256 = models.TextField(default="")
    finished_at = models.DateTimeField(null=True)
    # rows whose person was erased since
    forgotten_rows = models.IntegerField(default=0)
    problem = models.TextField(default="")
    signed_by = models.UUIDField(null=True)
    signed_at = models.DateTimeField(null=True)
    statement = models.TextField(default="")

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(AuditState)), name="no_unknown_audit_state"),
            models.CheckConstraint(
                condition=~Q(state="signed")
                | Q(signed_by__isnull=False, signed_at__isnull=False)
                & (Q(requested_by__isnull=True) | ~Q(signed_by=F("requested_by"))),
                name="no_audit_signed_by_who_asked_for_it",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["finished", "signed"]) | ~Q(report="") & ~Q(report_sha256=""),
                name="no_finished_audit_without_report",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "case_type", "-id"], name="audits_of_case_type")]

    def __str__(self) -> str:
        return self.title


class FrozenDecision(TenantOwned):
    """One case of an audit's population, as it was known then. Codes are places in the audit's codebook.

    The id counts the rows of one audit upward, so that they lie together. No key leads to the case: erasing one
    empties its row, and never waits for an audit.
    """

    audit = TenantForeignKey(BiasAudit, related_name="frozen")
    case_id = models.UUIDField()
    # a code for each attribute of the audit, 0 where it is not known; none at all once the person was erased
    groups = ArrayField(models.SmallIntegerField(), null=True)
    # labels: what the model alone, people alone, the first of them, their panel and in the end the platform said
    ai = models.SmallIntegerField(null=True)
    human = models.SmallIntegerField(null=True)
    first = models.SmallIntegerField(null=True)
    panel = models.SmallIntegerField(null=True)
    final = models.SmallIntegerField(null=True)
    appealed = models.SmallIntegerField(null=True)
    truth = models.SmallIntegerField(null=True)
    # of the first judgment, and where it was made
    reviewer_id = models.UUIDField(null=True)
    queue_id = models.UUIDField(null=True)
    # the model's probability of a favourable label
    score = models.FloatField(null=True)
    routed = models.BooleanField()
    # with which probability it was sent to people
    propensity = models.FloatField(null=True)
    # codes of the declared legitimate factors
    factors = ArrayField(models.SmallIntegerField(), null=True)
    seconds = models.FloatField(null=True)
    overturned = models.BooleanField()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "audit", "case_id"], name="no_case_twice_in_an_audit"),
        ]
        indexes = [models.Index(fields=["tenant", "case_id"], name="frozen_row_of_case")]

    def __str__(self) -> str:
        return f"{self.case_id} in {self.audit_id}"


class Finding(TenantOwned):
    """One thing that an audit found: what it says is the report's; here is what becomes of it."""

    audit = TenantForeignKey(BiasAudit, related_name="findings")
    number = models.SmallIntegerField()
    # what it is about, so that the next audit's is known as the same: rule, stage, attributes, group
    claim = models.TextField()
    severity = models.TextField(choices=Severity.choices)
    title = models.TextField()
    text = models.TextField()
    state = models.TextField(default=FindingState.OPEN, choices=[(s.value, s.value) for s in FindingState])
    owner_id = models.UUIDField(null=True)
    due_on = models.DateField(null=True)
    action = models.TextField(default="")
    acted_at = models.DateTimeField(null=True)
    # the later audit that looked again
    retest = TenantForeignKey(BiasAudit, null=True, related_name="+")
    conclusion = models.TextField(default="")
    closed_by = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "audit", "number"], name="no_two_findings_of_one_number"),
            models.CheckConstraint(condition=Q(state__in=list(FindingState)), name="no_unknown_finding_state"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="no_unknown_severity"),
            models.CheckConstraint(
                condition=~Q(state="assigned") | Q(owner_id__isnull=False, due_on__isnull=False),
                name="no_assigned_finding_without_owner_and_date",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_by__isnull=False) & ~Q(conclusion=""),
                name="no_closed_finding_without_conclusion",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class BiasMonitor(TenantOwned):
    """A ratio that is watched: whenever an audit of the case type finishes, whether it lies within its band.

    The band reaches from so many thousandths of the best group's rate to equality, so that a ratio is compared with it
    in integers.
    """

    case_type = TenantForeignKey(CaseType, related_name="+")
    name = models.TextField()
    # whose answers, and the groups of which attribute
    decider = models.TextField()
    attribute = models.TextField()
    at_least = models.SmallIntegerField()
    created_by = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # the lowest ratio that the last audit found, of which group is the report's to say; none where it is not defined
    last_audit = TenantForeignKey(BiasAudit, null=True, related_name="+")
    last_ratio = models.FloatField(null=True)
    is_outside = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=Q(at_least__range=(1, 1000)), name="no_band_without_equality"),
        ]

    def __str__(self) -> str:
        return self.name
