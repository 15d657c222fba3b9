"""What clients send to ask for a bias audit, as JSON Schema: it checks the input and stands in the OpenAPI file."""

from typing import Any

from cases.schemas import KEY, NAME, closed, listed

MAX_ATTRIBUTES = 4
MAX_FACTORS = 3
REFERENCES = ("best", "largest")
TRUTHS = ("outcomes", "adjudication", "gold", "none")

TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
ATTRIBUTE: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
FACTOR = closed(
    ["facet"],
    {
        "facet": {**ATTRIBUTE, "description": "A facet of the case type that decisions may rightly depend on."},
        "bands": listed(
            {"type": "number"}, 1, 20, description="For a number: where its bands begin, in ascending order."
        ),
    },
)
ASKED: dict[str, Any] = {
    "case_type": KEY,
    "title": NAME,
    "attributes": listed(
        ATTRIBUTE, 1, MAX_ATTRIBUTES, uniqueItems=True, description="Protected attributes of the case type."
    ),
    "queue": {**KEY, "description": "Only cases that people judged in this queue first."},
    "policy_version": {"type": "integer", "minimum": 1, "description": "Only cases routed by this policy version."},
    "model": {**KEY, "description": "Only cases that this model scored."},
    "model_version": {"type": "integer", "minimum": 1},
    "favourable": listed(KEY, 1, 20, description="The labels that give what is asked for; the case type's if absent."),
    "unfavourable": listed(KEY, 1, 20, description="The labels that refuse it; all others if absent."),
    "reference": {
        "description": "Which group the others are compared with: the one with the best rate, the largest, or chosen.",
        "anyOf": [
            {"enum": list(REFERENCES)},
            {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "maxLength": 200}},
        ],
        "default": "best",
    },
    "minimum_cell": {
        "type": "integer",
        "minimum": 0,
        "maximum": 10_000,
        "default": 10,
        "description": "Groups with fewer cases are suppressed.",
    },
    "truth": {"enum": list(TRUTHS), "default": "outcomes", "description": "Where it is known from what was right."},
    "factors": listed(FACTOR, 0, MAX_FACTORS),
    "rule_sets": listed(KEY, 0, 20, uniqueItems=True),
    "exclusions": {
        "type": "object",
        "maxProperties": 20,
        "additionalProperties": {
            "type": "object",
            "maxProperties": 100,
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 1_000},
        },
        "description": "By rule set: categories that it allows to be left out, each with its justification.",
    },
    "facts": {
        "type": "object",
        "maxProperties": 40,
        "additionalProperties": {"type": "string", "maxLength": 2_000},
        "description": "What the chosen rule sets want printed and no count tells.",
    },
}
PERIOD = closed(
    ["from", "to"], {"from": TIME, "to": TIME}, description="When the cases were decided; `to` is left out."
)
BIAS_AUDIT = closed(
    ["case_type", "attributes", "period"],
    ASKED
    | {
        "period": PERIOD,
        "known_on": {**TIME, "description": "What was told later is left out; now, if absent."},
        "previous": {"type": "string", "format": "uuid", "description": "The audit to compare with; the last of the "
                     "same case type and attributes, if absent."},
    },
)  # fmt: skip
SCHEDULE = closed(
    ["case_type", "attributes", "every"],
    ASKED | {"every": {"enum": ["week", "month", "quarter"]}},
)
SIGNATURE = closed(["statement"], {"statement": {"type": "string", "minLength": 1, "maxLength": 2_000}})
