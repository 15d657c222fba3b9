"""A seat's page in words: what `pages.seat_page` lets this person see, made ready for the template."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cases.definitions import label_names
from cases.layouts import EVERYTHING, MOST_ITEMS, Block, Entry, field_titles, headline, lay_out, shown_fields
from reviews.evidence import ShownMark, shown_marks
from reviews.pages import SeatPage, SeenCare, SeenComment, SeenJudgment
from reviews.states import SeatState

# keys that mean something else on this page; a label that asks for one gets its number instead
TAKEN_KEYS = frozenset("ceghmnqrsu")
# reasons that say that the model was not sure enough
UNSURE = frozenset({"two_labels_close", "not_confident"})
# log-odds from which a feature is said to speak strongly, or clearly
STRONG, CLEAR = 1.0, 0.3
# where a bar is full: beyond it nothing is told apart
FULL = 3.0


@dataclass(frozen=True, slots=True)
class Choice:
    """One label on the decision panel."""

    key: str
    name: str
    shortcut: str
    chosen: bool
    first: bool


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """One reason, and the labels that it may stand beside (none named: all)."""

    key: str
    name: str
    labels: Sequence[str]
    for_names: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Share:
    """What the model gives one label."""

    label: str
    probability: float
    top: bool


@dataclass(frozen=True, slots=True)
class Mover:
    """What one value did to the model's answer: `share` of its bar is filled (see `_filled`), `words` for everybody."""

    title: str
    value: str
    share: float
    towards: bool
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as a column shows it; `lone` when nobody else marked anything there."""

    shown: ShownMark
    lone: bool


@dataclass(frozen=True, slots=True)
class Code:
    """A reason beside a judgment; `lone` when no other judgment names it."""

    name: str
    lone: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One judgment among those of a dispute."""

    who: str
    simulated: bool
    label: str
    lone: bool
    changed_from: str
    codes: Sequence[Code]
    marks: Sequence[Mark]
    rationale: str
    judged_at: datetime
    active_seconds: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """How many judgments gave one label."""

    label: str
    count: int
    lone: bool


@dataclass(frozen=True, slots=True)
class SeatView:
    """The case page. `situation` says where the seat is: see `_situation`."""

    id: UUID
    situation: str
    title: str
    kind: str
    state: str
    queue_key: str
    queue_name: str
    instructions: str
    question: str
    why: str
    model_unsure: bool
    is_appeal: bool
    plea: str
    blocks: Sequence[Block]
    due_at: datetime | None
    due_share: int | None
    lease_token: int
    lease_ends_at: datetime | None
    undo_until: datetime | None
    step: str
    advised_after: bool
    advice: Sequence[Share]
    movers: Sequence[Mover]
    labels: Sequence[Choice]
    reason_codes: Sequence[ReasonCode]
    first_label: str
    submitted_label: str
    rationale: str
    active_seconds: float
    draft_saved_at: datetime | None
    judgments: Sequence[Column]
    split: Sequence[Part]
    differs_in: str
    marks: Sequence[ShownMark]
    evidence: str
    comments: Sequence[SeenComment]
    care: SeenCare
    may_release: bool
    is_whole: bool

    @property
    def settled(self) -> bool:
        """Whether the reader has seen all there is: its seat is theirs and not gone."""
        return self.situation not in ("elsewhere", "cancelled")

    @property
    def open_for_me(self) -> bool:
        """Whether the decision can be given now."""
        return self.situation == "open"


def seat_view(page: SeatPage, *, sent: Mapping[str, Any] | None = None, whole: bool = False) -> SeatView:
    """The case page of a seat; `sent` is what a refused form held, which goes before the draft.

    `whole` shows tables and conversations to their end.
    """
    names = label_names(page.labels)
    draft = sent if sent is not None else page.draft or {}
    chosen = draft.get("label") or page.first_label or ""
    titles = field_titles(page.layout, schema=page.payload_schema)
    return SeatView(
        id=page.id,
        situation=_situation(page),
        title=_title(page),
        kind=page.kind,
        state=page.state,
        queue_key=page.queue_key,
        queue_name=page.queue_name,
        instructions=page.instructions,
        question=page.question,
        why=page.why_words,
        blocks=_blocks(page, most=EVERYTHING if whole else MOST_ITEMS) if page.mine else (),
        due_at=page.due_at,
        due_share=_due_share(page),
        lease_token=page.lease_token,
        lease_ends_at=page.lease_ends_at,
        undo_until=page.undo_until,
        step=_step(page),
        labels=_choices(page, chosen),
        reason_codes=_codes(page, names, draft.get("reason_codes") or ()),
        first_label=names.get(page.first_label or "", ""),
        submitted_label=names.get(page.submitted_label or "", ""),
        care=page.care,
        may_release=page.may_release,
        is_whole=whole,
        **_advised(page, names, titles),
        **_written(page, draft, titles),
        **_compared(page, names, titles),
    )


def _advised(page: SeatPage, names: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, Any]:
    """What the model says, what moved it, and whether it was too unsure to decide alone."""
    return {
        "advised_after": page.advice_mode == "after_answer",
        "advice": _shares(page, names),
        "movers": _movers(page, names, titles),
        "model_unsure": page.why in UNSURE,
    }


def _written(page: SeatPage, draft: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """What this person and others have written, the one whom the case concerns among them."""
    evidence = draft.get("evidence")
    evidence = evidence if isinstance(evidence, list) else []
    return {
        "rationale": draft.get("rationale") or "",
        "active_seconds": draft.get("active_seconds") or 0,
        "marks": shown_marks(evidence, payload=page.payload, titles=titles),
        "evidence": json.dumps(evidence),
        "draft_saved_at": page.draft_saved_at,
        "comments": page.comments,
        "is_appeal": page.is_appeal,
        "plea": page.plea,
    }


def _compared(page: SeatPage, names: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, Any]:
    """The judgments of a dispute side by side."""
    return {
        "judgments": _columns(page, names, titles),
        "split": _split(page.judgments, names),
        "differs_in": _differs_in(page.judgments),
    }


def _blocks(page: SeatPage, *, most: int) -> list[Block]:
    return lay_out(page.layout, payload=page.payload, schema=page.payload_schema, files=page.files, most=most)


def _situation(page: SeatPage) -> str:
    """open, held, submitted, over (my lease ended), elsewhere (with others or nobody) or cancelled."""
    if page.state == SeatState.CANCELLED:
        return "cancelled"
    if not page.mine:
        return "over" if page.draft is not None else "elsewhere"
    if page.state == SeatState.CLAIMED and page.lease_ends_at is not None and page.lease_ends_at <= page.read_at:
        return "over"
    return {SeatState.HELD.value: "held", SeatState.SUBMITTED.value: "submitted"}.get(page.state, "open")


def _title(page: SeatPage) -> str:
    line = headline(page.layout, payload=page.payload, schema=page.payload_schema) if page.mine else ""
    return f"Case {page.reference}" + (f" · {line}" if line else "")


def _due_share(page: SeatPage) -> int | None:
    if page.due_at is None:
        return None
    whole = (page.due_at - page.opened_at).total_seconds()
    used = (page.read_at - page.opened_at).total_seconds()
    return 100 if whole <= 0 else min(100, max(0, round(used / whole * 100)))


def _step(page: SeatPage) -> str:
    if page.advice_mode != "after_answer":
        return "only"
    return "first" if page.first_label is None else "second"


def _shares(page: SeatPage, names: Mapping[str, str]) -> list[Share]:
    if page.advice is None:
        return []
    ranked = sorted(page.advice.probabilities.items(), key=lambda item: -item[1])
    return [Share(names.get(key, key), share, key == page.advice.label) for key, share in ranked]


def _movers(page: SeatPage, names: Mapping[str, str], titles: Mapping[str, str]) -> list[Mover]:
    if page.advice is None or not page.advice.movers:
        return []
    told = shown_fields(page.layout, payload=page.payload, schema=page.payload_schema)
    label = names.get(page.advice.label, page.advice.label)
    return [
        Mover(
            title=titles.get(mover.key, mover.feature),
            value=_short(told.get(mover.key)),
            share=_filled(mover.log_odds),
            towards=mover.log_odds > 0,
            words=f"{_strength(mover.log_odds)} {'for' if mover.log_odds > 0 else 'against'} {label}",
        )
        for mover in page.advice.movers
    ]


def _strength(log_odds: float) -> str:
    size = abs(log_odds)
    return "strongly" if size >= STRONG else "clearly" if size >= CLEAR else "slightly"


def _filled(log_odds: float) -> float:
    """How far a bar is filled: one third of it for each of slightly, clearly and strongly."""
    size = abs(log_odds)
    if size < CLEAR:
        return size / CLEAR / 3
    if size < STRONG:
        return (1 + (size - CLEAR) / (STRONG - CLEAR)) / 3
    return (2 + min(1.0, (size - STRONG) / (FULL - STRONG))) / 3


def _short(entry: Entry | None) -> str:
    text = "" if entry is None or entry.missing else f"{entry.value} {entry.unit}".strip()
    return text if len(text) <= 40 else text[:39] + "…"


def _choices(page: SeatPage, chosen: str) -> list[Choice]:
    wanted = [str(label.get("shortcut") or "") for label in page.labels]
    given = {key for key in wanted if key and key not in TAKEN_KEYS}
    digits = iter(digit for digit in "123456789" if digit not in given)
    return [
        Choice(
            key=label["key"],
            name=label["name"],
            shortcut=asked if asked in given else next(digits, ""),
            chosen=label["key"] == chosen,
            first=label["key"] == page.first_label,
        )
        for label, asked in zip(page.labels, wanted, strict=True)
    ]


def _codes(page: SeatPage, names: Mapping[str, str], chosen: Sequence[str]) -> list[ReasonCode]:
    return [
        ReasonCode(
            key=code["key"],
            name=code["name"],
            labels=code.get("labels") or (),
            for_names=", ".join(names.get(key, key) for key in code.get("labels") or ()),
            chosen=code["key"] in chosen,
        )
        for code in page.reason_codes
    ]


def _columns(page: SeatPage, names: Mapping[str, str], titles: Mapping[str, str]) -> list[Column]:
    votes = Counter(judgment.label for judgment in page.judgments)
    most = max(votes.values(), default=0)
    told = Counter(code for judgment in page.judgments for code in judgment.reason_codes)
    words = {code["key"]: code["name"] for code in page.reason_codes}
    marks = [shown_marks(judgment.evidence, payload=page.payload, titles=titles) for judgment in page.judgments]
    places = Counter(place for each in marks for place in {(mark.field, mark.item) for mark in each})
    return [
        Column(
            who=judgment.name or f"Reviewer {judgment.number}",
            simulated=judgment.simulated,
            label=names.get(judgment.label, judgment.label),
            lone=votes[judgment.label] < most,
            changed_from=_changed_from(judgment, names),
            codes=[Code(words.get(code, code), told[code] == 1) for code in judgment.reason_codes],
            marks=[Mark(mark, places[mark.field, mark.item] == 1) for mark in marked],
            rationale=judgment.rationale,
            judged_at=judgment.judged_at,
            active_seconds=judgment.active_seconds,
        )
        for judgment, marked in zip(page.judgments, marks, strict=True)
    ]


def _differs_in(judgments: Sequence[SeenJudgment]) -> str:
    """In what the judgments differ, in words."""
    parts: dict[str, set[Any]] = {
        "label": {judgment.label for judgment in judgments},
        "reasons": {tuple(sorted(judgment.reason_codes)) for judgment in judgments},
        "evidence": {json.dumps(list(judgment.evidence), sort_keys=True) for judgment in judgments},
        "rationale": {judgment.rationale.strip() for judgment in judgments},
    }
    return ", ".join(part for part, kinds in parts.items() if len(kinds) > 1)


def _changed_from(judgment: SeenJudgment, names: Mapping[str, str]) -> str:
    changed = judgment.first_label is not None and judgment.first_label != judgment.label
    return names.get(judgment.first_label or "", "") if changed else ""


def _split(judgments: Sequence[SeenJudgment], names: Mapping[str, str]) -> list[Part]:
    votes = Counter(judgment.label for judgment in judgments)
    most = max(votes.values(), default=0)
    return [Part(names.get(label, label), count, count < most) for label, count in votes.most_common()]
