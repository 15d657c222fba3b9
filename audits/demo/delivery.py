"""What comes in from outside: cases through the HTTP API, and later the outcomes that the world has in store."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from audits.demo.organisation import Example, Organisation
from audits.demo.people import Staff
from cases.models import Case, Outcome
from cases.services import post_outcome
from cases.states import CaseState
from hitl_platform.access.services import create_key, revoke_key
from hitl_platform.embedded.programs import answers
from hitl_platform.embedded.visitors import JSON, NDJSON, Integrator, Unexpected
from hitl_platform.ledger.commands import open_command
from hitl_platform.tenants.scope import tenant_scope

SOURCE = "the data set"
DUE_HOURS = (4, 8, 24, 48, 72)
KEY_LIFE = timedelta(hours=1)
CHUNK = 100


def wait_for_web(address: str, *, seconds: float) -> None:
    """Until the platform answers at `address`; raises TimeoutError."""
    wait_until(lambda: answers(f"{address}/healthz"), seconds=seconds, what=f"an answer from {address}")


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Ask again and again; raises TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:.0f} s for {what}.")
        time.sleep(0.2)


def submit_missing(organisation: Organisation, staff: Staff, *, address: str) -> int:
    """Send the cases that are not there yet as one NDJSON file, with a key of an hour; how many were new."""
    with tenant_scope(staff.tenant_id):
        there = set(Case.objects.filter(case_type__key=organisation.case_type).values_list("external_id", flat=True))
    missing = [example for example in organisation.cases if example.external_id not in there]
    if not missing:
        return 0
    with short_key(staff) as secret:
        api = Integrator(address, secret)
        path = f"case-types/{organisation.case_type}/cases/bulk"
        reports = api.ask("POST", path, body=_lines(missing), kind=NDJSON).lines()
    summary = reports[-1]["summary"]
    if summary["rejected"] or "stopped" in summary:
        raise Unexpected(f"{organisation.name}: cases were refused: {reports[:3]}")
    return int(summary["accepted"])


def count_undecided_by_machine(organisation: Organisation, staff: Staff) -> int:
    """Cases that still wait for their score or their route."""
    with tenant_scope(staff.tenant_id):
        waiting = Case.objects.filter(case_type__key=organisation.case_type)
        return waiting.filter(state__in=[CaseState.RECEIVED, CaseState.SCORED]).count()


def deliver_outcomes(organisation: Organisation, staff: Staff) -> int:
    """Tell what turned out to be true of decided cases that have no outcome yet; how many."""
    truth = {example.external_id: example.truth for example in organisation.cases}
    with tenant_scope(staff.tenant_id):
        decided = Case.objects.filter(case_type__key=organisation.case_type, state=CaseState.DECIDED)
        without = decided.exclude(pk__in=Outcome.objects.values("case_id"))
        waiting = list(without.filter(external_id__in=truth).values_list("pk", "external_id"))
    for start in range(0, len(waiting), CHUNK):
        # one commit for many: each outcome is a command of its own, and joins this one
        with open_command("delivery of outcomes", tenant_id=staff.tenant_id):
            for case_id, external_id in waiting[start : start + CHUNK]:
                post_outcome(
                    actor=staff.operator,
                    case_id=case_id,
                    label=truth[external_id],
                    observed_at=timezone.now(),
                    source=SOURCE,
                )
    return len(waiting)


def submit_one(submission: Mapping[str, Any], *, files: Mapping[str, bytes], address: str, key: str) -> None:
    """Send one case, with its files by name in the same request; sent again it is the same case."""
    api, body = Integrator(address, key), json.dumps(submission).encode()
    if not files:
        api.ask("POST", "cases/", body=body, expect=(200, 201))
        return
    boundary = uuid4().hex
    parts = [f'name="case"\r\nContent-Type: {JSON}\r\n\r\n'.encode() + body]
    parts += [f'name="file"; filename="{name}"\r\n\r\n'.encode() + content for name, content in files.items()]
    head = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
    whole = b"".join(head + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    api.ask("POST", "cases/with-files", body=whole, kind=kind, expect=(200, 201))


@contextmanager
def short_key(staff: Staff) -> Iterator[str]:
    """A service key that is revoked as soon as it has done its work."""
    owner = staff.actors["owner"]
    key, secret = create_key(actor=owner, name="Demo intake", scopes=["cases:read", "cases:write"], life=KEY_LIFE)
    try:
        yield secret
    finally:
        revoke_key(actor=owner, key_id=key.pk)


def _lines(examples: Iterable[Example]) -> bytes:
    now = timezone.now()
    lines = []
    for at, example in enumerate(examples):
        due_at = now + timedelta(hours=DUE_HOURS[at % len(DUE_HOURS)])
        submission = {
            "external_id": example.external_id,
            "payload": example.payload,
            "due_at": due_at.isoformat(timespec="seconds"),
        }
        if example.attributes:
            submission["attributes"] = example.attributes
        lines.append(json.dumps(submission))
    return "\n".join(lines).encode()
