"""A case that nobody answers, from its term to the fallback, through people's doors; nothing of its content leaks."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from hitl_platform.tenants.actor import Actor
from reviews.models import SeatDraft
from reviews.references import reference_of
from tests.portal.reading import read, seat_of
from tests.reviews import lending
from tests.reviews.conftest import Office
from tests.reviews.escalating import FRIDAY, NOTIFY, TUESDAY, Watch, hours, watched

CANARY = "canary-of-the-applicant"


@pytest.fixture
def watch(office: Office, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return watched(office, monkeypatch)


def test_from_at_risk_over_a_weekend_and_a_holiday_to_the_fallback_and_a_late_answer(
    watch: Watch, alice: Actor, mona: Actor, client_for: Callable[[Actor], Client]
) -> None:
    watch.level()
    watch.rule("sla_at_risk")
    watch.rule("sla_breached", NOTIFY, {"after": "2h", "action": "decide", "label": "decline"}, rewake="2h")
    payload = lending.payload(4_321, note=CANARY)
    (case,) = watch.office.bring(payload=payload, external_id=f"{CANARY}-id", attributes={"sex": f"{CANARY}-sex"})
    reviewer = client_for(alice)
    page = reviewer.post("/queues/loans/next", follow=True)
    seat_id, sent = seat_of(page), read(page).fields_of("/submit") | {"label": "approve", "rationale": CANARY}
    asked = reviewer.post(f"/seats/{seat_id}/ask", {"why": f"{CANARY} asks"}, follow=True)
    assert asked.status_code == 200

    watch.go_to(TUESDAY + hours(12))
    manager = client_for(mona)
    assert "Case" in read(manager.get("/notices/")).text
    assert "soon overdue" in read(manager.get("/notices/?show=new")).text
    watch.go_to(TUESDAY + hours(15))
    fired = next(each for each in watch.escalations(case) if each.trigger == "sla_breached")
    home = read(manager.get("/console/")).text
    assert "nobody looks after" in home
    assert home.count("case overdue") == 1
    assert f"{CANARY}-id" in read(manager.get(reverse("console:cases_case_changelist"), {"overdue": "yes"})).text
    assert "1 due date" in read(manager.get(reverse("console:reviews_slaclock_changelist"))).text
    for name, row in (("escalation", fired), ("panel", watch.office.panel(case)), ("slaclock", watch.clock(case))):
        source = manager.get(reverse(f"console:reviews_{name}_change", args=[row.pk])).content.decode()
        heading = source.split("<title>")[1].split("</title>")[0]
        assert f"{reference_of(case.pk)}, Loans" in heading
        assert str(case.pk) not in heading + str(row)
    address = reverse("console:reviews_escalation_acknowledge", args=[fired.pk])
    assert manager.post(address).status_code == 302
    assert (
        "Acknowledged" in read(manager.get(reverse("console:reviews_escalation_change", args=[fired.pk]))).text.title()
    )
    watch.go_to(TUESDAY + hours(15.9))
    assert watch.office.decision(case) is None
    # acknowledged for two hours, then one rung up: the fallback of the next morning
    watch.go_to(TUESDAY + hours(24 + 15))
    decision = watch.office.decision(case)
    assert decision is not None
    assert (decision.label, decision.made_by) == ("decline", "fallback")

    late = reviewer.post(f"/seats/{seat_id}/submit", sent)
    assert late.status_code == 409
    assert "Nobody answered in time" in read(late).text
    with watch.office.scope():
        assert SeatDraft.objects.get(seat_id=seat_id).body["rationale"] == CANARY
    watch.go_to(FRIDAY.replace(day=20))
    assert len(watch.office.events("escalation.fired")) == 3
    assert len(watch.office.events("case.sla_at_risk")) == len(watch.office.events("case.sla_breached")) == 1
    assert {each.state for each in watch.escalations(case)} == {"done"}
    said = [f"{notice.subject} {notice.text} {notice.path}" for notice in watch.notices()]
    written = [f"{message.subject} {message.body} {message.extra_headers}" for message in mail.outbox]
    assert len(said) > 4
    assert len(written) > 1
    assert [line for line in said + written if "canary" in line.lower() or "4321" in line] == []


def test_pages_of_terms_rules_and_firings_in_the_console(
    watch: Watch, mona: Actor, client_for: Callable[[Actor], Client]
) -> None:
    watch.level()
    watch.rule("sla_at_risk")
    (case,) = watch.office.bring()
    watch.go_to(TUESDAY + hours(12))
    manager = client_for(mona)
    for model in ("calendar", "servicelevel", "escalationrule", "escalation", "slaclock"):
        page = manager.get(reverse(f"console:reviews_{model}_changelist"))
        assert page.status_code == 200, model
        row = page.context["cl"].result_list[0]
        assert manager.get(reverse(f"console:reviews_{model}_change", args=[row.pk])).status_code == 200, model
    for verb in ("calendar_create", "servicelevel_create", "escalationrule_draft"):
        assert manager.get(reverse(f"console:reviews_{verb}")).status_code == 200, verb
    clock = watch.clock(case)
    snooze = reverse("console:reviews_slaclock_snooze", args=[clock.pk])
    assert manager.post(snooze, {"days": 3, "cause": "waiting", "why": ""}).status_code == 302
    assert watch.clock(case).paused_at is not None
    assert manager.post(reverse("console:reviews_slaclock_wake", args=[clock.pk])).status_code == 302
    assert watch.clock(case).paused_at is None
