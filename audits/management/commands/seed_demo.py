"""`manage.py seed_demo`: the demonstration's organisations, people, models, queues, policies, cases and scenes.

Safe to run again: what is there is found, what is missing is made. With cases to submit it waits for the web
process at PUBLIC_URL (or --base-url), sends them through the API, waits until the machine has decided or
handed on each, posts the outcomes of what is decided, and has simulated people play the scenes that a visitor finds.
`--without-cases` stops before the web is needed, `--without-scenes` before the scenes.
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
from audits.demo.scenes import SCENES, Play, set_rules, set_scenes
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
        parser.add_argument("--without-scenes", action="store_true", help="cases and outcomes, but nothing staged")
        parser.add_argument("--pace", type=float, default=1.0, help="simulated people's looks are multiplied by this")

    def handle(self, *args: Any, base_url: str, pace: float, **options: Any) -> None:
        organisations = all_organisations()
        self._tell_logins(organisations)
        try:
            plays = [_play(each, address=base_url, pace=pace) for each in organisations]
            if not options["without_cases"]:
                with_scenes = not options["without_scenes"]
                self._bring_cases(plays, with_rules=with_scenes)
                if with_scenes:
                    played = set_scenes(plays, say=self.stdout.write)
                    self.stdout.write(f"{played} scenes were set, {len(SCENES)} in all")
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

    def _bring_cases(self, plays: list[Play], *, with_rules: bool) -> None:
        wait_for_web(plays[0].address, seconds=WEB_SECONDS)
        for play in plays:
            if with_rules:
                set_rules(play)
            submitted = submit_missing(play.organisation, play.staff, address=play.address)
            name, total = play.organisation.name, len(play.organisation.cases)
            self.stdout.write(f"{name}: {submitted} cases submitted, {total} in all")
        for play in plays:
            _wait_for_machine(play.organisation, play.staff)
            arrived = deliver_outcomes(play.organisation, play.staff)
            self.stdout.write(f"{play.organisation.name}: {arrived} outcomes arrived")


def _play(organisation: Organisation, *, address: str, pace: float) -> Play:
    staff = ensure_organisation(organisation)
    examples = {each.external_id: each for each in (*organisation.known, *organisation.cases)}
    return Play(organisation=organisation, staff=staff, address=address, pace=pace, examples=examples)


def _wait_for_machine(organisation: Organisation, staff: Staff) -> None:
    def is_through() -> bool:
        return count_undecided_by_machine(organisation, staff) == 0

    wait_until(is_through, seconds=PIPELINE_SECONDS, what=f"the pipeline of {organisation.name}")
