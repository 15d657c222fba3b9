"""A seat's page in words: what `pages.seat_page` lets this person see, made ready for the template."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cases.layouts import Block, headline, lay_out
from reviews.pages import SeatPage, SeenJudgment
from reviews.states import SeatState

# keys that mean something else on this page; a label that asks for one gets its number instead
TAKEN_KEYS = frozenset("ceghnqrsu")


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
    blocks: Sequence[Block]
    due_at: datetime | None
    due_share: int | None
    lease_token: int
    lease_ends_at: datetime | None
    undo_until: datetime | None
    step: str
    advised_after: bool
    advice: Sequence[Share]
    labels: Sequence[Choice]
    reason_codes: Sequence[ReasonCode]
    first_label: str
    submitted_label: str
    rationale: str
    active_seconds: float
    draft_saved_at: datetime | None
    judgments: Sequence[Column]
    split: Sequence[Part]

    @property
    def open_for_me(self) -> bool:
        """Whether the decision can be given now."""
        return self.situation == "open"


def seat_view(page: SeatPage, *, sent: Mapping[str, Any] | None = None) -> SeatView:
    """The case page of a seat; `sent` is what a refused form held, which goes before the draft."""
    names = {label["key"]: label["name"] for label in page.labels}
    draft = sent if sent is not None else page.draft or {}
    chosen = draft.get("label") or page.first_label or ""
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
        blocks=lay_out(page.layout, payload=page.payload, schema=page.payload_schema) if page.mine else (),
        due_at=page.due_at,
        due_share=_due_share(page),
        lease_token=page.lease_token,
        lease_ends_at=page.lease_ends_at,
        undo_until=page.undo_until,
        step=_step(page),
        advised_after=page.advice_mode == "after_answer",
        advice=_shares(page, names),
        labels=_choices(page, chosen),
        reason_codes=_codes(page, names, draft.get("reason_codes") or ()),
        first_label=names.get(page.first_label or "", ""),
        submitted_label=names.get(page.submitted_label or "", ""),
        rationale=draft.get("rationale") or "",
        active_seconds=draft.get("active_seconds") or 0,
        draft_saved_at=page.draft_saved_at,
        judgments=_columns(page, names),
        split=_split(page.judgments, names),
    )


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


def _columns(page: SeatPage, names: Mapping[str, str]) -> list[Column]:
    votes = Counter(judgment.label for judgment in page.judgments)
    most = max(votes.values(), default=0)
    told = Counter(code for judgment in page.judgments for code in judgment.reason_codes)
    words = {code["key"]: code["name"] for code in page.reason_codes}
    return [
        Column(
            who=f"Reviewer {judgment.number}",
            simulated=judgment.simulated,
            label=names.get(judgment.label, judgment.label),
            lone=votes[judgment.label] < most,
            changed_from=_changed_from(judgment, names),
            codes=[Code(words.get(code, code), told[code] == 1) for code in judgment.reason_codes],
            rationale=judgment.rationale,
            judged_at=judgment.judged_at,
            active_seconds=judgment.active_seconds,
        )
        for judgment in page.judgments
    ]


def _changed_from(judgment: SeenJudgment, names: Mapping[str, str]) -> str:
    changed = judgment.first_label is not None and judgment.first_label != judgment.label
    return names.get(judgment.first_label or "", "") if changed else ""


def _split(judgments: Sequence[SeenJudgment], names: Mapping[str, str]) -> list[Part]:
    votes = Counter(judgment.label for judgment in judgments)
    most = max(votes.values(), default=0)
    return [Part(names.get(label, label), count, count < most) for label, count in votes.most_common()]
