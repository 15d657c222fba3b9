"""`manage.py ledger_public_key`: the key that an auditor checks exports with."""

import base64
from typing import Any

from django.core.management.base import BaseCommand

from hitl_platform.ledger.checkpoints import configured_signer


class Command(BaseCommand):
    help = "Print the public key of the ledger (base64). Hand it to auditors by another way than the exports."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> str:
        return base64.b64encode(configured_signer().public_key).decode()
