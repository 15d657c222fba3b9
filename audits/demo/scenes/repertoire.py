"""Which scenes there are, in the order in which they are played: what takes time goes on while others are played."""

from collections.abc import Callable, Sequence
from functools import partial

from audits.demo.scenes import panels, people, plots, rules
from audits.demo.scenes.playing import Play, Scene

MODES = {
    "northwind": ("loans", "large-loans", "small-loans", "car-loans", "business-loans"),
    "st-agnes": ("cytology", "second-reading"),
}


def _northwind(shows: str, is_set: Callable[[Play], bool], play: Callable[[Play], None]) -> Scene:
    return Scene("northwind", shows, is_set, play)


def _st_agnes(shows: str, is_set: Callable[[Play], bool], play: Callable[[Play], None]) -> Scene:
    return Scene("st-agnes", shows, is_set, play)


SCENES: Sequence[Scene] = (
    _northwind("two disputes among large loans", panels.have_disputed, panels.disputes),
    _northwind("a case handed over, with a comment that names a colleague", people.is_handed_over, people.hand_over),
    _northwind("a cry for help, and a case on hold", people.is_asked, people.ask),
    _northwind("a case that came in overdue", people.has_arrived_late, people.arrive_late),
    _northwind("known cases hidden among the live ones", rules.hides_known_cases, rules.hide_loans),
    _st_agnes("known cases hidden among the live ones", rules.hides_known_cases, rules.hide_samples),
    _st_agnes("a reviewer who fails all known cases",
              panels.have_judged("simulated-paused", queue="cytology", count=4), people.fail_known_samples),
    _northwind("first answers", panels.have_judged("simulated4", queue="small-loans", count=3), panels.first_answers),
    _northwind("an absence", people.is_away, people.go_away),
    _northwind("makers of a chain", panels.have_judged("simulated1", queue="business-loans", count=3), panels.makers),
    _northwind("first readers of panels that grow",
               panels.have_judged("simulated1", queue="car-loans", count=4), panels.first_readers),
    _st_agnes("confirmations of the model",
              panels.have_judged("simulated1", queue="second-reading", count=4), panels.confirmations),
    _st_agnes("panels of two",
              panels.have_judged("simulated3", queue="cytology", count=panels.READ), panels.two_readers),
    _st_agnes("samples with a plot, a document and text to mark", plots.are_there, plots.submit),
    _northwind("practice", people.has_practised, people.practise),
    _northwind("three steady reviewers and a hasty one",
               panels.have_judged("simulated-hasty", queue="loans", count=people.ROUNDS), people.steady_and_hasty),
    _northwind("a flag of rubber stamps", people.is_flagged, people.flag),
    _northwind("second readers of panels that grow",
               panels.have_judged("simulated2", queue="car-loans", count=3), panels.second_readers),
    _northwind("a dispute that was settled", panels.have_adjudicated, panels.adjudicate_one),
    _northwind("a checker of a chain",
               panels.have_judged("simulated2", queue="business-loans", count=1), panels.checker),
    _northwind("a contest of a known case", people.is_contested, people.contest),
    _northwind("a panel that has grown until it was sure", panels.is_sure, panels.until_sure),
)  # fmt: skip


def set_rules(play: Play) -> None:
    """Terms and escalations, which have to stand before the first case comes."""
    if play.organisation.slug == "northwind" and not rules.have_terms(play):
        rules.set_terms(play)


def missing_scenes(plays: Sequence[Play]) -> list[tuple[Play, Scene]]:
    """The scenes that are not there yet, each with its stage."""
    stages = {play.organisation.slug: play for play in plays}
    return [(stages[scene.slug], scene) for scene in SCENES if not scene.is_set(stages[scene.slug])]


def set_scenes(plays: Sequence[Play], *, say: Callable[[str], None]) -> int:
    """Play what is missing, and wait until the platform has made of it what it makes; how many were played."""
    missing = missing_scenes(plays)
    for play, scene in missing:
        scene.play(play)
        say(f"{play.organisation.name}: {scene.shows}")
    if missing:
        for play in plays:
            _wait_for_ends(play)
    return len(missing)


def _wait_for_ends(play: Play) -> None:
    """Until a panel of each kind has settled, the overdue case is escalated, and the reviewer is paused."""
    for queue in MODES[play.organisation.slug]:
        play.wait_for(partial(play.has_settled, queue), what=f"a settled panel in {queue}")
    if play.organisation.slug == "northwind":
        play.wait_for(lambda: people.is_escalated(play), what="an escalation")
    else:
        play.wait_for(lambda: people.is_paused(play), what="a pause")
