"""The services that may write without a record, each with its reason."""

from importlib import import_module

from hitl_platform.ledger.commands import QUIET_COMMANDS

QUIET = {
    "hitl_platform.access.keys.touch_key": "when a key was last used, once a minute",
    "hitl_platform.doors.idempotency.keep_answer": "what a repeated request is answered",
    "hitl_platform.notices.services.read_all": "what a person was told is read, all of it",
    "hitl_platform.notices.services.read_notice": "what a person was told is read",
    "hitl_platform.notices.services.set_preferences": "how a person wants to be told",
    "reviews.services.comments.set_content_care": "how a person wants to see is no business of others",
    "reviews.services.judge.save_draft": "a draft is not yet said",
    "reviews.services.judge.view_seat": "the first look is a time on the seat",
    "reviews.services.leases.heartbeat_seat": "a lease that goes on",
}


def test_it_is_this_list() -> None:
    import_module("hitl_platform.urls")
    assert {name for name in QUIET_COMMANDS if not name.startswith("tests.")} == set(QUIET)
