"""The scoring step: a batch of cases gets what the champion of its case type says, or goes to people.

Nothing waits here: no model, a model that fails, a payload that does not fit, each is a cause that the case
carries on to routing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hitl_platform.kernel.ids import uuid7
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.pipeline.services import NewStep, enqueue_many
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.scope import tenant_scope
from models_registry import queries
from models_registry.asking import ask_version
from models_registry.models import ModelVersion
from models_registry.scoring import BUDGET_SECONDS, Failure, Scores
from models_registry.services import store_failures, store_scores

NO_MODEL = Failure("no_model", "The case type has no champion.")
GIVEN_UP = Failure("model_crashed", "Scoring was given up after its last attempt.")


@dataclass(frozen=True)
class _Scored:
    """One batch of work with what became of it."""

    work: queries.Work
    scores: Scores | None

    def failures(self) -> dict[UUID, Failure]:
        if self.scores is None:
            return dict.fromkeys(self.work.case_ids, NO_MODEL)
        return {self.work.case_ids[row]: failure for row, failure in self.scores.failures.items()}


def score_cases(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Score every case of the steps that still waits for it, and send all of them to routing."""
    tenant_id = steps[0].tenant_id
    actor = system_actor(tenant_id, "scoring")
    case_ids = [case_id for step in steps for case_id in step.case_ids]
    with tenant_scope(tenant_id):
        works = queries.work_of(case_ids)
    scored = []
    for work in works:
        scored.append(_score(work, tenant_id, seconds=BUDGET_SECONDS / len(works)))
        if len(works) > 1:
            finish.heartbeat()
    with finish():
        moving: dict[str, list[UUID]] = defaultdict(list)
        for each in scored:
            for case_id, cause in _store(actor, each).items():
                moving[cause].append(case_id)
        _send_to_routing(tenant_id, moving, steps)


def give_up_scoring(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Send the cases of dead steps to people: what failed was the step, again and again."""
    tenant_id = steps[0].tenant_id
    with tenant_scope(tenant_id):
        works = queries.work_of([case_id for step in steps for case_id in step.case_ids])
    with finish():
        failures = {case_id: GIVEN_UP for work in works for case_id in work.case_ids}
        if failures:
            store_failures(actor=system_actor(tenant_id, "scoring"), version=None, failures=failures)
        _send_to_routing(tenant_id, {GIVEN_UP.cause: list(failures)}, steps)


def _score(work: queries.Work, tenant_id: UUID, *, seconds: float) -> _Scored:
    version = work.version
    if version is None:
        return _Scored(work, None)
    scores = ask_version(version, work.payloads, fetch=lambda: _fetch(version, tenant_id), seconds=seconds)
    return _Scored(work, scores)


def _fetch(version: ModelVersion, tenant_id: UUID) -> bytes:
    with tenant_scope(tenant_id):
        return queries.artifact_of(version.pk)


def _store(actor: Actor, each: _Scored) -> dict[UUID, str]:
    """Write what became of one batch; the cause that each case carries on, '' where it has a prediction."""
    moving: dict[UUID, str] = {}
    if each.scores is not None and each.work.version is not None:
        case_ids = [each.work.case_ids[row] for row in each.scores.scored]
        moved = store_scores(actor=actor, version=each.work.version, case_ids=case_ids, reply=each.scores.reply)
        moving |= dict.fromkeys(moved, "")
    failures = each.failures()
    if failures:
        store_failures(actor=actor, version=each.work.version, failures=failures)
    return moving | {case_id: failure.cause for case_id, failure in failures.items()}


def _send_to_routing(tenant_id: UUID, moving: Mapping[str, Iterable[UUID]], steps: Sequence[ClaimedStep]) -> None:
    """One step a cause and priority; a single case is its own subject."""
    priority_of = {case_id: step.priority for step in steps for case_id in step.case_ids}
    chunks: dict[tuple[str, int], list[UUID]] = defaultdict(list)
    for cause, case_ids in moving.items():
        for case_id in case_ids:
            chunks[cause, priority_of[case_id]].append(case_id)
    rows = [
        NewStep(case_ids[0] if len(case_ids) == 1 else uuid7(), case_ids, "", cause, None, priority)
        for (cause, priority), case_ids in chunks.items()
    ]
    enqueue_many("route", tenant_id=tenant_id, rows=rows)
