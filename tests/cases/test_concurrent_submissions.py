"""Two who submit the same cases at once, in opposite orders: neither fails, and each case is there once."""

import threading
from typing import Any

from django.db import connections

from cases.models import Case
from cases.services import open_bulk, submit_lines
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.scope import tenant_scope
from tests.cases.loans import make_loan_type
from tests.cases.test_submit_lines import line


def test_opposite_orders_do_not_deadlock(committed: Any, cast: Any) -> None:
    acme, integrator = cast.tenants["acme"], cast.keys["acme"]
    make_loan_type(acme.id)
    lines = [line(f"L-{n}") for n in range(400)]
    barrier, summaries = threading.Barrier(2), []

    def send(mine: list[bytes]) -> None:
        try:
            version = open_bulk(actor=integrator, case_type_key="loan")
            barrier.wait(10)
            *_, last = submit_lines(actor=integrator, version=version, lines=enumerate(mine, 1))
            summaries.append(last["summary"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[mine]) for mine in (lines, lines[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(each["accepted"] for each in summaries) == 400
    assert sum(each["existing"] for each in summaries) == 400
    assert not any(each["rejected"] or "stopped" in each for each in summaries)
    with tenant_scope(acme.id):
        assert Case.objects.count() == 400
        told = [set(event.body["items"]) for event in AuditEvent.objects.filter(verb="case.submitted")]
        assert sum(map(len, told)) == len(set().union(*told)) == 400
