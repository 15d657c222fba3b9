"""`manage.py verify_ledger --tenant acme`: hold the rows of the database against what was signed."""

import base64
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from hitl_platform.ledger.checkpoints import configured_signer
from hitl_platform.ledger.offline_verifier import MAX_NAMED, verify
from hitl_platform.ledger.queries import get_ledger
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.operators import TenantCommand


class Command(TenantCommand):
    help = "Verify the ledger of a tenant in the database; exits with 1 and names what is not as it was signed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--checkpoint", type=Path, help="a checkpoint that was kept from before")
        parser.add_argument("--public-key", action="append", default=[], help="the key; after a change of keys, each")

    def run(self, actor: Actor, **options: Any) -> str:
        ledger = get_ledger(actor)
        keys = options["public_key"]
        if not keys and settings.LEDGER_SIGNING_KEY:
            # what the database says of the key is not taken on trust
            keys = [base64.b64encode(configured_signer().public_key).decode()]
        older = options["checkpoint"].read_text(errors="replace") if options["checkpoint"] else ""
        report = verify(ledger, public_keys=keys, older=older)
        for event_id in ledger.behind_the_seal():
            report.add("inserted", "it stands behind the seal and was never sealed", None, event_id)
        told = [*map(str, report.findings[:MAX_NAMED]), *(f"note: {note}" for note in report.notes)]
        if report.findings:
            raise CommandError("\n".join([*told, f"NOT AS SIGNED: {len(report.findings)} findings"]))
        return "\n".join([*told, f"verified: {report.size} events"])
