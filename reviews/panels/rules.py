"""What a panel goes by: its mode, when it stops, its stages; and which of these settings contradict each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

MOST_SEATS = 9
MOST_STAGES = 5


class Mode(StrEnum):
    # the first judgment decides
    FIRST_RESPONSE = "first_response"
    MAJORITY = "majority"
    UNANIMOUS = "unanimous"
    # the label with the greatest posterior, given what is known of the reviewers' errors
    WEIGHTED = "weighted"
    # one stage after another; the last one decides, unless an earlier one used its veto
    CHAIN = "chain"


class Stop(StrEnum):
    # all seats are asked
    FIXED = "fixed"
    # one seat more at a time, until the confidence is reached or the panel is full
    CONFIDENT = "confident"


class Veto(StrEnum):
    # a stage that says otherwise than the one before hands its word on like any other
    NONE = ""
    # … sends the panel to an adjudicator
    DISPUTE = "dispute"
    # … ends the panel with its own label
    SETTLE = "settle"


class Method(StrEnum):
    """How judgments are added up where the mode leaves it open; a routing policy chooses."""

    MAJORITY = "majority"
    DAWID_SKENE = "dawid_skene"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a chain: who is asked ("skill" or "skill:level", or anybody), and what its objection does."""

    name: str
    skill: str = ""
    veto: Veto = Veto.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRules:
    """How one panel comes to its end.

    seats: how many it opens with, and the fewest judgments by which it may end while somebody can be asked;
    seats_max: how many it may grow to by itself; confidence_at_least: of the stop rule `confident`, 0 to 1;
    confirms_model: where the model answered, two voices that agree end the panel, one of which may be the model's;
    method, dispute_below: of the routing policy (below that confidence an adjudicator is asked).
    """

    seats: int = 1
    seats_max: int = 1
    mode: Mode = Mode.MAJORITY
    stop: Stop = Stop.FIXED
    confidence_at_least: float | None = None
    confirms_model: bool = False
    stages: tuple[Stage, ...] = ()
    method: Method = Method.MAJORITY
    dispute_below: float = 0.0

    def alone(self) -> "PanelRules":
        """The rules of a case that was not drawn for the full panel: one seat, whose word decides."""
        return replace(self, seats=1, seats_max=1, mode=Mode.MAJORITY, stop=Stop.FIXED, confirms_model=False, stages=())

    def grows(self) -> bool:
        """Whether the panel may ask for more seats than it opened with."""
        return self.confirms_model or self.stop == Stop.CONFIDENT or self.mode == Mode.CHAIN


def stages_of(documents: Sequence[Mapping[str, Any]]) -> tuple[Stage, ...]:
    """Stages as stored: [{"name", "skill", "veto"}, …]; raises ValueError for a veto that there is not."""
    return tuple(Stage(str(each["name"]), str(each.get("skill", "")), Veto(each.get("veto", ""))) for each in documents)


def contradictions(rules: PanelRules, *, advice: str, control_share: float, panel_share: float) -> dict[str, list[str]]:
    """What does not go together, by the field to change; each setting alone is within its range already.

    advice: "hidden", "shown" or "after_answer".
    """
    found: dict[str, list[str]] = {}

    def say(field: str, text: str) -> None:
        found.setdefault(field, []).append(text)

    if rules.seats_max < rules.seats:
        say("seats_max", "A panel cannot end smaller than it begins.")
    if rules.mode == Mode.CHAIN:
        _check_chain(rules, say)
    elif rules.stages:
        say("stages", "Only a chain has stages.")
    _check_stop(rules, say)
    _check_confirmation(rules, advice, say)
    if control_share and advice == "hidden":
        say("control_share", "No advice is shown, so there is none to withhold.")
    if panel_share < 1 and rules.seats_max == 1:
        say("panel_share", "The full panel has one seat already: there is nothing to draw.")
    return found


def _check_chain(rules: PanelRules, say: Any) -> None:
    if len(rules.stages) < 2:
        say("stages", "A chain has two stages or more.")
    elif not rules.seats == rules.seats_max == len(rules.stages):
        say("seats", f"A chain has one seat a stage: {len(rules.stages)}.")
    if rules.stages and rules.stages[0].veto:
        say("stages", "The first stage has nobody before it to object to.")
    if len({stage.name for stage in rules.stages}) < len(rules.stages):
        say("stages", "Each stage has a name of its own.")


def _check_stop(rules: PanelRules, say: Any) -> None:
    if rules.stop == Stop.FIXED:
        if rules.confidence_at_least is not None:
            say("confidence_at_least", "Only the stop rule “confident” asks for it.")
        return
    if rules.confidence_at_least is None:
        say("confidence_at_least", "Say how sure the panel must be, from 0.5 to 1.")
    if rules.mode != Mode.CHAIN and rules.seats_max == rules.seats:
        say("seats_max", "To ask one more at a time, the panel needs room to grow.")


def _check_confirmation(rules: PanelRules, advice: str, say: Any) -> None:
    if not rules.confirms_model:
        return
    if advice == "shown":
        say("advice", "Whoever has seen the model's answer cannot confirm it: hide it, or show it after the answer.")
    if rules.mode in (Mode.CHAIN, Mode.FIRST_RESPONSE):
        say("confirms_model", f"The mode “{rules.mode.replace('_', ' ')}” ends a panel in its own way.")
    if rules.seats_max < 2:
        say("seats_max", "Where the first reviewer disagrees with the model, a second one is asked.")
