"""Panels as their next move needs them: the words that stand, the seats that are out, and who could still take one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from cases.definitions import label_keys
from hitl_platform.tenants.scope import current_tenant_id
from models_registry.models import Prediction
from reviews import panel_statements
from reviews.models import LIVE_PANEL, Judgment, Panel, Purpose, Seat, SeatKind
from reviews.panel_settings import rules_in_force, seating_of
from reviews.panels import Mode, PanelRules, Room, SeatPlan, seat_plan
from reviews.states import PanelState, SeatState
from reviews.type_versions import type_version

_SEAT_COLUMNS = ("id", "panel_id", "kind", "state", "submitted_at", "skills")


@dataclass(frozen=True, slots=True)
class JudgedPanel:
    """A live panel with judgments that can no longer be undone. `labels` are those of its case's definition.

    in_hand: reviewers' seats that somebody holds, or has submitted but can still take back; open_seats: what each
    of those that nobody holds asks; number: reviewers' seats there ever were; advised: the model's label.
    """

    panel: Panel
    read_at: datetime
    rules: PanelRules
    labels: Sequence[str]
    judgments: Sequence[Judgment]
    in_hand: int = 0
    open_seats: Sequence[Sequence[str]] = ()
    number: int = 0
    advised: str | None = None

    @property
    def votes(self) -> list[Judgment]:
        """What its reviewers said, without the adjudicator."""
        return [judgment for judgment in self.judgments if judgment.kind == SeatKind.REVIEWER]

    @property
    def adjudication(self) -> Judgment | None:
        """What its adjudicator said, if one has spoken."""
        return next((j for j in self.judgments if j.kind == SeatKind.ADJUDICATOR), None)

    def next_seat(self) -> SeatPlan:
        """The seat that would be added next."""
        return seat_plan(
            seating_of(self.panel.template, self.panel.queue), self.number, case_id=self.panel.case_id,
            is_full=self.panel.is_full, has_prediction=self.panel.prediction_id is not None,
        )  # fmt: skip


def read_judged(panel_ids: Sequence[UUID]) -> tuple[list[JudgedPanel], dict[UUID, datetime]]:
    """The live panels among these on which somebody's word stands, and when the next undo time of each ends."""
    live = Panel.objects.filter(pk__in=panel_ids, state__in=LIVE_PANEL, purpose=Purpose.LIVE)
    live = live.select_related("template", "policy", "queue").annotate(
        read_at=Now(), type_version_id=F("case__type_version_id")
    )
    panels = {panel.pk: panel for panel in live}
    seats: dict[UUID, list[dict[str, Any]]] = {panel_id: [] for panel_id in panels}
    for seat in Seat.objects.filter(panel_id__in=panels).order_by("pk").values(*_SEAT_COLUMNS):
        seats[seat["panel_id"]].append(seat)
    judgments: dict[UUID, list[Judgment]] = {panel_id: [] for panel_id in panels}
    for judgment in Judgment.objects.filter(panel_id__in=panels, superseded_at__isnull=True).order_by("judged_at"):
        judgments[judgment.panel_id].append(judgment)
    advised = _advised(panels.values())
    found, again = [], {}
    for panel_id, panel in panels.items():
        each, undo_until = _judged(panel, seats[panel_id], judgments[panel_id], advised.get(panel_id))
        if each is not None:
            found.append(each)
        if undo_until is not None:
            again[panel_id] = undo_until
    return found, again


def _judged(
    panel: Any, seats: Sequence[dict[str, Any]], judgments: Sequence[Judgment], advised: str | None
) -> tuple[JudgedPanel | None, datetime | None]:
    """The panel with the judgments that stand, or None; and when the next judgment that can be undone will stand."""
    wanted = SeatKind.ADJUDICATOR if panel.state == PanelState.DISPUTED else SeatKind.REVIEWER
    undo = timedelta(seconds=panel.queue.undo_seconds)
    mine = [seat for seat in seats if seat["kind"] == wanted and seat["state"] != SeatState.CANCELLED]
    ends = {seat["id"]: seat["submitted_at"] + undo for seat in mine if seat["state"] == SeatState.SUBMITTED}
    over = {seat_id for seat_id, end in ends.items() if end <= panel.read_at}
    pending = [end for seat_id, end in ends.items() if seat_id not in over]
    standing = [judgment for judgment in judgments if judgment.seat_id in over]
    undo_until = min(pending, default=None)
    if not standing:
        return None, undo_until
    open_seats = [seat["skills"] for seat in mine if seat["state"] == SeatState.OPEN]
    each = JudgedPanel(
        panel=panel,
        read_at=panel.read_at,
        rules=rules_in_force(panel),
        labels=label_keys(type_version(panel.type_version_id).labels),
        judgments=standing,
        in_hand=len(mine) - len(over) - len(open_seats),
        open_seats=open_seats,
        number=sum(seat["kind"] == SeatKind.REVIEWER for seat in seats),
        advised=advised,
    )
    return each, undo_until


def _advised(panels: Iterable[Panel]) -> dict[UUID, str]:
    """What the model said when each panel opened, of those that confirm it."""
    of_prediction = {
        panel.prediction_id: panel.pk
        for panel in panels
        if panel.prediction_id is not None and panel.template.confirms_model and panel.is_full
    }
    said = Prediction.objects.filter(pk__in=list(of_prediction)).values_list("pk", "label") if of_prediction else ()
    return {of_prediction[prediction_id]: label for prediction_id, label in said}


def rooms_of(judged: Sequence[JudgedPanel]) -> dict[UUID, Room]:
    """Who may still speak on each panel; asks the database only of those where that is not known already."""
    asked: list[tuple[JudgedPanel, Sequence[str] | None]] = []
    for each in judged:
        if each.in_hand and each.rules.mode != Mode.FIRST_RESPONSE:
            continue
        asked += [(each, skills) for skills in each.open_seats]
        if each.rules.grows() and not each.open_seats:
            asked.append((each, None))
    answers = _could_sit([(each, each.next_seat().skills if skills is None else skills) for each, skills in asked])
    fillable: dict[UUID, list[bool]] = {each.panel.pk: [] for each in judged}
    could_grow: dict[UUID, bool] = {}
    for (each, skills), answer in zip(asked, answers, strict=True):
        if skills is None:
            could_grow[each.panel.pk] = answer
        else:
            fillable[each.panel.pk].append(answer)
    return {
        panel_id: Room(
            waiting=each.in_hand + sum(fillable[panel_id]),
            unfillable=len(fillable[panel_id]) - sum(fillable[panel_id]),
            could_sit=could_grow.get(panel_id, False),
        )
        for panel_id, each in ((each.panel.pk, each) for each in judged)
    }


def _could_sit(asked: Sequence[tuple[JudgedPanel, Sequence[str]]]) -> list[bool]:
    """For each panel and the skills of a seat: whether anybody could take it."""
    if not asked:
        return []
    rows = [{"at": at, "panel": each.panel.pk, "skills": list(skills)} for at, (each, skills) in enumerate(asked)]
    with connection.cursor() as cursor:
        cursor.execute(
            panel_statements.COULD_SIT, {"tenant": current_tenant_id(), "asked": orjson.dumps(rows).decode()}
        )
        answers = dict(cursor.fetchall())
    return [answers[at] for at in range(len(asked))]
