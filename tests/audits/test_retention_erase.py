"""Erasing on request: what the subject's words leave behind, who may, what holds it back, and that proofs hold."""

from pathlib import Path
from typing import Any

import pytest

from audits.services.appeals import answer_appeal
from audits.services.retention_erasure import erase_case, erase_person, erase_subject
from audits.services.retention_holds import lift_hold, place_hold
from cases.models import Case, CaseAttributes, CasePayload, Decision
from cases.services import submit_case, withdraw_case
from hitl_platform.access.services import set_roles
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, User
from hitl_platform.tenants.scope import tenant_scope
from models_registry.models import Prediction
from reviews.models import CaseComment, Judgment
from reviews.services import claim_next
from reviews.services.judge import save_draft
from tests.audits.appealing import open_court
from tests.audits.letting_go import SUBJECT, WORDS, Told, found_in_rows, submission, tell_everything
from tests.portal.scene import CASE_TYPE, QUEUE
from tests.reviews.conftest import Office
from tests.stored import kept_bytes

REASON = "asked for on 12 May"


@pytest.fixture
def told(cast: Any, api: Any, store: Path) -> Told:
    return tell_everything(cast, api)


@pytest.fixture
def told_with_model(cast: Any, api: Any, store: Path) -> Told:
    return tell_everything(cast, api, with_model=True)


class TestEraseSubject:
    def test_nothing_of_it_is_left_and_what_was_decided_stays(
        self, told_with_model: Told, ada: Actor, store: Path
    ) -> None:
        told = told_with_model
        acme, of_it = told.tenant(), {"case_id": told.case.pk}
        before = {name: found_in_rows(acme, word) for name, word in WORDS.items()}
        assert all(before.values()), "the search would not find what is there"
        assert kept_bytes(store)
        with tenant_scope(acme.pk):
            decided = list(Decision.objects.filter(**of_it).values())
            judged = list(Judgment.objects.filter(**of_it).order_by("pk").values_list("label", "judged_at"))
            (prediction,) = Prediction.objects.filter(**of_it)
            assert prediction.contributions
        assert erase_subject(actor=ada, subject_ref=SUBJECT, reason=REASON) == 1
        drain(acme.id)
        # what Alice and Bob said of the other case is no business of this subject's
        its_own = WORDS.keys() - {"rationale", "comment"}
        after = {name: found_in_rows(acme, WORDS[name]) for name in its_own}
        assert not any(after.values()), after
        assert kept_bytes(store) == []
        with tenant_scope(acme.pk):
            assert not Judgment.objects.filter(**of_it).exclude(rationale="", evidence=[]).exists()
            assert not CaseComment.objects.filter(**of_it).exists()
            assert decided == list(Decision.objects.filter(**of_it).values())
            said = Judgment.objects.filter(**of_it).order_by("pk").values_list("label", "judged_at")
            assert judged == list(said)
            (left,) = Prediction.objects.filter(**of_it)
            assert (left.label, left.probabilities) == (prediction.label, prediction.probabilities)
            assert (left.contributions, left.baseline) == (None, None)
        row = told.row()
        assert (row.external_id, row.subject_ref, row.state) == (f"erased-{row.pk}", "", "decided")
        assert row.erased_at is not None

    def test_others_are_left_alone_and_it_is_recorded(self, told: Told, ada: Actor) -> None:
        erase_case(actor=ada, case_id=told.case.pk, reason=REASON)
        row = told.row()
        assert told.row(told.other).erased_at is None
        with tenant_scope(told.tenant().pk):
            assert CasePayload.objects.get(case_id=told.other.pk).payload["statement"] == "harmlesspayload"
            assert CaseAttributes.objects.filter(case_id=told.other.pk).exists()
            assert Judgment.objects.filter(case_id=told.other.pk, rationale=WORDS["rationale"]).count() == 2
            (event,) = AuditEvent.objects.filter(verb="case.erased")
            assert event.body == {"because": "asked", "files": 1, "items": {str(told.case.pk): {}}}
            assert event.actor["id"] == str(ada.id)
            assert [each.value for each in event.personal_values.all()] == [REASON]
            assert AuditEvent.objects.filter(verb="personal.erased").exists()
            assert event.pk in row.event_ids

    def test_the_same_reference_may_come_again(self, told: Told, ada: Actor, integrator: Actor) -> None:
        erase_case(actor=ada, case_id=told.case.pk, reason=REASON)
        body = submission("1", subject=SUBJECT, words=WORDS)
        case, new = submit_case(actor=integrator, case_type_key=CASE_TYPE, submission=body)
        assert new
        assert case.pk != told.case.pk

    def test_a_withdrawn_case_goes_with_its_drafts(self, told: Told, ada: Actor, alice: Actor, mona: Actor) -> None:
        case = told.desk.submit(statement="quokkathird")
        told.desk.run()
        seat = claim_next(actor=alice, queue_key=QUEUE)
        assert seat is not None
        save_draft(actor=alice, seat_id=seat.pk, body={"rationale": "quokkadraft"})
        withdraw_case(actor=mona, case_id=case.pk, reason="quokkareason")
        told.desk.run()
        words = ("quokkathird", "quokkadraft", "quokkareason")
        assert all(found_in_rows(told.tenant(), word) for word in words)
        erase_case(actor=ada, case_id=case.pk, reason=REASON)
        assert not any(found_in_rows(told.tenant(), word) for word in words)

    def test_pages_of_an_erased_case_open(self, told: Told, ada: Actor, api: Any, client_for: Any, mona: Actor) -> None:
        erase_case(actor=ada, case_id=told.case.pk, reason=REASON)
        answer = api.get(f"/api/v1/cases/{told.case.pk}")
        assert answer.status_code == 200
        assert answer.json()["payload"] == {}
        assert answer.json()["erased_at"]
        assert client_for(mona).get(f"/console/cases/case/{told.case.pk}/change/").status_code == 200


class TestRefusals:
    @pytest.mark.parametrize("who", ["alice", "mona", "mel", "olga"])
    def test_only_compliance_officers_erase(self, told: Told, cast: Any, who: str) -> None:
        with pytest.raises((Forbidden, NotFound)):
            erase_case(actor=cast.people[who], case_id=told.case.pk, reason=REASON)

    def test_hides_from_globex(self, told: Told, cast: Any) -> None:
        gus = cast.people["gus"]
        with pytest.raises(NotFound):
            erase_case(actor=gus, case_id=told.case.pk, reason=REASON)

    def test_wants_a_reason(self, told: Told, ada: Actor) -> None:
        with pytest.raises(Invalid) as refusal:
            erase_case(actor=ada, case_id=told.case.pk, reason=" ")
        assert "reason" in refusal.value.fields

    def test_an_open_case_stays_and_with_it_all_of_its_subject(self, told: Told, ada: Actor, integrator: Actor) -> None:
        body = submission("3", subject=SUBJECT, words=WORDS)
        submit_case(actor=integrator, case_type_key=CASE_TYPE, submission=body)
        with pytest.raises(Conflict, match="open still") as refusal:
            erase_subject(actor=ada, subject_ref=SUBJECT, reason=REASON)
        assert refusal.value.code == "kept_back"
        assert told.row().erased_at is None

    def test_a_hold_keeps_it_until_it_is_lifted(self, told: Told, ada: Actor, olga: Actor) -> None:
        hold = place_hold(actor=olga, case_id=told.case.pk, reason="Case 12 O 34/26 at the district court")
        with pytest.raises(Conflict, match="under legal hold"):
            erase_case(actor=ada, case_id=told.case.pk, reason=REASON)
        lift_hold(actor=olga, hold_id=hold.pk, reason="settled")
        erase_case(actor=ada, case_id=told.case.pk, reason=REASON)
        assert found_in_rows(told.tenant(), "district court") == set()

    def test_once_is_enough(self, told: Told, ada: Actor) -> None:
        erase_case(actor=ada, case_id=told.case.pk, reason=REASON)
        with pytest.raises(Conflict, match="erased already"):
            erase_case(actor=ada, case_id=told.case.pk, reason=REASON)


class TestErasePerson:
    def leave(self, cast: Any, name: str) -> User:
        with tenant_scope(cast.tenants["acme"].pk):
            membership = Membership.objects.get(user_id=cast.people[name].id)
        set_roles(actor=cast.people["olga"], membership_id=membership.pk, roles=membership.roles, is_active=False)
        return User.objects.get(pk=cast.people[name].id)

    def test_works(self, told: Told, cast: Any, ada: Actor) -> None:
        user = self.leave(cast, "bob")
        erase_person(actor=ada, user_id=user.pk, reason="left in March, asked in May")
        user.refresh_from_db()
        assert (user.name, user.is_active, user.has_usable_password()) == ("Former member", False, False)
        assert found_in_rows(told.tenant(), "bob@example.org") == set()
        with tenant_scope(told.tenant().pk):
            assert Judgment.objects.filter(reviewer_id=user.pk).count() == 2
            (event,) = AuditEvent.objects.filter(verb="membership.erased")
            assert event.body == {"user": str(user.pk), "account": "erased"}

    def test_not_whoever_is_a_member_still(self, cast: Any, ada: Actor) -> None:
        with pytest.raises(Conflict, match="member still"):
            erase_person(actor=ada, user_id=cast.people["bob"].id, reason=REASON)

    def test_only_compliance_officers(self, cast: Any, olga: Actor) -> None:
        user = self.leave(cast, "bob")
        with pytest.raises(Forbidden):
            erase_person(actor=olga, user_id=user.pk, reason=REASON)

    def test_hides_from_globex(self, cast: Any) -> None:
        self.leave(cast, "bob")
        with pytest.raises(NotFound):
            erase_person(actor=cast.people["gus"], user_id=cast.people["bob"].id, reason=REASON)


def test_a_hold_is_not_placed_on_what_is_gone(told: Told, ada: Actor) -> None:
    erase_case(actor=ada, case_id=told.case.pk, reason=REASON)
    with pytest.raises(Conflict):
        place_hold(actor=ada, case_id=Case(pk=told.case.pk).pk, reason="too late")


class TestAppeals:
    def test_words_of_an_appeal_go_once_it_is_answered(self, office: Office, ada: Actor) -> None:
        court = open_court(office, ada)
        case = court.decided()
        appeal = court.appeal(case, "quokkastatement")
        with pytest.raises(Conflict, match="open still"):
            erase_case(actor=ada, case_id=case.pk, reason=REASON)
        court.hear("decline")
        with pytest.raises(Conflict, match="under appeal"):
            erase_case(actor=ada, case_id=case.pk, reason=REASON)
        answer_appeal(actor=ada, appeal_id=appeal.pk, outcome="upheld", answer="quokkaanswer")
        words = ("quokkastatement", "quokkaanswer")
        assert all(found_in_rows(office.tenant, word) for word in words)
        erase_case(actor=ada, case_id=case.pk, reason=REASON)
        assert not any(found_in_rows(office.tenant, word) for word in words)
        assert court.now(appeal).outcome == "upheld"
        with pytest.raises(Conflict):
            court.appeal(case, "Once more.")
