"""`manage.py check_isolation`: exit 0 only when the catalogue is as the walls say."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hitl_platform.tenants.catalogue import breaches


class Command(BaseCommand):
    help = "Compare every table, policy, grant, key, role, view and function with the walls between tenants."

    def handle(self, *args: Any, **options: Any) -> None:
        found = breaches()
        for breach in found:
            self.stderr.write(breach)
        if found:
            raise CommandError(f"{len(found)} breaches of the walls between tenants.")
        self.stdout.write("The walls stand.")
