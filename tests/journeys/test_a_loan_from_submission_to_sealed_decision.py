"""Three loans: the model decides one, a panel agrees on the second, an adjudicator settles the third; all is proved."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command
from rest_framework.test import APIClient

from hitl_platform.tenants.actor import Actor
from tests.databases import seal_committed
from tests.journeys.conftest import Desk
from tests.reviews import lending
from tests.reviews.conftest import Office

DeskOf = Callable[[Actor], Desk]


def submit(api: APIClient, **amounts: float) -> dict[str, str]:
    """Submit a loan for each name; the ids of the cases."""
    ids = {}
    for name, amount in amounts.items():
        body = {"case_type": "loan", "external_id": name, "payload": lending.payload(amount)}
        answer = api.post("/api/v1/cases/", body, format="json")
        assert answer.status_code == 201, answer.content
        ids[name] = answer.json()["id"]
    return ids


def timeline(api: APIClient, case_id: str) -> list[str]:
    """The verbs of a case's story."""
    return [event["verb"] for event in api.get(f"/api/v1/cases/{case_id}/timeline").json()]


def decision(api: APIClient, case_id: str) -> dict[str, Any]:
    """The decision that stands."""
    found: dict[str, Any] = api.get(f"/api/v1/cases/{case_id}/decisions").json()[-1]
    return found


def test_the_story(
    open_office: Callable[..., Office],
    crown: Callable[[], Any],
    api: APIClient,
    alice: Actor,
    bob: Actor,
    sam: Actor,
    desk_of: DeskOf,
    tmp_path: Path,
) -> None:
    office = open_office(seats=2, advice="after_answer")
    crown()
    office.activate()
    cases = submit(api, sure=100, agreed=10_000, disputed=10_050)

    # the model is sure of one, and its decision is there at once
    office.drain("score", "route")
    assert decision(api, cases["sure"])["made_by"] == "model"
    assert timeline(api, cases["sure"]) == ["case.submitted", "case.scored", "case.decided"]

    # two reviewers answer blind, then see what the model says, and keep or change
    for actor, labels in ((alice, ("approve", "approve")), (bob, ("approve", "decline"))):
        desk = desk_of(actor)
        for label in labels:
            seat = desk.next_case()
            assert seat is not None
            assert (seat["advice"], seat["step"]) == (None, "first")
            shown = desk.answer(seat, label)
            assert set(shown["advice"]["probabilities"]) == {"approve", "decline"}
            desk.submit(seat, label, rationale=f"{actor.name} thinks so.", reason_codes=["income"])
        assert desk.next_case() is None
    office.drain("consensus")
    agreed = decision(api, cases["agreed"])
    assert (agreed["label"], agreed["made_by"]) == ("approve", "panel")

    # the two differ on the last one: somebody else settles it
    assert api.get(f"/api/v1/cases/{cases['disputed']}/").json()["state"] == "in_review"
    desk = desk_of(sam)
    seat = desk.next_case()
    assert seat is not None
    assert (seat["kind"], [told["label"] for told in seat["judgments"]]) == ("adjudicator", ["approve", "decline"])
    desk.answer(seat, "decline")
    desk.submit(seat, "decline", reason_codes=["history"])
    office.drain("consensus")
    settled = decision(api, cases["disputed"])
    assert (settled["label"], settled["made_by"], settled["reason_codes"]) == ("decline", "adjudicator", ["history"])
    story = timeline(api, cases["disputed"])
    assert story[:3] == ["case.submitted", "case.scored", "case.sent_to_review"]
    assert story[-5:] == ["seat.claimed", "seat.answered", "judgment.submitted", "case.decided", "panel.settled"]
    assert story.count("judgment.submitted") == 3
    assert "panel.disputed" in story

    # what turned out to be true comes later
    outcome = {"label": "decline", "observed_at": "2026-06-01T00:00:00Z", "source": "ledger"}
    assert api.post(f"/api/v1/cases/{cases['disputed']}/outcomes", outcome, format="json").status_code == 201

    # everything is sealed, and verifies on a machine that has nothing of ours
    seal_committed()
    call_command("export_ledger", tenant="acme", out=tmp_path / "export", since=0)
    verified = subprocess.run(
        [sys.executable, "-I", "-S", str(tmp_path / "export" / "verify.py"), str(tmp_path / "export")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout
    events = [json.loads(line) for line in (tmp_path / "export" / "events.ndjson").read_text().splitlines()]
    assert "Alice thinks so." not in json.dumps(events), "free text stands beside the events, where it can be erased"
