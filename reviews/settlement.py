"""From judgments to what follows from them: each panel's next move, and the verdict where it ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from hitl_platform.kernel.ids import uuid7
from reviews.confusions import fit_for
from reviews.consensus import agreement_per_task, posteriors_given
from reviews.judged import JudgedPanel, read_judged, rooms_of
from reviews.models import Consensus, Judgment, Panel
from reviews.panels import (
    AddSeat,
    Advised,
    Confidences,
    Dispute,
    Method,
    Mode,
    Move,
    Room,
    Settle,
    Vote,
    next_move,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a panel comes to. Without a `label` it is disputed."""

    panel: Panel
    label: str | None
    made_by: str
    confidence: float | None
    posterior: dict[str, float] | None
    reason_codes: Sequence[str]
    consensuses: Sequence[Consensus]
    because: str = ""
    short_of_people: bool = False

    @property
    def chosen(self) -> Consensus | None:
        """The consensus that the decision rests on."""
        return next((each for each in self.consensuses if each.chosen), None)


@dataclass(frozen=True, slots=True)
class NextMoves:
    """What a set of panels does next: verdicts, panels that ask for one more seat and why, and when to come again."""

    verdicts: Sequence[Verdict] = ()
    growing: Sequence[tuple[JudgedPanel, str]] = ()
    again: Mapping[UUID, datetime] = field(default_factory=dict)


def next_moves(panel_ids: Sequence[UUID]) -> NextMoves:
    """What these panels do now, as far as they are live and somebody has judged; inside a scope."""
    judged, again = read_judged(panel_ids)
    rooms = rooms_of([each for each in judged if each.adjudication is None])
    voted = [each for each in judged if each.adjudication is None and _may_move(each, rooms[each.panel.pk])]
    posteriors = _dawid_skene(voted)
    verdicts = [_of_adjudicator(each.panel, each.adjudication) for each in judged if each.adjudication]
    growing: list[tuple[JudgedPanel, str]] = []
    for each in voted:
        weighted, history = posteriors[each.panel.pk]
        shares = _shares(each)
        move = _move(each, Confidences(_in_force(each, shares, weighted), weighted, history), rooms[each.panel.pk])
        if isinstance(move, AddSeat):
            growing.append((each, move.because))
        elif isinstance(move, Settle | Dispute):
            verdicts.append(_of_votes(each, move, shares=shares, weighted=weighted, history=history))
    moved = {verdict.panel.pk for verdict in verdicts} | {each.panel.pk for each, _ in growing}
    later = {each.panel.pk: _within_two_hours(each.read_at) for each in judged} | again
    return NextMoves(verdicts, growing, {panel_id: at for panel_id, at in later.items() if panel_id not in moved})


def _within_two_hours(now: datetime) -> datetime:
    """When a panel that waits for its other seats is looked at again: who was to take them may be gone by then.

    A full hour, so that all who ask within one hour ask for the same step.
    """
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)


def _may_move(each: JudgedPanel, room: Room) -> bool:
    return not room.waiting or each.rules.mode == Mode.FIRST_RESPONSE


def _move(each: JudgedPanel, confidences: Confidences, room: Room) -> Move:
    votes = [Vote(vote.label, vote.stage) for vote in each.votes]
    advice = Advised(each.advised) if each.advised is not None else None
    return next_move(each.rules, votes, advice=advice, confidences=confidences, room=room)


def _dawid_skene(voted: Sequence[JudgedPanel]) -> dict[UUID, tuple[dict[str, float], int]]:
    """The posterior of each panel by Dawid-Skene, and how many judgments of history it rests on."""
    by_type: dict[UUID, list[JudgedPanel]] = {}
    for each in voted:
        by_type.setdefault(each.panel.case_type_id, []).append(each)
    found: dict[UUID, tuple[dict[str, float], int]] = {}
    for case_type_id, panels in by_type.items():
        votes = [(task, vote) for task, each in enumerate(panels) for vote in each.votes]
        labels = sorted({label for each in panels for label in each.labels} | {vote.label for _, vote in votes})
        fit = fit_for(case_type_id, labels=labels, reviewers=[vote.reviewer_id for _, vote in votes])
        code = {label: at for at, label in enumerate(fit.labels)}
        posteriors = posteriors_given(
            np.array([task for task, _ in votes]),
            np.array([fit.workers[vote.reviewer_id] for _, vote in votes]),
            np.array([code[vote.label] for _, vote in votes]),
            n_tasks=len(panels),
            confusions=fit.confusions,
            prior=fit.prior,
        )
        for each, row in zip(panels, posteriors.tolist(), strict=True):
            found[each.panel.pk] = (dict(zip(fit.labels, row, strict=True)), fit.judgments)
    return found


def _shares(each: JudgedPanel) -> dict[str, float]:
    """The share of voices that each label has. Where the panel confirms the model, the model's is one of them."""
    voices = [vote.label for vote in each.votes] + ([each.advised] if each.advised is not None else [])
    return {label: voices.count(label) / len(voices) for label in [*each.labels, *voices] if label in voices}


def _in_force(each: JudgedPanel, shares: dict[str, float], weighted: dict[str, float]) -> dict[str, float]:
    return weighted if each.rules.method == Method.DAWID_SKENE else shares


def _chosen_method(each: JudgedPanel, move: Settle | Dispute) -> str:
    """What the outcome rests on: the posterior where it decided, the voices where the model's is one of them."""
    if each.advised is not None:
        return Method.MAJORITY
    if each.rules.mode == Mode.WEIGHTED or move.because in ("confident", "not_confident"):
        return Method.DAWID_SKENE
    return each.rules.method


def _of_votes(
    each: JudgedPanel,
    move: Settle | Dispute,
    *,
    shares: dict[str, float],
    weighted: dict[str, float],
    history: int,
) -> Verdict:
    method = _chosen_method(each, move)
    rows = [
        _consensus(each, Method.MAJORITY, shares, chosen=method == Method.MAJORITY, history=0),
        _consensus(each, Method.DAWID_SKENE, weighted, chosen=method == Method.DAWID_SKENE, history=history),
    ]
    chosen = next(row for row in rows if row.chosen)
    label = move.label if isinstance(move, Settle) else None
    return Verdict(
        panel=each.panel,
        label=label,
        made_by="panel",
        confidence=chosen.posterior.get(label or chosen.label, 0.0),
        posterior=chosen.posterior,
        reason_codes=_reasons(each.votes, label),
        consensuses=rows,
        because=move.because,
        short_of_people=move.short_of_people,
    )


def _of_adjudicator(panel: Panel, judgment: Judgment) -> Verdict:
    return Verdict(panel, judgment.label, "adjudicator", None, None, judgment.reason_codes, ())


def _consensus(each: JudgedPanel, method: str, posterior: dict[str, float], *, chosen: bool, history: int) -> Consensus:
    # the first of equals in the order of the case type's labels, so that no answer depends on the order of votes
    ranked = [label for label in each.labels if label in posterior] or list(posterior)
    label = max(ranked, key=lambda key: posterior[key])
    codes = [sorted({v.label for v in each.votes}).index(vote.label) for vote in each.votes]
    agreement = agreement_per_task(np.zeros(len(codes), int), np.array(codes), n_tasks=1, n_labels=max(codes) + 1)[0]
    return Consensus(
        tenant_id=each.panel.tenant_id,
        id=uuid7(),
        panel=each.panel,
        method=str(method),
        posterior=posterior,
        label=label,
        confidence=posterior[label],
        agreement=1.0 if np.isnan(agreement) else float(agreement),
        votes=len(codes),
        history=history,
        chosen=chosen,
    )


def _reasons(votes: Sequence[Judgment], label: str | None) -> list[str]:
    return sorted({code for vote in votes if vote.label == label for code in vote.reason_codes})


def told_of(verdict: Verdict) -> dict[str, Any]:
    """The verdict for the ledger, which holds fractions as decimal strings."""
    told: dict[str, Any] = {"made_by": verdict.made_by, "label": verdict.label}
    if verdict.because:
        told["because"] = verdict.because
    if verdict.short_of_people:
        told["short_of_people"] = True
    for each in verdict.consensuses:
        told[each.method] = {"label": each.label, "confidence": f"{each.confidence:.6f}", "votes": each.votes}
    return told
