"""`manage.py seal`: the sealer. Two of them do no harm; one waits for the other."""

import logging
from typing import Any

from django.db import connections
from django.utils import timezone

from hitl_platform.kernel.rounds import RoundsCommand
from hitl_platform.ledger.checkpoints import configured_signer
from hitl_platform.ledger.sealing import ALIAS, oldest_unsealed, seal_all

logger = logging.getLogger(__name__)

LAG_SECONDS = 5.0


class Command(RoundsCommand):
    help = "Each second: give committed events their place in the Merkle tree of their tenant, and sign it."
    ready_line = "sealing"

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if options["once"]:
            self.stdout.write(f"sealed {self.sealed} events")

    def prepare(self) -> None:
        self.signer = configured_signer()

    def work_round(self) -> bool:
        """Seal what is complete; what comes meanwhile waits for the next round, which has one checkpoint for all."""
        _warn_of_lag()
        self.sealed = seal_all(signer=self.signer)
        return False

    def close_connections(self) -> None:
        connections[ALIAS].close()


def _warn_of_lag() -> None:
    oldest = oldest_unsealed()
    if oldest is not None and (lag := (timezone.now() - oldest).total_seconds()) > LAG_SECONDS:
        logger.warning("sealer: the oldest event without a seal is %.1f s old", lag)
