"""Looking back, as rows: what was audited, appealed, kept and erased."""

from audits.models.appeals import Appeal, AppealDoor, AppealOutcome, AppealRule
from audits.models.bias import BiasAudit, BiasMonitor, BiasSchedule, Every, Finding, FrozenDecision, Severity
from audits.models.performance import Baseline, Satisfaction
from audits.models.retention import LegalHold, RetentionRule, RetentionRun

__all__ = [
    "Appeal",
    "AppealDoor",
    "AppealOutcome",
    "AppealRule",
    "Baseline",
    "BiasAudit",
    "BiasMonitor",
    "BiasSchedule",
    "Every",
    "Finding",
    "FrozenDecision",
    "LegalHold",
    "RetentionRule",
    "RetentionRun",
    "Satisfaction",
    "Severity",
]
