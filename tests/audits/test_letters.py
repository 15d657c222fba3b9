"""The letter with a decision's reasons, and a case's story: what is in them, what never is, who may read them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from audits.services.appeals import answer_appeal
from cases.models import Case
from cases.services import post_outcome
from hitl_platform.tenants.actor import Actor
from models_registry.models import ModelVersion
from tests.audits.appealing import STATEMENT, Court, open_court
from tests.cast import ROLES, email_of
from tests.reviews.conftest import Office

LARGE = 19_000
MARKER = "Zebulon the neighbour"


@pytest.fixture
def automatic(office: Office, crown: Callable[[], ModelVersion]) -> Case:
    """A large loan that the model declined, after small ones that it approved."""
    crown()
    office.activate()
    office.bring(*(500.0 * number for number in range(1, 12)))
    (case,) = office.bring(LARGE, attributes={"sex": "female"})
    assert office.case(case).state == "decided"
    return case


def letter_of(client: Client, case: Case) -> dict[str, Any]:
    answer = client.get(f"/audits/cases/{case.pk}/letter.json")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_a_models_decision_gives_its_real_factors_and_a_value_that_turns_it(
    automatic: Case, ada: Actor, client_for: Callable[[Actor], Client]
) -> None:
    client = client_for(ada)
    letter = letter_of(client, automatic)
    assert letter["decision"]["automated"]
    assert "no person saw" in letter["decision"]["how"]
    (reason,) = letter["reasons"]
    assert (reason["source"], reason["key"]) == ("model", "amount")
    (change,) = letter["changes"]
    assert (change["field"], change["before"], change["label"]) == ("amount", LARGE, "approve")
    # the nearest that was seen: 5,500
    assert change["after"] == 5_500
    page = client.get(f"/audits/cases/{automatic.pk}/letter/").content.decode()
    assert reason["text"].split(" (")[0] in page
    text = client.get(f"/audits/cases/{automatic.pk}/letter.txt").content.decode()
    assert "Decision: Decline" in text
    assert "You may appeal until" in text
    assert "female" not in page + text + json.dumps(letter)


def test_peoples_decision_gives_their_codes_and_says_what_cannot_be_told(
    office: Office, ada: Actor, client_for: Callable[[Actor], Client]
) -> None:
    (case,) = office.bring()
    office.judge(office.people["alice"], "decline", reason_codes=["history"], rationale=MARKER)
    office.drain()
    letter = letter_of(client_for(ada), case)
    assert [reason["text"] for reason in letter["reasons"]] == ["History"]
    assert letter["changes"] == []
    assert "cannot be determined" in letter["changes_note"]
    assert MARKER not in json.dumps(letter)


def test_without_a_code_the_reasons_are_said_to_be_undetermined(
    office: Office, ada: Actor, client_for: Callable[[Actor], Client]
) -> None:
    (case,) = office.bring()
    office.judge(office.people["alice"], "decline")
    office.drain()
    letter = letter_of(client_for(ada), case)
    assert letter["reasons"] == []
    assert "cannot be determined" in letter["reasons_note"]


def test_advice_that_was_followed_is_a_reason_and_advice_that_was_not_is_none(
    open_office: Callable[..., Office], crown: Any, ada: Actor, client_for: Callable[[Actor], Client]
) -> None:
    office = open_office(advice="shown")
    crown()
    first, second = office.bring(LARGE, LARGE + 100)
    office.judge(office.people["alice"], "decline", reason_codes=["income"])
    office.judge(office.people["alice"], "approve", reason_codes=["income"])
    office.drain()
    followed, overruled = (letter_of(client_for(ada), case) for case in (first, second))
    assert [reason["source"] for reason in followed["reasons"]] == ["people", "model"]
    assert [reason["source"] for reason in overruled["reasons"]] == ["people"]


def test_an_undecided_case_has_no_letter_and_an_open_one_no_story_for_its_judges(
    office: Office, ada: Actor, client_for: Callable[[Actor], Client], cast: Any
) -> None:
    (case,) = office.bring()
    assert client_for(ada).get(f"/audits/cases/{case.pk}/letter/").status_code == 409
    assert client_for(ada).get(f"/audits/cases/{case.pk}/").status_code == 200
    for name in ("alice", "mel"):
        for path in ("", "letter/", "letter.txt", "letter.json", "story.json"):
            assert client_for(cast.people[name]).get(f"/audits/cases/{case.pk}/{path}").status_code == 403
    gil = client_for(cast.people["gil"])
    assert gil.get(f"/audits/cases/{case.pk}/letter/").status_code == 404


@pytest.fixture
def whole(open_office: Callable[..., Office], crown: Any, ada: Actor, integrator: Actor) -> tuple[Court, Case]:
    """Advice after the answer, two reviewers, a change of mind, an appeal that reverses, an outcome."""
    office = open_office(seats=2, advice="after_answer")
    crown()
    office.activate()
    court = open_court(office, ada)
    (case,) = office.bring(10_000, attributes={"sex": "female"})
    for name in ("alice", "bob"):
        office.judge(office.people[name], "decline", reason_codes=["history"], rationale=MARKER)
    office.drain()
    appeal = court.appeal(office.case(case))
    court.hear("approve", "carol", "dave")
    answer_appeal(actor=ada, appeal_id=appeal.pk, outcome="reversed", answer="The savings are an asset.")
    post_outcome(actor=integrator, case_id=case.pk, label="approve", observed_at=timezone.now())
    return court, case


def test_the_story_tells_everything_that_happened(
    whole: tuple[Court, Case], ada: Actor, client_for: Callable[[Actor], Client]
) -> None:
    _, case = whole
    client = client_for(ada)
    page = client.get(f"/audits/cases/{case.pk}/").content.decode()
    for words in (
        "A model said", "It was sent to people", "threshold", "Reviewer A", "Reviewer B",
        "Before the model", "The decision: “Decline”", "The person appealed", STATEMENT, "The decision: “Approve”",
        "The appeal was reversed", "The savings are an asset.", "It turned out to be", "python3 verify.py",
    ):  # fmt: skip
        assert words in page, words
    document = json.loads(client.get(f"/audits/cases/{case.pk}/story.json").content)
    whats = [each["what"] for each in document["story"]]
    assert whats[0] == "The case was received"
    assert whats.index("The decision: “Decline”") < whats.index("The decision: “Approve”")
    assert [each["at"] for each in document["story"]] == sorted(each["at"] for each in document["story"])


def test_third_parties_and_protected_attributes_are_nowhere_in_it(
    whole: tuple[Court, Case], ada: Actor, cast: Any, client_for: Callable[[Actor], Client]
) -> None:
    _, case = whole
    client = client_for(ada)
    answers = [client.get(f"/audits/cases/{case.pk}/{path}") for path in ("story.json", "letter.json", "letter.txt")]
    assert {answer.status_code for answer in answers} == {200}
    said = "".join(answer.content.decode() for answer in answers)
    assert "Reviewer A" in said
    for name in ROLES["acme"]:
        assert str(cast.people[name].id) not in said, name
        assert email_of(name) not in said
        assert name.capitalize() not in said, name
    for words in (MARKER, "female", "Looked at afresh"):
        assert words not in said, words


def test_every_look_is_kept_and_shown_to_those_who_audit(
    whole: tuple[Court, Case], ada: Actor, mona: Actor, alice: Actor, client_for: Callable[[Actor], Client]
) -> None:
    court, case = whole
    officer = client_for(ada)
    assert "Nothing was read" in officer.get("/audits/access/").content.decode()
    for path in ("", "letter/", "story.json"):
        officer.get(f"/audits/cases/{case.pk}/{path}")
    client_for(mona).get(f"/audits/cases/{case.pk}/letter.txt")
    kept = [
        (event.verb, event.body["what"])
        for verb in ("read", "exported")
        for event in court.office.events(f"access.{verb}")
    ]
    assert sorted(kept) == [
        ("access.exported", "letter as text"),
        ("access.exported", "story as JSON"),
        ("access.read", "letter"),
        ("access.read", "story"),
    ]
    log = officer.get("/audits/access/").content.decode()
    assert log.count("story as JSON") == 1
    assert "Mona" in log
    exports = officer.get(f"/audits/access/?kind=exported&who={mona.id}").content.decode()
    assert "letter as text" in exports
    assert "story as JSON" not in exports
    assert "Nothing was read" in officer.get("/audits/access/?until=2020-01-01").content.decode()
    assert officer.get("/audits/access/?since=yesterday").status_code == 400
    for actor in (mona, alice):
        assert client_for(actor).get("/audits/access/").status_code == 403


def test_a_case_is_found_by_its_senders_id(automatic: Case, ada: Actor, client_for: Callable[[Actor], Client]) -> None:
    client = client_for(ada)
    answer = client.get("/audits/cases/", {"id": automatic.external_id})
    assert (answer.status_code, answer["Location"]) == (302, f"/audits/cases/{automatic.pk}/")
    assert "No case has this id" in client.get("/audits/cases/?id=nothing").content.decode()


def test_oversight_counts_what_happened(
    whole: tuple[Court, Case], ada: Actor, alice: Actor, client_for: Callable[[Actor], Client]
) -> None:
    court, _ = whole
    court.office.bring(1_000)
    officer = client_for(ada)
    document = json.loads(officer.get("/audits/oversight.json").content)
    figures = {(each["key"], each["of"]): each for each in document["figures"]}
    automation = figures["automation", "all decisions"]
    assert (automation["count"], automation["n"]) == (1, 3)
    assert 0 < automation["low"] < automation["value"] < automation["high"] < 1
    override = figures["override", "all judgments that saw the model's answer"]
    assert override["n"] == 2
    reversed_ = figures["appeals_reversed", "answered appeals"]
    assert (reversed_["count"], reversed_["n"]) == (1, 1)
    assert set(document["definitions"]) >= {"automation", "override", "appeals_reversed"}
    page = officer.get("/audits/oversight/").content.decode()
    assert "Decided automatically" in page
    assert "1 of 3" in page
    lines = officer.get("/audits/oversight.csv?type=loan").content.decode().splitlines()
    assert lines[0].startswith("key,figure,of,count,n,value,low,high")
    assert len(lines) > 5
    empty = json.loads(officer.get("/audits/oversight.json?until=2020-01-01").content)
    assert {each["n"] for each in empty["figures"]} == {0}
    assert {each["value"] for each in empty["figures"]} == {None}
    assert officer.get("/audits/oversight/?since=never").status_code == 400
    assert client_for(alice).get("/audits/oversight/").status_code == 403


def test_held_then_approved_is_no_automation(
    office: Office, crown: Any, ada: Actor, client_for: Callable[[Actor], Client]
) -> None:
    """Whoever had seen the case before the model's decision makes it manual, whatever the decision says of itself."""
    crown()
    office.activate()
    (case,) = office.bring(1_000)
    officer = client_for(ada)

    def automatic() -> int:
        figures = json.loads(officer.get("/audits/oversight.json").content)["figures"]
        found: int = next(each["count"] for each in figures if each["key"] == "automation")
        return found

    assert automatic() == 1
    office.bring(10_000)
    seat = office.claim(office.people["alice"])
    with office.scope(), connection.cursor() as cursor:
        cursor.execute("update reviews_panel set case_id = %s where id = %s", [case.pk, seat.panel_id])
        cursor.execute(
            "update reviews_seat set case_id = %s, claimed_at = now() - interval '1 day', first_viewed_at = null"
            " where id = %s",
            [case.pk, seat.pk],
        )
    assert automatic() == 0
