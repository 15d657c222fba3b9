"""`manage.py ledger_public_key`: the key that an auditor checks exports with."""

import base64
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hitl_platform.ledger.checkpoints import configured_signer, origin_of, verifier_key
from hitl_platform.tenants.operators import find_tenant_id


class Command(BaseCommand):
    help = "Print the public key of the ledger (base64). Hand it to auditors by another way than the exports."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--note-of", metavar="SLUG", help="as other tools for signed notes read it, for this organisation's log"
        )

    def handle(self, *args: Any, **options: Any) -> str:
        public_key = configured_signer().public_key
        if not options["note_of"]:
            return base64.b64encode(public_key).decode()
        tenant_id = find_tenant_id(options["note_of"])
        if tenant_id is None:
            raise CommandError(f"There is no tenant {options['note_of']!r}.")
        return verifier_key(origin_of(tenant_id), public_key=public_key)
