"""Erasing on request: a case, all cases of a subject, a person who has left. And what every erasure takes with it.

What stays of an erased case: its row under a reference of our own, its decisions, what models and people said of it
as labels and probabilities, when, and the ledger, whose proofs hold on digests that no longer lead anywhere.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from audits import retention_permissions, retention_queries
from audits.models import Appeal, LegalHold, Satisfaction
from audits.services.bias import forget_frozen
from audits.services.retention_holds import checked_reason
from cases.models import Case
from cases.queries import get_case, visible_cases
from cases.services.erase import Kept, erase_contents, lock_closed, losing_attributes, reduce_contents
from hitl_platform.access.duties import is_own_case
from hitl_platform.access.erasure import erase_member
from hitl_platform.doors.forgetting import forget_answers
from hitl_platform.kernel.errors import Conflict, NotFound, require
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import command, record_batch
from hitl_platform.ledger.services import erase_personal_of_cases, erase_personal_of_subjects
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership
from models_registry.services.erase import forget_contributions
from reviews.services.erase import forget_member, forget_subjects, forget_words

MOST_CASES = 500
NOTHING = Kept()


@command
def erase_case(*, actor: Actor, case_id: UUID, reason: str) -> Case:
    """Erase what a closed case says. Raises Conflict for one that is open, held, appealed, in use or erased."""
    case = get_case(actor, case_id, lock=True)
    _erase(actor, [case], reason)
    case.refresh_from_db()
    return case


@command
def erase_subject(*, actor: Actor, subject_ref: str, reason: str) -> int:
    """Erase all cases about a subject, or none; answers how many. Raises Conflict naming those that cannot go."""
    require(retention_permissions.can_erase(actor), "Compliance officers erase.")
    cases = list(visible_cases(actor).filter(subject_ref=subject_ref.strip()).exclude(subject_ref="")[: MOST_CASES + 1])
    if not cases:
        raise NotFound("No case is about this subject.")
    if len(cases) > MOST_CASES:
        raise Conflict(f"More than {MOST_CASES} cases are about this subject.", code="too_many_cases")
    _erase(actor, cases, reason)
    return len(cases)


@command
def erase_person(*, actor: Actor, user_id: UUID, reason: str) -> Membership:
    """Erase who a former member was: name, address, login, and what the ledger and the house's notes tell of them.

    What they judged and decided stays under their id. Raises Conflict for somebody who is still a member.
    """
    membership = erase_member(actor=actor, user_id=user_id, reason=checked_reason(reason))
    gone = forget_member(actor=actor, user_id=user_id)
    erase_personal_of_subjects(actor=actor, subject_ids=[membership.pk, *gone])
    return membership


def let_go(
    *,
    actor: Actor,
    erase: Sequence[UUID] = (),
    reduce: Sequence[UUID] = (),
    kept: Kept = NOTHING,
    body: Mapping[str, str],
    reason: str = "",
) -> None:
    """Erase and reduce cases of at most a thousand that are locked and closed, and record it, inside a command.

    Nobody can tell what free text and files repeat of the fields that are not kept, so reducing takes those whole.
    """
    for verb, case_ids in (("case.erased", erase), ("case.reduced", reduce)):
        if not case_ids:
            continue
        event_id = uuid7()
        erase_personal_of_cases(actor=actor, case_ids=case_ids)
        _forget_around(actor, case_ids)
        if verb == "case.erased":
            forget_frozen(actor=actor, case_ids=case_ids)
            files = erase_contents(actor=actor, case_ids=case_ids, event_id=event_id)
        else:
            # audits hold what a case says of protected attributes, and of the payload nothing
            losing = losing_attributes(actor=actor, case_ids=case_ids, kept=kept)
            forget_frozen(actor=actor, case_ids=losing)
            files = reduce_contents(actor=actor, case_ids=case_ids, event_id=event_id, kept=kept)
        told = {**body, "files": files}
        items: dict[str, dict[str, str]] = {str(case_id): {} for case_id in case_ids}
        personal = {"reason": reason} if reason else None
        record_batch(verb, "case", actor=actor, items=items, body=told, personal=personal, event_id=event_id)


def _erase(actor: Actor, cases: Sequence[Case], reason: str) -> None:
    require(retention_permissions.can_erase(actor), "Compliance officers erase.")
    own = [each for each in cases if _is_own(actor, each)]
    require(not own, "Nobody erases a case of their own.", code="own_case")
    reason = checked_reason(reason)
    ids = [case.pk for case in cases]
    subjects = {ref for ref in lock_closed(actor=actor, case_ids=ids).values() if ref}
    kept = retention_queries.kept_back(actor, ids)
    if kept:
        told = "; ".join(f"{len(found)} {why}" for why, found in kept.items())
        raise Conflict(f"Not everything can be erased: {told}.", code="kept_back")
    let_go(actor=actor, erase=ids, body={"because": "asked"}, reason=reason)
    ended = forget_subjects(actor=actor, subject_refs=sorted(subjects - _still_named(subjects)))
    erase_personal_of_subjects(actor=actor, subject_ids=ended)


def _is_own(actor: Actor, case: Case) -> bool:
    return is_own_case(actor, submitter_id=case.submitter_id, subject_user_id=case.subject_user_id)


def _still_named(subjects: set[str]) -> set[str]:
    """Those of the subjects whom another case is about, which has not been erased."""
    return set(Case.objects.filter(subject_ref__in=subjects).values_list("subject_ref", flat=True))


def _forget_around(actor: Actor, case_ids: Sequence[UUID]) -> None:
    """Whatever else tells what these cases say."""
    forget_words(actor=actor, case_ids=case_ids)
    forget_contributions(actor=actor, case_ids=case_ids)
    forget_answers(actor=actor, case_ids=case_ids)
    Appeal.objects.filter(case_id__in=case_ids).update(statement="", answer="")
    Satisfaction.objects.filter(case_id__in=case_ids).update(
        reference=Concat(Value("erased-"), Cast("pk", TextField()))
    )
    LegalHold.objects.filter(case_id__in=case_ids, lifted_at__lte=timezone.now()).update(reason="", lift_reason="")
