"""From judgments to a decision: which panels are complete, what they say, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import F
from django.db.models.functions import Now

from cases.definitions import label_keys
from hitl_platform.kernel.ids import uuid7
from reviews.confusions import fit_for
from reviews.consensus import agreement_per_task, posteriors_given
from reviews.models import LIVE_PANEL, Consensus, Judgment, Mode, Panel, Seat, SeatKind
from reviews.states import PanelState, SeatState
from reviews.type_versions import type_version


@dataclass(frozen=True, slots=True)
class CompletePanel:
    """A live panel whose seats are all submitted and past undo. `labels` are those of its case's definition."""

    panel: Panel
    judgments: Sequence[Judgment]
    labels: Sequence[str]

    @property
    def votes(self) -> list[Judgment]:
        """What its reviewers said, without the adjudicator."""
        return [judgment for judgment in self.judgments if judgment.kind == SeatKind.REVIEWER]

    @property
    def adjudication(self) -> Judgment | None:
        """What its adjudicator said, if one has spoken."""
        return next((j for j in self.judgments if j.kind == SeatKind.ADJUDICATOR), None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a complete panel comes to. Without a `label` it is disputed, `because` of what."""

    panel: Panel
    label: str | None
    made_by: str
    confidence: float | None
    posterior: dict[str, float] | None
    reason_codes: Sequence[str]
    consensuses: Sequence[Consensus]
    because: str = ""

    @property
    def chosen(self) -> Consensus | None:
        """The consensus that the decision rests on."""
        return next((each for each in self.consensuses if each.chosen), None)


def read_complete(panel_ids: Sequence[UUID]) -> tuple[list[CompletePanel], dict[UUID, datetime]]:
    """The complete ones among these panels, and when the undo time of the others that are nearly so ends."""
    live = Panel.objects.filter(pk__in=panel_ids, state__in=LIVE_PANEL).select_related("template", "policy", "queue")
    panels = {p.pk: p for p in live.annotate(read_at=Now(), type_version_id=F("case__type_version_id"))}
    last: dict[UUID, datetime | None] = {}
    for panel_id, kind, state, submitted_at in (
        Seat.objects.filter(panel_id__in=panels)
        .exclude(state=SeatState.CANCELLED)
        .values_list("panel_id", "kind", "state", "submitted_at")
    ):
        wanted = SeatKind.ADJUDICATOR if panels[panel_id].state == PanelState.DISPUTED else SeatKind.REVIEWER
        if kind == wanted:
            before = last.get(panel_id, submitted_at)
            last[panel_id] = max(before, submitted_at) if before and submitted_at and state == "submitted" else None
    judgments: dict[UUID, list[Judgment]] = {panel_id: [] for panel_id in panels}
    for judgment in Judgment.objects.filter(panel_id__in=panels, superseded_at__isnull=True).order_by("judged_at"):
        judgments[judgment.panel_id].append(judgment)
    complete, waiting = [], {}
    for panel_id, submitted_at in last.items():
        panel = panels[panel_id]
        if submitted_at is None:
            continue
        undo_until = submitted_at + timedelta(seconds=panel.queue.undo_seconds)
        if undo_until > panel.read_at:
            waiting[panel_id] = undo_until
        else:
            labels = label_keys(type_version(panel.type_version_id).labels)
            complete.append(CompletePanel(panel, judgments[panel_id], labels))
    return complete, waiting


def verdicts_of(complete: Sequence[CompletePanel]) -> list[Verdict]:
    """What each complete panel comes to, in the order given; reads the case types' history, inside a scope."""
    shares = _dawid_skene([each for each in complete if each.adjudication is None])
    return [
        _of_adjudicator(each, each.adjudication) if each.adjudication else _of_votes(each, *shares[each.panel.pk])
        for each in complete
    ]


def _dawid_skene(complete: Sequence[CompletePanel]) -> dict[UUID, tuple[dict[str, float], int]]:
    """The posterior of each panel by Dawid-Skene, and how many judgments of history it rests on."""
    by_type: dict[UUID, list[CompletePanel]] = {}
    for each in complete:
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


def _of_votes(each: CompletePanel, posterior: dict[str, float], history: int) -> Verdict:
    definition = each.panel.policy.definition if each.panel.policy else {}
    method = definition.get("consensus", "majority")
    labels = [vote.label for vote in each.votes]
    shares = {label: labels.count(label) / len(labels) for label in each.labels if label in labels}
    rows = [
        _consensus(each, "majority", shares, chosen=method == "majority", history=0),
        _consensus(each, "dawid_skene", posterior, chosen=method == "dawid_skene", history=history),
    ]
    chosen = next(row for row in rows if row.chosen)
    because = _dispute(each, chosen, labels, least=definition.get("dispute_below", 0.0))
    # a single vote is the panel's word: what is known of its author's errors only qualifies it
    label = labels[0] if len(labels) == 1 else chosen.label
    return Verdict(
        panel=each.panel,
        label=None if because else label,
        made_by="panel",
        confidence=chosen.posterior.get(label, 0.0),
        posterior=chosen.posterior,
        reason_codes=_reasons(each.votes, label),
        consensuses=rows,
        because=because,
    )


def _dispute(each: CompletePanel, chosen: Consensus, labels: Sequence[str], *, least: float) -> str:
    """Why the panel cannot settle by itself, or nothing."""
    counts = sorted((labels.count(label) for label in set(labels)), reverse=True)
    if each.panel.template.mode == Mode.UNANIMOUS:
        return "not_unanimous" if len(counts) > 1 else ""
    if len(labels) == 1:
        return ""
    if len(counts) > 1 and counts[0] == counts[1]:
        return "tie"
    if chosen.label not in labels:
        return "nobody_chose_it"
    return "low_confidence" if chosen.confidence < least else ""


def _of_adjudicator(each: CompletePanel, judgment: Judgment) -> Verdict:
    return Verdict(each.panel, judgment.label, "adjudicator", None, None, judgment.reason_codes, ())


def _consensus(
    each: CompletePanel, method: str, posterior: dict[str, float], *, chosen: bool, history: int
) -> Consensus:
    # the first of equals in the order of the case type's labels, so that no answer depends on the order of votes
    ranked = [label for label in each.labels if label in posterior] or list(posterior)
    label = max(ranked, key=lambda key: posterior[key])
    codes = [sorted({v.label for v in each.votes}).index(vote.label) for vote in each.votes]
    agreement = agreement_per_task(np.zeros(len(codes), int), np.array(codes), n_tasks=1, n_labels=max(codes) + 1)[0]
    return Consensus(
        tenant_id=each.panel.tenant_id,
        id=uuid7(),
        panel=each.panel,
        method=method,
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
    for each in verdict.consensuses:
        told[each.method] = {"label": each.label, "confidence": f"{each.confidence:.6f}", "votes": each.votes}
    return told
