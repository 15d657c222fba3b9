"""A payload's digest can be computed again: from what was sent, from the API's answer, from the stored jsonb."""

import json
from typing import Any

import orjson
import pytest
import rfc8785
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.models import Case, CasePayload
from cases.payloads import canonical_payload, payload_digest
from hitl_platform.kernel.strict_json import MAX_NUMBER, loads
from hitl_platform.ledger.models import AuditEvent

numbers = st.integers(-MAX_NUMBER, MAX_NUMBER) | st.floats(-MAX_NUMBER, MAX_NUMBER) | st.floats(-1e-4, 1e-4)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
payloads = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | numbers | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=6,
)


def as_read(payload: Any) -> Any:
    return loads(json.dumps(payload).encode(), max_bytes=1_000_000)


@given(payloads)
def test_the_bytes_are_those_of_rfc_8785(payload: dict[str, Any]) -> None:
    assert canonical_payload(as_read(payload)) == rfc8785.dumps(payload)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(payloads)
def test_jsonb_gives_the_same_bytes_back(db: None, payload: dict[str, Any]) -> None:
    sent = canonical_payload(as_read(payload))
    with connection.cursor() as cursor:
        cursor.execute("select %s::jsonb::text", [sent.decode()])
        (stored,) = cursor.fetchone()
    assert canonical_payload(json.loads(stored)) == sent
    assert canonical_payload(orjson.loads(stored)) == sent


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.0", b"1"),
        ("1e2", b"100"),
        ("-0.0", b"0"),
        ("0.1", b"0.1"),
        ("1e-6", b"0.000001"),
        ("-2.5e-6", b"-0.0000025"),
        ("1.5e-7", b"1.5e-7"),
        ("5e-324", b"5e-324"),
        ("0.30000000000000004", b"0.30000000000000004"),
        ('"\\u00e9\\u2028"', '"é\u2028"'.encode()),
        ('{"😀": 1, "\uffff": 2}', '{"😀":1,"\uffff":2}'.encode()),
    ],
)
def test_spellings(text: str, canonical: bytes) -> None:
    assert canonical_payload(loads(text.encode(), max_bytes=100)) == canonical


def test_an_auditor_finds_the_digest_of_a_stored_case_in_its_event(loan: Case, at_acme: None) -> None:
    stored = CasePayload.objects.get(case=loan)
    event = AuditEvent.objects.get(pk=loan.event_ids[0])
    digest = payload_digest(bytes(stored.salt), rfc8785.dumps(stored.payload)).hex()
    assert event.body["items"][str(loan.pk)]["payload_sha256"] == digest
    assert len(bytes(stored.salt)) == 16
