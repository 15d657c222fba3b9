"""Which frozen rows stand behind a number of a report. A group that the report suppresses has none to show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from audits.models import BiasAudit
from audits.report_words import TIMES
from audits.tallying import OVERTURNED, SENT, UNKNOWN
from hitl_platform.kernel.errors import NotFound

EVENTS = {SENT: "routed", OVERTURNED: "overturned"}
BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class Behind:
    """What the number counts, in words, and how it narrows the frozen rows."""

    words: str
    query: Mapping[str, str]
    narrowed: dict[str, Any]


def behind_number(audit: BiasAudit, asked: Mapping[str, str]) -> Behind:
    """The rows that `of` (a decider or event), `by` (attributes), `group` and perhaps `answer` name, or NotFound."""
    of, by, group, answer = (asked.get(name, "") for name in ("of", "by", "group", "answer"))
    document = orjson.loads(audit.report)
    shown = (
        document["events"].get(of, {}).get(by)
        if of in EVENTS
        else document["deciders"].get(of, {}).get("audits", {}).get(by)
    )
    found = (shown or {}).get("groups", {}).get(group)
    # neither what is not there nor what is suppressed has cases to show
    if found is None or found.get("suppressed") or (of not in EVENTS and of != "final decision"):
        raise NotFound
    narrowed = _groups(audit, by.split(TIMES), group.split(BETWEEN))
    words = f"{group} ({by.replace(TIMES, f' {TIMES} ')})"
    if of in EVENTS:
        return Behind(f"{words}: {of}", {"of": of, "by": by, "group": group}, narrowed | {EVENTS[of]: True})
    query = {"of": of, "by": by, "group": group}
    if answer == "favourable":
        labels = audit.codebook["labels"]
        narrowed["final__in"] = [labels.index(label) + 1 for label in audit.definition["favourable"]]
        return Behind(f"{words}: favourable final decisions", query | {"answer": answer}, narrowed)
    return Behind(f"{words}: all cases", query, narrowed)


def _groups(audit: BiasAudit, attributes: list[str], groups: list[str]) -> dict[str, Any]:
    places = {name: at for at, name in enumerate(audit.codebook["attributes"])}
    narrowed = {}
    for name, group in zip(attributes, groups, strict=True):
        values = audit.codebook["attributes"][name]
        narrowed[f"groups__{places[name]}"] = 0 if group == UNKNOWN else values.index(group) + 1
    return narrowed
