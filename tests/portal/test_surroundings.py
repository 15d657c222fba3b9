"""What surrounds a case: the history of its subject and cases like it, and nothing of what a model decided."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cases.models import Case, Decision
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.scope import tenant_scope
from reviews import similar
from tests.cast import Cast
from tests.portal.reading import read
from tests.portal.scene import Desk, open_desk
from tests.portal.test_case_page import send, take

Browser = Callable[[str], Client]
SUBJECT = "applicant-77"


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    similar._kept.clear()


@pytest.fixture
def decided(browser_of: Browser, cast: Cast) -> Desk:
    """Two cases of one subject, the first of them decided by a person; similar cases are shown."""
    return decided_desk(browser_of, cast, advice="hidden", template={"shows_similar": True})


def decided_desk(browser_of: Browser, cast: Cast, **given: object) -> Desk:
    desk = open_desk(cast, cases=0, undo_seconds=0, **given)  # type: ignore[arg-type]  # as open_desk takes them
    desk.cases.append(desk.submit(subject=SUBJECT))
    desk.run()
    seat, page = take(browser_of("bob"))
    if page.has_form("/answer"):
        send(browser_of("bob"), seat, verb="answer", label="decline")
    send(browser_of("bob"), seat, label="decline")
    desk.run()
    desk.cases.append(desk.submit(subject=SUBJECT, amount=1300))
    desk.run()
    return desk


def change(desk: Desk, **columns: object) -> None:
    """The first case as it might be."""
    with tenant_scope(desk.cast.tenants["acme"].id):
        Case.objects.filter(pk=desk.cases[0].pk).update(**columns)


def by_model(desk: Desk) -> None:
    """The first case, decided by the model in the end."""
    tenant = desk.cast.tenants["acme"].id
    with tenant_scope(tenant):
        decision = Decision.objects.create(
            tenant_id=tenant, case_id=desk.cases[0].pk, sequence=2, label="decline", made_by="model",
            decided_at=timezone.now(), event_id=uuid7(),
        )  # fmt: skip
    change(desk, decision_id=decision.pk)


def surroundings(client: Client) -> str:
    seat, _ = take(client)
    response = client.get(f"/seats/{seat}/background/")
    assert response.status_code == 200
    return read(response).text


def test_the_subjects_other_cases_and_the_nearest_decided_ones(browser_of: Browser, decided: Desk) -> None:
    text = surroundings(browser_of("alice"))
    before = text[text.index("Other cases of the same subject") : text.index("Similar decided cases")]
    assert "Decline" in before
    assert "1200 DM" in text[text.index("Similar decided cases") :]
    assert "The nearest of 1 decided cases" in text


def test_labels_and_similar_cases_only_where_the_template_shows_them(browser_of: Browser, cast: Cast) -> None:
    decided_desk(browser_of, cast, advice="hidden")
    text = surroundings(browser_of("alice"))
    assert "Similar" not in text.replace("History and similar cases", "")
    assert "Decline" not in text
    assert "decided" in text


def test_nobody_but_the_holder_sees_them(browser_of: Browser, decided: Desk) -> None:
    seat, _ = take(browser_of("alice"))
    for name in ("bob", "mona", "gil"):
        assert browser_of(name).get(f"/seats/{seat}/background/").status_code == 404


def test_cases_of_other_subjects_are_left_out(browser_of: Browser, decided: Desk) -> None:
    change(decided, subject_ref="somebody else")
    assert "None that you may see." in surroundings(browser_of("alice"))


def test_a_reader_never_sees_a_case_of_their_own(browser_of: Browser, decided: Desk, cast: Cast) -> None:
    change(decided, subject_user_id=cast.people["alice"].id)
    text = surroundings(browser_of("alice"))
    assert "None that you may see." in text
    assert "No case like it has been decided yet." in text


class TestBlind:
    @pytest.mark.parametrize("advice", ["hidden", "after_answer"])
    def test_what_a_model_decided_is_not_told(self, browser_of: Browser, cast: Cast, advice: str) -> None:
        desk = decided_desk(browser_of, cast, advice=advice, with_model=True, template={"shows_similar": True})
        by_model(desk)
        text = surroundings(browser_of("alice"))
        assert "Decline" not in text
        assert "No case like it has been decided yet." in text

    def test_after_the_blind_answer_it_is(self, browser_of: Browser, cast: Cast) -> None:
        desk = decided_desk(browser_of, cast, advice="after_answer", with_model=True, template={"shows_similar": True})
        by_model(desk)
        client = browser_of("alice")
        seat, _ = take(client)
        assert "Decline" not in read(client.get(f"/seats/{seat}/background/")).text
        send(client, seat, verb="answer", label="approve")
        assert "Decline" in read(client.get(f"/seats/{seat}/background/")).text

    def test_contributions_come_with_the_advice_and_never_before(self, browser_of: Browser, cast: Cast) -> None:
        open_desk(cast, cases=1, advice="after_answer", with_model=True)
        client = browser_of("alice")
        seat, page = take(client)
        before = page.source + client.get(f"/api/v1/seats/{seat}/").content.decode()
        for hidden in ("What moved it", "movers", "log_odds", "strongly", "slightly"):
            assert hidden not in before, hidden
        after = send(client, seat, verb="answer", label="decline")
        assert "What moved it" in read(after).text
        assert '"log_odds"' in client.get(f"/api/v1/seats/{seat}/").content.decode()


def test_another_tenants_cases_are_never_compared(browser_of: Browser, decided: Desk, cast: Cast) -> None:
    surroundings(browser_of("alice"))
    assert {tenant for tenant, _ in similar._kept} == {cast.tenants["acme"].id}
    with tenant_scope(cast.tenants["globex"].id):
        assert not Case.objects.filter(subject_ref=SUBJECT).exists()


def test_two_queries_more_than_the_seat_and_none_for_more_cases(
    browser_of: Browser, decided: Desk, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of("alice")
    seat, _ = take(client)
    client.get(f"/seats/{seat}/background/")
    with django_assert_max_num_queries(12):
        client.get(f"/seats/{seat}/background/")
