"""`manage.py check_workers`: whether work is being done, which a process list cannot tell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hitl_platform.pipeline.sweeper import standstills


class Command(BaseCommand):
    help = "Exit 1 where steps have been due for long and none of their kind is being done: a liveness probe."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, default=60.0, help="how long is long (60)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Report, or raise CommandError with a line for each kind at a standstill."""
        still = standstills(longer_than=options["seconds"])
        if still:
            lines = [f"{each.kind} at tenant {each.tenant_id}: due for {each.seconds:.0f} s" for each in still]
            raise CommandError("\n".join(lines))
        self.stdout.write("Nothing due is left waiting.")
