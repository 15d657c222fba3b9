"""An audit counted by hand: loops over rows, fractions, nothing shared with the code that is tested.

The layout is that of the reference files: `overall` and `audits`, a rate that is not defined is None.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb, sqrt
from statistics import NormalDist
from typing import Any

Row = Mapping[str, Any]
Z = NormalDist().inv_cdf(0.975)
RATES = {
    "accuracy": lambda c: (c["tp"] + c["tn"], c["n"]),
    "base_rate": lambda c: (c["n_true_pos"], c["n"]),
    "selection_rate": lambda c: (c["n_pred_pos"], c["n"]),
    "favourable_rate": lambda c: (c["favourable_n"], c["n"]),
    "tpr": lambda c: (c["tp"], c["tp"] + c["fn"]),
    "tnr": lambda c: (c["tn"], c["tn"] + c["fp"]),
    "fpr": lambda c: (c["fp"], c["tn"] + c["fp"]),
    "fnr": lambda c: (c["fn"], c["tp"] + c["fn"]),
    "precision": lambda c: (c["tp"], c["tp"] + c["fp"]),
    "npv": lambda c: (c["tn"], c["tn"] + c["fn"]),
    "fdr": lambda c: (c["fp"], c["tp"] + c["fp"]),
    "for": lambda c: (c["fn"], c["tn"] + c["fn"]),
}
RELATIVE = ("fpr", "fnr", "fdr", "for", "tpr", "tnr", "precision", "npv", "selection_rate")


def audit(rows: Sequence[Row], *, groups: Sequence[str], favourable: int) -> dict[str, Any]:
    """rows: "truth" and "decision" of 0 and 1, and a text for every attribute."""
    sets = [names for size in range(1, len(groups) + 1) for names in combinations(groups, size)]
    return {
        "n": len(rows),
        "overall": told(counted(rows, favourable=favourable)),
        "audits": {
            "\N{MULTIPLICATION SIGN}".join(names): one(rows, names=names, favourable=favourable) for names in sets
        },
    }


def one(rows: Sequence[Row], *, names: Sequence[str], favourable: int) -> dict[str, Any]:
    """One attribute set."""
    labels = sorted({tuple(row[name] for name in names) for row in rows})
    members = {
        " | ".join(label): [row for row in rows if tuple(row[name] for name in names) == label] for label in labels
    }
    counts = {label: counted(mine, favourable=favourable) for label, mine in members.items()}
    exact = {label: {name: share(*pair(c)) for name, pair in RATES.items()} for label, c in counts.items()}
    best = first_highest(counts, key=lambda label: exact[label]["favourable_rate"])
    largest = first_highest(counts, key=lambda label: counts[label]["n"])
    found = {
        label: {**told(c), **standing(label, counts=counts, exact=exact, best=best, largest=largest, n=len(rows))}
        for label, c in counts.items()
    }
    return {
        "attrs": list(names),
        "favourable": favourable,
        "n": len(rows),
        "best_group": best,
        "largest_group": largest,
        "groups": found,
        **spreads(exact),
        "average_odds_difference_vs_largest": {label: odds(exact, label=label, to=largest) for label in counts},
        "smallest_group_n": min(c["n"] for c in counts.values()),
    }


def first_highest(counts: Mapping[str, Any], *, key: Any) -> str:
    """The first label, in order, of the highest value."""
    return max(sorted(counts), key=lambda label: (key(label), [-ord(letter) for letter in label]))


def counted(rows: Iterable[Row], *, favourable: int) -> dict[str, int]:
    """Counts of one group."""
    c = dict.fromkeys(("n", "tp", "fp", "fn", "tn", "n_true_pos", "n_true_neg", "n_pred_pos", "n_pred_neg"), 0)
    for row in rows:
        truth, decision = row["truth"], row["decision"]
        c["n"] += 1
        c[("t" if truth == decision else "f") + ("p" if decision else "n")] += 1
        c["n_true_pos" if truth else "n_true_neg"] += 1
        c["n_pred_pos" if decision else "n_pred_neg"] += 1
    c["favourable_n"] = c["n_pred_pos"] if favourable else c["n_pred_neg"]
    return c


def share(k: int, n: int) -> Fraction | None:
    """k of n; None of nothing."""
    return Fraction(k, n) if n else None


def told(c: dict[str, int]) -> dict[str, Any]:
    """Counts and rates."""
    rates = {name: as_float(share(*pair(c))) for name, pair in RATES.items()}
    return {**c, **rates, "favourable_rate_wilson95": wilson(c["favourable_n"], c["n"])}


def wilson(k: int, n: int) -> list[float] | None:
    """Wilson (1927), formula 4."""
    if not n:
        return None
    p = k / n
    middle, half = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return [(middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)]


def as_float(value: Fraction | None) -> float | None:
    """A fraction as the files have it."""
    return None if value is None else float(value)


def over(first: Fraction | None, second: Fraction | None) -> Fraction | None:
    """A ratio; None where it is not defined."""
    return None if first is None or not second else first / second


def standing(label: str, *, counts: Any, exact: Any, best: str, largest: str, n: int) -> dict[str, Any]:
    """How a group stands against the best and the largest."""
    mine, top = exact[label]["favourable_rate"], exact[best]["favourable_rate"]
    small = {each: Fraction(c["n"], n) < Fraction(2, 100) for each, c in counts.items()}
    rest = [exact[each]["favourable_rate"] for each in counts if not small[each]]
    found: dict[str, Any] = {
        "share": counts[label]["n"] / n,
        "impact_ratio": as_float(over(mine, top)),
        "below_four_fifths": bool(mine < Fraction(4, 5) * top),
        "under_2pct": small[label],
        "impact_ratio_excl_under_2pct": None if small[label] else as_float(over(mine, max(rest))),
        **{
            f"{name}_disparity_vs_largest": as_float(over(exact[label][name], exact[largest][name]))
            for name in RELATIVE
        },
    }
    if label != best:
        found["fisher_p_vs_best"] = fisher(counts[label], counts[best])
        found["z_vs_best"] = pooled_z(counts[label], counts[best])
    return found


def fisher(c: dict[str, int], d: dict[str, int]) -> float:
    """Two-sided: all tables at most as likely, in whole numbers."""
    k, m, j, n = c["favourable_n"], c["n"], d["favourable_n"], d["n"]
    drawn = k + j
    ways = {a: comb(m, a) * comb(n, drawn - a) for a in range(max(0, drawn - n), min(drawn, m) + 1)}
    return float(Fraction(sum(way for way in ways.values() if way <= ways[k]), comb(m + n, drawn)))


def pooled_z(c: dict[str, int], d: dict[str, int]) -> float | None:
    """z of two shares with the pooled variance."""
    k, m, j, n = c["favourable_n"], c["n"], d["favourable_n"], d["n"]
    p = (k + j) / (m + n)
    spread = sqrt(p * (1 - p) * (1 / m + 1 / n))
    return (k / m - j / n) / spread if spread else None


def spreads(exact: Any) -> dict[str, Any]:
    """Highest less lowest and lowest over highest, of what is defined."""
    found: dict[str, Any] = {}
    for name in RATES:
        there = [rates[name] for rates in exact.values() if rates[name] is not None]
        found[f"{name}_difference"] = as_float(max(there) - min(there)) if there else None
        found[f"{name}_ratio"] = as_float(over(min(there), max(there))) if there else None
    found["demographic_parity_difference"] = found["selection_rate_difference"]
    found["demographic_parity_ratio"] = found["selection_rate_ratio"]
    found["equal_opportunity_difference"] = found["tpr_difference"]
    for kind, pick in (("difference", max), ("ratio", min)):
        both = [found[f"tpr_{kind}"], found[f"fpr_{kind}"]]
        found[f"equalized_odds_{kind}"] = None if None in both else pick(both)
    return found


def odds(exact: Any, *, label: str, to: str) -> float | None:
    """Mean difference of both odds to one group's."""
    values = [exact[each][name] for each in (label, to) for name in ("tpr", "fpr")]
    if None in values:
        return None
    return float((values[0] - values[2] + values[1] - values[3]) / 2)
