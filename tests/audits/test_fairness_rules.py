"""Rule sets: dated data, applied; what a rule lets out, refuses, and cannot show."""

from datetime import date

import pytest

from audits.fairness import Cube, Plan, Population, answer, attribute, audit, rule_set, rule_sets
from audits.fairness.rules import parsed

IDS = [
    "colorado_sb_26_189", "dsa", "ecoa_reg_b", "eu_ai_act", "fda_gmlp", "four_fifths", "gdpr", "iso_42001",
    "nist_ai_rmf", "nyc_ll144", "sr_26_2",
]  # fmt: skip
RACES = ["White", "Black", "Asian", "Native", "not told"]
SEXES = ["Female", "Male"]
SELECTED = {"White": (500, 250), "Black": (300, 110), "Asian": (180, 95), "Native": (10, 2), "not told": (60, 20)}


def people() -> Population:
    """Selection by race, the same for both sexes; a score of 1 above the median for everybody selected."""
    axes = [
        attribute("sex", SEXES), attribute("race", RACES, unknown="not told"), answer("truth"), answer("hired"),
        answer("above"),
    ]  # fmt: skip
    rows = []
    for race, (n, k) in enumerate(SELECTED.values()):
        for sex in (0, 1):
            rows += [(sex, race, -1, 1, 1, k // 2), (sex, race, -1, 0, 0, n // 2 - k // 2)]
    return Population(Cube.from_rows(axes, rows))


def applied(**context: object) -> dict[str, object]:
    plan = Plan(
        deciders=("hired",), rule_sets=("nyc_ll144",), replicates=0,
        context={"provenance": {"race": "self-declared"}, **context},
    )  # fmt: skip
    found = audit(people(), plan=plan)["rules"][0]
    assert isinstance(found, dict)
    return found


def test_every_rule_set_is_there_dated_and_modest() -> None:
    assert [each.id for each in rule_sets()] == IDS
    for rules in rule_sets():
        assert rules.in_force_from is not None
        assert rules.cannot_show
        assert rules.tables or rules.duties
        assert len(rules.text) > 150
        assert "complian" not in rules.text.lower()


def test_rules_are_in_force_from_their_day() -> None:
    act, colorado = rule_set("eu_ai_act"), rule_set("colorado_sb_26_189")
    assert [act.in_force(date(2027, 12, day)) for day in (1, 2)] == [False, True]
    assert not colorado.in_force(date(2026, 11, 22))
    assert rule_set("sr_26_2").in_force(date(2026, 4, 17))
    with pytest.raises(ValueError, match="there are colorado"):
        rule_set("hammurabi")


def test_a_rule_set_without_what_it_needs_names_what_is_missing() -> None:
    with pytest.raises(ValueError, match=r"rule set draft: KeyError\('jurisdiction'\)"):
        parsed({"name": "A draft"}, name="draft")


def test_new_yorks_tables() -> None:
    found = applied(scoring_answer="above", date_of_audit="2026-11-22")
    titles = [table["title"] for table in found["tables"]]
    assert [title.split(" ")[0] for title in titles] == ["Selection"] * 3 + ["Scoring"] * 3
    race = found["tables"][1]
    rows = {row["category"]: row for row in race["rows"]}
    # the unknown are counted, and are no category
    assert race["n_unknown"] == 60
    assert set(rows) == {"White", "Black", "Asian", "Native"}
    assert race["most_selected"] == "Asian"
    assert rows["Black"]["rate"] == pytest.approx(110 / 300)
    assert rows["Black"]["impact_ratio"] == pytest.approx((110 / 300) / (94 / 180))
    assert [row["category"] for row in race["rows"] if row["is_below_limit"]] == ["Black", "Native"]
    assert rows["Native"]["share"] == pytest.approx(10 / 990)
    assert rows["Native"]["is_small"] is True
    both = found["tables"][2]
    assert len(both["rows"]) == 8
    assert both["n_unknown"] == 60
    assert "date_of_audit" not in found["missing_facts"]
    assert "distribution_date" in found["missing_facts"]
    assert "does not" not in found["disclaimer"]
    assert "not said here" in found["disclaimer"]


def test_a_small_category_is_left_out_only_with_its_number_rate_and_reason() -> None:
    found = applied(exclusions={"nyc_ll144": {"Native": "Ten people: a ratio would say nothing."}})
    race = found["tables"][1]
    assert race["excluded"] == [
        {"category": "Native", "n": 10, "rate": 0.2, "justification": "Ten people: a ratio would say nothing."}
    ]
    assert "Native" not in {row["category"] for row in race["rows"]}
    for reason, category in (("", "Native"), ("They are few.", "Black")):
        with pytest.raises(ValueError, match=f"{category} may be left out only"):
            applied(exclusions={"nyc_ll144": {category: reason}})


def test_an_inferred_race_is_refused() -> None:
    found = applied(provenance={"race": "imputed"})
    refused = [table["title"] for table in found["tables"] if table.get("refused")]
    assert refused == ["Selection rates by race and ethnicity", "Selection rates by sex and race and ethnicity"]
    assert found["tables"][0]["rows"]


def test_four_fifths_tells_ratio_points_and_chance() -> None:
    document = audit(people(), plan=Plan(deciders=("hired",), rule_sets=("four_fifths",), replicates=0))
    tables = document["rules"][0]["tables"]
    assert tables[2]["refused"] == "The population has no attribute age."
    rows = {row["category"]: row for row in tables[1]["rows"]}
    assert rows["Black"]["p"] < 0.001
    assert rows["Black"]["difference"] < -0.1
    # under the limit too, and yet ten people prove nothing
    assert rows["Native"]["is_below_limit"] is True
    assert rows["Native"]["p"] > 0.05
    assert rows["Native"]["test"] == "fisher"


def test_duties_say_which_facts_are_missing() -> None:
    plan = Plan(rule_sets=("eu_ai_act", "gdpr"), replicates=0, context={"override_rate": "0.12", "retention_months": 6})
    act, privacy = audit(people(), plan=plan)["rules"]
    duties = {duty["article"]: duty for duty in act["duties"]}
    assert duties["Article 26(6)"]["missing"] == []
    assert duties["Article 14"]["missing"] == ["agreement_rate", "seconds_per_decision", "stop_control"]
    assert privacy["missing_facts"]
