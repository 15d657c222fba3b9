"""Which seats a panel opens with, and what each one asks of its reviewer and shows.

Draws are hashes of ids that the platform makes (case and template), so that whoever submits a case again, or asks
for the same case twice, draws the same.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from reviews.panels.rules import Mode, PanelRules, Veto

HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """What decides the seats of one template's panels in one queue.

    advice: "hidden", "shown" or "after_answer"; shares from 0 to 1; skills as "skill:level".
    """

    template_id: UUID
    rules: PanelRules
    advice: str
    control_share: float = 0.0
    panel_share: float = 1.0
    queue_skills: tuple[str, ...] = ()
    needs_one_with: str = ""


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """One seat to be opened. `veto`: its stage may end the chain; `control`: advice is withheld from it by lot."""

    advice: str
    skills: tuple[str, ...] = ()
    stage: int = 0
    veto: bool = False
    control: bool = False


def draw(salt: str, *ids: UUID) -> float:
    """A number from 0 on and below 1, always the same for the same salt and ids."""
    digest = hashlib.blake2b(b"".join(each.bytes for each in ids), key=salt.encode(), digest_size=8)
    return int.from_bytes(digest.digest()[:7]) / 2**56


def skill_with_level(asked: str) -> str:
    """A skill as seats ask for it: "skill:level", of level 1 where none is named."""
    return asked if ":" in asked else f"{asked}:1"


def draw_form(seating: Seating, case_id: UUID) -> tuple[bool, float]:
    """Whether a case gets the full panel in place of one seat, and how probable what was drawn was."""
    share = seating.panel_share
    if share >= 1:
        return True, 1.0
    is_full = draw("full panel", case_id, seating.template_id) < share
    return is_full, share if is_full else 1.0 - share


def opening_seats(seating: Seating, *, case_id: UUID, is_full: bool, has_prediction: bool) -> list[SeatPlan]:
    """The seats with which a panel opens, in order.

    A chain opens with its first stage, and a confirmation of what the model said with one reviewer.
    """
    rules = seating.rules
    one_by_one = rules.mode == Mode.CHAIN or (rules.confirms_model and has_prediction)
    size = rules.seats if is_full and not one_by_one else 1
    return [
        seat_plan(seating, number, case_id=case_id, is_full=is_full, has_prediction=has_prediction)
        for number in range(size)
    ]


def seat_plan(seating: Seating, number: int, *, case_id: UUID, is_full: bool, has_prediction: bool) -> SeatPlan:
    """The seat that is opened as `number`, from 0 on, of a case's panel; without a prediction no seat has advice."""
    rules = seating.rules
    stage = number if rules.mode == Mode.CHAIN and is_full and number < len(rules.stages) else 0
    wanted, veto = list(seating.queue_skills), False
    if rules.mode == Mode.CHAIN and is_full:
        wanted += [rules.stages[stage].skill] if rules.stages[stage].skill else []
        veto = rules.stages[stage].veto != Veto.NONE
    # of a first response it cannot be known whose it will be
    if seating.needs_one_with and (number == 0 or rules.mode == Mode.FIRST_RESPONSE):
        wanted.append(seating.needs_one_with)
    advice, control = _shown(seating, number, case_id=case_id, is_full=is_full, has_prediction=has_prediction)
    return SeatPlan(advice, tuple(dict.fromkeys(map(skill_with_level, wanted))), stage, veto, control)


def _shown(seating: Seating, number: int, *, case_id: UUID, is_full: bool, has_prediction: bool) -> tuple[str, bool]:
    """What the seat shows of the model's answer, and whether it was drawn for the arm that sees nothing."""
    if not has_prediction or seating.advice == HIDDEN:
        return HIDDEN, False
    if seating.rules.confirms_model and is_full and number == 0:
        # whoever confirms the model answers blind, or confirms nothing
        return HIDDEN, False
    if seating.control_share and draw(f"control {number}", case_id, seating.template_id) < seating.control_share:
        return HIDDEN, True
    return seating.advice, False
