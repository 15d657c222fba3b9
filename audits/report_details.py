"""The sections behind: events, errors, scores, durations, reviewers and queues, equal factors. Pure."""

from collections.abc import Mapping
from typing import Any

from audits.charts import LineChart, PointChart, Row
from audits.report_cells import ordered, percent, plain_points, point_of, point_row, suppressed_row, three
from audits.report_document import Cell, Claim, Column, Meta, Section, Table
from audits.report_words import (
    SUPPRESSED,
    chance,
    duration,
    group_words,
    interval,
    is_single,
    points,
    share,
    whole,
)

Plain = Mapping[str, Any]
FINAL = "final decision"
# fewer known cases than this make no point of a calibration line
ENOUGH = 20
ERRORS = (
    ("tpr", "True positive"),
    ("fpr", "False positive"),
    ("fnr", "False negative"),
    ("precision", "Predictive value"),
)


def events(document: Plain) -> Section | None:
    definitions = {"sent to people": "sent", "overturned": "overturned"}
    claims = [
        Claim(
            f"event-{at}-{definitions.get(event, at)}", f"{event.capitalize()}, by {group_words(name)}",
            f"The difference between groups is {points(found['difference'])} points.",
            PointChart(f"{event.capitalize()} by {group_words(name)}", (event,), [
                point_row(group, each, [("rate", each.get("interval"))]) for group, each in found["groups"].items()
            ], percent),
            _event_table(event, name, found, definition=definitions.get(event, "")), is_folded=not is_single(name),
        )
        for event, sets in (document.get("events") or {}).items()
        for at, (name, found) in enumerate(ordered(sets), 1)
    ]  # fmt: skip
    intro = "The chance of a case to be sent to a human, and of its decision to be replaced later."
    return Section("events", "Sent to people, overturned", intro, tuple(claims)) if claims else None


def _event_table(event: str, name: str, found: Plain, *, definition: str) -> Table:
    columns = (
        Column("Group", is_number=False), Column("Cases"), Column(event.capitalize()), Column("Rate", definition),
        Column("95 %", "interval"),
    )  # fmt: skip
    rows = tuple(
        suppressed_row(group, columns=5)
        if each.get("suppressed")
        else (
            Cell(group, is_number=False),
            Cell(whole(each["n"])),
            Cell(whole(each["count"]), cases={"of": event, "by": name, "group": group}),
            Cell(share(each["rate"])),
            Cell(interval(each["interval"])),
        )
        for group, each in found["groups"].items()
    )
    return Table(columns, rows)


def errors(document: Plain, meta: Meta) -> Section | None:
    if meta.truth == "none":
        return None
    claims = [
        Claim(f"error-{at}", f"By {group_words(name)}", _error_sentence(audit), _error_chart(name, audit),
              _error_table(audit), is_folded=not is_single(name))
        for at, (name, audit) in enumerate(ordered(document["deciders"][FINAL]["audits"]), 1)
    ]  # fmt: skip
    intro = "How often final decisions were right or wrong, among cases whose truth is known."
    return Section("errors", "Errors of final decisions", intro, tuple(claims))


def _error_sentence(audit: Plain) -> str:
    odds, chances = audit["equalized_odds_difference"], audit["equal_opportunity_difference"]
    return f"Equalised odds differ by {plain_points(odds)}, equal opportunity by {plain_points(chances)} points."


def _error_chart(name: str, audit: Plain) -> PointChart:
    rows = [
        point_row(group, found, [(rate, found.get("intervals", {}).get(rate)) for rate in ("tpr", "fpr")])
        for group, found in audit["groups"].items()
    ]
    return PointChart(
        f"Error rates by {group_words(name)}", ("True positive rate", "False positive rate"), rows, percent
    )


def _error_table(audit: Plain) -> Table:
    columns = (
        Column("Group", is_number=False), Column("Truth known"), *(Column(title, key) for key, title in ERRORS),
        Column("Accuracy", "accuracy"),
    )  # fmt: skip
    rows = tuple(
        suppressed_row(group, columns=7)
        if found.get("suppressed")
        else (
            Cell(group, is_number=False),
            Cell(whole(found["tp"] + found["fp"] + found["fn"] + found["tn"])),
            *(Cell(share(found[key])) for key, _ in ERRORS),
            Cell(share(found["accuracy"])),
        )
        for group, found in audit["groups"].items()
    )
    return Table(columns, rows)


def scores(document: Plain) -> Section | None:
    claims = []
    for at, (name, found) in enumerate(ordered(document.get("scores") or {}), 1):
        if not is_single(name):
            continue
        shown = {group: each for group, each in found["groups"].items() if not each.get("suppressed")}
        lines = [
            [(each["mean_score"], each["positive_rate"]) for each in group["calibration"] if each["n"] >= ENOUGH]
            for group in shown.values()
        ]
        chart = LineChart(f"Calibration by {name}", tuple(shown), lines, "mean score", "share that came true")
        claims.append(Claim(f"score-{at}", f"By {group_words(name)}", _calibrated(shown), chart, _score_table(found)))
    intro = "The model's probability of a favourable label by group, and whether it means the same in each."
    return Section("scores", "Scores of the model", intro, tuple(claims)) if claims else None


def _calibrated(shown: Plain) -> str:
    worst = max(((each["calibration_error"] or 0, group) for group, each in shown.items()), default=None)
    return (
        f"On average scores lie {worst[0] * 100:.1f} points off at most ({worst[1]})." if worst else "All suppressed."
    )


def _score_table(found: Plain) -> Table:
    columns = (
        Column("Group", is_number=False), Column("Scored"), Column("Mean score"), Column("Off by", "calibration"),
        Column("Distance to others"),
    )  # fmt: skip
    rows = tuple(
        suppressed_row(group, columns=5)
        if each.get("suppressed")
        else (
            Cell(group, is_number=False), Cell(whole(each["n"])), Cell(three(each["mean"])),
            Cell(three(each["calibration_error"])), Cell(three(each["distance"])),
        )
        for group, each in found["groups"].items()
    )  # fmt: skip
    return Table(columns, rows)


def durations(document: Plain) -> Section | None:
    claims = []
    for at, (name, found) in enumerate(ordered((document.get("measures") or {}).get("seconds to decision", {})), 1):
        rows = [
            Row(group, words=SUPPRESSED)
            if each.get("suppressed")
            else Row(group, [point_of(each["median"], (each["median"], each["p90"]))])
            for group, each in found["groups"].items()
        ]
        chart = PointChart(f"Time to decision by {group_words(name)}", ("median",), rows, duration)
        sentence = "The median, and up to which time nine in ten were decided."
        table = _duration_table(found)
        claims.append(
            Claim(f"time-{at}", f"By {group_words(name)}", sentence, chart, table, is_folded=not is_single(name))
        )
    intro = "From submission to the first decision."
    return Section("times", "Time to decision", intro, tuple(claims)) if claims else None


def _duration_table(found: Plain) -> Table:
    columns = (
        Column("Group", is_number=False), Column("Cases"), Column("Median", "seconds"), Column("Mean"),
        Column("Nine in ten"),
    )  # fmt: skip
    rows = tuple(
        suppressed_row(group, columns=5)
        if each.get("suppressed")
        else (
            Cell(group, is_number=False), Cell(whole(each["n"])),
            *(Cell(duration(each[key])) for key in ("median", "mean", "p90")),
        )
        for group, each in found["groups"].items()
    )  # fmt: skip
    return Table(columns, rows)


def people_section(document: Plain, meta: Meta) -> Section | None:
    claims: list[Claim] = []
    for by, title in (("reviewers", "Reviewers"), ("queues", "Queues")):
        for at, (name, groups) in enumerate((document.get(by) or {}).items(), 1):
            for group, found in groups.items():
                # alone, a queue differs from nobody
                if len(found["who"]) > 1:
                    claims.append(_people_claim(f"{by}-{at}-{len(claims)}", f"{title}: {group} ({name})", found, meta))
    intro = (
        "How much less often somebody decides in favour of a group than of all others, in points, among cases that are "
        "alike. Few cases say little of one person: gaps are drawn towards what all share."
    )
    return Section("people", "Reviewers and queues", intro, tuple(claims)) if claims else None


def _people_claim(anchor: str, title: str, found: Plain, meta: Meta) -> Claim:
    named = {meta.people.get(who, who): each for who, each in found["who"].items()}
    rows = [Row(who, [point_of(each["shrunk"], each["interval"])]) for who, each in named.items()]
    chart = PointChart(title, ("shrunk gap",), rows, lambda value: f"{value * 100:+g}", zero=0)
    columns = (
        Column("Who", is_number=False), Column("Cases"), Column("Own gap"), Column("Shrunk gap", "shrunk"),
        Column("95 %", "interval"), Column("p"),
    )  # fmt: skip
    table = Table(
        columns,
        tuple(
            (
                Cell(who, is_number=False), Cell(whole(each["n"])), Cell(points(each["gap"])),
                Cell(points(each["shrunk"])), Cell(interval(each["interval"], points)), Cell(chance(each["p"])),
            )
            for who, each in named.items()
        ),
    )  # fmt: skip
    differ = chance(found["heterogeneity_p"])
    sentence = f"All together {points(found['mean'])} points; that they differ from each other: p {differ}."
    return Claim(anchor, title, sentence, chart, table)


def conditional(document: Plain) -> Section | None:
    found = document.get("conditional")
    if not found:
        return None
    factors = " and ".join(found["factors"])
    claims = []
    for at, (name, each) in enumerate(ordered(found["deciders"][FINAL]), 1):
        effects, odds = each["mantel_haenszel"], (each["logistic"] or {}).get("groups", {})
        rows = [Row(group, [point_of(effect["difference"], effect["interval"])]) for group, effect in effects.items()]
        chart = PointChart(
            f"Difference at equal {factors}", ("difference",), rows, lambda value: f"{value * 100:+g}", zero=0
        )
        sentence = "Differences that remain are not explained by these factors."
        table = _conditional_table(effects, odds)
        claims.append(
            Claim(f"equal-{at}", f"By {group_words(name)}", sentence, chart, table, is_folded=not is_single(name))
        )
    intro = f"Final decisions among cases with equal {factors}: what was declared as legitimate to decide by."
    return Section("equal", "At equal factors", intro, tuple(claims))


def _conditional_table(effects: Plain, odds: Plain) -> Table:
    columns = (
        Column("Group", is_number=False), Column("Difference", "mantel_haenszel"), Column("95 %", "interval"),
        Column("p"), Column("Odds ratio", "odds_ratio"), Column("95 %", "interval"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(group, is_number=False), Cell(points(each["difference"])), Cell(interval(each["interval"], points)),
            Cell(chance(each["p"])), Cell(three(odds.get(group, {}).get("odds_ratio"))),
            Cell(interval(odds.get(group, {}).get("interval"), three)),
        )
        for group, each in effects.items()
    )  # fmt: skip
    return Table(columns, rows)
