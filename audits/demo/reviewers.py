"""Simulated reviewers: they log in, take cases and send forms in the portal like anybody, and err like people.

Each knows the truth of the data set and tells it wrongly now and then, by a confusion matrix of their own. They
are marked as simulated in the platform, and say so in every rationale.
"""

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hitl_platform.embedded.visitors import Form, Forms, Person, Unexpected

logger = logging.getLogger(__name__)

CASE_NUMBER = re.compile(r"\b(?:NC|SA)-\d{4}\b")
# how often a reviewer names the truth; the spread between people is that of published annotation data
SKILL = (0.72, 0.93)
ADJUDICATOR_SKILL = 0.96
MEDIAN_SECONDS = 3.0
SPREAD = 0.5
CHANGES_MIND = 0.15
PAUSE_SECONDS = 5.0

Confusion = Mapping[str, Mapping[str, float]]


@dataclass
class SimulatedReviewer:
    """One login at work. `truth` maps a case's number to its label, `labels` maps a tenant's labels to reasons."""

    person: Person
    name: str
    truth: Mapping[str, str]
    skill: tuple[float, float]
    dice: random.Random
    pace: float = 1.0
    done: int = 0
    confusion: dict[str, dict[str, float]] = field(default_factory=dict)

    def work_until(self, stop: threading.Event) -> None:
        """Round after round over all queues, with a pause where nothing was left."""
        self.person.log_in()
        while not stop.is_set():
            before = self.done
            try:
                self.work_once(stop)
            except Unexpected as surprise:
                # somebody else was faster, or the lease ended: the next round begins at the queues
                logger.info("%s: %s", self.name, surprise)
            except OSError as broken:
                logger.warning("%s: the portal does not answer: %s", self.name, broken)
            if self.done == before:
                stop.wait(PAUSE_SECONDS * max(self.pace, 0.02))

    def work_once(self, stop: threading.Event) -> None:
        """Each queue until it has nothing more for this reviewer."""
        for queue in self.person.queues():
            path, page = self.person.next_case(queue)
            while path.startswith("/seats/") and not stop.is_set():
                path, page = self.decide(page, stop)

    def decide(self, page: str, stop: threading.Event) -> tuple[str, str]:
        """Look at a case for a while, fill in its form and send it; where the portal led from there."""
        form = next((form for form in Forms(page).forms if form.choices.get("label")), None)
        if form is None:
            raise Unexpected(f"{self.name}: a case page without a decision to make")
        seconds = self.dice.lognormvariate(0, SPREAD) * MEDIAN_SECONDS
        stop.wait(seconds * self.pace)
        final = "rationale" in form.values
        values = {**form.values, "label": self._label(page, form)}
        if final:
            values |= {"rationale": "Simulated judgment.", "active_seconds": f"{seconds:.1f}"}
            self.done += 1
        return self.person.open(form.action, form=values)

    def _label(self, page: str, form: Form) -> str:
        """The label that this reviewer finds, or on second thought the one that was found first."""
        labels = sorted(form.choices["label"])
        first = re.search(r'value="([^"]+)"[^>]*checked', page)
        if first is not None and first[1] in labels and self.dice.random() >= CHANGES_MIND:
            return first[1]
        number = CASE_NUMBER.search(page)
        if number is None or number[0] not in self.truth:
            return self.dice.choice(labels)
        row = self._confusion(labels)[self.truth[number[0]]]
        return self.dice.choices(labels, [row[label] for label in labels])[0]

    def _confusion(self, labels: Sequence[str]) -> Confusion:
        """This reviewer's confusion matrix over the labels, drawn once: truth, then label, then probability."""
        for truth in labels:
            if truth not in self.confusion:
                right = self.dice.uniform(*self.skill)
                wrong = (1 - right) / (len(labels) - 1)
                self.confusion[truth] = {label: right if label == truth else wrong for label in labels}
        return self.confusion


def hire(
    logins: Sequence[Mapping[str, Any]], *, number: int, address: str, truth: Mapping[str, str], pace: float, seed: int
) -> list[SimulatedReviewer]:
    """The first `number` logins that work, spread so that every panel can be filled and disputes be settled."""
    chosen = _spread([login for login in logins if login["works"]])[:number]
    return [
        SimulatedReviewer(
            person=Person(address, login["email"], login["password"]),
            name=login["name"],
            truth=truth,
            skill=(ADJUDICATOR_SKILL, ADJUDICATOR_SKILL) if "adjudicator" in login["roles"] else SKILL,
            dice=random.Random(f"{seed}:{login['email']}"),  # noqa: S311  # a simulation is repeatable
            pace=pace,
        )
        for login in chosen
    ]


def run(reviewers: Sequence[SimulatedReviewer], *, stop: threading.Event, tick: Callable[[], None]) -> None:
    """All at work in threads of their own until `stop`; `tick` is called every few seconds meanwhile."""
    threads = [threading.Thread(target=each.work_until, args=(stop,), daemon=True) for each in reviewers]
    for thread in threads:
        thread.start()
        # the login page lets thirty a minute through from one address
        time.sleep(0.1)
    while not stop.wait(PAUSE_SECONDS):
        tick()
    for thread in threads:
        thread.join(timeout=10)


def _spread(logins: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Three reviewers of the first organisation, two of the others, an adjudicator each, then the rest."""
    by_tenant: dict[str, list[Mapping[str, Any]]] = {}
    for login in logins:
        by_tenant.setdefault(login["tenant"], []).append(login)
    first: list[Mapping[str, Any]] = []
    for at, people in enumerate(by_tenant.values()):
        reviewers = [login for login in people if "adjudicator" not in login["roles"]]
        first += reviewers[: 3 if at == 0 else 2]
    adjudicators = [login for login in logins if "adjudicator" in login["roles"]]
    chosen = [*first, *adjudicators]
    return [*chosen, *(login for login in logins if login not in chosen)]
