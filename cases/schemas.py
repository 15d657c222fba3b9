"""What clients may send, as JSON Schema: the same documents check the input and stand in the OpenAPI file."""

from typing import Any

MAX_SUBMISSION_BYTES = 256 * 1024
MAX_LABELS = 20
MAX_FACETS = 8

KEY: dict[str, Any] = {
    "type": "string",
    "pattern": "^[a-z][a-z0-9_-]{0,62}$",
    "description": "Lower-case letters, digits, - and _, beginning with a letter.",
}
NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}


def closed(required: list[str], properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An object schema that allows nothing but `properties`."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
        **more,
    }


def listed(items: dict[str, Any], at_least: int = 0, at_most: int = 50, **more: Any) -> dict[str, Any]:
    """An array schema with a bounded number of `items`."""
    return {"type": "array", "items": items, "minItems": at_least, "maxItems": at_most, **more}


LABEL = closed(
    ["key", "name"],
    {
        "key": KEY,
        "name": NAME,
        "shortcut": {"type": "string", "pattern": "^[a-z0-9]$"},
        "favourable": {
            "type": "boolean",
            "default": False,
            "description": "It gives the case's subject what is asked for. A timeout never decides it.",
        },
    },
)
REASON_CODE = closed(
    ["key", "name"],
    {
        "key": KEY,
        "name": NAME,
        "labels": listed(KEY, description="The labels that this reason may stand beside; all when absent."),
    },
)
LAYOUT_FIELD = closed(
    ["key"],
    {
        "key": {"type": "string", "minLength": 1, "maxLength": 200, "description": "A property of the payload."},
        "title": NAME,
        "unit": {"type": "string", "maxLength": 20},
        "format": {
            "enum": [
                "text",
                "number",
                "money",
                "percent",
                "date",
                "time",
                "yes_no",
                "table",
                "code",
                "conversation",
                "image",
                "document",
            ],
            "description": "How the portal shows it; told from the payload schema when absent. An image or a document "
            "names a file (or a list of files) that came with the case.",
        },
        "highlights": {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": "A property of the payload that lists what to highlight in this text: start, end, title.",
        },
    },
)
LAYOUT_SECTION = closed(
    ["title", "fields"],
    {
        "title": NAME,
        "style": {
            "enum": ["figures", "evidence", "text", "compare"],
            "default": "evidence",
            "description": "`compare` shows its two fields, before and after, side by side.",
        },
        "fields": listed(LAYOUT_FIELD, 1),
    },
)
LAYOUT = closed(
    [],
    {
        "sections": listed(LAYOUT_SECTION),
        "sensitive": {
            "type": "boolean",
            "default": False,
            "description": "Its images may distress: shown blurred and grey unless the reviewer says otherwise.",
        },
    },
)
ATTRIBUTE = closed(
    ["title"],
    {"title": NAME, "values": listed({"type": "string", "minLength": 1, "maxLength": 200}, 2, 200, uniqueItems=True)},
)
FACET = closed(
    ["key", "type"],
    {
        "key": {"type": "string", "minLength": 1, "maxLength": 200, "description": "A property of the payload."},
        "type": {"enum": ["text", "float", "time"]},
    },
)
DEFINITION_PROPERTIES: dict[str, Any] = {
    "question": {"type": "string", "minLength": 1, "maxLength": 500, "description": "What must be decided."},
    "payload_schema": {"type": "object", "description": "JSON Schema (draft 2020-12) of a case's payload."},
    "labels": listed(LABEL, 2, MAX_LABELS, description="The possible decisions."),
    "costs": {
        "type": "object",
        "description": "What it costs to decide one label where another is true: {truth: {decided: cost}}. "
        "A pair that is not given costs 1, the right answer 0.",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1_000_000_000},
        },
    },
    "reason_codes": listed(REASON_CODE, 0, 100),
    "layout": LAYOUT,
    "attributes_schema": {
        "type": "object",
        "description": "Protected attributes, read by bias audits alone.",
        "maxProperties": 30,
        "propertyNames": KEY,
        "additionalProperties": ATTRIBUTE,
    },
    "facets": listed(FACET, 0, MAX_FACETS, description="Payload properties that lists can be filtered by."),
}
REVISION = closed(["question", "payload_schema", "labels"], DEFINITION_PROPERTIES)
CASE_TYPE = closed(
    ["key", "name", "question", "payload_schema", "labels"], {"key": KEY, "name": NAME, **DEFINITION_PROPERTIES}
)

SUBMISSION_PROPERTIES: dict[str, Any] = {
    "external_id": {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "description": "Your own name for the case. Submitting it again is harmless.",
    },
    "payload": {"type": "object", "description": "What is to be judged; the case type's schema applies."},
    "attributes": {
        "type": "object",
        "description": "Protected attributes; kept apart, never shown, read by bias audits alone.",
    },
    "importance": {"type": "number", "minimum": 0, "maximum": 1_000_000, "default": 1},
    "due_at": {"type": "string", "format": "date-time"},
    "subject_ref": {
        "type": "string",
        "maxLength": 254,
        "description": "Whom the case concerns. Where it is a member's email address, that member never judges it.",
    },
}
LINE = closed(["external_id", "payload"], SUBMISSION_PROPERTIES)
SUBMISSION = closed(["case_type", "external_id", "payload"], {"case_type": KEY, **SUBMISSION_PROPERTIES})

FILE_BY_URL = closed(
    ["url"],
    {
        "url": {
            "type": "string",
            "maxLength": 2000,
            "description": "https:// or http:// on the public internet; the platform fetches it.",
        },
        "name": {"type": "string", "minLength": 1, "maxLength": 200, "description": "As the payload calls it."},
    },
)
_FILE_PARTS: dict[str, Any] = {
    "file": listed({"type": "string", "contentMediaType": "application/octet-stream"}, 1, 10),
}
FILES_UPLOAD = closed(["file"], _FILE_PARTS)
CASE_UPLOAD = closed(
    ["case", "file"], {"case": {"type": "string", "contentMediaType": "application/json"}, **_FILE_PARTS}
)

WITHDRAWAL = closed([], {"reason": {"type": "string", "maxLength": 500}})
OUTCOME = closed(
    ["label", "observed_at"],
    {
        "label": KEY,
        "observed_at": {"type": "string", "format": "date-time", "description": "When it became known."},
        "source": {"type": "string", "maxLength": 200, "description": "Where it is known from."},
    },
)

_COUNTS: dict[str, Any] = {
    name: {"type": "integer", "minimum": 0} for name in ("last_line", "accepted", "existing", "rejected")
}
REPORT: dict[str, Any] = {
    "oneOf": [
        closed(
            ["line", "code", "detail", "errors"],
            {
                "line": {"type": "integer", "minimum": 1},
                "code": {"type": "string"},
                "detail": {"type": "string"},
                "errors": {"type": "object", "additionalProperties": listed({"type": "string"})},
            },
            title="A bad line",
        ),
        closed(["progress"], {"progress": closed(list(_COUNTS), _COUNTS)}, title="How far it is"),
        closed(
            ["summary"],
            {
                "summary": closed(
                    list(_COUNTS),
                    _COUNTS | {"stopped": {"enum": ["too_many_bad_lines", "unavailable", "client_silent"]}},
                )
            },
            title="The end; `stopped` says why it came early",
        ),
    ]
}
