"""Terms of cases: by their data, in working time, told once, and standing still while nobody can go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from reviews.models import PanelPause, PauseCause, ServiceLevel
from reviews.services import claim_next, hold_seat, release_seat, resume_seat
from reviews.services.calendars import create_calendar
from reviews.services.service_levels import create_service_level
from reviews.services.snoozes import snooze_panel, wake_panel
from tests.reviews.conftest import Office, code_of
from tests.reviews.escalating import FRIDAY, TUESDAY, Watch, hours, watched


@pytest.fixture
def watch(office: Office, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return watched(office, monkeypatch)


def test_a_term_is_counted_in_office_hours_and_the_first_rule_that_holds_gives_it(watch: Watch) -> None:
    watch.level(rules=[
        {"name": "large", "when": "case.amount > 5000.0", "within": "2h"},
        {"name": "larger", "when": "case.amount > 9000.0", "within": "1h"},
    ])  # fmt: skip
    small, large = watch.office.bring(1_000, 9_500)
    assert watch.clock(small).due_at == TUESDAY + hours(14)
    assert watch.clock(small).at_risk_at == TUESDAY + hours(10)
    assert (watch.clock(large).due_at, watch.clock(large).rule) == (FRIDAY + hours(2), "large")
    assert watch.clock(large).because == ["amount 9500 is 4500 above 5000"]
    assert {seat.due_at for seat in watch.office.seats(large)} == {FRIDAY + hours(2)}


def test_a_due_date_of_its_own_wins_where_it_is_earlier(watch: Watch) -> None:
    watch.level()
    (early,) = watch.office.bring(due_at="2031-01-07T09:00:00Z")
    (late,) = watch.office.bring(due_at="2031-02-07T09:00:00Z")
    assert watch.clock(early).due_at == TUESDAY + hours(9)
    assert watch.clock(late).due_at == TUESDAY + hours(14)


def test_without_a_level_its_own_due_date_is_the_term_and_without_either_there_is_none(watch: Watch) -> None:
    (own,) = watch.office.bring(due_at="2031-01-04T14:00:00Z")
    (none,) = watch.office.bring()
    assert watch.clock(own).at_risk_at == FRIDAY + hours(18)
    assert [seat.due_at for seat in watch.office.seats(none)] == [None]
    watch.go_to(FRIDAY + timedelta(days=2))
    assert len(watch.office.events("case.sla_breached")) == 1


def test_a_changed_level_leaves_old_cases_as_they_are(watch: Watch) -> None:
    watch.level()
    (old,) = watch.office.bring()
    before = watch.clock(old).due_at
    create_service_level(
        actor=watch.office.manager, key="loans", name="Loans", case_type_key="loan", definition={"within": "1h"}
    )
    (new,) = watch.office.bring()
    assert watch.clock(old).due_at == before
    assert watch.clock(new).due_at == FRIDAY + hours(1)
    create_service_level(
        actor=watch.office.manager, key="loans", name="Loans", case_type_key="loan", definition={"within": "1h"},
        enabled=False,
    )  # fmt: skip
    (newest,) = watch.office.bring()
    assert [seat.due_at for seat in watch.office.seats(newest)] == [None]


def test_risk_and_breach_are_told_once_by_one_step_for_all_of_a_minute(watch: Watch, alice: Actor) -> None:
    watch.level()
    cases = watch.office.bring(*[1_000] * 5)
    seat = watch.office.claim(alice)
    assert watch.go_to(TUESDAY + hours(9), "sla") == 0
    assert watch.go_to(TUESDAY + hours(11), "sla") == 1
    assert {event.case_id for event in watch.office.events("case.sla_at_risk")} == {case.pk for case in cases}
    assert watch.go_to(TUESDAY + hours(20), "sla") == 1
    assert len(watch.office.events("case.sla_at_risk")) == len(watch.office.events("case.sla_breached")) == 5
    told = watch.notices("alice")
    assert [notice.kind for notice in told] == ["sla_at_risk", "sla_breached"]
    assert told[0].path == f"/seats/{seat.pk}/"
    assert [notice.subject for notice in watch.notices("mona")] == ["5 cases overdue in Loans"]
    watch.go_to(TUESDAY + timedelta(days=30), "sla")
    assert len(watch.office.events("case.sla_breached")) == 5


def test_what_is_decided_in_time_is_never_told(watch: Watch, alice: Actor) -> None:
    watch.level()
    (case,) = watch.office.bring()
    watch.office.judge(alice)
    watch.office.drain()
    watch.go_to(TUESDAY + timedelta(days=3))
    assert watch.office.events("case.sla_at_risk") == watch.office.events("case.sla_breached") == []
    assert watch.clock(case).stopped_at is not None


def test_hold_stops_the_clock_and_a_night_on_hold_is_no_working_time(watch: Watch, alice: Actor) -> None:
    watch.level()
    (case,) = watch.office.bring()
    seat = watch.office.claim(alice)
    watch.now = FRIDAY + hours(1)
    hold_seat(actor=alice, seat_id=seat.pk)
    watch.go_to(TUESDAY + hours(9))
    resume_seat(actor=alice, seat_id=seat.pk)
    # an hour of work on Friday, one on Tuesday
    assert watch.clock(case).due_at == TUESDAY + hours(16)
    assert watch.clock(case).paused_seconds == 2 * 3_600
    assert watch.office.seat(seat).due_at == watch.clock(case).due_at
    watch.go_to(TUESDAY + hours(14.5))
    assert watch.office.events("case.sla_breached") == []
    watch.go_to(TUESDAY + hours(16.1))
    assert len(watch.office.events("case.sla_breached")) == 1


def test_a_held_seat_that_is_given_back_lets_the_clock_go_on(watch: Watch, alice: Actor) -> None:
    watch.level()
    (case,) = watch.office.bring()
    seat = watch.office.claim(alice)
    hold_seat(actor=alice, seat_id=seat.pk)
    watch.now = FRIDAY + hours(1)
    release_seat(actor=alice, seat_id=seat.pk)
    assert watch.clock(case).paused_at is None
    assert watch.clock(case).due_at == TUESDAY + hours(15)


def test_a_sleeping_panel_is_nobodys_until_it_wakes(watch: Watch, mona: Actor, alice: Actor) -> None:
    watch.level()
    (case,) = watch.office.bring()
    panel = watch.office.panel(case)
    until = TUESDAY + hours(12)
    snooze_panel(actor=mona, panel_id=panel.pk, until=until, cause=PauseCause.WAITING, why="the applicant's papers")
    assert claim_next(actor=alice, queue_key="loans") is None
    with pytest.raises(Conflict) as refusal:
        snooze_panel(actor=mona, panel_id=panel.pk, until=until, cause=PauseCause.WAITING)
    assert code_of(refusal) == "panel_sleeps"
    watch.go_to(until + hours(0.1))
    assert watch.clock(case).paused_at is None
    # from Friday 15:00 to 17:00 and on Tuesday from 9:00 to 13:00 in Berlin the clock stood still
    assert watch.clock(case).due_at == datetime(2031, 1, 8, 12, tzinfo=UTC)
    assert watch.office.claim(alice).panel_id == panel.pk
    assert [event.verb for event in watch.office.events("panel.resumed")] == ["panel.resumed"]
    assert "papers" not in str(watch.office.events("panel.paused")[0].body)


def test_pauses_that_overlap_count_once(watch: Watch, mona: Actor, alice: Actor) -> None:
    watch.level()
    (case,) = watch.office.bring()
    seat = watch.office.claim(alice)
    hold_seat(actor=alice, seat_id=seat.pk)
    watch.now = FRIDAY + hours(0.5)
    snooze_panel(actor=mona, panel_id=seat.panel_id, until=TUESDAY + hours(20))
    watch.now = FRIDAY + hours(1)
    resume_seat(actor=alice, seat_id=seat.pk)
    assert watch.clock(case).paused_at == FRIDAY
    watch.now = FRIDAY + hours(1.5)
    wake_panel(actor=mona, panel_id=seat.panel_id)
    assert watch.clock(case).due_at == TUESDAY + hours(15.5)
    with watch.office.scope():
        assert PanelPause.objects.filter(ended_at__isnull=True).count() == 0


def test_who_may_put_a_panel_to_sleep(watch: Watch, bob: Actor, mona: Actor, gil: Actor) -> None:
    (case,) = watch.office.bring()
    panel = watch.office.panel(case)
    for actor, refusal in ((bob, Forbidden), (gil, NotFound)):
        with pytest.raises(refusal):
            snooze_panel(actor=actor, panel_id=panel.pk, until=FRIDAY + hours(1))
    for until in (FRIDAY, FRIDAY + timedelta(days=91)):
        with pytest.raises(Invalid):
            snooze_panel(actor=mona, panel_id=panel.pk, until=until)
    with pytest.raises(Conflict) as refusal:
        wake_panel(actor=mona, panel_id=panel.pk)
    assert code_of(refusal) == "panel_awake"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("key", {"key": "no spaces"}),
        ("calendar_key", {"calendar_key": "none"}),
        ("definition.within", {"definition": {"within": "soon"}}),
        ("definition.within", {"definition": {"within": "0h"}}),
        ("definition.at_risk", {"definition": {"within": "1d", "at_risk": 1}}),
        ("definition.grace", {"definition": {"within": "1d", "grace": 1}}),
        ("definition.rules[0].when", {"definition": {
            "within": "1d", "rules": [{"name": "a", "when": "case.colour == 'red'", "within": "1h"}]}}),
        ("definition.rules[0].within", {"definition": {
            "within": "1d", "rules": [{"name": "a", "when": "case.amount > 1.0", "within": ""}]}}),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_level_is_said_by_place(
    office: Office, mona: Actor, field: str, changes: dict[str, Any]
) -> None:
    good = {"key": "loans", "name": "Loans", "case_type_key": "loan", "definition": {"within": "1d"}}
    with pytest.raises(Invalid) as refusal:
        create_service_level(actor=mona, **(good | changes))
    assert list(refusal.value.fields) == [field]


def test_one_level_for_the_same_cases_and_managers_alone_make_it(office: Office, mona: Actor, alice: Actor) -> None:
    good: dict[str, Any] = {"name": "Loans", "case_type_key": "loan", "definition": {"within": "1d"}}
    with pytest.raises(Forbidden):
        create_service_level(actor=alice, key="one", **good)
    create_service_level(actor=mona, key="one", **good)
    with pytest.raises(Conflict):
        create_service_level(actor=mona, key="two", **good)
    create_service_level(actor=mona, key="two", queue_key="loans", **good)
    with office.scope():
        assert ServiceLevel.objects.count() == 2
    assert [event.body["key"] for event in office.events("service_level.created")] == ["one", "two"]


def test_a_calendar_is_versioned_and_checked(office: Office, mona: Actor, alice: Actor) -> None:
    good: dict[str, Any] = {"key": "week", "name": "Week", "zone": "UTC", "hours": {"mon": ["09:00-17:00"]}}
    assert create_calendar(actor=mona, **good).version == 1
    assert create_calendar(actor=mona, **good).version == 2
    with pytest.raises(Forbidden):
        create_calendar(actor=alice, **good)
    with pytest.raises(Invalid) as refusal:
        create_calendar(actor=mona, **(good | {"zone": "Moon", "key": ""}))
    assert set(refusal.value.fields) == {"zone", "key"}
