"""The figures of decided cases, recounted case by case; and what each of them says where there is nothing to say."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import pytest

from audits import performance, performance_queries
from audits.models import Satisfaction
from audits.performance import Counts, Rates
from audits.performance_queries import Period
from audits.services.performance import declare_baseline, post_satisfaction
from cases.models import Decision, Outcome
from hitl_platform.kernel.errors import Forbidden, Invalid, NotFound
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.scope import tenant_scope
from models_registry.models import Prediction
from reviews.models import Consensus, Judgment, Panel, RoutingRecord, Seat
from tests.audits.worlds import BEGIN, World, make_world
from tests.cast import Cast

pytestmark = pytest.mark.django_db
COSTS: dict[str, Any] = {
    "currency": "EUR", "cost_per_decision": Decimal(10), "cost_per_hour": Decimal(36),
    "cost_per_automatic": Decimal("0.5"), "source": "Accounts.",
}  # fmt: skip


def period(**given: Any) -> Period:
    return Period(date(2026, 5, 1), date(2026, 5, 31), **given)


def recount(world: World) -> dict[str, Any]:
    """The same figures, one case at a time."""
    truth = dict(Outcome.objects.values_list("case_id", "label"))
    model = dict(Prediction.objects.values_list("case_id", "label"))
    people = dict(Consensus.objects.filter(method="majority").values_list("panel__case_id", "label"))
    sent = set(RoutingRecord.objects.filter(route="review").values_list("case_id", flat=True))
    decisions = list(Decision.objects.select_related("case"))
    first = {each.case_id: each for each in decisions}
    same = [case for case in first if case in truth and case in people and case in model]
    took = sorted((each.decided_at - each.case.created_at).total_seconds() for each in decisions)
    known = [case for case in first if case in truth]

    def wrong(cases: Sequence[Any], said: dict[Any, str]) -> float:
        return sum(said[case] != truth[case] for case in cases) / len(cases)

    labels = {case: each.label for case, each in first.items()}
    automatic = [case for case, each in first.items() if each.made_by == "model"]
    return {
        "decided": len(first),
        "error": wrong(known, labels),
        "error_model": wrong(same, model),
        "error_people": wrong(same, people),
        "error_combined": wrong(same, labels),
        "error_automatic": wrong([case for case in automatic if case in truth], labels),
        "edge": len(sent) / len(first),
        "error_edge": wrong([case for case in known if case in sent], labels),
        "automation": len(automatic) / len(first),
        "time": median(took),
    }


class TestCounting:
    def test_every_share_is_what_a_recount_gives(self, cast: Cast) -> None:
        world = make_world(cast, cases=240)
        mona = cast.people["mona"]
        with tenant_scope(mona.tenant_id):
            told = performance_queries.performance_of(mona, period(by="week"))
            for key, value in recount(world).items():
                assert told.figures[key].value == pytest.approx(value), key
            assert told.figures["error_model"].n == told.figures["error_people"].n < told.figures["error"].n
            assert sum(part.figures["decided"].value or 0 for part in told.over_time) == 240
            assert [part.name for part in told.by_type] == ["Loan"]
            by_queue = {part.name: part.figures["automation"].value for part in told.by_queue}
            assert by_queue == {"Loans": 0.0, "No queue": 1.0}

    def test_a_type_a_queue_and_a_stretch_narrow_it(self, cast: Cast) -> None:
        world = make_world(cast, cases=60)
        mona = cast.people["mona"]
        with tenant_scope(mona.tenant_id):
            sent = Panel.objects.count()
            in_queue = performance_queries.performance_of(mona, period(queue=world.queue))
            nothing = performance_queries.performance_of(mona, Period(date(2026, 6, 1), date(2026, 6, 2)))
        assert in_queue.figures["decided"].value == sent
        assert in_queue.figures["automation"].value == 0.0
        assert nothing.figures["decided"].value == 0
        assert nothing.figures["error"].value is None
        assert nothing.over_time == []

    def test_a_case_that_somebody_saw_before_is_not_automatic(self, cast: Cast) -> None:
        make_world(cast, cases=60)
        mona = cast.people["mona"]
        with tenant_scope(mona.tenant_id):
            before = performance_queries.performance_of(mona, period()).figures["automation"]
            # whoever held the case before the model's decision saw it, whatever they said
            seat = Seat.objects.select_related("panel").first()
            by_model = Decision.objects.filter(made_by="model").first()
            assert seat is not None
            assert by_model is not None
            assert before.value is not None
            panel, seat.panel.pk, seat.panel.case_id = seat.panel, uuid7(), by_model.case_id
            panel.save(force_insert=True)
            seat.pk, seat.case_id, seat.panel_id = uuid7(), by_model.case_id, panel.pk
            seat.first_viewed_at = by_model.decided_at - timedelta(minutes=1)
            seat.save(force_insert=True)
            after = performance_queries.performance_of(mona, period()).figures["automation"]
        assert after.value == pytest.approx(before.value - 1 / 60)

    def test_cases_behind_a_figure_are_the_ones_it_counts(self, cast: Cast) -> None:
        make_world(cast, cases=120)
        mona = cast.people["mona"]
        with tenant_scope(mona.tenant_id):
            told = performance_queries.performance_of(mona, period()).figures
            for kind, key in (("wrong", "error"), ("automatic", "automation"), ("edge", "edge"), ("all", "decided")):
                cases, count = performance_queries.cases_behind(mona, period(), kind=kind, page=1)
                value, n = told[key].value or 0, told[key].n
                assert count == (value if key == "decided" else round(value * n)), kind
                assert len(cases) == min(count, performance_queries.PAGE)
            with pytest.raises(Invalid) as refusal:
                performance_queries.cases_behind(mona, period(), kind="nice", page=1)
        assert "kind" in refusal.value.fields

    def test_another_tenant_sees_nothing_of_it(self, cast: Cast) -> None:
        make_world(cast, cases=24)
        gil = cast.people["gil"]
        with tenant_scope(gil.tenant_id):
            told = performance_queries.performance_of(gil, period())
        assert told.figures["decided"].value == 0
        assert not told.by_type

    def test_reviewers_and_engineers_do_not_see_them(self, cast: Cast) -> None:
        for name in ("alice", "mel"):
            with tenant_scope(cast.people[name].tenant_id), pytest.raises(Forbidden):
                performance_queries.performance_of(cast.people[name], period())


class TestMoney:
    def test_what_decisions_cost_and_saved(self, cast: Cast) -> None:
        make_world(cast, cases=60, active=100.0)
        mona = cast.people["mona"]
        with tenant_scope(mona.tenant_id):
            sent = Judgment.objects.count()
        declare_baseline(actor=mona, case_type_key="loan", **COSTS)
        with tenant_scope(mona.tenant_id):
            told = performance_queries.performance_of(mona, period()).figures
        spent = sent * 100 / 3600 * 36 + (60 - sent) * 0.5
        assert told["cost"].value == pytest.approx(spent / 60)
        assert told["saving"].value == pytest.approx(600 - spent)
        assert told["roi"].value == pytest.approx((600 - spent) / spent)
        assert told["handling"].value == pytest.approx(100)
        assert told["pace"].value == pytest.approx(36)

    def test_without_a_baseline_nothing_is_said_of_money(self, cast: Cast) -> None:
        make_world(cast, cases=12)
        mona = cast.people["mona"]
        with tenant_scope(mona.tenant_id):
            told = performance_queries.performance_of(mona, period()).figures
        assert {told[key].value for key in ("cost", "saving", "roi")} == {None}

    def test_two_currencies_are_not_added(self) -> None:
        rows = [("loan", Counts(decided=1)), ("scan", Counts(decided=1))]
        rates = {"loan": Rates("EUR", 1, 1, 1), "scan": Rates("USD", 1, 1, 1)}
        assert performance.money_of(rows, rates=rates) is None
        assert performance.money_of(rows[:1], rates=rates) is not None
        assert performance.money_of(rows, rates={"loan": rates["loan"]}) is None

    def test_judgments_without_a_time_take_as_long_as_the_others(self) -> None:
        counts = Counts(decided=2, judgments=4, timed=2, worked=3600)
        money = performance.money_of([("loan", counts)], rates={"loan": Rates("EUR", 100, 10, 0)})
        assert money == performance.Money("EUR", 2, pytest.approx(20), 200)

    def test_each_declaration_is_a_version_and_an_event(self, cast: Cast) -> None:
        make_world(cast, cases=2)
        first = declare_baseline(actor=cast.people["mona"], case_type_key="loan", **COSTS)
        second = declare_baseline(actor=cast.people["olga"], case_type_key="loan", **COSTS | {"currency": "USD"})
        assert (first.version, second.version) == (1, 2)
        with tenant_scope(first.tenant_id):
            assert performance_queries.rates_of()["loan"].currency == "USD"
            assert AuditEvent.objects.filter(verb="baseline.declared").count() == 2

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("currency", "eur"), ("currency", "EURO"), ("source", " "), ("cost_per_hour", -1),
            ("cost_per_decision", 0), ("cost_per_automatic", Decimal("NaN")),
        ],
    )  # fmt: skip
    def test_nonsense_is_refused_by_name(self, cast: Cast, name: str, value: Any) -> None:
        make_world(cast, cases=2)
        asked = {key: Decimal(str(each)) if key.startswith("cost") else each for key, each in COSTS.items()}
        asked[name] = Decimal(str(value)) if name.startswith("cost") else value
        with pytest.raises(Invalid) as refusal:
            declare_baseline(actor=cast.people["mona"], case_type_key="loan", **asked)
        assert set(refusal.value.fields) == {name}

    def test_who_may_declare(self, cast: Cast) -> None:
        make_world(cast, cases=2)
        for name in ("ada", "alice", "mel"):
            with pytest.raises(Forbidden):
                declare_baseline(actor=cast.people[name], case_type_key="loan", **COSTS)
        with pytest.raises(NotFound):
            declare_baseline(actor=cast.people["gil"], case_type_key="loan", **COSTS)


class TestSatisfaction:
    def test_the_last_mark_of_a_case_counts(self, cast: Cast) -> None:
        world = make_world(cast, cases=12)
        key, mona = cast.keys["acme"], cast.people["mona"]
        for at, (case, stars) in enumerate([(0, 1), (0, 5), (1, 4), (2, 3)]):
            given_at = BEGIN + timedelta(days=at)
            post_satisfaction(actor=key, case_id=world.cases[case], stars=stars, reference=f"r{at}", given_at=given_at)
        with tenant_scope(mona.tenant_id):
            told = performance_queries.performance_of(mona, period()).figures["satisfaction"]
        assert (told.value, told.n) == (4.0, 3)
        half = 1.959963984540054 * math.sqrt(1 / 3)
        assert (told.low, told.high) == (pytest.approx(4 - half), 5.0)

    def test_a_reference_counts_once(self, cast: Cast) -> None:
        world, key = make_world(cast, cases=2), cast.keys["acme"]
        asked: dict[str, Any] = {"case_id": world.cases[0], "reference": "r", "given_at": BEGIN}
        first, new = post_satisfaction(actor=key, stars=2, **asked)
        again, old = post_satisfaction(actor=key, stars=5, **asked)
        assert (new, old) == (True, False)
        assert again.pk == first.pk
        with tenant_scope(first.tenant_id):
            assert Satisfaction.objects.get().stars == 2

    def test_refusals(self, cast: Cast) -> None:
        world, key = make_world(cast, cases=2), cast.keys["acme"]
        asked: dict[str, Any] = {"case_id": world.cases[0], "reference": "r", "given_at": BEGIN}
        with pytest.raises(Invalid) as refusal:
            post_satisfaction(actor=key, stars=6, **asked | {"given_at": datetime(2999, 1, 1, tzinfo=UTC)})
        assert set(refusal.value.fields) == {"stars", "given_at"}
        with pytest.raises(Forbidden):
            post_satisfaction(actor=cast.people["mel"], stars=3, **asked)
        with pytest.raises(NotFound):
            post_satisfaction(actor=cast.keys["globex"], stars=3, **asked)


class TestPeriods:
    @pytest.mark.parametrize(
        ("given", "wrong"),
        [
            ({"from": "yesterday"}, {"from"}), ({"to": "2026-13-01"}, {"to"}), ({"by": "hour"}, {"by"}),
            ({"from": "2026-05-02", "to": "2026-05-01"}, {"from"}), ({"from": "2020-01-01"}, {"from"}),
            ({"case_type": "boat", "queue": "none"}, {"case_type", "queue"}),
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_named(self, cast: Cast, given: dict[str, str], wrong: set[str]) -> None:
        mona = cast.people["mona"]
        with tenant_scope(mona.tenant_id), pytest.raises(Invalid) as refusal:
            performance_queries.read_period(mona, given)
        assert set(refusal.value.fields) == wrong

    def test_every_figure_is_defined_and_nothing_is_zero_for_want_of_cases(self) -> None:
        told = performance.figures(Counts())
        assert list(told) == [each.key for each in performance.DEFINITIONS]
        assert {key for key, figure in told.items() if figure.value is not None} == {"decided"}
        assert all(each.says.endswith(".") for each in performance.DEFINITIONS)
