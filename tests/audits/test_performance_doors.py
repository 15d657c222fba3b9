"""Figures at the doors: pages, the API, and what a Prometheus server scrapes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families as parsed

from audits.models import Baseline
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from tests.audits.worlds import make_world
from tests.cast import SECRETS, Cast

pytestmark = pytest.mark.django_db
MAY = "from=2026-05-01&to=2026-05-31"
KEY = {"Authorization": f"Bearer {SECRETS['acme']}"}
Door = Callable[[Actor], Client]


def text_of(response: Any) -> str:
    return response.content.decode()


class TestPage:
    def test_every_figure_has_its_definition_n_and_cases(self, cast: Cast, client_for: Door) -> None:
        make_world(cast, cases=60)
        page = text_of(client_for(cast.people["ada"]).get(f"/audits/figures/?{MAY}&by=day"))
        for words in ("Wrong decisions", "Model alone", "People alone", "Combined", "Decided automatically", "n = 60"):
            assert words in page
        assert page.count("What it says") == 19
        assert "kind=wrong" in page
        assert '<svg class="trend"' in page
        assert "Costs need a baseline" in page
        assert "style=" not in page

    def test_what_makes_no_sense_is_said_and_the_page_stays(self, cast: Cast, client_for: Door) -> None:
        response = client_for(cast.people["mona"]).get("/audits/figures/?from=never&by=hour")
        assert response.status_code == 400
        assert "from: A day as 2026-11-22." in text_of(response)
        assert "by: One of day, week, month." in text_of(response)

    def test_the_cases_behind_a_figure(self, cast: Cast, client_for: Door) -> None:
        make_world(cast, cases=60)
        client = client_for(cast.people["mona"])
        page = text_of(client.get(f"/audits/figures/cases/?{MAY}&kind=edge"))
        assert "Edge cases" in page
        assert "panel" in page
        assert client.get(f"/audits/figures/cases/?{MAY}&kind=nice").status_code == 400
        assert "None" in text_of(client.get("/audits/figures/cases/?from=2026-06-01&to=2026-06-01&kind=wrong"))

    def test_a_manager_declares_a_baseline_and_an_auditor_reads_it(self, cast: Cast, client_for: Door) -> None:
        make_world(cast, cases=24)
        mona, ada = client_for(cast.people["mona"]), client_for(cast.people["ada"])
        fields = {"currency": "EUR", "cost_per_decision": "10", "cost_per_hour": "36", "cost_per_automatic": "0.5"}
        wrong = mona.post("/audits/figures/baselines/loan/", fields | {"currency": "eur", "source": "Accounts."})
        assert wrong.status_code == 400
        assert "Three capital letters" in text_of(wrong)
        assert mona.post("/audits/figures/baselines/loan/", fields | {"source": "Accounts."}).status_code == 302
        assert ada.post("/audits/figures/baselines/loan/", fields | {"source": "Mine."}).status_code == 403
        assert "Accounts." in text_of(ada.get("/audits/figures/baselines/loan/"))
        assert "EUR" in text_of(ada.get(f"/audits/figures/?{MAY}"))
        with tenant_scope(cast.people["mona"].tenant_id):
            assert Baseline.objects.get().cost_per_hour == Decimal(36)

    def test_the_page_costs_the_same_however_many_cases(
        self, cast: Cast, client_for: Door, django_assert_max_num_queries: Any
    ) -> None:
        make_world(cast, cases=90)
        client = client_for(cast.people["ada"])
        client.get("/audits/figures/")
        with django_assert_max_num_queries(18):
            client.get(f"/audits/figures/?{MAY}&by=day")

    def test_reviewers_are_refused(self, cast: Cast, client_for: Door) -> None:
        alice = client_for(cast.people["alice"])
        for path in ("figures/", "figures/cases/"):
            assert alice.get(f"/audits/{path}").status_code == 403


class TestApi:
    def test_the_same_figures_with_intervals(self, cast: Cast, client: Client) -> None:
        make_world(cast, cases=60)
        told = client.get(f"/api/v1/figures/?{MAY}", headers=KEY).json()
        by_key = {each["key"]: each for each in told["figures"]}
        assert by_key["decided"]["value"] == 60
        assert by_key["error"]["low"] < by_key["error"]["value"] < by_key["error"]["high"]
        assert by_key["cost"]["value"] is None
        assert told["by_case_type"][0]["key"] == "loan"
        refused = client.get("/api/v1/figures/?since=2026", headers=KEY)
        assert refused.status_code == 400
        assert "since" in refused.json()["errors"]

    def test_a_baseline_and_a_mark(self, cast: Cast, client: Client, client_for: Door) -> None:
        world = make_world(cast, cases=12)
        body = {
            "currency": "EUR", "cost_per_decision": "9.5", "cost_per_hour": "40", "cost_per_automatic": "0",
            "source": "Accounts.",
        }  # fmt: skip
        mona = client_for(cast.people["mona"])
        made = mona.post("/api/v1/case-types/loan/baseline", body, content_type="application/json")
        assert (made.status_code, made.json()["version"]) == (201, 1)
        assert client.get("/api/v1/case-types/loan/baseline", headers=KEY).json()["cost_per_hour"] == "40.0000"
        mark = {"stars": 4, "reference": "a1", "given_at": "2026-05-20T00:00:00Z"}
        path = f"/api/v1/cases/{world.cases[0]}/satisfaction"
        statuses = [client.post(path, mark, content_type="application/json", headers=KEY).status_code for _ in range(2)]
        assert statuses == [201, 200]


class TestScrape:
    def test_a_prometheus_server_reads_it(self, cast: Cast, client: Client) -> None:
        make_world(cast, cases=60)
        response = client.get("/api/v1/metrics", headers=KEY)
        assert response["Content-Type"].startswith("text/plain; version=0.0.4")
        samples = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in parsed(text_of(response))
            for sample in family.samples
        }
        decided = {name: value for name, value in samples.items() if name[0] == "hitl_decisions_total"}
        assert set(decided) == {("hitl_decisions_total", "loan", "model"), ("hitl_decisions_total", "loan", "panel")}
        assert sum(decided.values()) == 60 == samples["hitl_cases", "decided", "loan"]
        assert "hitl_ledger_unsealed_seconds" in {name for name, *_ in samples}

    def test_labels_are_keys_of_the_configuration_alone(self, cast: Cast, client: Client) -> None:
        make_world(cast, cases=30)
        text = text_of(client.get("/api/v1/metrics", headers=KEY))
        for secret in ("W-1", "female", "asian", "Alice", "@example.org"):
            assert secret not in text

    def test_another_tenant_is_not_in_it(self, cast: Cast, client: Client) -> None:
        make_world(cast, cases=12)
        headers = {"Authorization": f"Bearer {SECRETS['globex']}"}
        assert "loan" not in text_of(client.get("/api/v1/metrics", headers=headers))
