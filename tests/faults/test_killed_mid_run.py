"""Worker, broker and database are killed while steps are leased: nothing is lost, nothing is decided twice."""

import itertools
import shutil
import time
from collections import Counter

import pytest

from hitl_platform.embedded import programs
from hitl_platform.embedded.lodging import temporary_home
from hitl_platform.pipeline import doorbell
from tests import cast as the_cast
from tests.faults.rig import LIVE, Rig, running_rig, wait_for
from tests.faults.story import Crowd, furnish

pytestmark = pytest.mark.slow

FAILED = pytest.StashKey[bool]()
TARGETS = ("worker", "postgres", "child", "valkey")
SHORT, FULL = (1_000, 8), (5_000, 20)

ONE_DECISION = "select count(*), count(distinct case_id), count(*) filter (where sequence > 1) from cases_decision"
UNDECIDED = "select count(*) from cases_case where state <> 'decided'"
WITHOUT_EVENT = """
select count(*) from cases_decision d left join ledger_auditevent e on e.id = d.event_id
where e.id is null or not coalesce(e.case_id = d.case_id, jsonb_exists(e.body -> 'items', d.case_id::text))
"""
ROUTED = "select count(*), count(distinct case_id) from reviews_routingrecord"
UNSEALED = (
    "select count(*) from ledger_auditevent e where not exists (select from ledger_auditleaf l where l.event_id = e.id)"
)


@pytest.fixture
def rig(request, django_db_blocker, monkeypatch):
    home = temporary_home("hitl-faults-")
    try:
        with django_db_blocker.unblock(), running_rig(home) as running:
            monkeypatch.setattr("hitl_platform.celery.app.conf.broker_url", running.servers.valkey.url())
            the_cast.build()
            yield running
            if request.node.stash.get(FAILED, True):
                print(running.story())
    finally:
        doorbell.circuit.succeeded()
        shutil.rmtree(home, ignore_errors=True)


def test_nothing_is_lost_and_nothing_decided_twice(rig: Rig, request: pytest.FixtureRequest, capsys):
    cases, kills = FULL if request.config.getoption("--full", default=False) else SHORT
    crowd = Crowd(the_cast.load())
    furnish(crowd.cast)
    rig.start_worker()
    for name, command in (("sweep", "sweep"), ("sweep-2", "sweep"), ("seal", "seal")):
        rig.start(name, programs.django(command))
    started = time.monotonic()
    landed: Counter[str] = Counter()
    missed = 0
    targets = itertools.cycle(TARGETS)
    portion = cases // kills
    while landed.total() < kills:
        crowd.submit(min(portion, cases - crowd.submitted) or 0)
        crowd.judge(8)
        target = next(targets)
        if crowd.submitted >= cases and not rig.ask(UNDECIDED)[0][0]:
            break
        if rig.strike(target):
            landed[target] += 1
        else:
            missed += 1
    crowd.submit(cases - crowd.submitted)
    settle(rig, crowd)
    with capsys.disabled():
        blows = ", ".join(f"{count} {target}" for target, count in sorted(landed.items()))
        print(
            f"\nfaults: {cases} cases, {landed.total()} kills landed while steps were leased ({blows}), "
            f"{missed} missed, {crowd.judged} judgments, {time.monotonic() - started:.0f} s"
        )
    assert landed.total() >= kills
    check(rig, cases)
    request.node.stash[FAILED] = False


def settle(rig: Rig, crowd: Crowd) -> None:
    """Let everything come to its end, people at work, nobody killed any more."""

    undecided = rig.ask(UNDECIDED)[0][0]
    while undecided:

        def fewer_are_left(before: object = undecided) -> bool:
            crowd.judge(20)
            return rig.ask(UNDECIDED)[0][0] != before

        # a slow machine may take its time; one that stands still has lost something
        wait_for(fewer_are_left, seconds=120, what=f"one of {undecided} undecided cases to be decided", every=0.2)
        undecided = rig.ask(UNDECIDED)[0][0]
    wait_for(lambda: not rig.ask(LIVE), seconds=60, what="the last step to be done", every=0.2)
    wait_for(lambda: rig.ask(UNSEALED)[0][0] == 0, seconds=60, what="the ledger to be sealed", every=0.2)


def check(rig: Rig, cases: int) -> None:
    """Each case was decided once, by one route, with an event that says so, and the ledger proves it."""
    assert rig.ask("select count(*), count(distinct external_id) from cases_case") == [(cases, cases)]
    assert rig.ask(ONE_DECISION) == [(cases, cases, 0)]
    assert rig.ask(WITHOUT_EVENT) == [(0,)]
    assert rig.ask(ROUTED) == [(cases, cases)]
    for name in ("sweep", "sweep-2", "seal"):
        assert rig.children[name].poll() is None, f"{name} did not survive; see its log"
    for slug in the_cast.ROLES:
        assert "verified" in rig.manage("verify_ledger", "--tenant", slug)
