"""`manage.py sweep`: the process that loses nothing. Two of them do no harm."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError

from hitl_platform.pipeline.sweeper import Sweeper, close_connections

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Each second: ring again for due steps, free steps whose worker died, do steps while the broker is away."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then exit")
        parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep until SIGTERM or SIGINT."""
        sweeper = Sweeper()
        if options["once"]:
            sweeper.sweep()
            return
        stop = threading.Event()

        def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, ask_to_stop)
        signal.signal(signal.SIGINT, ask_to_stop)
        self.stdout.write("sweeping")
        while not stop.is_set():
            try:
                done_here = sweeper.sweep()
            except DatabaseError as error:
                logger.warning("sweeper: %s, connecting anew", type(error).__name__)
                close_connections()
                done_here = 0
            stop.wait(0 if done_here else options["every"])
