"""Benchmarks: limits, medians, and the refusal to measure a server that may lose a commit."""

import json
import math
from pathlib import Path

import psycopg
import pytest

from benchmarks.harness import Report, durability_of, interleaved, percentile, wait_for
from hitl_platform.embedded.failures import ServerFailed
from hitl_platform.embedded.servers import running_servers


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit"])
def test_a_server_that_may_lose_a_commit_is_refused(home: Path, setting: str) -> None:
    with running_servers(home, throwaway=True) as servers:
        url = servers.postgres.superuser_url()
        with psycopg.connect(url, autocommit=True) as connection:
            assert durability_of(connection)["fsync"] == "on"
            connection.execute(f"alter system set {setting} = off")
            connection.execute("select pg_reload_conf()")
            wait_for(lambda: connection.execute(f"show {setting}").fetchone() == ("off",), patience=5)
            with pytest.raises(ServerFailed, match="durable"):
                durability_of(connection)


@pytest.mark.parametrize(("short", "limit", "exact_limit"), [(False, ">= 0.3", ">= 0.84"), (True, ">= 0.2", ">= 0.84")])
def test_short_runs_loosen_ratios_and_not_counts(short: bool, limit: str, exact_limit: str) -> None:
    report = Report("x", short=short, rows={"a": 2}, durability={"fsync": "on"})
    report.at_least("ratio", 0.25, limit=0.3)
    report.at_least("accuracy", 0.841, limit=0.84, exact=True)
    report.at_most("seats given twice", 0, limit=0, exact=True)
    shown = json.loads(report.as_json())
    assert [figure["limit"] for figure in shown["figures"]] == [limit, exact_limit, "<= 0"]
    assert (shown["passed"], shown["short"], shown["fsync"], shown["rows"]) == (short, short, "on", {"a": 2})


def test_a_report_that_proves_nothing_fails() -> None:
    report = Report("x", short=False)
    assert not report.passed
    report.at_most("ratio", math.nan, limit=1)
    assert not report.passed


def test_pairs_alternate_who_goes_first() -> None:
    order: list[str] = []

    def measure(name: str, value: float) -> float:
        order.append(name)
        return value

    answer = interleaved(lambda: measure("a", 3.0), lambda: measure("b", 2.0), pairs=3)
    assert answer == (3.0, 2.0, 1.5)
    assert "".join(order) == "abbaab"


def test_percentiles_are_observed_values() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, q=q) for q in (0, 50, 99, 99.5, 100)] == [1, 50, 99, 100, 100]
    assert percentile([7.0], q=99) == 7.0
