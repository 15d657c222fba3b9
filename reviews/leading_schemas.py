"""What those who lead reviewers may send, as JSON Schema; the services say the rest."""

from typing import Any

from cases.schemas import KEY, NAME, closed, listed
from reviews.models import Advice, Mode, Stop
from reviews.own_schemas import ID, text
from reviews.panels import MOST_SEATS
from reviews.panels.rules import MOST_STAGES
from reviews.permissions import MANAGE, WORK
from reviews.services.contests import MAX_REASON
from reviews.services.priorities import MAX_WHY, MOST_RAISED
from reviews.services.queues import MOST_GOLD_FIRST, MOST_SKILLS

SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
ANY_KEY: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,60}$"}
_SEATS: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": MOST_SEATS}

BECAUSE = closed(["why"], {"why": text(500, description="For those who read the case's history.")})
MOVE = closed(["queue"], {"queue": ANY_KEY})
PRIORITY = closed(
    ["by", "why"],
    {
        "by": {"type": "integer", "minimum": 1, "maximum": MOST_RAISED, "description": "Four double what it counts."},
        "why": text(MAX_WHY, description="Shown to reviewers, so nothing of what a model said."),
    },
)
UPHOLD = closed(["answer"], {"answer": text(MAX_REASON, description="Told to the reviewer.")})
FORGIVE = closed(
    ["answer"],
    {
        "answer": text(MAX_REASON, description="Told to the reviewer."),
        "label": KEY | {"description": "The right answer; without it the item is retired."},
        "accepted": listed(KEY, 0, 20, uniqueItems=True, description="Other answers that count as right."),
    },
)
GRANT = closed(["user_id"], {"user_id": ID, "permission": {"enum": [WORK, MANAGE], "default": WORK}})
_QUEUE: dict[str, Any] = {
    "name": NAME,
    "template_key": ANY_KEY | {"description": "The panels of cases that come without a policy."},
    "instructions": text(20_000, least=0),
    "lease_seconds": {"type": "integer", "minimum": 10, "maximum": 86_400},
    "undo_seconds": {"type": "integer", "minimum": 0, "maximum": 10},
    "skills": listed(
        closed(["skill", "level"], {"skill": ANY_KEY, "level": {"type": "integer", "minimum": 1, "maximum": 5}}),
        0,
        MOST_SKILLS,
        description="Asked of everybody who works here.",
    ),
    "gold_first": {
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_GOLD_FIRST,
        "description": "So many of a reviewer's first seats have a known answer.",
    },
    "gold_rate": SHARE | {"description": "The share of later seats with a known answer."},
    "second_review_rate": SHARE | {"description": "The share of people's decisions that are judged blind again."},
    "routine_rate": SHARE | {"description": "The share of automatic decisions that people judge blind."},
    "variety_rate": SHARE | {"description": "The share of claims that take what waits longest."},
}
QUEUE_CHANGES = closed([], _QUEUE | {"is_active": {"type": "boolean"}}, minProperties=1)
NEW_QUEUE = closed(["key", "name", "template_key"], _QUEUE | {"key": ANY_KEY, "case_type_key": KEY})
TEMPLATE = closed(
    ["key", "name", "seats"],
    {
        "key": ANY_KEY | {"description": "One that is there already gets its next version."},
        "name": NAME,
        "seats": _SEATS | {"description": "How many reviewers a panel opens with."},
        "seats_max": _SEATS | {"description": "How many it may grow to; `seats` when left out."},
        "mode": {"enum": [mode.value for mode in Mode], "default": Mode.MAJORITY.value},
        "stop": {"enum": [stop.value for stop in Stop], "default": Stop.FIXED.value},
        "confidence_at_least": {"type": "number", "minimum": 0.5, "maximum": 1},
        "confirms_model": {"type": "boolean", "default": False},
        "panel_share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 1},
        "advice": {"enum": list(Advice.values), "default": Advice.AFTER_ANSWER.value},
        "control_share": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "default": 0},
        "stages": listed(
            closed(
                ["name"],
                {
                    "name": ANY_KEY,
                    "skill": {"type": "string", "maxLength": 62},
                    "veto": {"enum": ["", "dispute", "settle"]},
                },
            ),
            0,
            MOST_STAGES,
        ),
        "distinct_teams": {"type": "boolean", "default": False},
        "most_of_one_group": _SEATS,
        "needs_one_with": {"type": "string", "maxLength": 62},
        "adjudicator_sees_names": {"type": "boolean", "default": False},
        "shows_similar": {"type": "boolean", "default": False},
    },
)
