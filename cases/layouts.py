"""How a case's payload is laid out for a person: from the case type's layout to blocks of plain text.

A layout is `{"title": [field, …], "rest": bool, "blocks": [block, …]}`. A block has a `type` and a `title`:

- `figures` and `fields` take `fields`: the few numbers to see first, and the rest as pairs;
- `text` takes `field`: one long text;
- `table` takes `field` (a list of objects) and `columns`.

A field is its name, or `{"field": name, "title"?, "unit"?, "values"?: {raw: shown}}`; a name that begins with
`/` is a JSON pointer (RFC 6901). What no block shows follows in a folded block, unless `rest` is false.
Everything that leaves here is text: nothing in a payload can become markup.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

MISSING = object()
LONG_TEXT = 160
NO_BREAK = "\u202f"

_FIELD = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "required": ["field"],
            "additionalProperties": False,
            "properties": {
                "field": {"type": "string", "minLength": 1},
                "title": {"type": "string"},
                "unit": {"type": "string"},
                "values": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
    ]
}
_FIELDS = {"type": "array", "minItems": 1, "items": _FIELD}


def _block(kind: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", *properties],
        "additionalProperties": False,
        "properties": {"type": {"const": kind}, "title": {"type": "string"}, **properties},
    }


LAYOUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "title": {"type": "array", "items": _FIELD},
        "rest": {"type": "boolean"},
        "blocks": {
            "type": "array",
            "items": {
                "anyOf": [
                    _block("figures", fields=_FIELDS),
                    _block("fields", fields=_FIELDS),
                    _block("text", field=_FIELD),
                    _block("table", field=_FIELD, columns=_FIELDS),
                ]
            },
        },
    },
}


@dataclass(frozen=True)
class Entry:
    """One value under its title; `missing` when the payload does not give it."""

    title: str
    value: str
    unit: str = ""
    missing: bool = False
    number: bool = False


@dataclass(frozen=True)
class Block:
    """One part of the page: `kind` is figures, fields, text, table or rest."""

    kind: str
    title: str = ""
    entries: tuple[Entry, ...] = ()
    text: str = ""
    columns: tuple[Entry, ...] = ()
    rows: tuple[tuple[Entry, ...], ...] = ()


def lay_out(layout: Mapping[str, Any], *, payload: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Block]:
    """The blocks of a case's page, in order; a field that the payload lacks is shown as not given."""
    titles = _titles(schema)
    wanted = layout.get("blocks") or _default_blocks(payload)
    blocks = [_BUILDERS[block["type"]](block, payload, titles) for block in wanted]
    shown = {name for block in wanted for name in _top_names(block)}
    rest = tuple(_entry(name, payload, titles) for name in payload if name not in shown)
    if rest and layout.get("rest", True):
        blocks.append(Block(kind="rest", title="Other fields", entries=rest))
    return blocks


def case_title(layout: Mapping[str, Any], *, payload: Mapping[str, Any]) -> str:
    """The case in one line, such as "Car, 14 200 €"; empty when the layout names no title."""
    entries = (_entry(spec, payload, {}) for spec in layout.get("title", ()))
    return ", ".join(f"{entry.value} {entry.unit}".strip() for entry in entries if not entry.missing)


def shown(value: Any) -> str:
    """A JSON value as a person reads it: grouped digits, Yes and No, lists by commas."""
    if value is None or value is MISSING:
        return "Not given"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int):
        return f"{value:,}".replace(",", NO_BREAK) if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return _shown_float(value)
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(shown(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _shown_float(value: float) -> str:
    # twelve digits hide binary dust (0.1 + 0.2) and nothing that a person wrote
    text = f"{value:,.12g}"
    return text.replace(",", NO_BREAK if abs(value) >= 10_000 else "")


def _titles(schema: Mapping[str, Any]) -> dict[str, str]:
    properties = schema.get("properties") or {}
    return {
        name: about["title"] for name, about in properties.items() if isinstance(about, dict) and about.get("title")
    }


def _parts(name: str) -> list[str]:
    if not name.startswith("/"):
        return [name]
    return [part.replace("~1", "/").replace("~0", "~") for part in name[1:].split("/")]


def _look_up(payload: Any, name: str) -> Any:
    place = payload
    for part in _parts(name):
        if isinstance(place, Mapping) and part in place:
            place = place[part]
        elif isinstance(place, list) and part.isascii() and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        else:
            return MISSING
    return place


def _name(spec: str | Mapping[str, Any]) -> str:
    return spec if isinstance(spec, str) else str(spec["field"])


def _humanised(name: str) -> str:
    words = name.rsplit("/", 1)[-1].replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _entry(spec: str | Mapping[str, Any], payload: Any, titles: Mapping[str, str]) -> Entry:
    name = _name(spec)
    about: Mapping[str, Any] = {} if isinstance(spec, str) else spec
    value = _look_up(payload, name)
    text = shown(value)
    missing = value is MISSING or value is None or value == ""
    return Entry(
        title=about.get("title") or titles.get(name) or _humanised(name),
        value="Not given" if missing else about.get("values", {}).get(str(value), text),
        unit="" if missing else about.get("unit", ""),
        missing=missing,
        number=isinstance(value, int | float) and not isinstance(value, bool),
    )


def _top_names(block: Mapping[str, Any]) -> set[str]:
    """The payload's own keys that a block shows; a pointer counts for the key it begins with."""
    specs = block.get("fields") or [block["field"]]
    names = (_name(spec) for spec in specs)
    return {name[1:].split("/")[0].replace("~1", "/").replace("~0", "~") if name[:1] == "/" else name for name in names}


def _pairs(block: Mapping[str, Any], payload: Mapping[str, Any], titles: Mapping[str, str]) -> Block:
    entries = tuple(_entry(spec, payload, titles) for spec in block["fields"])
    return Block(kind=block["type"], title=block.get("title", ""), entries=entries)


def _text(block: Mapping[str, Any], payload: Mapping[str, Any], titles: Mapping[str, str]) -> Block:
    entry = _entry(block["field"], payload, titles)
    return Block(kind="text", title=block.get("title") or entry.title, text=entry.value)


def _table(block: Mapping[str, Any], payload: Mapping[str, Any], titles: Mapping[str, str]) -> Block:
    entry = _entry(block["field"], payload, titles)
    found = _look_up(payload, _name(block["field"]))
    items: Sequence[Any] = found if isinstance(found, list) else []
    rows = tuple(tuple(_entry(spec, item, {}) for spec in block["columns"]) for item in items)
    columns = tuple(
        replace(_entry(spec, {}, {}), number=any(row[at].number for row in rows))
        for at, spec in enumerate(block["columns"])
    )
    return Block(kind="table", title=block.get("title") or entry.title, columns=columns, rows=rows)


_BUILDERS = {"figures": _pairs, "fields": _pairs, "text": _text, "table": _table}


def _default_blocks(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a case type without a layout gets: long texts and tables by themselves, all else as pairs."""
    blocks: list[dict[str, Any]] = []
    pairs: list[str] = []
    for name, value in payload.items():
        if isinstance(value, str) and len(value) > LONG_TEXT:
            blocks.append({"type": "text", "field": name})
        elif isinstance(value, list) and value and all(isinstance(item, dict) and item for item in value):
            columns = list(dict.fromkeys(key for item in value for key in item))
            blocks.append({"type": "table", "field": name, "columns": columns})
        else:
            pairs.append(name)
    # a key that begins with "/" would read as a pointer
    specs = [name if name[:1] != "/" else "/" + name.replace("~", "~0").replace("/", "~1") for name in pairs]
    return [*([{"type": "fields", "fields": specs}] if specs else []), *blocks]
