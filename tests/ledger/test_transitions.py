"""The verifier's table of allowed transitions is the lifecycle of a case."""

from cases.states import CASE
from hitl_platform.ledger.offline_verifier import TRANSITIONS

# the one verb that is no arrow: it brings a case in
SUBMITTED = "case.submitted"
PAST = {
    "score": "case.scored",
    "review": "case.sent_to_review",
    "decide": "case.decided",
    "reopen": "case.reopened",
    "restore": "case.restored",
    "withdraw": "case.withdrawn",
}


def test_it_is_the_lifecycle() -> None:
    assert {PAST[verb]: arrow for verb, arrow in CASE.arrows.items()} | {
        SUBMITTED: ((None,), "received")
    } == TRANSITIONS
