"""How a case's payload is laid out for a person: from the case type's layout to blocks of plain text.

The layout (`schemas.LAYOUT`) names sections and their fields; what it leaves unsaid is told from the payload's
JSON Schema (`title`, `type`, `format`, and `oneOf` of `const` with `title` for codes that mean something). What no
section shows follows in a last, folded block: nothing of a payload is hidden. Everything that leaves here is text:
nothing in a payload can become markup.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone

LONG_TEXT = 160
NO_BREAK = "\u202f"
NOT_GIVEN = "Not given"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One value under its title; `missing` when the payload does not give it."""

    title: str
    value: str
    unit: str = ""
    missing: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One part of the page: `kind` is figures, fields, text, code, table or rest."""

    kind: str
    title: str = ""
    entries: tuple[Entry, ...] = ()
    text: str = ""
    columns: tuple[Entry, ...] = ()
    rows: tuple[tuple[Entry, ...], ...] = ()
    missing: bool = False


def lay_out(layout: Json, *, payload: Json, schema: Json) -> list[Block]:
    """The blocks of a case's page, in order; a field that the payload lacks is shown as not given."""
    properties = schema.get("properties") or {}
    sections: Sequence[Json] = layout.get("sections") or ()
    blocks = [block for section in sections for block in _section(section, payload, properties)]
    shown_keys = {field["key"] for section in sections for field in section["fields"]}
    rest = {key: value for key, value in payload.items() if key not in shown_keys}
    if sections:
        entries = tuple(_entry({"key": key}, rest, properties) for key in rest)
        return [*blocks, Block(kind="rest", title="Other fields", entries=entries)] if rest else blocks
    keys = [key for key in _in_order(schema, properties, payload) if key in payload]
    everything = {"title": "", "fields": [{"key": key} for key in keys]}
    return list(_section(everything, payload, properties))


def headline(layout: Json, *, payload: Json, schema: Json) -> str:
    """The first key figure, which tells one case from another at a glance; empty when there is none."""
    figures = (section for section in layout.get("sections") or () if section.get("style") == "figures")
    field = next((section["fields"][0] for section in figures), None)
    if field is None:
        return ""
    entry = _entry(field, payload, schema.get("properties") or {})
    return "" if entry.missing else f"{entry.value} {entry.unit}".strip()


def _section(section: Json, payload: Json, properties: Json) -> Iterator[Block]:
    """The section's pairs as one block; a text, a code or a table is a block of its own after them."""
    style = section.get("style", "evidence")
    apart: list[Block] = []
    entries: list[Entry] = []
    for field in section["fields"]:
        entry = _entry(field, payload, properties)
        kind = _kind(field, payload.get(field["key"]), style)
        if kind == "table":
            apart.append(_table(entry.title, payload[field["key"]], properties.get(field["key"])))
        elif kind in ("text", "code"):
            alone = style == "text" and len(section["fields"]) == 1
            title = section["title"] if alone else entry.title
            apart.append(Block(kind=kind, title=title, text=entry.value, missing=entry.missing))
        else:
            entries.append(entry)
    if entries:
        kind = "figures" if style == "figures" else "fields"
        yield Block(kind=kind, title=section["title"], entries=tuple(entries))
    yield from apart


def _kind(field: Json, value: Any, style: str) -> str:
    objects = isinstance(value, list) and value and all(isinstance(item, Mapping) and item for item in value)
    if objects and field.get("format") in (None, "table"):
        return "table"
    if field.get("format") == "code":
        return "code"
    return "text" if style == "text" or (isinstance(value, str) and len(value) > LONG_TEXT) else "pair"


def _table(title: str, items: Sequence[Json], schema: Any) -> Block:
    about = schema.get("items") if isinstance(schema, Mapping) else None
    properties = (about.get("properties") if isinstance(about, Mapping) else None) or {}
    present = {key for item in items for key in item}
    keys = [key for key in _in_order(about, properties, present) if key in present]
    rows = tuple(tuple(_entry({"key": key}, item, properties) for key in keys) for item in items)
    columns = tuple(
        replace(_entry({"key": key}, {}, properties), number=any(row[at].number for row in rows))
        for at, key in enumerate(keys)
    )
    return Block(kind="table", title=title, columns=columns, rows=rows)


def _in_order(schema: Any, properties: Json, present: Collection[str]) -> list[str]:
    """Keys as the schema's `required` lists them, then the rest: stored objects keep no order of their own."""
    required = schema.get("required") if isinstance(schema, Mapping) else None
    return list(dict.fromkeys([*(required or ()), *properties, *sorted(present)]))


def _entry(field: Json, payload: Json, properties: Json) -> Entry:
    key = field["key"]
    about = properties.get(key)
    about = about if isinstance(about, Mapping) else {}
    value = payload.get(key)
    missing = value is None or value == ""
    return Entry(
        title=field.get("title") or about.get("title") or _humanised(key),
        value=NOT_GIVEN if missing else _meaning(about, value) or shown(value, style=_style(field, about)),
        unit="" if missing else field.get("unit", ""),
        missing=missing,
        number=isinstance(value, int | float) and not isinstance(value, bool),
    )


def _humanised(key: str) -> str:
    words = key.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _meaning(about: Json, value: Any) -> str:
    """The title that the schema gives a code, as in `{"oneOf": [{"const": "A41", "title": "Used car"}]}`."""
    for choice in about.get("oneOf") or about.get("anyOf") or ():
        if isinstance(choice, Mapping) and choice.get("const") == value and choice.get("title"):
            return str(choice["title"])
    return ""


def _style(field: Json, about: Json) -> str:
    return field.get("format") or {"date": "date", "date-time": "time"}.get(about.get("format", ""), "")


def shown(value: Any, *, style: str = "") -> str:
    """A JSON value as a person reads it: grouped digits, Yes and No, lists by commas, dates in words."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | float):
        return _number(value, style)
    if isinstance(value, str):
        return _day_or_time(value, style) if style in ("date", "time") else value
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(shown(item) for item in value)
    return json.dumps(value, ensure_ascii=False, indent=1)


def _number(value: float, style: str) -> str:
    if style == "yes_no":
        return "Yes" if value else "No"
    if style == "percent":
        return f"{value * 100:.6g} %"
    if style == "money" and isinstance(value, float) and not value.is_integer():
        text = f"{value:,.2f}"
    else:
        # twelve digits hide binary dust (0.1 + 0.2) and nothing that a person wrote
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"
    return text.replace(",", NO_BREAK if abs(value) >= 10_000 else "")


def _day_or_time(value: str, style: str) -> str:
    try:
        if style == "date":
            day = date.fromisoformat(value)
            return f"{day.day} {day:%B %Y}"
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    at = timezone.localtime(at) if at.tzinfo else at
    return f"{at.day} {at:%B %Y, %H:%M %Z}".strip()
