"""An office that decides loans, and a second queue of other people that hears the appeals of those decisions."""

from dataclasses import dataclass
from typing import Any

from audits.models import Appeal
from audits.services.appeal_rules import set_appeal_rule
from audits.services.appeals import receive_appeal
from cases.models import Case
from hitl_platform.tenants.actor import Actor
from reviews.models import Seat
from reviews.services import (
    Verdict,
    answer_seat,
    claim_next,
    create_queue,
    create_template,
    grant_queue,
    submit_judgment,
)
from tests.reviews.conftest import REVIEWERS, Office

STATEMENT = "My savings were counted twice as a debt."


@dataclass
class Court:
    """An office whose appeals are heard."""

    office: Office

    def decided(self, judge: str = "alice", label: str = "decline", amount: float = 1_000, **fields: Any) -> Case:
        """A case that one person has decided."""
        (case,) = self.office.bring(amount, **fields)
        self.office.judge(self.office.people[judge], label)
        self.office.drain()
        return self.office.case(case)

    def appeal(self, case: Case, statement: str = STATEMENT) -> Appeal:
        """The person concerned appeals."""
        appeal, _ = receive_appeal(actor=self.office.integrator, case_id=case.pk, statement=statement)
        return appeal

    def claim(self, who: str) -> Seat | None:
        """The next appeal for somebody."""
        return claim_next(actor=self.office.people[who], queue_key="appeals")

    def hear(self, label: str, *judges: str) -> None:
        """Each of these people judges the next appeal, and the panel settles."""
        for who in judges or ("bob", "carol"):
            seat = self.claim(who)
            assert seat is not None, f"{who} is given no appeal"
            actor = self.office.people[who]
            if seat.advice == "after_answer":
                answer_seat(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, label=label)
            verdict = Verdict(label=label, rationale="Looked at afresh.")
            submit_judgment(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, verdict=verdict)
        self.office.drain("consensus")
        self.office.drain("appeal")

    def now(self, appeal: Appeal) -> Appeal:
        """An appeal as it stands."""
        with self.office.scope():
            return Appeal.objects.select_related("result", "decision").get(pk=appeal.pk)


def open_court(office: Office, officer: Actor, *, advice: str = "hidden", **rule: Any) -> Court:
    """Two seats an appeal, in a queue where every reviewer of the office may work."""
    manager = office.manager
    create_template(actor=manager, key="appeal", name="Appeal", seats=2, mode="majority", advice=advice)
    create_queue(
        actor=manager, key="appeals", name="Appeals", template_key="appeal", case_type_key="loan", undo_seconds=0
    )
    for name in REVIEWERS:
        grant_queue(actor=manager, queue_key="appeals", user_id=office.people[name].id)
    set_appeal_rule(actor=officer, case_type_key="loan", queue_key="appeals", template_key="appeal", **rule)
    return Court(office)
