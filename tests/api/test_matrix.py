"""Every route below /api/, every method, everybody at the door. A route without a row fails."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from cases.models import Case
from hitl_platform.access.services import revoke_key
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import system_actor
from hitl_platform.tenants.models import ServiceKey
from hitl_platform.tenants.scope import tenant_scope
from tests.cases.loans import LOAN, submission

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# who knocks: nobody; a key of globex; a key of acme for something else; acme's key; and members of acme
WHO = ("nobody", "foreign", "narrow", "key", "alice", "mona", "ada", "mel", "olga")
SEAT = uuid7()
LINES = b"{}"
TYPE = LOAN | {"key": "boat", "name": "Boat"}
LOAN_BODY = submission("L-9") | {"case_type": "loan"}
OUTCOME = {"label": "approve", "observed_at": "2026-01-01T00:00:00Z"}
MARK = {"stars": 4, "reference": "answer-1", "given_at": "2026-01-01T00:00:00Z"}
BASELINE = {
    "currency": "EUR", "cost_per_decision": "9.50", "cost_per_hour": "40", "cost_per_automatic": "0.02",
    "source": "Accounts of 2025.",
}  # fmt: skip
FILE = {"url": "https://files.example.org/scan.png"}
LEASE = {"lease_token": 1}
RETENTION = {"case_type": "loan", "basis": "25 months", "erase_after_months": 25}
APPEAL = {"case_id": str(SEAT), "statement": "It is not so."}
BIAS_AUDIT = {
    "case_type": "loan", "attributes": ["sex"], "favourable": ["approve"],
    "period": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
}  # fmt: skip
ANSWER = LEASE | {"label": "approve"}
AWAY = {"starts_at": "2090-01-01T00:00:00Z", "ends_at": "2090-01-02T00:00:00Z"}
TEMPLATE = {"key": "pair", "name": "Pair", "seats": 2}
QUEUE = {"key": "loans", "name": "Loans", "template_key": "panel"}
MODEL = {"case_type": "loan", "key": "scorecard", "name": "Scorecard"}


@dataclass(frozen=True)
class Row:
    """What a route answers to each of WHO, in order; `narrow` is the one scope of the narrow key."""

    statuses: str
    body: Any = None
    narrow: str = "models:write"


#                                       nobody foreign narrow key alice mona ada mel olga
READ_ALL = Row("401 200 403 200 403 200 200 200 200")
READ_ONE = Row("401 404 403 200 403 200 200 200 200")
MEMBERS = Row("401 403 403 403 200 200 200 200 200")
KEEPERS = Row("401 403 403 403 403 403 200 403 200")
NO_RULE = "401 403 403 403 403 403 404 403 404"
NO_SEAT = "401 403 403 403 404 404 404 404 404"
NO_AUDIT = "401 404 403 404 403 403 404 403 404"
TABLE: dict[tuple[str, str], Row] = {
    ("api_schema", "GET"): Row("401 200 200 200 200 200 200 200 200"),
    ("api_case_types", "GET"): READ_ALL,
    ("api_case_types", "POST"): Row("401 201 403 201 403 201 403 403 201", TYPE),
    ("api_case_type", "GET"): READ_ONE,
    ("api_revisions", "POST"): Row("401 404 403 201 403 201 403 403 201", LOAN),
    ("api_bulk", "POST"): Row("401 404 403 200 403 200 403 403 200", LINES),
    ("api_cases", "GET"): READ_ALL,
    ("api_cases", "POST"): Row("401 400 403 201 403 201 403 403 201", LOAN_BODY),
    ("api_case", "GET"): READ_ONE,
    ("api_withdraw", "POST"): Row("401 404 403 200 403 200 403 403 200", {}),
    ("api_outcomes", "GET"): READ_ONE,
    ("api_figures", "GET"): Row("401 200 403 200 403 200 200 403 200"),
    ("api_metrics", "GET"): Row("401 200 403 200 403 200 200 403 200"),
    ("api_baseline", "GET"): Row("401 404 403 404 403 404 404 403 404"),
    ("api_baseline", "POST"): Row("401 403 403 403 403 201 403 403 201", BASELINE),
    ("api_satisfaction", "POST"): Row("401 404 403 400 403 400 403 403 400", MARK),
    ("api_outcomes", "POST"): Row("401 404 403 201 403 201 403 403 201", OUTCOME),
    ("api_timeline", "GET"): READ_ONE,
    ("api_case_decisions", "GET"): READ_ONE,
    ("api_cases_with_files", "POST"): Row("401 415 403 415 403 415 403 403 415", {}),
    ("api_case_files", "GET"): READ_ONE,
    ("api_case_files", "POST"): Row("401 404 403 201 403 201 403 403 201", FILE),
    ("api_file", "GET"): Row("401 404 403 404 403 404 404 404 404"),
    ("api_erase_file", "POST"): Row("401 404 403 404 403 404 404 403 404", {}),
    ("api_decisions", "GET"): READ_ALL,
    ("api_bias_audits", "GET"): Row("401 200 403 200 403 403 200 403 200"),
    ("api_bias_audits", "POST"): Row("401 400 403 201 403 403 201 403 201", BIAS_AUDIT),
    ("api_bias_audit", "GET"): Row(NO_AUDIT),
    ("api_cancel_bias_audit", "POST"): Row(NO_AUDIT, {}),
    ("api_sign_bias_audit", "POST"): Row(NO_AUDIT, {"statement": "Read."}),
    ("api_bias_report_pdf", "GET"): Row(NO_AUDIT),
    ("api_bias_report_csv", "GET"): Row(NO_AUDIT),
    ("api_bias_report_json", "GET"): Row(NO_AUDIT),
    ("api_appeals", "GET"): Row("401 200 403 200 403 200 200 403 200"),
    ("api_appeals", "POST"): Row("401 404 403 404 403 404 404 403 404", APPEAL),
    ("api_appeal", "GET"): Row("401 404 403 404 403 404 404 403 404"),
    ("api_withdraw_appeal", "POST"): Row("401 404 403 404 403 404 404 403 404", {}),
    ("api_appeal_link", "POST"): Row("401 404 403 201 403 201 201 403 201", {}),
    ("api_retention_rules", "GET"): KEEPERS,
    ("api_retention_rules", "POST"): Row("401 403 403 403 403 403 201 403 201", RETENTION),
    ("api_activate_retention_rule", "POST"): Row(NO_RULE, {}),
    ("api_retire_retention_rule", "POST"): Row(NO_RULE, {}),
    ("api_retention_dry_run", "GET"): Row(NO_RULE),
    ("api_run_retention_rule", "POST"): Row(NO_RULE, {}),
    ("api_retention_runs", "GET"): KEEPERS,
    ("api_legal_holds", "GET"): KEEPERS,
    ("api_legal_holds", "POST"): Row(NO_RULE, {"case_id": str(SEAT), "reason": "before the court"}),
    ("api_lift_legal_hold", "POST"): Row(NO_RULE, {"reason": "settled"}),
    ("api_erasures", "POST"): Row(NO_RULE, {"case_id": str(SEAT), "reason": "asked for"}),
    ("ledger_erase_personal", "POST"): Row("401 403 403 403 403 403 404 403 403"),
    ("ledger_export", "GET"): Row("401 404 403 404 403 403 404 403 404"),
    ("ledger_checkpoint", "GET"): Row("401 404 403 404 403 403 404 403 404"),
    ("api_models", "GET"): Row("401 200 403 200 403 200 200 200 200", narrow="cases:read"),
    ("api_models", "POST"): Row("401 404 403 201 403 403 403 201 403", MODEL, narrow="cases:read"),
    ("api_model_versions", "GET"): Row("401 404 403 404 403 404 404 404 404", narrow="cases:read"),
    ("api_model_versions", "POST"): Row("401 415 403 415 403 403 403 415 403", {}, narrow="cases:read"),
    ("api_promote_version", "POST"): Row("401 404 403 404 403 404 404 404 404", {}, narrow="cases:read"),
    ("api_retire_version", "POST"): Row("401 404 403 404 403 404 404 404 404", {}, narrow="cases:read"),
    ("api_queues", "GET"): MEMBERS,
    ("api_claim", "POST"): Row(NO_SEAT, {}),
    ("api_seat", "GET"): Row(NO_SEAT),
    ("api_heartbeat", "POST"): Row(NO_SEAT, LEASE),
    ("api_release", "POST"): Row(NO_SEAT, {}),
    ("api_skip", "POST"): Row(NO_SEAT, {"reason": "I know the shop."}),
    ("api_hand_over", "POST"): Row(NO_SEAT, {"to_user_id": str(SEAT)}),
    ("api_hold", "POST"): Row(NO_SEAT, {}),
    ("api_resume", "POST"): Row(NO_SEAT, {}),
    ("api_draft", "POST"): Row(NO_SEAT, {}),
    ("api_answer", "POST"): Row(NO_SEAT, ANSWER),
    ("api_submit", "POST"): Row(NO_SEAT, ANSWER),
    ("api_undo", "POST"): Row(NO_SEAT, {}),
    ("api_ask", "POST"): Row(NO_SEAT, {"why": "Is this income?"}),
    ("api_comments", "GET"): Row(NO_SEAT),
    ("api_comments", "POST"): Row(NO_SEAT, {"text": "See page 2."}),
    ("api_queues", "POST"): Row("401 403 403 403 403 400 403 403 400", QUEUE),
    ("api_queue_settings", "GET"): Row(NO_SEAT),
    ("api_queue_settings", "PATCH"): Row(NO_SEAT, {"lease_seconds": 60}),
    ("api_grant", "POST"): Row(NO_SEAT, {"user_id": str(SEAT)}),
    ("api_revoke", "POST"): Row(NO_SEAT, {"user_id": str(SEAT)}),
    ("api_practice", "GET"): Row(NO_SEAT),
    ("api_practice", "POST"): Row(NO_SEAT, {"case_id": str(SEAT), "label": "approve"}),
    ("api_absences", "GET"): MEMBERS,
    ("api_absences", "POST"): Row("401 403 403 403 201 201 201 201 201", AWAY),
    ("api_end_absence", "POST"): Row(NO_SEAT, {}),
    ("api_conflicts", "GET"): MEMBERS,
    ("api_conflicts", "POST"): Row("401 403 403 403 201 201 201 201 201", {"kind": "subject", "about": "A-1"}),
    ("api_lift_conflict", "POST"): Row(NO_SEAT, {}),
    ("api_care", "GET"): MEMBERS,
    ("api_care", "PUT"): Row("401 403 403 403 200 200 200 200 200", {"blurs": True, "greys": False}),
    ("api_known_cases", "GET"): MEMBERS,
    ("api_contests", "GET"): MEMBERS,
    ("api_contests", "POST"): Row(NO_SEAT, {"known_case_id": str(SEAT), "reason": "It is not so."}),
    ("api_uphold", "POST"): Row(NO_SEAT, {"answer": "It is so."}),
    ("api_forgive", "POST"): Row(NO_SEAT, {"answer": "You are right."}),
    ("api_panel_templates", "GET"): Row("401 403 403 403 403 200 200 200 200"),
    ("api_panel_templates", "POST"): Row("401 403 403 403 403 201 403 403 201", TEMPLATE),
    ("api_panels", "GET"): Row("401 403 403 403 403 200 200 403 200"),
    ("api_panel", "GET"): Row("401 403 403 403 403 404 404 403 404"),
    ("api_add_seat", "POST"): Row(NO_SEAT, {"why": "Look again."}),
    ("api_move", "POST"): Row(NO_SEAT, {"queue": "others"}),
    ("api_dispute", "POST"): Row(NO_SEAT, {"why": "Look again."}),
    ("api_raise_priority", "POST"): Row(NO_SEAT, {"by": 1, "why": "It is urgent."}),
}


def routes(patterns: Any = None, prefix: str = "/") -> Iterator[tuple[str, str]]:
    """(name, address with its parameters as {name}) of everything below /api/."""
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        address = prefix + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern) and address.startswith("/api/"):
            yield str(pattern.name), address


ROUTES = dict(routes())


def test_every_route_has_a_row() -> None:
    assert set(ROUTES) == {name for name, _ in TABLE}


@pytest.fixture
def doors(
    loan: Case, api: APIClient, foreign_api: APIClient, key_with: Callable[..., APIClient], client_for: Any, cast: Any
) -> Callable[[str, Row], Client]:
    def door(who: str, row: Row) -> Client:
        known = {"nobody": APIClient(), "foreign": foreign_api, "key": api}
        if who == "narrow":
            return key_with(row.narrow)
        return known[who] if who in known else client_for(cast.people[who])

    return door


def address_of(name: str, loan: Case) -> str:
    address = ROUTES[name]
    nothing = dict.fromkeys(re.findall(r"{(\w+)}", address), SEAT)
    return address.format(**nothing | {"key": "loan", "case_id": loan.pk, "number": 1})


def send(client: Client, method: str, address: str, body: Any) -> Any:
    if isinstance(body, bytes):
        return client.generic(method, address, body, content_type="application/x-ndjson")
    return client.generic(method, address, "" if body is None else json.dumps(body), content_type="application/json")


@pytest.mark.parametrize(("name", "method"), TABLE)
def test_route(name: str, method: str, doors: Callable[[str, Row], Client], loan: Case) -> None:
    row = TABLE[name, method]
    answers = {}
    for who in WHO:
        with transaction.atomic():
            answers[who] = send(doors(who, row), method, address_of(name, loan), row.body).status_code
            transaction.set_rollback(True)
    assert answers == dict(zip(WHO, map(int, row.statuses.split()), strict=True))


@pytest.mark.parametrize("name", dict.fromkeys(name for name, _ in TABLE))
def test_no_other_method(name: str, doors: Callable[[str, Row], Client], loan: Case) -> None:
    row = next(row for (known, _), row in TABLE.items() if known == name)
    for method in METHODS:
        if (name, method) in TABLE:
            continue
        address = address_of(name, loan)
        assert send(doors("nobody", row), method, address, {}).status_code == 401
        assert send(doors("key", row), method, address, {}).status_code in (403, 405)


def test_no_get_changes_anything(api: APIClient, loan: Case) -> None:
    # a key's first use in a minute is noted
    api.get("/api/v1/case-types/")
    said: list[str] = []

    def hear(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        # every cursor's, those with parameters beside the SQL too
        said.append(sql if isinstance(sql, str) else sql.as_string(None))
        return execute(sql, params, many, context)

    for name, method in TABLE:
        if method == "GET":
            said.clear()
            with connection.execute_wrapper(hear):
                api.get(address_of(name, loan))
            assert not {sql.split()[0].lower() for sql in said} & {"insert", "update", "delete"}, name


def test_a_key_that_is_revoked_opens_nothing_at_the_next_request(
    key_with: Callable[..., APIClient], loan: Case
) -> None:
    client = key_with("cases:read")
    assert client.get("/api/v1/cases/").status_code == 200
    with tenant_scope(loan.tenant_id):
        key = ServiceKey.objects.get(name="narrow")
    revoke_key(actor=system_actor(loan.tenant_id, "setup"), key_id=key.pk)
    assert client.get("/api/v1/cases/").status_code == 401
