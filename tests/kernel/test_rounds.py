"""Commands that work in rounds: they end when asked, outlive a database that is away, and wait only where they may."""

import io
import os
import signal
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError

from hitl_platform.kernel.rounds import RoundsCommand

# longer than the test may take: a round that is waited for fails the test by its deadline
NEVER = "300"


class Counting(RoundsCommand):
    """Does what a test says in each round, and counts."""

    ready_line = "counting"

    def __init__(self, *rounds: Callable[[], bool]) -> None:
        super().__init__(stdout=io.StringIO())
        self.rounds, self.told = iter(rounds), [""]

    def prepare(self) -> None:
        self.told = ["prepared"]

    def work_round(self) -> bool:
        self.told.append("round")
        return next(self.rounds)()

    def close_connections(self) -> None:
        self.told.append("closed")


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def stopped_by(number: int) -> Callable[[], bool]:
    """A round in which somebody asks the process to stop."""

    def ask() -> bool:
        os.kill(os.getpid(), number)
        return False

    return ask


def go_on() -> bool:
    """A round after which there is more to do."""
    return True


def database_is_away() -> bool:
    """A round that finds no database."""
    raise OperationalError


def printed(command: Any) -> str:
    """What the command wrote."""
    return str(command.stdout._out.getvalue())


def test_once_is_one_round_and_says_nothing() -> None:
    command = Counting(go_on, go_on)
    call_command(command, "--once")
    assert command.told == ["prepared", "round"]
    assert printed(command) == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_round_at_hand(number: int) -> None:
    command = Counting(go_on, stopped_by(number), go_on)
    started = monotonic()
    call_command(command, "--every", NEVER)
    assert command.told == ["prepared", "round", "round"]
    assert monotonic() - started < float(NEVER)
    assert printed(command) == "counting\n"


def test_a_database_that_is_away_ends_a_round_and_not_the_command(caplog: pytest.LogCaptureFixture) -> None:
    command = Counting(database_is_away, stopped_by(signal.SIGTERM))
    call_command(command, "--every", "0")
    assert command.told == ["prepared", "round", "closed", "round"]
    assert "counting: OperationalError, connecting anew" in caplog.text


def test_once_tells_of_a_database_that_is_away() -> None:
    with pytest.raises(OperationalError):
        call_command(Counting(database_is_away), "--once")
