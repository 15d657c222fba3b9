"""From frozen rows to counts: what an audit computes is a function of these alone, and they hold no person.

Counted once, in the database, and kept with the audit, so that it can be computed again when rows are gone. Sums are
of decimals: in whatever order the database adds them up, the same rows give the same bytes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from django.db import connection

from audits.fairness import (
    TRUTH,
    Axis,
    Cube,
    Histogram,
    Plan,
    Population,
    Stage,
    answer,
    attribute,
    factor,
    score_edges,
    time_edges,
)
from audits.models import BiasAudit

POSITIVE, NEGATIVE, OTHER, NONE = 1, 0, 2, -1
UNKNOWN = "unknown"
PROVENANCE = "provenance"
SECONDS = "seconds to decision"
JUDGMENT = "judgment"
SCORE_BAND = "band of the model's score"
SENT, OVERTURNED = "sent to people", "overturned"
AI, HUMANS, FIRST, PANEL, FINAL, APPEALED = (
    "AI alone", "humans alone", "first judgment", "panel", "final decision", "after appeal",
)  # fmt: skip
# in the order of the columns
DECIDERS = (AI, HUMANS, FIRST, PANEL, FINAL, APPEALED)
SIDE_BY_SIDE = (AI, HUMANS, FINAL)
STAGES = (
    Stage("model score", AI),
    Stage("routing", SENT, "routing"),
    Stage(FIRST, FIRST),
    Stage(PANEL, PANEL),
    Stage(FINAL, FINAL),
    Stage(APPEALED, APPEALED),
)

# of one audit
_OF = "from audits_frozendecision where tenant_id = %(tenant)s and audit_id = %(audit)s and groups is not null"
# the band of the score comes last among the factors; 0: there is no score
_KEYS = """
select groups, factors || coalesce(least(floor(score * 20)::int, 19) + 1, 0)::smallint, truth, ai, human, first, panel,
    final, appealed, routed::int, overturned::int, count(*),
"""
_GROUPED = "group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
_CUBE = f"{_KEYS} count(*), count(*) {_OF} {_GROUPED}"
_WEIGHTED_CUBE = f"""
{_KEYS} sum(weight), sum(weight * weight)
from (select *, case when truth is not null and propensity > 0 then round((1 / propensity)::numeric, 9) else 1 end
    as weight {_OF}) weighed {_GROUPED}
"""
# bins as `score_edges` and `time_edges` have them; sums of whole billionths and millionths, in any order the same
_SCORES = f"""
select groups, truth, least(floor(score * %(score_bins)s)::int, %(score_bins)s - 1), count(*),
    sum((score * 1e9)::bigint) * 0.000000001 {_OF} and score is not null group by 1, 2, 3 order by 1, 2, 3
"""
_SECONDS = f"""
select groups, case when seconds < 0.1 then 0 else least(floor(8 * log(seconds))::int + 9, %(time_bins)s - 1) end,
    count(*), sum((seconds * 1e6)::bigint) * 0.000001 {_OF} and seconds is not null group by 1, 2 order by 1, 2
"""
_REVIEWERS = f"""
select reviewer_id::text, groups, factors, truth, first, count(*) {_OF} and reviewer_id is not null
group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
"""
_QUEUES = f"""
select queue_id::text, groups, factors, truth, panel, count(*) {_OF} and queue_id is not null
group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
"""


def count_cube(audit: BiasAudit) -> dict[str, Any]:
    """All tables of counts of an audit, as JSON. Inside the tenant's scope."""
    values = {
        "tenant": audit.tenant_id,
        "audit": audit.pk,
        "score_bins": len(score_edges()) - 1,
        "time_bins": len(time_edges()) - 1,
    }
    # an outcome comes by itself; an adjudicated or a gold case is known because somebody looked
    statement = _WEIGHTED_CUBE if audit.definition["truth"] in ("adjudication", "gold") else _CUBE
    answers = _answers(audit)
    return {
        "rows": _summed(_cube_rows(_fetched(statement, values), answers)),
        "scores": [
            [*groups, answers[truth], place, n, str(total)]
            for groups, truth, place, n, total in _fetched(_SCORES, values)
        ],
        "seconds": [[*groups, place, n, str(total)] for groups, place, n, total in _fetched(_SECONDS, values)],
        "reviewers": _named_rows(_fetched(_REVIEWERS, values), answers),
        "queues": _named_rows(_fetched(_QUEUES, values), answers),
    }


def population_of(audit: BiasAudit) -> Population:
    """What the audit reads, from its counts and its codebook."""
    cube, attributes, factors = audit.cube, _attributes(audit), _factors(audit)
    if cube is None:
        raise ValueError("the audit has not counted yet")
    answers = [answer(name) for name in (TRUTH, *DECIDERS, SENT, OVERTURNED)]
    truth = answer(TRUTH)
    return Population(
        cube=Cube.from_rows(
            [*attributes, *factors, _score_bands(), *answers], _weighed(cube["rows"], places=len(attributes))
        ),
        scores=Histogram.from_rows(
            [*attributes, truth], edges=score_edges(), rows=_grouped(cube["scores"], places=len(attributes))
        ) if cube["scores"] else None,
        measures={
            SECONDS: Histogram.from_rows(
                attributes, edges=time_edges(), rows=_grouped(cube["seconds"], places=len(attributes))
            )
        } if cube["seconds"] else {},
        reviewers=_beside("reviewer", cube["reviewers"], [*attributes, *factors, truth, answer(JUDGMENT)]),
        queues=_beside("queue", cube["queues"], [*attributes, *factors, truth, answer(JUDGMENT)]),
    )  # fmt: skip


def plan_of(audit: BiasAudit) -> Plan:
    """How the audit reads it."""
    definition = audit.definition
    return Plan(
        reference=definition["reference"],
        minimum_cell=definition["minimum_cell"],
        same_cases=SIDE_BY_SIDE,
        stages=STAGES,
        events=(SENT, OVERTURNED),
        factors=tuple(audit.codebook["factors"]),
        score_factor=SCORE_BAND,
        rule_sets=tuple(definition["rule_sets"]),
        context=_context(audit),
    )


def _context(audit: BiasAudit) -> dict[str, Any]:
    """Facts that rule sets want printed: those that were given, and those that the audit itself knows."""
    definition = audit.definition
    day, period = audit.known_on.date().isoformat(), definition["period"]
    known = {"date_of_audit": day, "outcomes_known_on": day, "period": f"{period['from'][:10]} to {period['to'][:10]}"}
    facts: dict[str, Any] = known | definition["facts"]
    told = facts.pop(PROVENANCE, None)
    if told is not None:
        # one sentence for all of them; a rule asks of each whether it was guessed
        guessed = "imputed" if "imput" in told.lower() else told
        facts[PROVENANCE] = dict.fromkeys(definition["attributes"], guessed)
    return facts | {"exclusions": definition["exclusions"]}


def _answers(audit: BiasAudit) -> dict[int | None, int]:
    """What each label code means: favourable, unfavourable, another answer, none."""
    favourable, unfavourable = audit.definition["favourable"], audit.definition["unfavourable"]
    codes: dict[int | None, int] = {None: NONE}
    for code, label in enumerate(audit.codebook["labels"], 1):
        codes[code] = POSITIVE if label in favourable else NEGATIVE if label in unfavourable else OTHER
    return codes


def _fetched(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _cube_rows(rows: Iterable[Sequence[Any]], answers: dict[int | None, int]) -> Iterator[tuple[tuple[int, ...], Any]]:
    for groups, factors, *labels, sent, overturned, n, weight, square in rows:
        key = (*groups, *(factors or ()), *(answers[code] for code in labels), sent, overturned)
        yield key, (n, weight, square)


def _summed(rows: Iterable[tuple[tuple[int, ...], Any]]) -> list[list[Any]]:
    """Rows of one key added up: several labels may mean one answer."""
    sums: dict[tuple[int, ...], list[Any]] = {}
    for key, numbers in rows:
        held = sums.setdefault(key, [0, 0, 0])
        for at, number in enumerate(numbers):
            held[at] += number
    return [[*key, n, str(weight), str(square)] for key, (n, weight, square) in sorted(sums.items())]


def _named_rows(rows: Iterable[Sequence[Any]], answers: dict[int | None, int]) -> list[list[Any]]:
    sums: Counter[tuple[Any, ...]] = Counter()
    for name, groups, factors, truth, label, n in rows:
        sums[name, *groups, *(factors or ()), answers[truth], answers[label]] += n
    return [[*key, n] for key, n in sorted(sums.items())]


def _attributes(audit: BiasAudit) -> list[Axis]:
    return [attribute(key, [*groups, UNKNOWN], unknown=UNKNOWN) for key, groups in audit.codebook["attributes"].items()]


def _factors(audit: BiasAudit) -> list[Axis]:
    """Factors count whether it is not told as a value of its own, the first."""
    axes = []
    for key, each in audit.codebook["factors"].items():
        bands = each.get("bands")
        named = _band_names(bands) if bands else each["values"]
        axes.append(factor(key, ["not told", *named]))
    return axes


def _score_bands() -> Axis:
    edges = [f"{edge:.2f}" for edge in score_edges()]
    return factor(SCORE_BAND, ["no score", *(f"{low} to under {high}" for low, high in pairwise(edges))])


def _band_names(bands: Sequence[str]) -> list[str]:
    between = [f"{low} to under {high}" for low, high in pairwise(bands)]
    return [f"under {bands[0]}", *between, f"{bands[-1]} and more"]


def _grouped(rows: Iterable[Sequence[Any]], *, places: int) -> Iterator[tuple[Any, ...]]:
    """Rows whose first `places` are places in the codebook from 1 and 0 where nothing is known, as axes count them."""
    for row in rows:
        yield (*(code - 1 if code else None for code in row[:places]), *row[places:])


def _weighed(rows: Iterable[Sequence[Any]], *, places: int) -> Iterator[tuple[Any, ...]]:
    """The same for rows with weights, which are left out where each counts once."""
    given = list(rows)
    is_weighted = any(float(row[-2]) != row[-3] for row in given)
    for row in _grouped(given, places=places):
        yield row if is_weighted else row[:-2]


def _beside(name: str, rows: Sequence[Sequence[Any]], axes: Sequence[Axis]) -> Cube | None:
    """A cube with one axis more, of what each row names first."""
    if not rows:
        return None
    names = sorted({row[0] for row in rows})
    places = sum(axis.kind == "attribute" for axis in axes)
    coded = (
        (names.index(row[0]), *rest)
        for row, rest in zip(rows, _grouped((r[1:] for r in rows), places=places), strict=True)
    )
    return Cube.from_rows([factor(name, names), *axes], coded)
