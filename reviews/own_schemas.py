"""What people may send about themselves and their own work, as JSON Schema."""

from typing import Any

from cases.schemas import KEY, closed
from reviews.models import InterestKind
from reviews.services.absences import MAX_NOTE
from reviews.services.comments import MAX_COMMENT
from reviews.services.conflicts import MAX_TEXT
from reviews.services.contests import MAX_REASON
from reviews.services.escalations import LONGEST_WHY

ID: dict[str, Any] = {"type": "string", "format": "uuid"}
TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
_WHOM = ID | {"description": "Another member, whom a manager declares it for; yourself when left out."}


def text(most: int, *, least: int = 1, **more: Any) -> dict[str, Any]:
    """A text of bounded length."""
    return {"type": "string", "minLength": least, "maxLength": most, **more}


ASK = closed(["why"], {"why": text(LONGEST_WHY, description="What you need.")})
COMMENT = closed(
    ["text"],
    {"text": text(MAX_COMMENT, description="Members of the queue named with @ are told that they were.")},
)
CARE = closed(["blurs", "greys"], {"blurs": {"type": "boolean"}, "greys": {"type": "boolean"}})
ABSENCE = closed(
    ["starts_at", "ends_at"],
    {"user_id": _WHOM, "starts_at": TIME, "ends_at": TIME, "note": text(MAX_NOTE, least=0)},
)
CONFLICT = closed(
    ["kind", "about"],
    {
        "user_id": _WHOM,
        "kind": {"enum": list(InterestKind.values)},
        "about": text(MAX_TEXT, description="The subject's reference, the other member's id, or the party's name."),
        "facet_key": {
            "type": "string",
            "maxLength": 60,
            "description": "The field of the case that names the party; of a party alone.",
        },
        "note": text(MAX_TEXT, least=0),
    },
)
CONTEST = closed(["known_case_id", "reason"], {"known_case_id": ID, "reason": text(MAX_REASON)})
PRACTICE = closed(["case_id", "label"], {"case_id": ID, "label": KEY})
