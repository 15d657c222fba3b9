"""`manage.py simulate_reviewers --reviewers 6 --url http://127.0.0.1:8000`: simulated people work the demo's queues.

They use the portal through HTTP with the logins of the demonstration; meanwhile outcomes of what is decided
arrive. Ends on Ctrl-C or SIGTERM, or after --seconds.
"""

import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from audits.demo import reviewers
from audits.demo.delivery import deliver_outcomes, wait_for_web
from audits.demo.organisations import all_organisations
from audits.demo.people import Staff, logins
from hitl_platform.tenants.operators import find_tenant_id

WEB_SECONDS = 90.0
TOLD_EVERY = 10


class Command(BaseCommand):
    help = "Let simulated reviewers work the demonstration's queues through the portal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reviewers", type=int, default=6, metavar="N")
        parser.add_argument("--url", default=settings.PUBLIC_URL)
        parser.add_argument("--pace", type=float, default=1.0, help="seconds are multiplied by this")
        parser.add_argument("--seed", type=int, default=1, help="of their errors")
        parser.add_argument("--seconds", type=float, default=None, help="stop after this long")

    def handle(self, *args: Any, url: str, seconds: float | None, **options: Any) -> None:
        organisations = all_organisations()
        examples = (example for each in organisations for example in (*each.known, *each.cases))
        truth = {example.external_id: example.truth for example in examples}
        hired = reviewers.hire(
            logins(organisations),
            number=options["reviewers"],
            address=url,
            truth=truth,
            pace=options["pace"],
            seed=options["seed"],
        )
        staffs = []
        for organisation in organisations:
            tenant_id = find_tenant_id(organisation.slug)
            if tenant_id is None:
                raise CommandError("The demonstration is not set up yet; run seed_demo first.")
            staffs.append((organisation, Staff(tenant_id, {})))
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        wait_for_web(url, seconds=WEB_SECONDS)
        self.stdout.write(f"{len(hired)} simulated reviewers at work")
        ends_at = None if seconds is None else time.monotonic() + seconds

        told = 0

        def tick() -> None:
            nonlocal told
            for organisation, staff in staffs:
                deliver_outcomes(organisation, staff)
            connections.close_all()
            done = sum(each.done for each in hired)
            if done >= told + TOLD_EVERY:
                told = done
                self.stdout.write(f"{done} simulated judgments so far")
            if ends_at is not None and time.monotonic() > ends_at:
                stop.set()

        reviewers.run(hired, stop=stop, tick=tick)
