"""The lifecycle of a model version."""

from enum import StrEnum

from hitl_platform.kernel.lifecycle import Lifecycle


class VersionState(StrEnum):
    REGISTERED = "registered"
    SHADOW = "shadow"
    CHAMPION = "champion"
    RETIRED = "retired"


VERSION = Lifecycle(
    "model version",
    VersionState,
    {
        # it predicts beside the champion, and nothing is decided by it
        "shadow": ((VersionState.REGISTERED,), VersionState.SHADOW),
        # a second person lets it decide; the champion before it retires
        "promote": ((VersionState.REGISTERED, VersionState.SHADOW), VersionState.CHAMPION),
        # it predicts no more
        "retire": ((VersionState.REGISTERED, VersionState.SHADOW, VersionState.CHAMPION), VersionState.RETIRED),
    },
)
