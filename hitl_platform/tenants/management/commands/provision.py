"""`manage.py provision`: make roles, database and extensions with SUPERUSER_DATABASE_URL."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hitl_platform.tenants.provisioning import BACKUP, Provision, provision


class Command(BaseCommand):
    help = "Make the roles, the database and its extensions (needs SUPERUSER_DATABASE_URL)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SUPERUSER_DATABASE_URL:
            raise CommandError("SUPERUSER_DATABASE_URL is not set; provisioning is a superuser's work.")
        databases = settings.DATABASES
        passwords = {entry["USER"]: entry["PASSWORD"] for entry in databases.values()}
        backup = urlsplit(settings.BACKUP_DATABASE_URL)
        if backup.password:
            passwords[BACKUP] = unquote(backup.password)
        for line in provision(settings.SUPERUSER_DATABASE_URL, Provision(databases["default"]["NAME"], passwords)):
            self.stdout.write(line)
