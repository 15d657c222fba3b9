from enum import StrEnum

import pytest

from hitl_platform.kernel.errors import Conflict
from hitl_platform.kernel.lifecycle import Lifecycle


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"


DOOR = Lifecycle("door", Door, {"shut": ((Door.OPEN,), Door.SHUT)})


def test_an_arrow_leads_to_its_target() -> None:
    assert DOOR.apply("shut", "open") == "shut"


def test_a_missing_arrow_is_a_conflict_that_says_what_is_needed() -> None:
    with pytest.raises(Conflict, match="This door is shut; shut needs it to be open") as refusal:
        DOOR.apply("shut", "shut")
    assert refusal.value.code == "door_not_open"


def test_an_unknown_state_in_the_table_fails_at_once() -> None:
    with pytest.raises(ValueError, match="verb lock names a state that Door lacks"):
        Lifecycle("door", Door, {"lock": ((Door.SHUT,), "locked")})
