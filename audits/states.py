"""The lifecycles of looking back: a bias audit and what it found, an appeal."""

from enum import StrEnum

from hitl_platform.kernel.lifecycle import Lifecycle


class AuditState(StrEnum):
    REQUESTED = "requested"
    FREEZING = "freezing"
    RUNNING = "running"
    FINISHED = "finished"
    SIGNED = "signed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class FindingState(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    ACTED = "acted"
    CLOSED = "closed"


class AppealState(StrEnum):
    RECEIVED = "received"
    IN_REVIEW = "in_review"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


_UNFINISHED = (AuditState.REQUESTED, AuditState.FREEZING, AuditState.RUNNING)

BIAS_AUDIT = Lifecycle(
    "bias audit",
    AuditState,
    {
        # a worker begins to copy the population
        "freeze": ((AuditState.REQUESTED,), AuditState.FREEZING),
        # the copy is complete and hashed
        "run": ((AuditState.FREEZING,), AuditState.RUNNING),
        # the report is there
        "finish": ((AuditState.RUNNING,), AuditState.FINISHED),
        # somebody who did not ask for it answers for having read it
        "sign": ((AuditState.FINISHED,), AuditState.SIGNED),
        "cancel": (_UNFINISHED, AuditState.CANCELLED),
        # what it was asked cannot be answered, or its worker failed too often
        "fail": (_UNFINISHED, AuditState.FAILED),
        # what is frozen already stays frozen
        "resume": ((AuditState.CANCELLED, AuditState.FAILED), AuditState.REQUESTED),
    },
)

FINDING = Lifecycle(
    "finding",
    FindingState,
    {
        # it gets an owner and a date
        "assign": ((FindingState.OPEN, FindingState.ASSIGNED), FindingState.ASSIGNED),
        # its owner says what was done
        "act": ((FindingState.ASSIGNED, FindingState.ACTED), FindingState.ACTED),
        # a later audit shows what became of it, or a person says why it is no longer open
        "close": ((FindingState.OPEN, FindingState.ASSIGNED, FindingState.ACTED), FindingState.CLOSED),
        "reopen": ((FindingState.CLOSED,), FindingState.OPEN),
    },
)

APPEAL = Lifecycle(
    "appeal",
    AppealState,
    {
        # people who had no part in the decision are asked
        "send": ((AppealState.RECEIVED,), AppealState.IN_REVIEW),
        # they have decided, and the person is told why
        "answer": ((AppealState.IN_REVIEW,), AppealState.DECIDED),
        # taken back before anybody decided it, or the case itself was withdrawn
        "withdraw": ((AppealState.RECEIVED, AppealState.IN_REVIEW), AppealState.WITHDRAWN),
    },
)


class RetentionState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


RETENTION_RULE = Lifecycle(
    "retention rule",
    RetentionState,
    {
        # a second person has read what would go
        "activate": ((RetentionState.DRAFT,), RetentionState.ACTIVE),
        # another version is in force, or none
        "retire": ((RetentionState.DRAFT, RetentionState.ACTIVE), RetentionState.RETIRED),
    },
)
