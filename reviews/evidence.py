"""What a reviewer marks in a case as evidence: stretches of a text and boxes on an image. Pure.

A mark is `{"field", "start", "end"}` (characters of the text as `cases.layouts.readable` gives it, end excluded) or
`{"field", "box": [x, y, width, height]}` (shares of the image's width and height). Where the field is a list, `item`
says which of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cases.layouts import message_text
from cases.passages import readable

MAX_MARKS = 50
_SHAPES = ({"field", "start", "end"}, {"field", "box"})
# a box drawn to the very edge may miss it by the dust of division
_EDGE = 1e-6

Mark = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShownMark:
    """A mark in words: `quote` of a text, or where a box lies, in percent of the image."""

    title: str
    quote: str
    place: str
    field: str
    item: int | None


def problems_of(marks: Sequence[Mark], *, payload: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is wrong with the marks, by place (`evidence[3]`); empty where each lies in a field of the payload."""
    if len(marks) > MAX_MARKS:
        return {"evidence": [f"At most {MAX_MARKS} marks."]}
    found = {f"evidence[{at}]": _problem(mark, payload) for at, mark in enumerate(marks)}
    return {place: [problem] for place, problem in found.items() if problem}


def text_at(payload: Mapping[str, Any], field: str, *, item: int | None = None) -> str | None:
    """The text that a mark may quote, or None where the payload has no text there."""
    value = payload.get(field)
    if item is not None:
        value = value[item] if isinstance(value, list) and 0 <= item < len(value) else None
    if isinstance(value, Mapping):
        return readable(message_text(value))
    return readable(value) if isinstance(value, str) else None


def shown_marks(
    marks: Sequence[Mark], *, payload: Mapping[str, Any], titles: Mapping[str, str], longest: int = 160
) -> list[ShownMark]:
    """The marks for people; one that no longer fits its payload is left out."""
    return [_shown(mark, payload, titles, longest) for mark in marks if not _problem(mark, payload)]


def _shown(mark: Mark, payload: Mapping[str, Any], titles: Mapping[str, str], longest: int) -> ShownMark:
    item = mark.get("item")
    quote = place = ""
    if "box" in mark:
        x, y, width, height = (round(share * 100) for share in mark["box"])
        place = f"{width} × {height} % at {x}, {y} %"  # noqa: RUF001  # the sign of a size
    else:
        text = text_at(payload, mark["field"], item=item) or ""
        quote = text[mark["start"] : mark["end"]]
        quote = quote if len(quote) <= longest else quote[: longest - 1] + "…"
    title = titles.get(mark["field"], mark["field"])
    return ShownMark(title if item is None else f"{title}, {item + 1}", quote, place, mark["field"], item)


def _problem(mark: Mark, payload: Mapping[str, Any]) -> str:
    if not isinstance(mark, Mapping) or set(mark) - {"item"} not in _SHAPES or not isinstance(mark["field"], str):
        return "It names a field, and start and end or a box."
    item = mark.get("item")
    if item is not None and (type(item) is not int or item < 0):
        return "`item` counts from 0."
    if mark["field"] not in payload:
        return "The case has no such field."
    return _box_problem(mark, payload) if "box" in mark else _span_problem(mark, payload)


def _span_problem(mark: Mark, payload: Mapping[str, Any]) -> str:
    text = text_at(payload, mark["field"], item=mark.get("item"))
    if text is None:
        return "There is no text."
    start, end = mark["start"], mark["end"]
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        return f"It lies outside the text, which has {len(text)} characters."
    return ""


def _box_problem(mark: Mark, payload: Mapping[str, Any]) -> str:
    value, item, box = payload[mark["field"]], mark.get("item"), mark["box"]
    files = value if isinstance(value, list) else [value]
    if not isinstance(files[item or 0] if (item or 0) < len(files) else None, str):
        return "There is no image."
    if not isinstance(box, list | tuple) or len(box) != 4 or not all(type(share) in (int, float) for share in box):
        return "A box is four shares: x, y, width, height."
    x, y, width, height = box
    inside = x >= 0 and y >= 0 and width > 0 and height > 0 and x + width <= 1 + _EDGE and y + height <= 1 + _EDGE
    return "" if inside else "The box lies outside the image."
