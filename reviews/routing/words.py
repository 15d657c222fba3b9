"""Routing in words: "confidence 0.93 is 0.03 above 0.90", with the values of the case at hand."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from hitl_platform.kernel.numerals import grouped

MAX_VALUE = 60
# fewer digits may be a year; from the second on a float is written with an exponent
GROUPED, EXPONENT = 10_000, 1e16
# a tuple: a union is several times as slow to ask, and this is asked of every case
_NUMBERS = (int, float)


def subject(source: str, path: tuple[str, ...] | None) -> str:
    """What a part of a rule is called: the field's own name, or the text of the rule."""
    match path:
        case ("model", "probabilities", label):
            return f"probability of {label}"
        case ("model" | "case", *fields) if fields:
            return " ".join(fields)
    return shortened(source, limit=MAX_VALUE)


def comparison(name: str, left: Any, other: str, right: Any) -> str:
    """`left`, called `name`, beside `right`, called `other` ("" for a constant), and how far they are apart."""
    beside = f"{other} {value(right)}" if other else value(right)
    distance = _distance(left, right)
    if isinstance(right, list | dict):
        return f"{name} {value(left)} is {'among' if left in right else 'not among'} {beside}"
    if distance is None:
        return f"{name} is {value(left)}" if left == right else f"{name} is {value(left)}, not {beside}"
    amount, above = distance
    if not amount:
        return f"{name} {value(left)} is exactly {beside}"
    later = ("after", "before") if isinstance(left, datetime) else ("above", "below")
    return f"{name} {value(left)} is {amount} {later[0] if above else later[1]} {beside}"


def threshold(label: str, probability: float, least: float | None) -> str:
    """How far the most probable label is from being decided automatically."""
    if least is None:
        return f"probability of {label} {value(probability)}; {label} is never decided automatically"
    return comparison(f"probability of {label}", probability, "its threshold", least)


def value(of: Any) -> str:
    """One value, short enough for a line."""
    if of is True or of is False or of is None:
        return {True: "true", False: "false", None: "null"}[of]
    if isinstance(of, _NUMBERS):
        return number(of)
    if isinstance(of, datetime):
        return of.isoformat(sep=" ", timespec="minutes")
    if isinstance(of, timedelta):
        return duration(of)
    if isinstance(of, str):
        return shortened(f"“{of}”", limit=MAX_VALUE)
    return shortened(orjson.dumps(of, default=str).decode(), limit=MAX_VALUE)


def number(of: float) -> str:
    """Four decimals at most, more where the number would vanish; grouped from ten thousand on, as on a case's page."""
    if isinstance(of, int):
        return grouped(of) if abs(of) >= GROUPED else str(of)
    rounded = round(of, 4) + 0.0
    if not rounded and of:
        return f"{of:.2g}"
    text = repr(rounded).removesuffix(".0")
    return grouped(text) if GROUPED <= abs(rounded) < EXPONENT else text


def duration(of: timedelta) -> str:
    """The two largest units of a span of time."""
    seconds = int(abs(of.total_seconds()))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def shortened(text: str, *, limit: int) -> str:
    """`text`, cut after `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _distance(left: Any, right: Any) -> tuple[str, bool] | None:
    """How far apart two values are, and whether the left is the greater; None for values without distance."""
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        if left is True or left is False or right is True or right is False:
            return None
        # rounded, so that 0.93 is 0.03 above 0.90 and not 0.030000000000000027
        apart = round(left - right, 12)
        return (number(abs(apart)) if apart else "", apart > 0)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (duration(left - right) if left != right else "", left > right)
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return (duration(left - right) if left != right else "", left > right)
    return None
