"""The lifecycle of a case."""

from enum import StrEnum

from hitl_platform.kernel.lifecycle import Lifecycle


class CaseState(StrEnum):
    RECEIVED = "received"
    SCORED = "scored"
    IN_REVIEW = "in_review"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


# somebody or something may still have to judge it
OPEN_STATES = (CaseState.RECEIVED, CaseState.SCORED, CaseState.IN_REVIEW)


class FileState(StrEnum):
    FETCHING = "fetching"
    STORED = "stored"
    REFUSED = "refused"
    ERASED = "erased"


CASE = Lifecycle(
    "case",
    CaseState,
    {
        # a model has said what it thinks
        "score": ((CaseState.RECEIVED,), CaseState.SCORED),
        # people look at it: the policy says so, or no model could answer
        "review": ((CaseState.RECEIVED, CaseState.SCORED), CaseState.IN_REVIEW),
        # the policy allows the model's answer, or a panel has settled
        "decide": ((CaseState.SCORED, CaseState.IN_REVIEW), CaseState.DECIDED),
        # an appeal, an override, a new outcome: people look again
        "reopen": ((CaseState.DECIDED,), CaseState.IN_REVIEW),
        # the appeal was taken back before anybody decided it: the decision that stood stands again
        "restore": ((CaseState.IN_REVIEW,), CaseState.DECIDED),
        # whoever submitted it no longer needs an answer
        "withdraw": (OPEN_STATES, CaseState.WITHDRAWN),
    },
)

EVIDENCE_FILE = Lifecycle(
    "evidence file",
    FileState,
    {
        # its bytes came from where its URL leads, and are what they must be
        "store": ((FileState.FETCHING,), FileState.STORED),
        # they never came, or are nothing that is kept here
        "refuse": ((FileState.FETCHING,), FileState.REFUSED),
        # its bytes are gone for good; the ledger keeps their digest
        "erase": ((FileState.FETCHING, FileState.STORED, FileState.REFUSED), FileState.ERASED),
    },
)
