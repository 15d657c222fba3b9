"""The main job as a story that a fault run interrupts: a desk, cases that come in portions, people who judge."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import connections

from cases.services import create_case_type, submit_lines
from cases.services.bulk import open_bulk
from hitl_platform.kernel.errors import Conflict
from models_registry.services import create_model, promote_version, register_version
from models_registry.training import train
from reviews.services import (
    Verdict,
    activate_policy,
    approve_policy,
    claim_next,
    create_queue,
    create_template,
    draft_policy,
    grant_queue,
    submit_judgment,
)
from tests.cast import Cast
from tests.faults.rig import wait_for

REVIEWERS = ("alice", "bob", "carol", "dave")
DEFINITION = {
    "question": "Shall this credit be granted?",
    "payload_schema": {
        "type": "object",
        "properties": {"amount": {"type": "number"}, "months": {"type": "integer"}},
        "required": ["amount", "months"],
    },
    "labels": [{"key": "approve", "name": "Approve"}, {"key": "decline", "name": "Decline"}],
}
FEATURES = {"features": [{"name": "amount", "type": "number"}, {"name": "months", "type": "number"}]}
POLICY = {
    "rules": [],
    "thresholds": {"approve": 0.6, "decline": 0.6},
    "otherwise": {"queue": "desk", "template": "one"},
    "consensus": "majority",
}
SLICE = 25
R = TypeVar("R")


def furnish(cast: Cast) -> None:
    """A case type, a champion, a queue with people, and a policy in force."""
    mona, mel, mia = (cast.people[name] for name in ("mona", "mel", "mia"))
    create_case_type(actor=mona, key="credit", name="Credit", definition=DEFINITION)
    create_template(actor=mona, key="one", name="One", seats=1, advice="hidden")
    create_queue(
        actor=mona, key="desk", name="Desk", template_key="one", case_type_key="credit", undo_seconds=0,
        lease_seconds=20,
    )  # fmt: skip
    for name in REVIEWERS:
        grant_queue(actor=mona, queue_key="desk", user_id=cast.people[name].id)
    payloads = [payload(number) for number in range(200)]
    labels = ["approve" if each["amount"] < 5_000 else "decline" for each in payloads]
    trained = train(payloads, labels, feature_schema=FEATURES)
    create_model(actor=mel, case_type_key="credit", key="credit", name="Credit")
    version = register_version(
        actor=mel, model_key="credit", artifact=trained.artifact, feature_schema=FEATURES,
        labels=["approve", "decline"], metrics=trained.metrics,
    )  # fmt: skip
    promote_version(actor=mia, version_id=version.pk)
    policy = draft_policy(actor=mona, case_type_key="credit", definition=POLICY)
    approve_policy(actor=cast.people["max"], policy_id=policy.pk)
    activate_policy(actor=mona, policy_id=policy.pk)


def payload(number: int) -> dict[str, int]:
    """What case `number` asks for; about one in twenty is close enough to the line to need people."""
    return {"amount": (number * 7919) % 10_000, "months": 6 + number % 48}


@dataclass
class Crowd:
    """The integrator and the reviewers of one run. The database may go away under them; they try again."""

    cast: Cast
    submitted: int = 0
    judged: int = 0
    refusals: list[str] = field(default_factory=list)

    def submit(self, count: int) -> None:
        """Bring `count` more cases in, in slices with a step each."""
        key = self.cast.keys["acme"]
        version = patiently(lambda: open_bulk(actor=key, case_type_key="credit"))
        end = self.submitted + count
        while self.submitted < end:
            numbers = range(self.submitted, min(end, self.submitted + SLICE))
            lines = [(n + 1, json.dumps({"external_id": f"C-{n}", "payload": payload(n)}).encode()) for n in numbers]
            *_, last = patiently(lambda lines=lines: list(submit_lines(actor=key, version=version, lines=lines)))
            # a slice that met a kill is sent again: what is there already is found, not doubled
            if "stopped" not in last["summary"]:
                self.submitted = numbers.stop
            else:
                connections["default"].close()

    def judge(self, count: int) -> int:
        """Let up to `count` seats be judged; answer how many were."""
        done = 0
        for turn in range(count):
            actor = self.cast.people[REVIEWERS[turn % len(REVIEWERS)]]
            seat = patiently(lambda actor=actor: claim_next(actor=actor, queue_key="desk"))
            if seat is None:
                break
            verdict = Verdict(label="approve", rationale="It fits.")
            try:
                patiently(
                    lambda actor=actor, seat=seat, verdict=verdict: submit_judgment(
                        actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, verdict=verdict
                    )
                )
            except Conflict as refusal:
                # the answer to the first try was lost on the way: it had been taken, or the lease ended meanwhile
                self.refusals.append(f"{refusal.code}: {refusal.message}")
                assert len(self.refusals) < 50, self.refusals
                continue
            done += 1
        self.judged += done
        return done


def patiently(act: Callable[[], R]) -> R:
    """Do it, again and again while the database is away."""
    outcome: list[R] = []

    def attempt() -> bool:
        try:
            outcome.append(act())
        except DatabaseError:
            connections["default"].close()
            return False
        return True

    wait_for(attempt, seconds=60, what="the database to answer", every=0.05)
    return outcome[0]
