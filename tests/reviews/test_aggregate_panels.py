"""The consensus step: judgments become a decision, or a dispute that an adjudicator settles."""

from typing import Any

import numpy as np
import pytest

from cases.models import Case
from hitl_platform.tenants.actor import Actor
from reviews import confusions
from reviews.consensus import aggregate
from reviews.models import Consensus, Judgment, SeatDraft
from reviews.services import save_draft
from tests.reviews.conftest import Office


def consensuses(office: Office, case: Case) -> dict[str, Consensus]:
    with office.scope():
        return {row.method: row for row in Consensus.objects.filter(panel__case=case)}


def vote(office: Office, votes: dict[str, str]) -> None:
    """Let people judge the next case, each with a label."""
    for name, label in votes.items():
        office.judge(office.people[name], label)


class TestMajority:
    def test_settles_when_the_last_seat_is_submitted(self, open_office: Any) -> None:
        office = open_office(seats=3)
        (case,) = office.bring()
        vote(office, {"alice": "approve", "bob": "decline"})
        office.drain("consensus")
        assert office.panel(case).state == "open"
        vote(office, {"carol": "approve"})
        office.drain("consensus")
        decision, panel = office.decision(case), office.panel(case)
        assert decision is not None
        assert (decision.label, decision.made_by, decision.panel_id) == ("approve", "panel", panel.pk)
        assert decision.confidence == pytest.approx(2 / 3)
        assert (panel.state, office.case(case).state) == ("settled", "decided")
        assert panel.settled_at is not None

    def test_keeps_both_methods_and_flags_the_chosen_one(self, open_office: Any) -> None:
        office = open_office(seats=3)
        (case,) = office.bring()
        vote(office, {"alice": "approve", "bob": "decline", "carol": "approve"})
        office.drain("consensus")
        rows, decision = consensuses(office, case), office.decision(case)
        assert set(rows) == {"majority", "dawid_skene"}
        assert [rows["majority"].chosen, rows["dawid_skene"].chosen] == [True, False]
        assert decision is not None
        assert decision.consensus_id == rows["majority"].pk
        assert rows["majority"].posterior == {"approve": pytest.approx(2 / 3), "decline": pytest.approx(1 / 3)}
        assert rows["majority"].agreement == pytest.approx(1 / 3)
        assert (rows["majority"].votes, rows["dawid_skene"].history) == (3, 3)
        assert sum(rows["dawid_skene"].posterior.values()) == pytest.approx(1)

    def test_one_seat_is_the_panels_word(self, office: Office) -> None:
        (case,) = office.bring()
        vote(office, {"alice": "decline"})
        office.drain("consensus")
        decision = office.decision(case)
        assert decision is not None
        assert (decision.label, decision.confidence) == ("decline", 1.0)

    def test_reasons_of_the_winning_label_go_with_the_decision(self, open_office: Any) -> None:
        office = open_office(seats=3)
        (case,) = office.bring()
        office.judge(office.people["alice"], "decline", reason_codes=["history"])
        office.judge(office.people["bob"], "decline", reason_codes=["income", "history"])
        office.judge(office.people["carol"], "approve", reason_codes=["income"])
        office.drain("consensus")
        decision = office.decision(case)
        assert decision is not None
        assert decision.reason_codes == ["history", "income"]

    def test_settling_drops_drafts(self, office: Office, alice: Actor) -> None:
        office.bring()
        seat = office.claim(alice)
        save_draft(actor=alice, seat_id=seat.pk, body={"label": "approve"})
        office.submit_to(seat, alice)
        office.drain("consensus")
        with office.scope():
            assert not SeatDraft.objects.exists()

    def test_the_ledger_tells_of_panel_and_decision(self, open_office: Any) -> None:
        office = open_office(seats=3)
        (case,) = office.bring()
        vote(office, {"alice": "approve", "bob": "approve", "carol": "decline"})
        office.drain("consensus")
        (settled,), (decided,) = office.events("panel.settled"), office.events("case.decided")
        assert settled.case_id == case.pk
        assert settled.body["majority"] == {"label": "approve", "confidence": "0.666667", "votes": 3}
        assert decided.body["items"][str(case.pk)]["made_by"] == "panel"
        assert decided.pk in office.case(case).event_ids


class TestDispute:
    @pytest.fixture
    def office(self, open_office: Any) -> Office:
        made: Office = open_office(seats=2)
        return made

    def test_a_tie_goes_to_an_adjudicator_who_settles(self, office: Office, sam: Actor) -> None:
        (case,) = office.bring(due_at="2031-01-01T00:00:00Z")
        vote(office, {"alice": "approve", "bob": "decline"})
        office.drain("consensus")
        assert office.panel(case).state == "disputed"
        assert office.decision(case) is None
        seat = office.seats(case)[-1]
        assert (seat.kind, seat.state, seat.due_at) == ("adjudicator", "open", office.case(case).due_at)
        office.judge(sam, "decline", reason_codes=["history"])
        office.drain("consensus")
        decision = office.decision(case)
        assert decision is not None
        assert (decision.label, decision.made_by, decision.reason_codes) == ("decline", "adjudicator", ["history"])
        assert decision.confidence is None
        assert office.panel(case).state == "settled"
        assert [event.body["because"] for event in office.events("panel.disputed")] == ["tie"]

    def test_what_adjudicators_say_is_no_vote(self, office: Office, sam: Actor) -> None:
        (case,) = office.bring()
        vote(office, {"alice": "approve", "bob": "decline"})
        office.drain("consensus")
        office.judge(sam, "decline")
        office.drain("consensus")
        with office.scope():
            fit = confusions.fit_for(office.panel(case).case_type_id, labels=["approve", "decline"], reviewers=[])
        assert fit.judgments == 2


class TestUnanimous:
    @pytest.fixture
    def office(self, open_office: Any) -> Office:
        made: Office = open_office(seats=3, mode="unanimous")
        return made

    def test_all_agree(self, office: Office) -> None:
        (case,) = office.bring()
        vote(office, {"alice": "decline", "bob": "decline", "carol": "decline"})
        office.drain("consensus")
        decision = office.decision(case)
        assert decision is not None
        assert decision.label == "decline"

    def test_one_differs(self, office: Office) -> None:
        (case,) = office.bring()
        vote(office, {"alice": "approve", "bob": "approve", "carol": "decline"})
        office.drain("consensus")
        assert office.panel(case).state == "disputed"
        assert [event.body["because"] for event in office.events("panel.disputed")] == ["not_unanimous"]


class TestDawidSkene:
    def test_the_policy_chooses_and_good_reviewers_outvote_bad_ones(self, open_office: Any) -> None:
        office = open_office(seats=3)
        office.activate(consensus="dawid_skene")
        cases = office.bring(*range(1, 27))
        # alice is always right; bob and carol guess, in turns, and are wrong together on the last case alone
        truth = ["approve" if number // 2 % 2 else "decline" for number in range(26)]
        other = {"approve": "decline", "decline": "approve"}
        for number, right in enumerate(truth):
            last = number == 25
            votes = {
                "alice": right,
                "bob": other[right] if last or number % 2 == 0 else right,
                "carol": other[right] if last or number % 2 == 1 else right,
            }
            vote(office, votes)
        office.drain("consensus")
        rows, decision = consensuses(office, cases[-1]), office.decision(cases[-1])
        assert rows["majority"].label == other[truth[-1]]
        assert rows["dawid_skene"].label == truth[-1]
        assert rows["dawid_skene"].chosen
        assert decision is not None
        assert decision.label == truth[-1]
        assert decision.consensus_id == rows["dawid_skene"].pk

    def test_is_the_packages_own_answer(self, open_office: Any) -> None:
        office = open_office(seats=3)
        office.bring(1, 2)
        vote(office, {"alice": "approve", "bob": "decline", "carol": "approve"})
        vote(office, {"alice": "decline", "bob": "decline", "carol": "decline"})
        office.drain("consensus")
        with office.scope():
            judgments = list(Judgment.objects.values_list("panel_id", "reviewer_id", "label").order_by("panel_id"))
            stored = [
                row.posterior["approve"] for row in Consensus.objects.filter(method="dawid_skene").order_by("panel_id")
            ]
        panels, people = (sorted({row[at] for row in judgments}) for at in (0, 1))
        found = aggregate(
            np.array([panels.index(row[0]) for row in judgments]),
            np.array([people.index(row[1]) for row in judgments]),
            np.array([["approve", "decline"].index(row[2]) for row in judgments]),
            n_tasks=2, n_workers=3, n_labels=2, method="dawid_skene",
        )  # fmt: skip
        np.testing.assert_allclose(stored, found.posteriors[:, 0], atol=1e-6)

    def test_low_confidence_goes_to_an_adjudicator_where_the_policy_says_so(self, open_office: Any) -> None:
        office = open_office(seats=3)
        office.activate(consensus="majority", dispute_below=0.7)
        (case,) = office.bring()
        vote(office, {"alice": "approve", "bob": "approve", "carol": "decline"})
        office.drain("consensus")
        assert office.panel(case).state == "disputed"
        assert [event.body["because"] for event in office.events("panel.disputed")] == ["low_confidence"]


def test_a_large_history_is_kept_for_a_while(open_office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    office = open_office(seats=2)
    monkeypatch.setattr(confusions, "SMALL_HISTORY", 2)
    (case,) = office.bring()
    vote(office, {"alice": "approve", "bob": "approve"})
    office.drain("consensus")
    case_type_id = office.panel(case).case_type_id
    labels = ["approve", "decline"]
    with office.scope():
        kept = confusions.fit_for(case_type_id, labels=labels, reviewers=[])
        assert confusions.fit_for(case_type_id, labels=labels, reviewers=[]) is kept
        # somebody new is not in it
        stranger = office.people["dave"].id
        assert confusions.fit_for(case_type_id, labels=labels, reviewers=[stranger]) is not kept


def test_many_panels_cost_a_fixed_number_of_statements_but_their_events(
    office: Office, django_assert_max_num_queries: Any
) -> None:
    office.bring(*range(1, 31))
    for _ in range(30):
        office.judge(office.people["alice"])
    with django_assert_max_num_queries(60):
        office.drain("consensus")
    with office.scope():
        assert Case.objects.filter(state="decided").count() == 30
