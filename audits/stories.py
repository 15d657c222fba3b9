"""One case's whole story in plain language, for the person whom it concerns: others in it stay unnamed.

Reviewers are "Reviewer A", "Reviewer B" in the order of their first word on the case; officers and managers have their
role. Names, addresses and ids of people are nowhere in it, and neither is free text that they wrote: a rationale may
name third parties. Reason codes, labels, times and what the model said are the story.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from audits.letters import how_decided
from audits.models import Appeal
from audits.story_queries import CaseRecord
from cases.layouts import Block, lay_out
from cases.models import Decision, MadeBy
from hitl_platform.doors.templatetags.portal import percent
from hitl_platform.ledger.queries import CaseEvent
from models_registry.models import Prediction
from reviews.models import Consensus, Judgment, Panel, RoutingRecord
from reviews.pages import WHY
from reviews.references import reference_of

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_METHODS = {"majority": "by majority", "dawid_skene": "weighted by how reliable each reviewer has been"}
_OUTCOMES = {"upheld": "upheld: the decision stands", "reversed": "reversed", "partly": "partly reversed"}
# what the ledger tells and no row keeps
_TOLD = {
    "case.withdrawn": "The case was withdrawn",
    "case.restored": "The appeal was taken back: the decision that stood stands again",
    "appeal.link_made": "A link to appeal was made for the person",
    "panel.disputed": "The reviewers did not agree: an adjudicator was asked",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when, in a sentence, and what belongs to it."""

    at: datetime
    title: str
    details: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A case's story: what it is, what was known of it, and what happened, first to last."""

    reference: str
    external_id: str
    case_type: str
    question: str
    state: str
    result: str
    how: str
    blocks: Sequence[Block]
    payload: dict[str, Any] = field(repr=False)
    entries: Sequence[Entry]


def tell_story(record: CaseRecord, events: Sequence[CaseEvent]) -> Story:
    """The story of a case, from its rows and from what the ledger alone tells."""
    pseudonyms = _pseudonyms(record.judgments)
    entries = [
        _received(record),
        *(_predicted(record, each) for each in record.predictions),
        *(_routed(record, each) for each in record.routes),
        *(_judged(record, each, pseudonyms[each.reviewer_id, each.kind]) for each in record.judgments),
        *(_decided(record, each) for each in record.decisions),
        *(Entry(each.observed_at, f"It turned out to be “{_name(record, each.label)}”") for each in record.outcomes),
        *(entry for each in record.appeals for entry in _appealed(record, each)),
        *(Entry(event.at, _TOLD[event.verb]) for event in events if event.verb in _TOLD),
    ]
    standing = record.standing
    panel = record.panel_of(standing) if standing else None
    judges = len(record.judgments_of(panel)) if panel else 0
    return Story(
        reference=reference_of(record.case.pk),
        external_id=record.case.external_id,
        case_type=record.case.case_type.name,
        question=record.version.question,
        state=record.case.state,
        result=_name(record, standing.label) if standing else "",
        how=how_decided(standing, judges) if standing else "It is not decided.",
        blocks=lay_out(record.version.layout, payload=_payload(record), schema=record.version.payload_schema),
        payload=_payload(record),
        entries=sorted(entries, key=lambda entry: entry.at),
    )


def story_document(story: Story) -> dict[str, Any]:
    """The story for machines: the same sentences, with what was submitted."""
    return {
        "case": {
            "reference": story.reference,
            "external_id": story.external_id,
            "case_type": story.case_type,
            "question": story.question,
            "state": story.state,
        },
        "result": story.result or None,
        "how": story.how,
        "submitted": story.payload,
        "story": [
            {"at": entry.at.isoformat(), "what": entry.title, "details": list(entry.details)} for entry in story.entries
        ],
    }


def _pseudonyms(judgments: Sequence[Judgment]) -> dict[tuple[UUID, str], str]:
    """What each person is called, by (person, kind of seat): the role, and a letter in the order of first words."""
    called: dict[tuple[UUID, str], str] = {}
    letters: dict[UUID, str] = {}
    for judgment in judgments:
        letter = letters.setdefault(judgment.reviewer_id, _letter(len(letters)))
        called[judgment.reviewer_id, judgment.kind] = f"{judgment.kind.capitalize()} {letter}"
    return called


def _letter(number: int) -> str:
    return _LETTERS[number] if number < len(_LETTERS) else str(number + 1)


def _payload(record: CaseRecord) -> dict[str, Any]:
    stored = getattr(record.case, "stored_payload", None)
    return dict(stored.payload) if stored is not None else {}


def _name(record: CaseRecord, label: str) -> str:
    return record.names.get(label, label)


def _received(record: CaseRecord) -> Entry:
    case = record.case
    return Entry(case.created_at, "The case was received", [f"Under {record.version}."])


def _predicted(record: CaseRecord, said: Prediction) -> Entry:
    version = said.model_version
    shares = sorted(zip(version.labels, said.probabilities, strict=True), key=lambda item: -item[1])
    told = ", ".join(f"{_name(record, label)} {percent(share)}" for label, share in shares)
    title = f"A model said “{_name(record, said.label)}”"
    # stamped by the database, whose clock may be behind that of the process which received the case
    at = max(said.created_at, record.case.created_at)
    return Entry(at, title, [f"{version.model.name}, version {version.version}: {told}."])


def _routed(record: CaseRecord, route: RoutingRecord) -> Entry:
    where = "decided automatically" if route.route == "auto" else "sent to people"
    policy = f"{route.policy}" if route.policy else "No policy was in force"
    fired = [each for each in route.conditions if each.get("outcome") in ("fired", "failed")]
    margin = str(route.thresholds.get("words") or "").capitalize()
    details = [f"{policy}.", *(f"The rule “{each['rule']}”: {'; '.join(each['because'])}." for each in fired)]
    if margin:
        details.append(f"{margin}.")
    elif not fired:
        details.append(WHY.get(route.cause, f"{route.cause.replace('_', ' ').capitalize()}."))
    # the panel that it opened is told of by the same event
    details += [words for panel in record.panels if panel.event_id == route.event_id for words in _asked(panel)]
    return Entry(max(route.created_at, record.case.created_at), f"It was {where}", details)


def _asked(panel: Panel) -> list[str]:
    """Who was asked, and what they were shown."""
    alone = panel.template.seats == 1 or not panel.is_full
    people = "one person was" if alone else f"{panel.template.seats} people were"
    advice = {
        "hidden": "The model's answer was not shown there.",
        "shown": "The model's answer was shown there.",
        "after_answer": "The model's answer was shown there only after an answer of one's own.",
    }[panel.template.advice if panel.prediction_id else "hidden"]
    return [f"In {panel.queue.name}, {people} asked.", advice]


def _judged(record: CaseRecord, judgment: Judgment, who: str) -> Entry:
    details = []
    if judgment.first_label is not None:
        first, last = _name(record, judgment.first_label), _name(record, judgment.label)
        kept = "kept that answer" if judgment.first_label == judgment.label else f"changed it to “{last}”"
        details.append(f"Before the model's answer was shown: “{first}”; then {who} saw it and {kept}.")
    elif judgment.advice_shown:
        details.append("The model's answer was on the page.")
    else:
        details.append("No model's answer was shown.")
    codes = [record.code_names.get(code, code) for code in judgment.reason_codes]
    details += [f"Reasons: {', '.join(codes)}."] if codes else []
    if judgment.active_seconds is not None:
        details.append(f"{who} was at it for {max(1, round(judgment.active_seconds))} seconds.")
    return Entry(judgment.judged_at, f"{who} said “{_name(record, judgment.label)}”", details)


def _decided(record: CaseRecord, decision: Decision) -> Entry:
    panel = record.panel_of(decision)
    judges = len(record.judgments_of(panel)) if panel else 0
    details = [how_decided(decision, judges)]
    consensus = next((each for each in record.consensuses if each.pk == decision.consensus_id), None)
    details += [_agreed(consensus)] if consensus and consensus.votes > 1 else []
    if decision.made_by == MadeBy.MODEL and decision.confidence is not None:
        details.append(f"The model was {percent(decision.confidence)} sure.")
    if decision.sequence > 1:
        details.append("It takes the place of the decision before.")
    # a decision and the judgment that led to it may have one time: the decision comes after
    return Entry(decision.decided_at, f"The decision: “{_name(record, decision.label)}”", details)


def _agreed(consensus: Consensus) -> str:
    how = _METHODS.get(consensus.method, consensus.method)
    return f"{consensus.votes} judgments, added up {how}: {percent(consensus.confidence)} for the decision."


def _appealed(record: CaseRecord, appeal: Appeal) -> Iterator[Entry]:
    door = "by link" if appeal.door == "link" else "by the organisation that submitted the case"
    yield Entry(appeal.received_at, f"The person appealed, {door}", [appeal.statement or "The statement was erased."])
    if appeal.sent_at:
        panels = [panel for panel in record.panels if panel.pk == appeal.panel_id]
        details = [words for panel in panels for words in _asked(panel)]
        yield Entry(appeal.sent_at, "The case was reopened for people who had no part in the decision", details)
    if appeal.decided_at:
        words = appeal.answer or "The reasons were erased."
        yield Entry(appeal.decided_at, f"The appeal was {_OUTCOMES[appeal.outcome]}", [words])
    if appeal.withdrawn_at and appeal.withdrawn_because == "case_withdrawn":
        yield Entry(appeal.withdrawn_at, "The appeal ended, because the case was withdrawn")
