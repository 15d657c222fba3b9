"""Practice: past cases whose outcome is known, with feedback at once. Nothing of it counts anywhere."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from cases.definitions import label_keys
from cases.models import Case, Outcome
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews import permissions, queries
from reviews.models import ConflictOfInterest, GoldItem, PracticeAnswer, Queue, Seat
from reviews.type_versions import type_version


@command
def answer_practice(*, actor: Actor, queue_key: str, case_id: UUID, label: str) -> PracticeAnswer:
    """Answer a past case; what turned out to be true is told at once."""
    queue = queries.get_queue(actor, queue_key)
    require(permissions.can_work_queue(actor, queries.granted_on(queue)), "This queue is not yours to work in.")
    case = practice_cases(actor, queue=queue).filter(pk=case_id).first()
    if case is None:
        raise NotFound
    if label not in label_keys(type_version(case.type_version_id).labels):
        raise Invalid("The answer does not fit this kind of case.", fields={"label": ["There is no such label."]})
    answer = PracticeAnswer(
        tenant_id=actor.tenant_id, practised_case=case, queue=queue, reviewer_id=actor.id, label=label,
        outcome=outcome_of(case),
    )  # fmt: skip
    try:
        with transaction.atomic():
            answer.save(force_insert=True)
    except IntegrityError:
        raise Conflict("You have practised with this case already.", code="already_practised") from None
    record("practice.answered", answer, actor=actor, body={"queue": queue.key})
    return answer


def practice_cases(actor: Actor, *, queue: Queue) -> QuerySet[Case]:
    """Decided cases of the queue's type with a known outcome, in which this person has no part, and no gold."""
    seats = Seat.objects.filter(panel__case_id=OuterRef("pk"), reviewer_id=actor.id)
    gold = GoldItem.objects.filter(known_case_id=OuterRef("pk"))
    done = PracticeAnswer.objects.filter(practised_case_id=OuterRef("pk"), reviewer_id=actor.id)
    stated = ConflictOfInterest.objects.filter(user_id=actor.id, lifted_at__isnull=True)
    near = {kind: list(stated.filter(kind=kind).values_list("about", flat=True)) for kind in ("subject", "person")}
    mine = Q(submitter_id=actor.id) | Q(subject_user_id=actor.id)
    conflicted = Q(subject_ref__in=near["subject"]) | Q(submitter_id__in=near["person"])
    cases = Case.objects.filter(state="decided", reduced_at__isnull=True).filter(
        Exists(Outcome.objects.filter(case_id=OuterRef("pk")))
    )
    if queue.case_type_id is not None:
        cases = cases.filter(case_type_id=queue.case_type_id)
    return cases.exclude(mine | conflicted | Q(subject_user_id__in=near["person"])).filter(
        ~Exists(seats), ~Exists(gold), ~Exists(done)
    )


def may_practise_with(*, actor: Actor, case_id: UUID) -> bool:
    """Whether the person, in a queue of theirs, may be shown this case to practise with, or was."""
    kinds = Case.objects.filter(pk=case_id).values_list("case_type_id", flat=True)
    for queue in queries.visible_queues(actor).filter(Q(case_type_id__isnull=True) | Q(case_type_id__in=kinds)):
        if permissions.can_work_queue(actor, queries.granted_on(queue)):
            done = PracticeAnswer.objects.filter(practised_case_id=case_id, reviewer_id=actor.id)
            return done.exists() or practice_cases(actor, queue=queue).filter(pk=case_id).exists()
    return False


def outcome_of(case: Case) -> str:
    """What turned out to be true of a case, as it is known now."""
    return Outcome.objects.filter(case=case).order_by("-id").values_list("label", flat=True)[0]
