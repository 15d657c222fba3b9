"""Playing a scene: simulated people who take cases, look at them and say something, by the services of the portal."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from audits.demo.delivery import wait_until
from audits.demo.organisation import Example, Organisation
from audits.demo.people import Staff
from cases.models import Case
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope
from models_registry.queries import predictions_for
from reviews.models import Advice, Judgment, Panel, Seat
from reviews.services import Verdict, answer_seat, claim_next, submit_judgment

RATIONALE = "Simulated judgment."
# the median look of a simulated reviewer, in seconds, and its spread in the logarithm
LOOK, LOOK_SPREAD = 2.0, 0.25
HASTY_LOOK = 0.2
RIGHT = 0.85
SETTLED_SECONDS = 120.0


@dataclass(frozen=True)
class Play:
    """One organisation's stage: its people, its cases by their external ids, and how much time a look takes."""

    organisation: Organisation
    staff: Staff
    address: str
    pace: float
    examples: Mapping[str, Example]
    dice: dict[str, random.Random] = field(default_factory=dict)

    @property
    def manager(self) -> Actor:
        """Who defines and staffs."""
        return self.staff.actors["manager"]

    @property
    def owner(self) -> Actor:
        """The second person."""
        return self.staff.actors["owner"]

    def actor(self, local: str) -> Actor:
        """Somebody by the local part of the address."""
        return self.staff.actors[local]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Look at the organisation's rows."""
        with tenant_scope(self.staff.tenant_id):
            yield

    def wait_for(self, condition: Callable[[], bool], *, what: str) -> None:
        """Until a condition on the organisation's rows holds; raises TimeoutError."""

        def holds() -> bool:
            with self.reading():
                return condition()

        wait_until(holds, seconds=SETTLED_SECONDS, what=f"{what} ({self.organisation.name})")

    def take(self, local: str, *, queue: str) -> Seat | None:
        """The next seat of a queue for somebody, or the one that is in their hands."""
        return claim_next(actor=self.actor(local), queue_key=queue, viewed=True)

    def look(self, local: str, *, median: float = LOOK) -> float:
        """Look at a case for a while that passes; answers how long it was, in seconds."""
        seconds = self.time_for(local, median=median)
        time.sleep(seconds)
        return seconds

    def time_for(self, local: str, *, median: float = LOOK) -> float:
        """How long somebody looks at a case."""
        return median * self.pace * self._dice(local).lognormvariate(0, LOOK_SPREAD)

    def judge(
        self, local: str, seat: Seat, *, label: str, looked: float | None = None, tells_why: bool = True
    ) -> Judgment:
        """Say a label of a case in hand: the blind answer where that is asked first, and the last word."""
        actor = self.actor(local)
        if seat.advice == Advice.AFTER_ANSWER and seat.first_label is None:
            seat = answer_seat(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, label=label)
        verdict = Verdict(label=label, rationale=RATIONALE, active_seconds=looked)
        if tells_why:
            verdict = self._with_reason(local, seat, verdict)
        return submit_judgment(actor=actor, seat_id=seat.pk, lease_token=seat.lease_token, verdict=verdict)

    def opinion(self, local: str, seat: Seat, *, right: float = RIGHT) -> str:
        """What somebody thinks of a case: the truth, or now and then another label."""
        truth = self.truth_of(seat)
        return truth if self._dice(local).random() < right else self.other_than(truth)

    def truth_of(self, seat: Seat) -> str:
        """What the data set says of a seat's case."""
        return self._example(seat).truth

    def model_says(self, seat: Seat) -> str:
        """What the model says of a seat's case."""
        with self.reading():
            return predictions_for([seat.case_id])[seat.case_id].label

    def other_than(self, label: str) -> str:
        """Another label of the organisation."""
        return next(each for each in self.organisation.label_order if each != label)

    def judged(self, local: str, *, queue: str) -> int:
        """How often somebody has judged in a queue."""
        with self.reading():
            mine = Judgment.objects.filter(reviewer_id=self.actor(local).id, superseded_at__isnull=True)
            return mine.filter(seat__queue__key=queue).count()

    def said_on(self, panel_id: UUID) -> list[str]:
        """The labels that were said on a panel."""
        with self.reading():
            said = Judgment.objects.filter(panel_id=panel_id, superseded_at__isnull=True)
            return list(said.order_by("judged_at").values_list("label", flat=True))

    def has_settled(self, queue: str) -> bool:
        """Whether a panel of a queue has come to its end; inside `reading`."""
        return Panel.objects.filter(queue__key=queue, purpose="live", state="settled").exists()

    def _with_reason(self, local: str, seat: Seat, verdict: Verdict) -> Verdict:
        """A verdict with a reason that fits its label, and where the case's note speaks for it a mark in that."""
        codes = self.organisation.definition["reason_codes"]
        code = self._dice(local).choice(
            [each for each in codes if verdict.label in each.get("labels", [verdict.label])]
        )
        marks = self._example(seat).payload.get("note_marks", []) if verdict.label == "decline" else []
        chosen = [self._dice(local).choice(marks)] if marks else []
        evidence = [{"field": "note", "start": mark["start"], "end": mark["end"]} for mark in chosen]
        rationale = f"{RATIONALE} Decisive: {code['name'].lower()}."
        return replace(verdict, rationale=rationale, reason_codes=(code["key"],), evidence=evidence)

    def _example(self, seat: Seat) -> Example:
        with self.reading():
            return self.examples[Case.objects.values_list("external_id", flat=True).get(pk=seat.case_id)]

    def _dice(self, local: str) -> random.Random:
        # one die each, so that what one says does not hang on who else plays
        return self.dice.setdefault(local, random.Random(f"{self.organisation.slug}:{local}"))  # noqa: S311  # a simulation is repeatable


@dataclass(frozen=True)
class Scene:
    """One scene: of which organisation, what it shows, whether it is there, and how it is played."""

    slug: str
    shows: str
    is_set: Callable[[Play], bool]
    play: Callable[[Play], None]
