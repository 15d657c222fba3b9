"""`manage.py export_ledger --tenant acme --out ledger.zip`: the ledger with its proof, for an auditor."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from hitl_platform.ledger.exports import write_directory, zip_stream
from hitl_platform.ledger.queries import get_ledger
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.operators import TenantCommand


class Command(TenantCommand):
    help = "Export the sealed events of a tenant with the verifier that checks them offline."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", type=Path, required=True, metavar="DIR|ZIP", help="a name in .zip, or a directory")
        parser.add_argument("--since", type=int, default=0, metavar="SEQ", help="leave out what is before")

    def run(self, actor: Actor, **options: Any) -> str:
        ledger, out = get_ledger(actor, since=options["since"]), options["out"]
        if out.suffix == ".zip":
            with out.open("wb") as file:
                file.writelines(zip_stream(ledger))
        else:
            write_directory(ledger, path=out)
        return f"{ledger.size - ledger.since} events in {out}; unpacked, `python3 verify.py .` checks them"
