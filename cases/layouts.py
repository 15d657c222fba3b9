"""How a case's payload is laid out for a person: from the case type's layout to blocks of plain text.

The layout (`schemas.LAYOUT`) names sections and their fields; what it leaves unsaid is told from the payload's
JSON Schema (`title`, `type`, `format`, and `oneOf` of `const` with `title` for codes that mean something). What no
section shows follows in a last, folded block: nothing of a payload is hidden. Everything that leaves here is text:
nothing in a payload can become markup. Files are named by the payload and found by name among those that came with
the case.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from cases.passages import Passage, compared, highlighted, readable

LONG_TEXT = 160
# a table or a conversation longer than this is cut, and says how long it is
MOST_ITEMS = 100
EVERYTHING = 100_000
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
class File:
    """A file that came with a case: where it is served, and its media type as it was sniffed."""

    name: str
    url: str
    media_type: str


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that a field names, `item` telling which of a list; without `url` it is not with the case."""

    name: str
    item: int | None
    url: str = ""
    is_image: bool = False
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. `item` is its place; `side` counts its author among the authors."""

    item: int
    author: str
    at: str
    text: str
    side: int


@dataclass(frozen=True, slots=True)
class Pair:
    """One field before and after."""

    title: str
    before: str
    after: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One part of the page. `kind` is figures, fields, text, code, table, conversation, compare, image, document or
    rest; `field` is the property whose text or images can be marked; `hidden_items` were cut off its end."""

    kind: str
    title: str = ""
    entries: tuple[Entry, ...] = ()
    text: str = ""
    columns: tuple[Entry, ...] = ()
    rows: tuple[tuple[Entry, ...], ...] = ()
    missing: bool = False
    field: str = ""
    passages: tuple[Passage, ...] = ()
    messages: tuple[Message, ...] = ()
    pairs: tuple[Pair, ...] = ()
    sides: tuple[tuple[Passage, ...], ...] = ()
    files: tuple[ShownFile, ...] = ()
    hidden_items: int = 0


@dataclass(frozen=True, slots=True)
class _Case:
    """What the blocks are made of."""

    payload: Json
    properties: Json
    files: Mapping[str, File]
    most: int


def lay_out(
    layout: Json, *, payload: Json, schema: Json, files: Mapping[str, File] | None = None, most: int = MOST_ITEMS
) -> list[Block]:
    """The blocks of a case's page, in order; a field that the payload lacks is shown as not given.

    `files` are those of the case, by name. Of tables and conversations the first `most` items are shown.
    """
    properties = schema.get("properties") or {}
    case = _Case(payload, properties, files or {}, most)
    sections: Sequence[Json] = layout.get("sections") or ()
    blocks = [block for section in sections for block in _section(section, case)]
    fields = [field for section in sections for field in section["fields"]]
    shown_keys = {field["key"] for field in fields} | {field.get("highlights") for field in fields}
    rest = {key: value for key, value in payload.items() if key not in shown_keys}
    if sections:
        entries = tuple(_entry({"key": key}, rest, properties) for key in rest)
        return [*blocks, Block(kind="rest", title="Other fields", entries=entries)] if rest else blocks
    keys = [key for key in _in_order(schema, properties, payload) if key in payload]
    everything = {"title": "", "fields": [{"key": key} for key in keys]}
    return list(_section(everything, case))


def message_text(message: Json) -> str:
    """The text of a message, under whichever of the usual names it stands."""
    return str(_first(message, "text", "body", "message", "content"))


def field_titles(layout: Json, *, schema: Json) -> dict[str, str]:
    """What each property of the schema, and each field of the layout, is called."""
    properties = schema.get("properties") or {}
    fields = [{"key": key} for key in properties]
    fields += [field for section in layout.get("sections") or () for field in section["fields"]]
    return {field["key"]: _entry(field, {}, properties).title for field in fields}


def shown_fields(layout: Json, *, payload: Json, schema: Json) -> dict[str, Entry]:
    """What the page says of each property of the payload, as the layout says it."""
    told = {field["key"]: field for section in layout.get("sections") or () for field in section["fields"]}
    properties = schema.get("properties") or {}
    return {key: _entry(told.get(key, {"key": key}), payload, properties) for key in payload}


def headline(layout: Json, *, payload: Json, schema: Json) -> str:
    """The first key figure, which tells one case from another at a glance; empty when there is none."""
    figures = (section for section in layout.get("sections") or () if section.get("style") == "figures")
    field = next((section["fields"][0] for section in figures), None)
    if field is None:
        return ""
    entry = _entry(field, payload, schema.get("properties") or {})
    return "" if entry.missing else f"{entry.value} {entry.unit}".strip()


def _section(section: Json, case: _Case) -> Iterator[Block]:
    """The section's pairs as one block; a text, a table or a file is a block of its own after them."""
    if section.get("style") == "compare":
        yield _comparison(section, case)
        return
    style = section.get("style", "evidence")
    apart: list[Block] = []
    entries: list[Entry] = []
    for field in section["fields"]:
        kind = _kind(field, case.payload.get(field["key"]), style)
        if kind == "pair":
            entries.append(_entry(field, case.payload, case.properties))
        else:
            alone = style == "text" and len(section["fields"]) == 1
            apart.append(_block(kind, field, case, title=section["title"] if alone else ""))
    if entries:
        kind = "figures" if style == "figures" else "fields"
        yield Block(kind=kind, title=section["title"], entries=tuple(entries))
    yield from apart


def _block(kind: str, field: Json, case: _Case, *, title: str) -> Block:
    """A field that stands by itself."""
    key, entry = field["key"], _entry(field, case.payload, case.properties)
    value, title = case.payload.get(key), title or entry.title
    if kind == "table" and isinstance(value, list):
        return _table(title, value, case.properties.get(key), most=case.most)
    if kind == "conversation" and isinstance(value, list):
        return _conversation(title, key, value, most=case.most)
    if kind in ("image", "document"):
        files = _files(value, case.files)
        return Block(kind=kind, title=title, field=key, files=files, text=entry.value, missing=not files)
    if kind == "code" or entry.missing or not isinstance(value, str):
        return Block(kind="code" if kind == "code" else "text", title=title, text=entry.value, missing=entry.missing)
    marks = case.payload.get(field.get("highlights", ""))
    passages = highlighted(readable(value), marks if isinstance(marks, list) else ())
    return Block(kind="text", title=title, text=entry.value, field=key, passages=passages)


def _conversation(title: str, key: str, items: Sequence[Any], *, most: int) -> Block:
    spoken = [item if isinstance(item, Mapping) else {"text": shown(item)} for item in items]
    authors = [str(_first(item, "author", "from", "sender", "role", "name")) for item in spoken]
    sides = {author: nth for nth, author in enumerate(dict.fromkeys(authors))}
    messages = tuple(
        Message(
            item=nth,
            author=authors[nth],
            at=shown(_first(message, "at", "time", "sent_at", "date"), style="time"),
            text=readable(message_text(message)),
            side=min(sides[authors[nth]], 1),
        )
        for nth, message in enumerate(spoken[:most])
    )
    return Block("conversation", title, field=key, messages=messages, hidden_items=max(0, len(spoken) - most))


def _first(message: Json, *names: str) -> Any:
    return next((message[name] for name in names if message.get(name) not in (None, "")), "")


def _files(value: Any, files: Mapping[str, File]) -> tuple[ShownFile, ...]:
    names = value if isinstance(value, list) else [value]
    shown_files = []
    for nth, name in enumerate(names):
        if isinstance(name, str) and name:
            item = nth if isinstance(value, list) else None
            file = files.get(name)
            kind = file.media_type.partition("/")[0] if file else ""
            shown_files.append(ShownFile(name, item, file.url if file else "", kind == "image", kind == "text"))
    return tuple(shown_files)


def _comparison(section: Json, case: _Case) -> Block:
    """Two fields side by side: objects by their keys, texts by their words."""
    one, other = section["fields"][:2]
    entries = [_entry(field, case.payload, case.properties) for field in (one, other)]
    before, after = (case.payload.get(field["key"]) for field in (one, other))
    columns = tuple(entries)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = [*before, *(key for key in after if key not in before)]
        pairs = tuple(
            Pair(_humanised(key), _side(before, key), _side(after, key), before.get(key) != after.get(key))
            for key in keys
        )
        return Block(kind="compare", title=section["title"], columns=columns, pairs=pairs)
    texts = [readable(entry.value) for entry in entries]
    return Block(kind="compare", title=section["title"], columns=columns, sides=compared(*texts))


def _side(values: Json, key: str) -> str:
    return shown(values[key]) if values.get(key) not in (None, "") else NOT_GIVEN


def _kind(field: Json, value: Any, style: str) -> str:
    if field.get("format") in ("conversation", "image", "document"):
        return str(field["format"])
    objects = isinstance(value, list) and value and all(isinstance(item, Mapping) and item for item in value)
    if objects and field.get("format") in (None, "table"):
        return "table"
    if field.get("format") == "code":
        return "code"
    return "text" if style == "text" or (isinstance(value, str) and len(value) > LONG_TEXT) else "pair"


def _table(title: str, items: Sequence[Json], schema: Any, *, most: int) -> Block:
    about = schema.get("items") if isinstance(schema, Mapping) else None
    properties = (about.get("properties") if isinstance(about, Mapping) else None) or {}
    present = {key for item in items for key in item}
    keys = [key for key in _in_order(about, properties, present) if key in present]
    rows = tuple(tuple(_entry({"key": key}, item, properties) for key in keys) for item in items[:most])
    columns = tuple(
        replace(_entry({"key": key}, {}, properties), number=any(row[at].number for row in rows))
        for at, key in enumerate(keys)
    )
    return Block("table", title, columns=columns, rows=rows, hidden_items=max(0, len(items) - most))


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
    unit = field.get("unit", "")
    return Entry(
        title=field.get("title") or about.get("title") or _humanised(key),
        value=NOT_GIVEN if missing else _meaning(about, value) or shown(value, style=_style(field, about), unit=unit),
        unit="" if missing else unit,
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


def shown(value: Any, *, style: str = "", unit: str = "") -> str:
    """A JSON value as a person reads it: grouped digits, Yes and No, lists by commas, dates in words.

    What has a `unit` is an amount, grouped from a thousand on; four digits without one may be a year.
    """
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | float):
        return _number(value, style, is_amount=bool(unit) or style == "money")
    if isinstance(value, str):
        return _day_or_time(value, style) if style in ("date", "time") else value
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(shown(item) for item in value)
    return json.dumps(value, ensure_ascii=False, indent=1)


def _number(value: float, style: str, *, is_amount: bool) -> str:
    if style == "yes_no":
        return "Yes" if value else "No"
    if style == "percent":
        return f"{value * 100:.6g} %"
    if style == "money" and isinstance(value, float) and not value.is_integer():
        text = f"{value:,.2f}"
    else:
        # twelve digits hide binary dust (0.1 + 0.2) and nothing that a person wrote
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"
    return text.replace(",", NO_BREAK if is_amount or abs(value) >= 10_000 else "")


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
