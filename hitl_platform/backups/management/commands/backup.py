"""`manage.py backup DIR`: the database, the evidence files and a manifest, in a new folder; keys apart."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hitl_platform.backups.writing import write_backup
from hitl_platform.embedded.keyring import write_private
from hitl_platform.kernel.errors import DomainError

KEYS = ("SECRET_KEY", "LEDGER_SIGNING_KEY")


class Command(BaseCommand):
    help = "Write a backup as hitl_backup (BACKUP_DATABASE_URL). Keys go to a file of their own with --keys-to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that is not there yet")
        parser.add_argument("--keys-to", type=Path, metavar="FILE", help="also write the keys, to another place")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BACKUP_DATABASE_URL:
            raise CommandError("BACKUP_DATABASE_URL is not set; a backup reads as the role hitl_backup.")
        folder, keys = options["folder"].resolve(), options["keys_to"]
        if keys is not None and (folder in keys.resolve().parents or keys.exists()):
            raise CommandError("Keys go to a new file outside of the backup: together they could forge the ledger.")
        try:
            manifest = write_backup(url=settings.BACKUP_DATABASE_URL, folder=folder)
        except DomainError as error:
            raise CommandError(error.message) from error
        if keys is not None:
            write_private(keys.resolve(), text=json.dumps({name: getattr(settings, name) for name in KEYS}))
            self.stdout.write(f"keys in {keys}: keep them apart from the backup")
        for key in manifest.missing:
            self.stderr.write(f"no bytes in the storage for the file {key}")
        events = sum(ledger.size for ledger in manifest.ledgers.values())
        self.stdout.write(
            f"{sum(manifest.rows.values())} rows, {manifest.evidence} files, {events} sealed events in {folder}"
        )
