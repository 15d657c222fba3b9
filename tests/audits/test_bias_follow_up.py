"""What follows an audit: findings, the audit before, audits that come round, ratios that are watched."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from audits.models import BiasAudit, BiasMonitor, BiasSchedule, Finding
from audits.rhythms import next_run, period_before
from audits.services.bias import request_bias_audit
from audits.services.bias_findings import act_on_finding, assign_finding, close_finding, reopen_finding
from audits.services.bias_watch import end_bias_schedule, end_watch, schedule_bias_audits, watch_ratio
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hitl_platform.notices.models import Notice
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.audits.test_bias_audits import KINDS, events, run
from tests.audits.worlds import ASKED, World, make_world
from tests.cast import Cast

SCHEDULED = {name: value for name, value in ASKED.items() if name != "period"}


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast, cases=300, reviewing=0.5)


@pytest.fixture
def few(cast: Cast) -> World:
    return make_world(cast, cases=24)


@pytest.fixture
def officer(client_for: Callable[[Actor], Client], ada: Actor) -> Client:
    return client_for(ada)


def first_finding(audit: BiasAudit) -> Finding:
    with tenant_scope(audit.tenant_id):
        return Finding.objects.filter(audit=audit).order_by("number")[0]


def test_a_finding_is_given_acted_on_retested_and_closed(world: World, officer: Client, ada: Actor, cast: Cast) -> None:
    audit = run(request_bias_audit(actor=ada, asked=ASKED))
    page = f"/audits/findings/{first_finding(audit).pk}/"
    owner, due = str(cast.people["mona"].id), str(timezone.localdate() + timedelta(days=30))
    assert officer.post(f"{page}assign", {"owner_id": owner, "due_on": "2020-01-01"}).status_code == 400
    assert "Mona" in officer.post(f"{page}assign", {"owner_id": owner, "due_on": due}, follow=True).content.decode()
    officer.post(f"{page}act", {"action": "The guide names what counts."})
    later = run(request_bias_audit(actor=ada, asked=ASKED))
    closed = officer.post(f"{page}close", {"conclusion": "It is gone.", "retest_id": str(later.pk)}, follow=True)
    for words in ("The guide names what counts.", "It is gone.", str(later.pk)):
        assert words in closed.content.decode()
    assert officer.post(f"{page}act", {"action": "More."}).status_code == 409
    assert "Open" in officer.post(f"{page}reopen", follow=True).content.decode()
    verbs = ["finding.assigned", "finding.acted", "finding.closed", "finding.reopened"]
    assert events(first_finding(audit)) == verbs
    with tenant_scope(audit.tenant_id):
        notice = Notice.objects.get(recipient_id=cast.people["mona"].id)
    # a notice goes by mail, and names no group
    assert "female" not in notice.subject + notice.text


def test_who_may_not_follow_a_finding_up(world: World, ada: Actor, mona: Actor, cast: Cast) -> None:
    audit = run(request_bias_audit(actor=ada, asked=ASKED))
    finding = first_finding(audit)
    with pytest.raises(NotFound):
        assign_finding(actor=mona, finding_id=finding.pk, owner_id=mona.id, due_on=date(2090, 1, 1))
    with pytest.raises(NotFound):
        reopen_finding(actor=cast.people["gil"], finding_id=finding.pk)
    with pytest.raises(Conflict):
        act_on_finding(actor=ada, finding_id=finding.pk, action="Nobody owns it yet.")
    with pytest.raises(Invalid) as refusal:
        close_finding(actor=ada, finding_id=finding.pk, conclusion="It is itself.", retest_id=audit.pk)
    assert set(refusal.value.fields) == {"retest_id"}


def test_an_audit_is_compared_with_the_one_before(world: World, officer: Client, ada: Actor) -> None:
    first = run(request_bias_audit(actor=ada, asked=ASKED))
    assert first.previous_id is None
    assert officer.get(f"/audits/{first.pk}/compare/").status_code == 404
    second = run(request_bias_audit(actor=ada, asked=ASKED))
    assert second.previous_id == first.pk
    page = officer.get(f"/audits/{second.pk}/compare/").content.decode()
    number = len(json.loads(second.report)["findings"])
    assert f"Still there ({number})" in page
    assert "New (0)" in page


def test_a_schedule_asks_for_each_period_that_is_over(few: World, officer: Client, ada: Actor, mona: Actor) -> None:
    with pytest.raises(Forbidden):
        schedule_bias_audits(actor=mona, asked=SCHEDULED | {"every": "month"})
    schedule = schedule_bias_audits(actor=ada, asked=SCHEDULED | {"every": "month", "title": "Monthly"})
    assert "Monthly" in officer.get("/audits/").content.decode()
    drain(ada.tenant_id, kinds=("audit_schedule",))
    with tenant_scope(ada.tenant_id):
        assert not BiasAudit.objects.exists()
        BiasSchedule.objects.filter(pk=schedule.pk).update(next_run_at=datetime(2026, 6, 1, 4, tzinfo=UTC))
        with connection.cursor() as cursor:
            cursor.execute("update pipeline_step set run_at = now() where kind = 'audit_schedule'")
    drain(ada.tenant_id, kinds=("audit_schedule", *KINDS))
    with tenant_scope(ada.tenant_id):
        audit = BiasAudit.objects.get()
        assert BiasSchedule.objects.get().next_run_at > timezone.now()
    assert (audit.state, audit.requested_by, audit.run_by) == ("finished", None, [ada.id])
    assert audit.definition["period"]["from"][:10] == "2026-05-01"
    end_bias_schedule(actor=ada, schedule_id=schedule.pk)
    with pytest.raises(Conflict):
        end_bias_schedule(actor=ada, schedule_id=schedule.pk)


@pytest.mark.parametrize(
    ("every", "day", "period"),
    [
        ("month", "2026-03-01", ("2026-02-01", "2026-03-01")),
        ("month", "2026-01-15", ("2025-12-01", "2026-01-01")),
        ("quarter", "2026-05-20", ("2026-01-01", "2026-04-01")),
        ("week", "2026-11-22", ("2026-11-09", "2026-11-16")),
    ],
)
def test_periods_are_whole(every: str, day: str, period: tuple[str, str]) -> None:
    found = period_before(every, day=date.fromisoformat(day))
    assert (found["from"][:10], found["to"][:10]) == period
    run_at = next_run(every, after=datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    assert period_before(every, day=run_at.date())["from"] == found["to"]


def test_a_ratio_that_leaves_its_band_is_told_once(world: World, ada: Actor, olga: Actor, officer: Client) -> None:
    fields: dict[str, Any] = {"case_type_key": "loan", "decider": "final decision", "attribute": "sex"}
    monitor = watch_ratio(actor=ada, name="Women and men", at_least=950, **fields)
    quiet = watch_ratio(actor=ada, name="Hardly", at_least=1, **fields)
    for _ in range(2):
        audit = run(request_bias_audit(actor=ada, asked=ASKED))
    with tenant_scope(ada.tenant_id):
        told = Notice.objects.filter(recipient_id=olga.id, subject="A watched ratio has left its band")
        assert told.count() == 1
        assert "female" not in told[0].text
        assert [BiasMonitor.objects.get(pk=each.pk).is_outside for each in (monitor, quiet)] == [True, False]
        assert BiasMonitor.objects.get(pk=monitor.pk).last_audit_id == audit.pk
    assert events(monitor) == ["bias_monitor.created", "bias_monitor.left_band"]
    assert "Left its band" in officer.get("/audits/").content.decode()
    officer.post(f"/audits/ratios/{monitor.pk}/end")
    assert "Left its band" not in officer.get("/audits/").content.decode()
    with pytest.raises(Conflict):
        end_watch(actor=ada, monitor_id=monitor.pk)


def test_forms_of_schedules_and_ratios(few: World, officer: Client, client_for: Any, mona: Actor) -> None:
    schedule = {
        "every": "quarter", "attributes": ["sex"], "favourable": ["approve"], "unfavourable": ["decline"],
        "truth": "none", "reference": "largest", "minimum_cell": "5", "title": "Each quarter of loans",
    }  # fmt: skip
    watch = {"name": "Sexes", "decider": "AI alone", "attribute": "sex", "at_least": "0.85"}
    for address, body, told in (("schedules", schedule, "Each quarter of loans"), ("ratios", watch, "Sexes")):
        assert officer.get(f"/audits/{address}/new/").status_code == 200
        assert officer.get(f"/audits/{address}/new/?type=loan").status_code == 200
        assert officer.post(f"/audits/{address}/new/?type=loan", {}).status_code == 400
        assert told in officer.post(f"/audits/{address}/new/?type=loan", body, follow=True).content.decode()
        assert client_for(mona).get(f"/audits/{address}/new/").status_code == 403
    with tenant_scope(mona.tenant_id):
        assert BiasMonitor.objects.get().at_least == 850
