"""The sealer: one order whatever happens, no fork, nothing left out."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from hitl_platform.ledger.checkpoints import configured_signer
from hitl_platform.ledger.commands import open_command, record
from hitl_platform.ledger.queries import oldest_unsealed_at
from hitl_platform.ledger.sealing import ALIAS, oldest_unsealed, seal_all
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from tests.conftest import Committed
from tests.databases import seal_committed, superuser, wait_for_older_transactions
from tests.ledger.conftest import assert_sealed_right, checkpoints, in_database, sealed

ROOT = Path(__file__).resolve().parents[2]
Write = Callable[..., list[UUID]]


class Killed(BaseException):
    """The sealer's connection is gone in the middle of its work."""


def kill_at(statement: int) -> Callable[..., Any]:
    """An execute wrapper that cuts the connection before the given statement, as kill -9 would."""
    seen = 0

    def cut(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal seen
        seen += 1
        if seen > statement:
            connections[ALIAS].connection.close()
            raise Killed
        return execute(sql, params, many, context)

    return cut


def test_events_are_sealed_in_order_and_signed(
    committed: Committed, acme: Tenant, olga: Actor, gil: Actor, write: Write
) -> None:
    write(olga, 7)
    write(gil, 3)
    write(olga, 2)
    assert seal_committed() >= 12
    assert_sealed_right(acme)
    assert seal_committed() == 0
    before = sealed(acme)
    write(olga)
    assert seal_committed() == 1
    assert sealed(acme)[:-1] == before


def test_the_order_is_that_of_numbers_and_not_of_their_text(
    committed: Committed, acme: Tenant, olga: Actor, write: Write
) -> None:
    # transaction ids of a fresh cluster pass from three digits to four while the suite runs; here they are made to
    write(olga, 3)
    in_database("alter table ledger_auditevent disable trigger append_only")
    in_database(
        "update ledger_auditevent set xid = (('9' || repeat('9', 1))::bigint + row_number)::text::xid8 from"
        " (select id as event, row_number() over (order by xid, id) - 3 as row_number from ledger_auditevent) n"
        " where id = event"
    )
    in_database("alter table ledger_auditevent enable trigger append_only")
    seal_committed(limit=2)
    assert_sealed_right(acme)


@pytest.mark.parametrize("limit", [1, 3])
def test_a_sealer_killed_at_any_statement_leaves_the_same_roots(
    committed: Committed, acme: Tenant, olga: Actor, gil: Actor, write: Write, limit: int
) -> None:
    statement, finished = 0, False
    while not finished:
        write(olga, 2)
        write(gil, 2)
        wait_for_older_transactions()
        with connections[ALIAS].execute_wrapper(kill_at(statement)):
            try:
                seal_all(limit=limit)
                finished = True
            except Killed:
                connections[ALIAS].close()
        statement += 1
    assert statement > 10
    seal_committed()
    assert_sealed_right(acme)


def test_one_round_by_hand_tells_how_many(
    committed: Committed, olga: Actor, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    seal_committed()
    write(olga, 3)
    wait_for_older_transactions()
    call_command("seal", "--once")
    assert capsys.readouterr().out == "sealed 3 events\n"


def test_a_sealer_process_killed_while_events_are_written(
    committed: Committed, acme: Tenant, olga: Actor, write: Write
) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "seal", "--every", "0"]
    deadline = time.monotonic() + 60
    for _ in range(3):
        size = len(sealed(acme))
        with subprocess.Popen(command, env=committed.environment, stdout=subprocess.DEVNULL, cwd=ROOT) as sealer:
            while len(sealed(acme)) < size + 20:
                assert sealer.poll() is None
                assert time.monotonic() < deadline
                write(olga, 5)
            sealer.kill()
    seal_committed()
    assert_sealed_right(acme)


def test_two_sealers_do_not_fork(
    committed: Committed, acme: Tenant, globex: Tenant, olga: Actor, gil: Actor, write: Write
) -> None:
    write(olga, 60)
    write(gil, 30)

    def seal() -> int:
        try:
            return seal_all(limit=4)
        finally:
            connections[ALIAS].close()

    with ThreadPoolExecutor(3) as threads:
        sealers = [threads.submit(seal) for _ in range(3)]
        write(olga, 20)
        counts = [sealer.result() for sealer in sealers]
    seal_committed()
    assert_sealed_right(acme)
    assert_sealed_right(globex)
    # the batches of all three together: none was done twice
    assert sum(counts) <= len(sealed(acme)) + len(sealed(globex))


def test_what_is_not_committed_waits_with_all_that_came_after(
    committed: Committed, acme: Tenant, olga: Actor, write: Write
) -> None:
    seal_committed()
    size = len(sealed(acme))
    begun, go_on = threading.Event(), threading.Event()

    def hesitate() -> None:
        try:
            with open_command("slow", tenant_id=acme.pk), connections["default"].cursor() as cursor:
                cursor.execute("select pg_current_xact_id()")
                record("tenant.noted", acme, actor=olga, body={"text": "slow"})
                begun.set()
                assert go_on.wait(30)
        finally:
            connections["default"].close()

    slow = threading.Thread(target=hesitate)
    slow.start()
    assert begun.wait(30)
    write(olga, 3)
    assert seal_all() == 0
    assert len(sealed(acme)) == size
    go_on.set()
    slow.join()
    assert seal_committed() == 4
    assert_sealed_right(acme)


def test_a_transaction_of_another_database_delays_the_seal_and_loses_nothing(
    committed: Committed, acme: Tenant, olga: Actor, write: Write
) -> None:
    seal_committed()
    with superuser() as elsewhere, elsewhere.transaction():
        elsewhere.execute("select pg_current_xact_id()")
        write(olga, 2)
        assert seal_all() == 0
    assert seal_committed() == 2
    assert_sealed_right(acme)


def test_events_of_a_former_cluster_come_first_and_none_is_lost(
    committed: Committed, acme: Tenant, olga: Actor, write: Write
) -> None:
    """After a logical restore transaction ids start anew; those of the old cluster may be higher than ours."""
    write(olga, 4)
    seal_committed()
    before = sealed(acme)
    write(olga, 5)
    in_database("alter table ledger_auditevent disable trigger append_only")
    in_database("update ledger_auditevent set epoch = 7, xid = (xid::text::bigint + 4000000000)::text::xid8")
    in_database("update ledger_sealerstate set epoch = 7, xid = (xid::text::bigint + 4000000000)::text::xid8")
    in_database("alter table ledger_auditevent enable trigger append_only")
    write(olga, 6)
    seal_committed(limit=2)
    after = sealed(acme)
    assert after[: len(before)] == before
    assert_sealed_right(acme)


def test_the_lag_is_known(committed: Committed, acme: Tenant, globex: Tenant, olga: Actor, write: Write) -> None:
    seal_committed()
    assert oldest_unsealed() is None
    write(olga, 2)
    oldest = oldest_unsealed()
    assert oldest is not None
    assert timezone.now() - oldest < timedelta(minutes=1)
    with tenant_scope(acme.pk):
        assert oldest_unsealed_at() == oldest
    with tenant_scope(globex.pk):
        assert oldest_unsealed_at() is None
    seal_committed()
    with tenant_scope(acme.pk):
        assert oldest_unsealed_at() is None


def test_finding_unsealed_events_reads_none_of_the_sealed(committed: Committed, acme: Tenant, olga: Actor) -> None:
    with open_command("many", tenant_id=acme.pk):
        for nth in range(3_000):
            record("tenant.noted", acme, actor=olga, body={"text": str(nth)})
    seal_committed()
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("select epoch, xid::text, event_id from ledger_sealerstate")
        epoch, xid, event_id = cursor.fetchone()
        cursor.execute(
            "explain (analyze, format json) select at from ledger_auditevent e where e.epoch = %s"
            " and (e.xid, e.id) > (%s::xid8, %s::uuid) order by e.xid, e.id limit 1",
            [epoch, xid, event_id],
        )
        plan = cursor.fetchone()[0][0]["Plan"]["Plans"][0]
    assert plan["Index Name"] == "event_in_seal_order"
    assert plan.get("Rows Removed by Filter", 0) == 0


def test_a_row_that_no_command_wrote_holds_up_nobody(
    committed: Committed, acme: Tenant, olga: Actor, write: Write
) -> None:
    in_database(
        "insert into ledger_auditevent (id, tenant_id, verb, actor, subject_type, body, personal) values"
        " (gen_random_uuid(), %s, 'odd.done', '7', 'x', '{\"f\": 0.1, \"n\": 123456789012345678901234567890}', '{}')",
        acme.pk,
    )
    write(olga)
    seal_committed()
    assert_sealed_right(acme)
    assert oldest_unsealed() is None


def test_each_checkpoint_carries_the_key_that_signed_it(
    committed: Committed, acme: Tenant, olga: Actor, write: Write
) -> None:
    write(olga)
    seal_committed()
    assert checkpoints(acme)
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("select distinct public_key from ledger_checkpoint")
        assert [bytes(key) for (key,) in cursor.fetchall()] == [configured_signer().public_key]
