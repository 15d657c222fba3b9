"""Separation of duties: whoever comes through whichever door under whatever role, the same is refused.

However a seat came into the wrong hands (here by SQL, past the claim), nothing can be done with it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitl_platform.access import duties
from hitl_platform.kernel.errors import DomainError, Forbidden
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Membership, Role, User
from reviews.models import Judgment, Seat
from reviews.services import (
    Verdict,
    answer_seat,
    approve_policy,
    claim_next,
    draft_policy,
    hold_seat,
    resume_seat,
    save_draft,
    submit_judgment,
)
from tests.reviews.conftest import POLICY, Office, code_of

# why somebody must not judge: each makes the seat that `who` holds one of that kind
RELATIONS = ("submitter", "subject", "judged_before", "declared", "same_subject")
VERBS = ("claim", "draft", "answer", "submit", "hold", "resume")
ROLES = st.frozensets(st.sampled_from(list(Role.values))).map(lambda more: more | {"reviewer", "adjudicator"})


@dataclass
class Trial:
    """A seat in the hands of somebody who must not judge its case."""

    office: Office
    who: Actor
    seat: Seat


@pytest.fixture
def trial(open_office: Callable[..., Office], crown: Any, cast: Any) -> Callable[..., Trial]:
    """Put a seat into the wrong hands."""
    office = open_office(seats=2, advice="after_answer")
    crown()
    office.bring(10_000, subject_ref="customer-1")
    (case,) = office.bring(10_001, subject_ref="customer-1")
    alice = cast.people["alice"]

    def make(relation: str, verb: str, roles: frozenset[str]) -> Trial:
        who = Actor("user", alice.id, office.tenant.id, roles=roles)
        seat, other = office.seats(case)
        state = "held" if verb == "resume" else "claimed"
        with office.scope(), connection.cursor() as cursor:
            Membership.objects.filter(user_id=who.id).update(roles=sorted(roles))
            cursor.execute(
                "update reviews_seat set state = %s, reviewer_id = %s, lease_token = 1, claimed_at = now(),"
                " lease_ends_at = now() + interval '1 h', held_at = now() where id = %s",
                [state, who.id, seat.pk],
            )
            _relate(cursor, relation, office, who, seat, other)
        return Trial(office, who, office.seat(seat))

    return make


def _relate(cursor: Any, relation: str, office: Office, who: Actor, seat: Seat, other: Seat) -> None:
    tenant = office.tenant.id
    if relation in ("submitter", "subject"):
        column = {"submitter": "submitter_id", "subject": "subject_user_id"}[relation]
        cursor.execute(f"update reviews_seat set {column} = %s where case_id = %s", [who.id, seat.case_id])
    elif relation == "declared":
        cursor.execute(
            "insert into reviews_conflictofinterest (tenant_id, id, user_id, kind, about, facet_key, note, declared_by,"
            " declared_at) values (%s, gen_random_uuid(), %s, 'subject', 'customer-1', '', '', %s, now())",
            [tenant, who.id, who.id],
        )
    elif relation == "same_subject":
        cursor.execute(
            "update cases_case set submitter_id = %s where subject_ref = 'customer-1' and id <> %s",
            [who.id, seat.case_id],
        )
    else:
        _move_to_earlier_round(cursor, seat, other)
        cursor.execute(
            "update reviews_seat set state = 'submitted', reviewer_id = %s, submitted_at = now() where id = %s",
            [who.id, other.pk],
        )


def _move_to_earlier_round(cursor: Any, seat: Seat, other: Seat) -> None:
    """The other seat was one of a round that is over."""
    cursor.execute(
        "insert into reviews_panel select (jsonb_populate_record(p, jsonb_build_object("
        " 'id', gen_random_uuid(), 'round', 7, 'state', 'settled', 'settled_at', now()))).* from reviews_panel p"
        " where id = %s returning id",
        [seat.panel_id],
    )
    (earlier,) = cursor.fetchone()
    cursor.execute("update reviews_seat set panel_id = %s where id = %s", [earlier, other.pk])


def by_service(trial: Trial, verb: str) -> int:
    seat, who = trial.seat, trial.who
    acts: dict[str, Callable[[], Any]] = {
        "claim": lambda: claim_next(actor=who, queue_key="loans"),
        "draft": lambda: save_draft(actor=who, seat_id=seat.pk, body={"label": "approve"}),
        "answer": lambda: answer_seat(actor=who, seat_id=seat.pk, lease_token=1, label="approve"),
        "submit": lambda: submit_judgment(actor=who, seat_id=seat.pk, lease_token=1, verdict=Verdict(label="approve")),
        "hold": lambda: hold_seat(actor=who, seat_id=seat.pk),
        "resume": lambda: resume_seat(actor=who, seat_id=seat.pk),
    }
    try:
        taken = acts[verb]()
    except DomainError as refusal:
        return 403 if isinstance(refusal, Forbidden) else 409
    return 204 if taken is None else 200


def by_api(trial: Trial, verb: str, client: Client) -> int:
    bodies = {
        "answer": {"lease_token": 1, "label": "approve"},
        "submit": {"lease_token": 1, "label": "approve"},
        "draft": {"label": "approve"},
    }
    path = "/api/v1/queues/loans/claim" if verb == "claim" else f"/api/v1/seats/{trial.seat.pk}/{verb}"
    answer = client.post(path, json.dumps(bodies.get(verb, {})), content_type="application/json")
    if verb == "claim" and answer.status_code == 200:
        return 200 if answer.json()["seat"] else 204
    return int(answer.status_code)


def by_portal(trial: Trial, verb: str, client: Client) -> int:
    path = "/queues/loans/next" if verb == "claim" else f"/seats/{trial.seat.pk}/{verb}"
    form = {"lease_token": "1", "label": "approve", "rationale": "", "active_seconds": "1"}
    answer = client.post(path, form)
    if verb == "claim" and answer.status_code == 302:
        return 200 if "/seats/" in answer["Location"] else 204
    return int(answer.status_code)


def attempt(trial: Any, client_for: Any, relation: str, verb: str, door: str, **flags: Any) -> tuple[int, int]:
    """What is answered, and how many judgments came of it; nothing of it stays."""
    with transaction.atomic():
        made = trial(relation, verb, flags.get("roles", frozenset({"reviewer"})))
        User.objects.filter(pk=made.who.id).update(is_superuser=flags.get("superuser", False))
        if door == "service":
            found = by_service(made, verb)
        else:
            found = (by_api if door == "api" else by_portal)(made, verb, client_for(made.who))
        with made.office.scope():
            judged = Judgment.objects.filter(reviewer_id=made.who.id).count()
        transaction.set_rollback(True)
    return found, judged


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    relation=st.sampled_from(RELATIONS),
    verb=st.sampled_from(VERBS),
    door=st.sampled_from(["service", "api", "portal"]),
    roles=ROLES,
    superuser=st.booleans(),
)
def test_nobody_judges_what_they_must_not(
    trial: Any, client_for: Any, relation: str, verb: str, door: str, roles: frozenset[str], superuser: bool
) -> None:
    assert attempt(trial, client_for, relation, verb, door, roles=roles, superuser=superuser) == (403, 0)


@pytest.mark.parametrize("relation", RELATIONS)
def test_the_choke_point_is_what_refuses(
    trial: Any, client_for: Any, relation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the same acts go through: the test above can fail."""
    monkeypatch.setattr(duties, "require_may_judge", lambda *_args, **_facts: None)
    for verb in ("claim", "draft", "answer", "hold", "resume"):
        assert attempt(trial, client_for, relation, verb, "service") == (200, 0)


@pytest.mark.parametrize("verb", VERBS)
def test_no_key_and_no_automatic_step_judges(trial: Any, integrator: Actor, verb: str) -> None:
    made = trial("declared", verb, frozenset({"reviewer"}))
    for who in (integrator, system_actor(made.office.tenant.id, "consensus")):
        assert by_service(Trial(made.office, who, made.seat), verb) in (403, 404, 409)
    with made.office.scope():
        assert not Judgment.objects.exists()


def test_the_database_too_refuses_a_second_seat_on_one_panel(open_office: Callable[..., Office], alice: Actor) -> None:
    office = open_office(seats=2)
    (case,) = office.bring()
    first, second = office.seats(case)
    with office.scope(), transaction.atomic(), connection.cursor() as cursor:
        take = "update reviews_seat set state = 'submitted', reviewer_id = %s where id = %s"
        cursor.execute(take, [alice.id, first.pk])
        with pytest.raises(IntegrityError, match="no_second_seat_on_one_panel"):
            cursor.execute(take, [alice.id, second.pk])
        transaction.set_rollback(True)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(roles=st.frozensets(st.sampled_from(list(Role.values))).map(lambda more: more | {"manager"}))
def test_nobody_approves_their_own_policy_(office: Office, roles: frozenset[str]) -> None:
    author = Actor("user", office.manager.id, office.tenant.id, roles=roles)
    with transaction.atomic():
        policy = draft_policy(actor=author, case_type_key="loan", definition=POLICY)
        with pytest.raises(Forbidden) as refusal:
            approve_policy(actor=author, policy_id=policy.pk)
        transaction.set_rollback(True)
    assert code_of(refusal) == "own_work"
