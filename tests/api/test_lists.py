"""Filters come from a list, cursors are signed, and neither tells of another tenant."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from cases.models import Case, CaseType, Decision
from cases.services import score_cases
from hitl_platform.doors import cursors
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.api.conftest import is_problem
from tests.cases.loans import make_case, make_loan_type
from tests.cases.test_arrows import decided

CASES, DECISIONS = "/api/v1/cases/", "/api/v1/decisions/"


@pytest.fixture
def seven(loan_type: CaseType, integrator: Actor) -> list[Case]:
    return [
        make_case(
            integrator,
            f"L-{n}",
            payload={"amount": 100 * n + 50, "purpose": ["car", "boat"][n % 2], "applied_on": f"2026-03-0{n + 1}"},
        )
        for n in range(7)
    ]


def ids(api: APIClient, path: str = CASES, **query: Any) -> list[str]:
    response = api.get(path, query)
    assert response.status_code == 200, response.json()
    return [item["external_id"] for item in response.json()["items"]]


def test_pages_follow_each_other_without_gap_or_repeat(seven: list[Case], api: APIClient, integrator: Actor) -> None:
    seen, cursor = [], None
    for page in range(4):
        response = api.get(CASES, {"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["external_id"] for item in response["items"]]
        cursor = response["next_cursor"]
        if page == 0:
            make_case(integrator, "L-new")
    assert seen == [f"L-{n}" for n in reversed(range(7))]
    assert cursor is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"external_id": "L-3"}, [3]),
        ({"external_id": "l-3"}, []),
        ({"state": "scored"}, [1, 0]),
        ({"case_type": "loan", "state": "scored"}, [1, 0]),
        ({"case_type": "other"}, []),
        ({"case_type": "loan", "facet.purpose": "boat"}, [5, 3, 1]),
        ({"case_type": "loan", "facet.amount": "250"}, [2]),
        ({"case_type": "loan", "facet.amount__gte": "450"}, [6, 5, 4]),
        ({"case_type": "loan", "facet.amount__gt": "450", "facet.amount__lt": "6.5e2"}, [5]),
        ({"case_type": "loan", "facet.applied_on": "2026-03-02"}, [1]),
        ({"case_type": "loan", "facet.applied_on__lte": "2026-03-02T00:00:00Z"}, [1, 0]),
        ({"case_type": "loan", "facet.purpose": "car", "facet.amount__lt": "300"}, [2, 0]),
    ],
)
def test_filters(query: dict[str, str], found: list[int], seven: list[Case], api: APIClient, integrator: Actor) -> None:
    with tenant_scope(integrator.tenant_id):
        score_cases(actor=integrator, case_ids=[case.pk for case in seven[:2]], event_id=uuid7())
    assert ids(api, **query) == [f"L-{n}" for n in found]


def test_filters_by_time(seven: list[Case], api: APIClient) -> None:
    edge = seven[3].created_at.isoformat()
    assert ids(api, created_after=edge) == ["L-6", "L-5", "L-4", "L-3"]
    assert ids(api, created_before=edge) == ["L-2", "L-1", "L-0"]
    assert ids(api, created_after=(timezone.now() + timedelta(days=400)).isoformat()) == []
    assert ids(api, created_before="1950-01-01T00:00:00Z") == []


def test_filters_of_decisions(seven: list[Case], api: APIClient, integrator: Actor) -> None:
    with tenant_scope(integrator.tenant_id):
        score_cases(actor=integrator, case_ids=[case.pk for case in seven], event_id=uuid7())
        made = decided(integrator, *seven[:2]) + decided(integrator, seven[2], label="decline")
    assert ids(api, DECISIONS) == ["L-2", "L-1", "L-0"]
    assert ids(api, DECISIONS, label="decline") == ["L-2"]
    assert ids(api, DECISIONS, made_by="panel") == []
    assert ids(api, DECISIONS, case=str(seven[1].pk)) == ["L-1"]
    assert ids(api, DECISIONS, external_id="L-0", case_type="loan") == ["L-0"]
    with tenant_scope(integrator.tenant_id):
        last = Decision.objects.get(pk=made[-1].id)
    assert ids(api, DECISIONS, decided_after=last.decided_at.isoformat()) == ["L-2"]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown name": ({"colour": "red"}, "colour"),
    "a relation": ({"case_type__key": "loan"}, "case_type__key"),
    "the password of a user": ({"submitter__password__startswith": "p"}, "submitter__password__startswith"),
    "a regular expression": ({"external_id__regex": ".*"}, "external_id__regex"),
    "another tenant": ({"tenant": "globex"}, "tenant"),
    "a relation of the tenant": ({"tenant__slug": "globex"}, "tenant__slug"),
    "a connector": ({"_connector": "OR 1=1"}, "_connector"),
    "a negation": ({"_negated": "1"}, "_negated"),
    "300 hops": ({"__".join(["case"] * 300): "1"}, "__".join(["case"] * 300)[:100]),
    "a quote": ({'external_id"': "x"}, 'external_id"'),
    "a dot": ({"cases_case.id": "x"}, "cases_case.id"),
    "an order": ({"order": "external_id"}, "order"),
    "an unknown state": ({"state": "lost"}, "state"),
    "U+0000": ({"external_id": "a\0b"}, "external_id"),
    "an empty text": ({"external_id": ""}, "external_id"),
    "a long text": ({"external_id": "x" * 300}, "external_id"),
    "a time that is none": ({"created_after": "yesterday"}, "created_after"),
    "a time without zone": ({"created_after": "2026-01-01T00:00:00"}, "created_after"),
    "a time past all years": ({"created_before": "9999-12-31T23:59:59-14:00"}, "created_before"),
    "a parameter twice": ({"state": ["scored", "received"]}, "state"),
    "a limit of nothing": ({"limit": "0"}, "limit"),
    "a limit past the limit": ({"limit": "201"}, "limit"),
    "a limit in other digits": ({"limit": "１０"}, "limit"),  # noqa: RUF001  # full-width digits are the point
    "a limit of a word": ({"limit": "all"}, "limit"),
    "a cursor that is none": ({"cursor": "x"}, "cursor"),
    "a facet without a case type": ({"facet.amount": "1"}, "facet.amount"),
    "an unknown facet": ({"case_type": "loan", "facet.colour": "red"}, "facet.colour"),
    "an unknown comparison": ({"case_type": "loan", "facet.amount__regex": "1"}, "facet.amount__regex"),
    "a comparison of texts": ({"case_type": "loan", "facet.purpose__gte": "a"}, "facet.purpose__gte"),
    "a facet that is no number": ({"case_type": "loan", "facet.amount": "many"}, "facet.amount"),
    "a facet of no number": ({"case_type": "loan", "facet.amount": "nan"}, "facet.amount"),
    "a facet that is no time": ({"case_type": "loan", "facet.applied_on": "soon"}, "facet.applied_on"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_on_the_list_is_refused_by_name(name: str, api: APIClient, loan: Case) -> None:
    query, field = WRONG[name]
    response = api.get(CASES, query)
    assert is_problem(response, 400, "invalid")
    assert field in response.json()["errors"]


@pytest.mark.parametrize(
    "path", ["case-types/", "case-types/loan/", "cases/{}/", "cases/{}/outcomes", "cases/{}/timeline"]
)
def test_other_reads_take_no_parameter(path: str, api: APIClient, loan: Case) -> None:
    response = api.get(f"/api/v1/{path.format(loan.pk)}", {"fields": "payload"})
    assert is_problem(response, 400, "invalid")


def test_a_cursor_is_of_one_list_one_filter_and_one_tenant(
    seven: list[Case], api: APIClient, foreign_api: APIClient, foreign_integrator: Actor
) -> None:
    cursor = api.get(CASES, {"limit": 2}).json()["next_cursor"]
    assert is_problem(api.get(CASES, {"cursor": cursor, "state": "received"}), 400)
    assert is_problem(api.get(DECISIONS, {"cursor": cursor}), 400)
    assert is_problem(foreign_api.get(CASES, {"cursor": cursor}), 400)
    changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    assert is_problem(api.get(CASES, {"cursor": changed}), 400)


def test_globex_sees_its_own_and_counts_its_own(
    seven: list[Case], foreign_api: APIClient, foreign_integrator: Actor
) -> None:
    assert foreign_api.get(CASES, {"with_count": "true"}).json() == {"items": [], "next_cursor": None, "count": 0}
    make_loan_type(foreign_integrator.tenant_id)
    make_case(foreign_integrator, "G-1")
    assert ids(foreign_api, case_type="loan") == ["G-1"]
    assert ids(foreign_api, **{"case_type": "loan", "facet.purpose": "car"}) == ["G-1"]


def test_a_count_stops(seven: list[Case], api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.get(CASES, {"limit": 2, "with_count": "true"}).json()["count"] == 7
    monkeypatch.setattr(cursors, "COUNT_LIMIT", 5)
    assert api.get(CASES, {"limit": 2, "with_count": "true"}).json()["count"] == 5
