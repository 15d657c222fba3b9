"""A case as one story, first to last: what the ledger tells of it, in sentences, with the reasons beside them.

Called by name from the console's page of a case. What the actor may not read yet is not told: the ledger's own reader
leaves it out of the events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cases.definitions import label_names
from cases.models import Case
from hitl_platform.console.words import in_words
from hitl_platform.kernel.numerals import percent
from hitl_platform.ledger.disclosure import WITHHELD
from hitl_platform.ledger.queries import CaseEvent, case_events
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import User
from reviews.models import Panel, Purpose, Queue, RoutingRecord
from reviews.type_versions import type_version

# who the platform's own steps are, as people read it
AUTOMATIC = "The platform"
UNTOLD = "something that you may read once the case is closed"
MOST_TOLD = 200

# {who} acts; the other names are those of the event's body, codes and ids said in words
SENTENCES: Mapping[str, str] = {
    "case.submitted": "{who} submitted the case",
    "case.scored": "The model said {label}, {probability} sure",
    "case.not_scored": "No model answered: {because}",
    "case.sent_to_review": "Sent to people in {queue}: {cause}",
    "case.withdrawn": "{who} withdrew the case",
    "case.reopened": "{who} reopened the case",
    "seat.claimed": "{who} took the case",
    "seat.released": "{who} gave the case back",
    "seat.expired": "The lease of {holder} ended, and the case went back",
    "seat.skipped": "{who} passed the case over",
    "seat.held": "{who} put the case on hold",
    "seat.resumed": "{who} went on with it",
    "seat.handed_over": "{who} handed the case to {to}",
    "seat.reassigned": "{who} let somebody else take the seat of {holder}",
    "seat.unreserved": "What waited for {reserved_for} waits for everybody",
    "seat.help_asked": "{who} asked for help",
    "seat.answered": "{who} answered {label} before seeing the model's answer",
    "judgment.submitted": "{who} judged {label}",
    "judgment.undone": "{who} took the judgment back",
    "comment.added": "{who} commented on the case",
    "panel.seat_added": "One more reviewer was asked: {because}",
    "panel.disputed": "In dispute: {because}. An adjudicator is asked",
    "panel.settled": "The panel settled on {label}",
    "panel.cancelled": "The panel ended without a result: {because}",
    "panel.moved": "{who} moved the panel from {from} to {to}",
    "panel.paused": "The clock stopped: {cause}",
    "panel.resumed": "The clock went on",
    "panel.priority_raised": "{who} moved the case forward by {by}",
    "case.sla_at_risk": "Soon overdue",
    "case.sla_breached": "Overdue",
    "escalation.fired": "Escalated: {trigger}",
    "escalation.rung": "The escalation took step {rung}: {action}",
    "escalation.rewoken": "Nobody had settled it: the escalation woke again",
    "escalation.acknowledged": "{who} looks after the escalation",
    "escalation.cancelled": "The escalation was called off: {because}",
    "escalation.finished": "The escalation ended: {because}",
    "outcome.posted": "What turned out to be true: {label}",
    "file.added": "A file came with the case",
    "file.stored": "A file that was promised arrived",
    "file.refused": "A file was refused: {problem}",
}
DECIDED: Mapping[str, str] = {
    "model": "Decided {label} by the model alone",
    "panel": "Decided {label} by the panel",
    "adjudicator": "Decided {label} by the adjudicator",
    "override": "{who} decided {label} in place of what stood",
    "fallback": "Decided {label}, as a rule declares where nobody answers in time",
}
# leases come and go; the story is told by the rest
BESIDE = {
    "seat.claimed", "seat.released", "seat.expired", "seat.held", "seat.resumed", "seat.skipped", "seat.handed_over",
    "seat.unreserved", "seat.reassigned", "comment.added", "file.added", "file.stored", "escalation.waits",
}  # fmt: skip
# how a rule of a policy came out
FELL = {"fired": "held", "not_fired": "did not hold", "failed": "could not be told"}
_LABELS = ("label", "first_label")
_PEOPLE = ("holder", "reserved_for")


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence of the story, when it happened, what stands behind it; `beside` is less than a turn of it."""

    at: datetime
    verb: str
    words: str
    because: Sequence[str] = ()
    beside: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """What the events name by id or key."""

    labels: Mapping[str, str]
    reasons: Mapping[str, str]
    people: Mapping[str, str]
    queues: Mapping[str, str]
    hidden: frozenset[str]
    routes: Sequence[RoutingRecord]


def story_of(actor: Actor, case: Case) -> list[Told]:
    """The case's story, first to last; a fixed number of queries, MOST_TOLD sentences at most, the newest."""
    events = case_events(actor, case)[-MOST_TOLD:]
    may_read_all = not any(event.body == WITHHELD for event in events)
    definition = type_version(case.type_version_id)
    known = _Known(
        labels=label_names(definition.labels),
        reasons={code["key"]: code["name"] for code in definition.reason_codes},
        people=_people(events),
        queues=dict(Queue.objects.values_list("key", "name")),
        hidden=frozenset(
            str(panel_id)
            for panel_id in Panel.objects.filter(case=case).exclude(purpose=Purpose.LIVE).values_list("pk", flat=True)
        ),
        routes=list(RoutingRecord.objects.filter(case=case).order_by("created_at", "id")) if may_read_all else [],
    )
    return [_told(event, known) for event in events]


def _told(event: CaseEvent, known: _Known) -> Told:
    values = _values(event, known)
    sentence = SENTENCES.get(event.verb, "{who}: " + event.verb.replace(".", " ").replace("_", " "))
    if event.verb == "case.decided":
        sentence = DECIDED.get(event.body.get("made_by", ""), "Decided {label}")
    words = sentence.format_map(values)
    if event.body.get("panel_id") in known.hidden:
        return Told(event.at, event.verb, f"In a hidden check, which decides nothing: {words}", beside=True)
    return Told(event.at, event.verb, words, _because(event, known), beside=event.verb in BESIDE)


class _Words(dict[str, str]):
    """The words of one event; what its body does not tell is said to be untold."""

    def __missing__(self, name: str) -> str:
        return UNTOLD


def _values(event: CaseEvent, known: _Known) -> _Words:
    body = event.body
    values = _Words({name: _in_words(given) for name, given in body.items() if isinstance(given, str | int)})
    for name in _LABELS:
        if isinstance(body.get(name), str):
            values[name] = f"“{known.labels.get(body[name], body[name])}”"
    for name in _PEOPLE:
        if name in values:
            values[name] = known.people.get(body[name], "somebody who left")
    for name in ("queue", "from", "to"):
        if name in values:
            values[name] = known.queues.get(body[name], known.people.get(body[name], values[name]))
    if body.get("probabilities"):
        values["probability"] = percent(max(map(float, body["probabilities"])))
    values["who"] = _who(event, known)
    return values


def _because(event: CaseEvent, known: _Known) -> list[str]:
    """What stands behind a turn of the story: the conditions of a route, the votes of a panel, given reasons."""
    body = event.body
    if event.verb in ("case.sent_to_review", "case.decided"):
        near = [record for record in known.routes if str(record.policy_id) == body.get("policy_id")]
        return _route(near[0]) if near else []
    if event.verb in ("panel.disputed", "panel.settled"):
        methods = [(name, found) for name, found in body.items() if isinstance(found, dict) and "votes" in found]
        return [
            f"{in_words(name)}: “{known.labels.get(found['label'], found['label'])}”, "
            f"{percent(float(found['confidence']))} sure, "
            f"of {found['votes']} vote{'s' * (found['votes'] != 1)}"
            for name, found in methods
        ]
    if event.verb == "judgment.submitted":
        first, codes = str(body.get("first_label") or ""), body.get("reason_codes") or ()
        changed = first and first != body.get("label")
        said = [f"First, before the model's answer: “{known.labels.get(first, first)}”"] if changed else []
        return [*said, *(["Reasons: " + ", ".join(known.reasons.get(code, code) for code in codes)] if codes else [])]
    return []


def _route(record: RoutingRecord) -> list[str]:
    """Why a case went where it went: each rule that was asked, then how far the model was from its threshold."""
    asked = [_rule(each) for each in record.conditions]
    return [*asked, *([record.thresholds["words"].capitalize()] if record.thresholds.get("words") else [])]


def _rule(asked: Mapping[str, Any]) -> str:
    fell = FELL.get(asked["outcome"], asked["outcome"])
    return f"The rule “{asked['rule']}” {fell}: {', '.join(map(str, asked['because']))}"


def _people(events: Sequence[CaseEvent]) -> dict[str, str]:
    named = {event.actor["id"] for event in events if event.actor["kind"] == "user"}
    named |= {str(event.body[name]) for event in events for name in (*_PEOPLE, "to") if event.body.get(name)}
    ids = [found for text in named if (found := _uuid(text)) is not None]
    return {str(pk): name for pk, name in User.objects.filter(pk__in=ids).values_list("pk", "name")}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _who(event: CaseEvent, known: _Known) -> str:
    if event.actor["kind"] == "user":
        return known.people.get(event.actor["id"], "Somebody who left")
    return AUTOMATIC if event.actor["kind"] == "system" else f"The key “{event.actor.get('name', '')}”"


def _in_words(code: Any) -> str:
    return str(code).replace("_", " ")
