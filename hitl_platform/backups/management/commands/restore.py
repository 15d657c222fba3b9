"""`manage.py restore DIR`: a backup into an empty database, and a report; `--drill` into servers of its own."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from hitl_platform.backups.drill import Drill, public_key_of
from hitl_platform.backups.restoring import inspect, restore_backup
from hitl_platform.kernel.errors import DomainError


class Command(BaseCommand):
    help = "Restore a backup into the provisioned, empty database, and say whether it is as it was kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="what `manage.py backup` wrote")
        parser.add_argument("--drill", action="store_true", help="into servers of its own that are gone afterwards")
        parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint that was kept outside")
        parser.add_argument("--public-key", action="append", default=[], help="of the ledger; after a change, each")

    def handle(self, *args: Any, **options: Any) -> None:
        folder, keys = options["folder"].resolve(), options["public_key"]
        if not keys and settings.LEDGER_SIGNING_KEY:
            keys = [public_key_of(settings.LEDGER_SIGNING_KEY)]
        try:
            held = self.drill(folder, keys, options) if options["drill"] else self.restore(folder, keys, options)
        except DomainError as error:
            raise CommandError(error.message) from error
        if not held:
            raise CommandError("What was restored is not as it was kept.")

    def drill(self, folder: Path, keys: list[str], options: dict[str, Any]) -> bool:
        """In servers of its own."""
        checkpoint = options["checkpoint"].resolve() if options["checkpoint"] else None
        return Drill(folder, keys, checkpoint, self.stdout.write).run()

    def restore(self, folder: Path, keys: list[str], options: dict[str, Any]) -> bool:
        """Into the database of this environment."""
        older = options["checkpoint"].read_text(errors="replace") if options["checkpoint"] else ""
        manifest = restore_backup(folder, url=url_of("migrator"))
        report = inspect(manifest, public_keys=keys, older=older)
        self.stdout.write("\n".join([*report.lines, *report.problems]))
        return not report.problems


def url_of(alias: str) -> str:
    """The URL of one of our connections, as libpq takes it."""
    told = connections[alias].settings_dict
    user, password, name = (quote(str(told[part]), safe="") for part in ("USER", "PASSWORD", "NAME"))
    return f"postgresql://{user}:{password}@{told['HOST']}:{told['PORT']}/{name}"
