"""`manage.py seed_demo`: the demonstration's organisations, people, models, queues, policies and cases.

Safe to run again: what is there is found, what is missing is made. With cases to submit it waits for the web
process at PUBLIC_URL (or --base-url), sends them through the API, waits until the machine has decided or
handed on each, and posts the outcomes of what is decided. `--without-cases` stops before the web is needed.
The logins go to the file that HITL_DEMO_LOGINS names, or to the screen.
"""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audits.demo.delivery import count_undecided_by_machine, deliver_outcomes, submit_missing, wait_for_web, wait_until
from audits.demo.organisation import Organisation
from audits.demo.organisations import all_organisations
from audits.demo.people import Staff, logins, write_logins
from audits.demo.seeding import ensure_organisation
from hitl_platform.embedded.visitors import Unexpected
from hitl_platform.kernel.errors import DomainError
from hitl_platform.tenants.operators import refusal_text

WEB_SECONDS = 90.0
PIPELINE_SECONDS = 120.0


class Command(BaseCommand):
    help = "Set the demonstration up, or find it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default=settings.PUBLIC_URL, help="where the platform answers")
        parser.add_argument("--without-cases", action="store_true", help="people, models, queues and policies alone")

    def handle(self, *args: Any, base_url: str, without_cases: bool, **options: Any) -> None:
        organisations = all_organisations()
        self._tell_logins(organisations)
        try:
            staffs = [(each, ensure_organisation(each)) for each in organisations]
            if not without_cases:
                self._bring_cases(staffs, address=base_url)
        except DomainError as error:
            raise CommandError(refusal_text(error)) from error
        except (Unexpected, TimeoutError) as error:
            raise CommandError(str(error)) from error

    def _tell_logins(self, organisations: list[Organisation]) -> None:
        entries = logins(organisations)
        path = os.environ.get("HITL_DEMO_LOGINS")
        if path:
            write_logins(Path(path), entries)
            return
        for entry in entries:
            self.stdout.write(f"{entry['email']:<40} {entry['password']:<20} {', '.join(entry['roles'])}")

    def _bring_cases(self, staffs: list[tuple[Organisation, Staff]], *, address: str) -> None:
        wait_for_web(address, seconds=WEB_SECONDS)
        for organisation, staff in staffs:
            submitted = submit_missing(organisation, staff, address=address)
            self.stdout.write(f"{organisation.name}: {submitted} cases submitted, {len(organisation.cases)} in all")
        for organisation, staff in staffs:
            _wait_for_machine(organisation, staff)
            self.stdout.write(f"{organisation.name}: {deliver_outcomes(organisation, staff)} outcomes arrived")


def _wait_for_machine(organisation: Organisation, staff: Staff) -> None:
    def is_through() -> bool:
        return count_undecided_by_machine(organisation, staff) == 0

    wait_until(is_through, seconds=PIPELINE_SECONDS, what=f"the pipeline of {organisation.name}")
