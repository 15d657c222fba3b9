"""`manage.py seal`: the sealer. Two of them do no harm; one waits for the other."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone

from hitl_platform.ledger.checkpoints import configured_signer
from hitl_platform.ledger.sealing import ALIAS, oldest_unsealed, seal_all

logger = logging.getLogger(__name__)

LAG_SECONDS = 5.0


class Command(BaseCommand):
    help = "Each second: give committed events their place in the Merkle tree of their tenant, and sign it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what is there, then exit")
        parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal until SIGTERM or SIGINT; the batch at hand is finished first."""
        signer = configured_signer()
        if options["once"]:
            self.stdout.write(f"sealed {seal_all(signer=signer)} events")
            return
        stop = threading.Event()

        def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, ask_to_stop)
        signal.signal(signal.SIGINT, ask_to_stop)
        self.stdout.write("sealing")
        while not stop.is_set():
            try:
                _warn_of_lag()
                seal_all(signer=signer)
            except DatabaseError as error:
                logger.warning("sealer: %s, connecting anew", type(error).__name__)
                connections[ALIAS].close()
            stop.wait(options["every"])


def _warn_of_lag() -> None:
    oldest = oldest_unsealed()
    if oldest is not None and (lag := (timezone.now() - oldest).total_seconds()) > LAG_SECONDS:
        logger.warning("sealer: the oldest event without a seal is %.1f s old", lag)
