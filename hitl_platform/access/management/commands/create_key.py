"""`manage.py create_key --tenant acme --name "Loan desk" --scopes cases:write,cases:read`."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from hitl_platform.access.services import create_key
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope
from hitl_platform.tenants.operators import TenantCommand

# what a system needs that submits cases and reads what became of them
DEFAULT_SCOPES = (KeyScope.CASES_READ, KeyScope.CASES_WRITE)
OPENS = {
    KeyScope.CASES_WRITE: "submit and withdraw cases, add and erase their files",
    KeyScope.CASES_READ: "read cases, decisions, outcomes, timelines and files",
    KeyScope.OUTCOMES_WRITE: "say what turned out to be true",
    KeyScope.CASE_TYPES_WRITE: "define and revise case types",
    KeyScope.MODELS_WRITE: "register models and their versions",
    KeyScope.LEDGER_READ: "export the ledger",
    KeyScope.AUDITS_READ: "read and export bias audits",
    KeyScope.AUDITS_WRITE: "ask for bias audits and cancel them",
    KeyScope.FIGURES_READ: "read figures, and be scraped by Prometheus",
}


class Command(TenantCommand):
    help = "Create a service key and print its secret, once.\n\nscopes:\n" + "\n".join(
        f"  {scope.value:<17} {opens}" for scope, opens in OPENS.items()
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the table of scopes a table."""
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", required=True)
        default = ",".join(DEFAULT_SCOPES)
        parser.add_argument("--scopes", default=default, help=f"what it opens, comma-separated ({default})")
        parser.add_argument("--days", type=int, default=365, help="until it expires: 1 to 730 (365)")

    def run(self, actor: Actor, **options: Any) -> str:
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        # bounded here too: a timedelta of more days than it can hold is no refusal but a crash
        life = timedelta(days=min(max(options["days"], 0), 10_000))
        _, secret = create_key(actor=actor, name=options["name"], scopes=scopes, life=life)
        return secret
