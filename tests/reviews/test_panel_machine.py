"""Panels under any settings and any order of events: each one ends, once, and nothing is counted twice.

Everything goes through the services and the database. The short form plays a few dozen panels, `--full` hundreds.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase, Verbosity, assume, event
from hypothesis import settings as rules_of_play
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cases.models import Case, Decision
from cases.services import withdraw_case
from hitl_platform.kernel.errors import DomainError, Forbidden
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from reviews.models import Absence, Advice, Consensus, Judgment, Panel, Seat
from reviews.panels import Mode, PanelRules, Stage, Stop, Veto, contradictions
from reviews.services import (
    Verdict,
    answer_seat,
    claim_next,
    create_template,
    hold_seat,
    reassign_seat,
    release_seat,
    resume_seat,
    submit_judgment,
    undo_judgment,
)  # fmt: skip
from reviews.services.absences import declare_absence, end_absence
from reviews.services.panels import add_seat, dispute_panel
from reviews.services.staffing import set_profile, set_skill
from tests.reviews.conftest import Office

SHORT, FULL = 16, 400
PEOPLE = ("alice", "bob", "carol", "dave")
LABELS = ("approve", "decline")
TEAMS = {"alice": "north", "bob": "north", "carol": "south", "dave": ""}
people, labels = st.sampled_from(PEOPLE), st.sampled_from(LABELS)


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """Settings of a template that contradict each other nowhere."""
    mode, stop = draw(st.sampled_from(list(Mode))), draw(st.sampled_from(list(Stop)))
    seats = draw(st.integers(1, 3))
    stages: list[dict[str, str]] = []
    if mode == Mode.CHAIN:
        seats = draw(st.integers(2, 3))
        vetoes = [Veto.NONE, *(draw(st.sampled_from(list(Veto))) for _ in range(seats - 1))]
        skill = draw(st.sampled_from(["", "audit:2"]))
        stages = [
            {"name": f"stage{n}", "skill": skill if n else "", "veto": veto.value} for n, veto in enumerate(vetoes)
        ]
    made = {
        "seats": seats,
        "seats_max": seats if mode == Mode.CHAIN else seats + draw(st.integers(0, 2)),
        "mode": mode,
        "stop": stop,
        "confidence_at_least": draw(st.sampled_from([0.7, 0.95, 0.999])) if stop == Stop.CONFIDENT else None,
        "confirms_model": draw(st.booleans()),
        "advice": draw(st.sampled_from(Advice.values)),
        "control_share": draw(st.sampled_from([0.0, 0.5])),
        "panel_share": draw(st.sampled_from([1.0, 1.0, 0.5])),
        "stages": stages,
        "distinct_teams": draw(st.booleans()),
        "most_of_one_group": draw(st.sampled_from([None, 1])),
        "needs_one_with": draw(st.sampled_from(["", "audit"])),
    }
    rules = PanelRules(
        **{
            name: made[name] for name in ("seats", "seats_max", "mode", "stop", "confidence_at_least", "confirms_model")
        },
        stages=tuple(Stage(each["name"], each["skill"], Veto(each["veto"])) for each in stages),
    )
    wrong = contradictions(
        rules, advice=made["advice"], control_share=made["control_share"], panel_share=made["panel_share"]
    )
    # what is wrong is put right rather than thrown away, so that no combination is rare
    if "confirms_model" in wrong or "advice" in wrong:
        made["confirms_model"] = False
    if "control_share" in wrong:
        made["control_share"] = 0.0
    if "seats_max" in wrong:
        made["seats_max"] = seats + 2
    if "panel_share" in wrong:
        made["panel_share"] = 1.0
    return made


class PanelMachine(RuleBasedStateMachine):
    """One case on one panel at a time; the people of the office come and go."""

    office: ClassVar[Office]
    hours: ClassVar[Any] = count()
    case: Case
    is_withdrawn = False

    @initialize(made=templates(), amount=st.sampled_from([100, 10_000, 19_000]))
    def open(self, made: dict[str, Any], amount: int) -> None:
        create_template(actor=self.office.manager, key="panel", name="Panel", **made)
        (self.case,) = self.office.bring(amount)
        event(f"{made['mode']}, {made['stop']}, confirms {made['confirms_model']}")

    def teardown(self) -> None:
        """Whoever is left does what is asked of them, and time passes: the panel ends."""
        for absence in self.absences():
            end_absence(actor=self.office.manager, absence_id=absence)
        for turn in range(12):
            if self.panel().state in ("settled", "cancelled"):
                break
            self.free_all_seats()
            for name in PEOPLE:
                self.answer(self.office.people[name], LABELS[(turn + len(name)) % 2])
            self.adjudicate(LABELS[turn % 2])
            self.pass_time()
        panel = self.panel()
        assert panel.state in ("settled", "cancelled"), f"{panel.state} for ever: {self.story()}"
        self.check_end(panel)

    @rule(name=people)
    def take(self, name: str) -> None:
        self.claim(self.office.people[name])

    @rule(name=people, label=labels)
    def judge(self, name: str, label: str) -> None:
        self.answer(self.office.people[name], label)

    @rule(name=people)
    def give_back(self, name: str) -> None:
        for seat in self.seats(reviewer_id=self.office.people[name].id):
            self.try_to(release_seat, actor=self.office.people[name], seat_id=seat.pk)

    @rule(name=people)
    def hold_or_resume(self, name: str) -> None:
        actor = self.office.people[name]
        for seat in self.seats(reviewer_id=actor.id):
            self.try_to(resume_seat if seat.state == "held" else hold_seat, actor=actor, seat_id=seat.pk)

    @rule(name=people)
    def undo(self, name: str) -> None:
        actor = self.office.people[name]
        for seat in self.seats(reviewer_id=actor.id, state="submitted"):
            self.try_to(undo_judgment, actor=actor, seat_id=seat.pk)

    @rule()
    def leases_end(self) -> None:
        self.office.end_leases()
        self.office.make_due()
        self.office.drain("expire")

    @rule()
    def pass_time(self) -> None:
        """Undo is over, and the next hours have come: what was to be looked at later is due."""
        self.office.let_undo_pass()
        self.office.drain("consensus", "withdraw", "absence")
        with self.office.scope(), connection.cursor() as cursor:
            cursor.execute(
                "update pipeline_step set dedupe_key = dedupe_key || %s where kind = 'consensus' and state = 'done'",
                [f" in hour {next(self.hours)}"],
            )

    @rule(name=people, days=st.sampled_from([1, 4]))
    def leave(self, name: str, days: int) -> None:
        # somebody stays who can do everything, and alone in a team
        assume(name != "alice")
        now = timezone.now()
        actor = self.office.people[name]
        declare_absence(actor=actor, user_id=actor.id, starts_at=now, ends_at=now + timedelta(days=days))
        self.office.drain("absence")

    @rule()
    def come_back(self) -> None:
        for absence in self.absences():
            end_absence(actor=self.office.manager, absence_id=absence)

    @rule()
    def ask_one_more(self) -> None:
        self.try_to(add_seat, actor=self.office.manager, panel_id=self.panel().pk, why="to be sure")

    @precondition(lambda self: self.panel().state == "open")
    @rule()
    def send_to_an_adjudicator(self) -> None:
        dispute_panel(actor=self.office.manager, panel_id=self.panel().pk, why="too hard for one")

    @rule(label=labels)
    def adjudicate(self, label: str) -> None:
        if self.panel().state == "disputed":
            self.answer(self.office.people["sam"], label)

    @precondition(lambda self: not self.is_withdrawn)
    @rule(chance=st.integers(0, 3))
    def withdraw(self, chance: int) -> None:
        assume(chance == 3)
        self.is_withdrawn = self.try_to(withdraw_case, actor=self.office.integrator, case_id=self.case.pk)
        self.office.drain("withdraw")

    @invariant()
    def nothing_twice(self) -> None:
        with self.office.scope():
            standing = Judgment.objects.filter(case=self.case, superseded_at__isnull=True)
            said = list(standing.values_list("reviewer_id", flat=True))
            assert len(said) == len(set(said)), "one person judged twice"
            assert Decision.objects.filter(case=self.case).count() <= 1
            panels = list(Panel.objects.filter(case=self.case))
            assert len(panels) == 1
            if panels[0].state in ("settled", "cancelled"):
                waiting = Seat.objects.filter(panel=panels[0]).exclude(state__in=["submitted", "cancelled"])
                assert not waiting.exists(), "a seat is left on a panel that is over"

    def check_end(self, panel: Panel) -> None:
        """One decision, unless withdrawn, on judgments that stand, each counted once."""
        with self.office.scope():
            decisions = list(Decision.objects.filter(case=self.case))
            counted = Consensus.objects.filter(panel=panel, method="majority").first()
            standing = Judgment.objects.filter(panel=panel, superseded_at__isnull=True)
            voted = standing.filter(kind="reviewer").count()
            if panel.state == "cancelled":
                assert self.is_withdrawn
                assert decisions == []
                return
            (decision,) = decisions
            assert decision.panel_id == panel.pk
            assert decision.label in set(standing.values_list("label", flat=True))
            if counted is not None:
                assert 1 <= counted.votes <= voted
            assert decision.made_by == "adjudicator" or counted is not None

    def claim(self, actor: Actor) -> Seat | None:
        try:
            return claim_next(actor=actor, queue_key="loans")
        except DomainError:
            return None

    def answer(self, actor: Actor, label: str) -> None:
        """Claim if need be, answer as far as it is asked, submit."""
        seat = self.claim(actor)
        if seat is None:
            return
        if seat.advice == "after_answer" and seat.first_label is None:
            answer_seat(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, label=label)
        verdict = Verdict(label=label)
        submit_judgment(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, verdict=verdict)

    def free_all_seats(self) -> None:
        """A manager takes what nobody comes back for."""
        for seat in self.seats(state__in=["claimed", "held", "answered"]):
            free = reassign_seat if seat.state == "answered" else release_seat
            self.try_to(free, actor=self.office.manager, seat_id=seat.pk)

    def try_to(self, service: Any, **arguments: Any) -> bool:
        """Whether it was allowed; a refusal is an answer, but never that somebody may not."""
        try:
            service(**arguments)
        except Forbidden:
            raise
        except DomainError:
            return False
        return True

    def panel(self) -> Panel:
        return self.office.panel(self.case)

    def seats(self, **wanted: Any) -> list[Seat]:
        with self.office.scope():
            return list(Seat.objects.filter(case=self.case, **wanted).order_by("pk"))

    def absences(self) -> list[Any]:
        with self.office.scope():
            running = Absence.objects.filter(withdrawn_at__isnull=True, ends_at__gt=timezone.now())
            return list(running.values_list("pk", flat=True))

    def story(self) -> list[str]:
        """What happened on the panel, for whoever reads the failure."""
        with self.office.scope():
            seats = [f"{s.kind} {s.state} stage {s.stage} {s.skills}" for s in self.seats()]
        return seats + [f"{each.verb} {each.body}" for each in self.office.events("panel.seat_added")[-3:]]


@pytest.mark.parametrize("with_model", [True, False])
def test_every_panel_ends(open_office: Any, crown: Any, request: pytest.FixtureRequest, *, with_model: bool) -> None:
    office: Office = open_office(undo_seconds=10)
    if with_model:
        crown()
    for name, team in TEAMS.items():
        person = office.people[name]
        set_profile(actor=office.manager, user_id=person.id, team=team, group=team)
        if name != "dave":
            set_skill(actor=office.manager, user_id=person.id, skill="audit", level=3)
    # the adjudicator must not be needed as a reviewer: whoever voted adjudicates nothing
    sam = office.people["sam"]
    with office.scope():
        Membership.objects.filter(user_id=sam.id).update(roles=["adjudicator"])
    office = replace(office, people={**office.people, "sam": replace(sam, roles=frozenset({"adjudicator"}))})
    PanelMachine.office = office
    is_full = bool(request.config.getoption("--full", default=False))
    examples = FULL if is_full else SHORT
    play = rules_of_play(
        max_examples=examples // 2, stateful_step_count=14, deadline=None, derandomize=not is_full, database=None,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.normal,
        # to shrink a failure would take minutes of database; the story that is told says enough
        phases=[Phase.generate], report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(PanelMachine, settings=play)
