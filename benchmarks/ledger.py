"""Sealing, exporting, and verifying offline: a ledger of lives of cases, written by SQL as years of work leave it.

Each case is submitted, scored, sent to people, judged with a rationale beside the event, and decided. The verifier
is the file that the export brings, run by a Python without our packages, with the public key from another hand.
"""

import base64
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.db import connections

from benchmarks.harness import Platform, Report
from hitl_platform.access.services import create_tenant
from hitl_platform.ledger.checkpoints import Signer
from hitl_platform.ledger.exports import write_directory
from hitl_platform.ledger.sealing import seal_all
from hitl_platform.ledger.stored import StoredLedger
from hitl_platform.tenants.models import Tenant

EVENTS_EACH = 5
CASES_AT_ONCE = 20_000
FULL, SHORT = 1_000_000, 100_000
SECONDS_A_MILLION = 60.0
SEALED_A_SECOND = 10_000.0

_WRITE = """
with life as materialized (
    select uuidv7() as id, told.* from (
        select n, k, verbs.verb, verbs.subject, md5('case ' || n)::uuid as case_id, md5('subject ' || n || k)::uuid as
            subject_id, decode(md5('salt ' || n), 'hex') as salt, 'The figures carry the rate of case ' || n as why
        from generate_series(%(first)s, %(last)s) n,
            (values (1, 'case.submitted', 'case'), (2, 'case.scored', 'case'), (3, 'case.sent_to_review', 'case'),
                    (4, 'judgment.submitted', 'judgment'), (5, 'case.decided', 'case')) as verbs (k, verb, subject)
        order by n, k
    ) told
), written as (
    insert into ledger_auditevent (tenant_id, id, verb, actor, subject_type, subject_id, case_id, body, personal)
    select %(tenant)s, id, verb,
        jsonb_build_object('kind', 'system', 'id', case_id, 'name', 'bench'), subject,
        case when subject = 'case' then case_id else subject_id end, case_id,
        jsonb_build_object('label', 'approve', 'number', n, 'panel_id', subject_id, 'probability', '0.9371'),
        case when k = 4 then jsonb_build_object('rationale', encode(sha256(salt || convert_to(why, 'UTF8')), 'hex'))
             else '{}' end
    from life order by n, k
    returning 1
)
insert into ledger_auditpersonal (tenant_id, id, event_id, name, salt, value)
select %(tenant)s, uuidv7(), id, 'rationale', salt, why from life where k = 4
"""


def main(*, platform: Platform, short: bool) -> Report:
    """Measure, and hold the figures against their limits."""
    events = SHORT if short else FULL
    tenant = create_tenant(slug="bench", name="Bench")
    write_events(tenant, events=events)
    report = Report("ledger", short=short, rows=platform.rows("ledger_auditevent", "ledger_auditpersonal"))
    signer = Signer(base64.b64decode(settings.LEDGER_SIGNING_KEY))
    began = time.perf_counter()
    sealed = seal_all(signer=signer)
    report.at_least("events sealed a second", sealed / (time.perf_counter() - began), limit=SEALED_A_SECOND)
    export = platform.home / "export"
    began = time.perf_counter()
    write_directory(StoredLedger(tenant.pk), path=export)
    report.note("seconds_to_export", round(time.perf_counter() - began, 2))
    key = base64.b64encode(signer.public_key).decode()
    seconds, said = verify_offline(export, key=key)
    report.at_most(f"seconds to verify {sealed:,} events offline", seconds, limit=SECONDS_A_MILLION * sealed / FULL)
    told = said.strip().splitlines()[-1]
    report.at_least("verified", float(told == f"verified: {sealed} events, 0 findings"), limit=1, exact=True)
    report.note("verifier_said", told)
    damage(export)
    _, said = verify_offline(export, key=key)
    report.at_least("an edit in the middle is found", float("edited: seq" in said), limit=1, exact=True)
    return report


def write_events(tenant: Tenant, *, events: int) -> None:
    """The ledger's rows, in transactions of CASES_AT_ONCE cases, as the role that owns the tables."""
    cases = events // EVENTS_EACH
    with connections["migrator"].cursor() as cursor:
        for first in range(1, cases + 1, CASES_AT_ONCE):
            last = min(first + CASES_AT_ONCE - 1, cases)
            cursor.execute(_WRITE, {"tenant": tenant.pk, "first": first, "last": last})
        cursor.execute("analyze ledger_auditevent, ledger_auditpersonal")


def verify_offline(export: Path, *, key: str) -> tuple[float, str]:
    """Seconds that the export's own verifier takes, and what it says."""
    command = [sys.executable, "-I", "-S", str(export / "verify.py"), str(export), "--public-key", key]
    began = time.perf_counter()
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    return time.perf_counter() - began, done.stdout + done.stderr


def damage(export: Path) -> None:
    """Change one letter of one event in the middle."""
    path = export / "events.ndjson"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.readline()
        place = file.tell() + file.readline().index(b"approve")
        file.seek(place)
        file.write(b"decline")
