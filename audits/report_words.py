"""How a report says numbers, groups and certainty. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audits.fairness import DEFINITIONS

Plain = Mapping[str, Any]
# between the names of an attribute set
TIMES = "\u00d7"
NOT_DEFINED, SUPPRESSED = "not defined", "suppressed"
# terms of reports beside those of the statistics
DEFINED: dict[str, tuple[str, str]] = {
    **DEFINITIONS,
    "interval": ("Interval", "Holds the true value in 95 of 100 audits like this one; wide where there are few cases."),
    "p_adjusted": (
        "Adjusted p",
        "How easily chance alone would show a difference of this size, corrected (Benjamini-Hochberg) for all tests.",
    ),
    "stage_effect": (
        "What a stage adds",
        "A group's favourable answers (at routing: cases sent on) less those of others, in cases alike before it.",
    ),
    "sent": ("Sent to people", "Cases that people judged before the decision, among all."),
    "overturned": ("Overturned", "Cases whose decision was later replaced by another, among all."),
    "seconds": ("Time to decision", "From submission to the first decision."),
    "calibration": ("Calibration", "How often a score of x came true. Calibrated scores lie on the diagonal."),
    "shrunk": (
        "Shrunk gap",
        "Someone's own gap between a group and all others, the fewer the cases the more drawn to the common one.",
    ),
    "mantel_haenszel": (
        "At equal factors",
        "The difference between a group and the others among cases with the same declared factors (Mantel-Haenszel).",
    ),
    "odds_ratio": ("Odds ratio", "Odds of a favourable answer against the reference group's, factors being equal."),
}  # fmt: skip


def whole(value: float | None) -> str:
    """A count with grouped digits."""
    return NOT_DEFINED if value is None else f"{value:,.0f}".replace(",", "\u202f")


def share(value: float | None) -> str:
    """A rate in percent."""
    return NOT_DEFINED if value is None else f"{value * 100:.1f} %"


def ratio(value: float | None) -> str:
    """A ratio with four digits, so that 0.7999 is not taken for 0.8."""
    return NOT_DEFINED if value is None else f"{value:.4f}"


def points(value: float | None) -> str:
    """A difference of two rates, in points."""
    return NOT_DEFINED if value is None else f"{value * 100:+.1f}".replace("-", "\u2212")


def interval(pair: Sequence[float | None] | None, show: Any = share) -> str:
    """An interval's two ends."""
    if pair is None or pair[0] is None or pair[1] is None:
        return NOT_DEFINED
    return f"{show(pair[0])} to {show(pair[1])}"


def chance(value: float | None) -> str:
    """A p-value."""
    if value is None:
        return NOT_DEFINED
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def duration(value: float | None) -> str:
    """Seconds in the unit that people would say."""
    if value is None:
        return NOT_DEFINED
    for seconds, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if value >= 2 * seconds:
            return f"{value / seconds:.1f} {unit}"
    return f"{value:.0f} s"


def group_words(attributes: str) -> str:
    """The names of an attribute set, for people."""
    return attributes.replace(TIMES, f" {TIMES} ").replace("_", " ")


def is_single(attributes: str) -> bool:
    """Whether an attribute set is one attribute."""
    return TIMES not in attributes


def named_people(text: str, *, people: Mapping[str, str]) -> str:
    """A sentence with the names of the people and queues whose ids it holds."""
    for known, name in people.items():
        text = text.replace(known, name)
    return text


def stage_sentence(entered: Iterable[tuple[str, str, str]]) -> str:
    """Where disparities enter, stage by stage."""
    by_stage: dict[str, list[str]] = {}
    for attribute, group, stage in entered:
        by_stage.setdefault(stage, []).append(f"{group} ({group_words(attribute)})")
    told = [f"at {stage_name(stage)} for {' and '.join(groups)}" for stage, groups in by_stage.items()]
    return f"The disparity enters {'; '.join(told)}."


def stage_name(stage: str) -> str:
    """A stage with its article."""
    return stage if stage == "routing" else f"the {stage}"


def size_words(found: Plain) -> str:
    """How large a finding is."""
    return f"{points(found['value'])} points" if found.get("value") is not None else NOT_DEFINED


def certainty_words(found: Plain) -> str:
    """How certain it is."""
    pair = found.get("interval")
    held = f"95 % interval {interval(pair, points)} points; " if pair else ""
    return f"{held}adjusted p {chance(found.get('p_adjusted'))}"
