"""Commands that work in rounds until they are asked to stop."""

import logging
import signal
import threading
from types import FrameType
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError

logger = logging.getLogger(__name__)


class RoundsCommand(BaseCommand):
    """A round every so often until SIGTERM or SIGINT; the round at hand is finished first.

    A database that is away ends a round and not the command.
    """

    requires_system_checks: list[str] = []
    # said once at the start: whoever started the process waits for it
    ready_line: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then exit")
        parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        self.prepare()
        if options["once"]:
            self.work_round()
            return
        stop = threading.Event()

        def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, ask_to_stop)
        signal.signal(signal.SIGINT, ask_to_stop)
        self.stdout.write(self.ready_line)
        while not stop.is_set():
            try:
                go_on = self.work_round()
            except DatabaseError as error:
                logger.warning("%s: %s, connecting anew", self.ready_line, type(error).__name__)
                self.close_connections()
                go_on = False
            stop.wait(0 if go_on else options["every"])

    def prepare(self) -> None:
        """What must be there before the first round; raises what keeps the command from starting."""

    def work_round(self) -> bool:
        """One round; whether the next one should follow at once."""
        raise NotImplementedError

    def close_connections(self) -> None:
        """Drop the connections of a round, so that the next one opens new ones."""
        raise NotImplementedError
