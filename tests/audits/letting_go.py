"""A subject's case with words of its own in every place that takes words, and a search of everything for them."""

import copy
import io
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from cases.models import Case
from cases.services import add_file, examine_file, post_outcome
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope
from reviews.services import Verdict, claim_next, submit_judgment
from reviews.services.comments import add_comment
from tests.cases import samples
from tests.portal import scene

# each word stands in one place alone, and nowhere by chance
WORDS = {
    "payload": "quokkapayload",
    "facet": "quokkafacet",
    "attribute": scene.PROTECTED,
    "external_id": "quokkaexternal",
    "subject": "quokkasubject",
    "file_name": "quokkafile.pdf",
    "rationale": "quokkarationale",
    "comment": "quokkacomment",
    "outcome_source": "quokkasource",
}
SUBJECT = f"{WORDS['subject']}@example.com"
DEFINITION = copy.deepcopy(scene.DEFINITION) | {"facets": [{"key": "purpose", "type": "text"}]}


@dataclass
class Told:
    """A desk with one decided case that tells all WORDS, and another one that is like it and of somebody else."""

    desk: scene.Desk
    case: Case
    other: Case

    def tenant(self) -> Tenant:
        return self.desk.cast.tenants["acme"]

    def row(self, case: Case | None = None) -> Case:
        with tenant_scope(self.tenant().pk):
            return Case.objects.get(pk=(case or self.case).pk)


def submission(name: str, *, subject: str, words: dict[str, str]) -> dict[str, Any]:
    return {
        "external_id": f"{words['external_id']}-{name}",
        "payload": {"amount": 4711, "months": 24, "purpose": words["facet"], "statement": words["payload"]},
        "attributes": {"note": words["attribute"]},
        "subject_ref": subject,
    }


def tell_everything(cast: Any, api: Any, *, with_model: bool = False) -> Told:
    """A case from submission to outcome that leaves WORDS wherever a case leaves words."""
    desk = scene.open_desk(cast, cases=0, with_model=with_model, undo_seconds=0, definition=DEFINITION, seats=2)
    plain = {name: f"harmless{name}" for name in WORDS}
    case = send(api, submission("1", subject=SUBJECT, words=WORDS))
    other = send(api, submission("2", subject="harmless@example.com", words=plain))
    add_file(
        actor=cast.keys["acme"], case_id=case.pk,
        examined=examine_file(name=WORDS["file_name"], content=io.BytesIO(samples.PDF)),
    )  # fmt: skip
    desk.run()
    judge_all(desk)
    add_outcome(cast.keys["acme"], case, WORDS["outcome_source"])
    add_outcome(cast.keys["acme"], other, "harmless")
    return Told(desk, case, other)


def send(api: Any, body: dict[str, Any]) -> Case:
    answer = api.post(
        "/api/v1/cases/", json.dumps(body | {"case_type": scene.CASE_TYPE}), content_type="application/json",
        headers={"Idempotency-Key": body["external_id"]},
    )  # fmt: skip
    assert answer.status_code == 201, answer.content
    return Case(pk=UUID(answer.json()["id"]))


def judge_all(desk: scene.Desk) -> None:
    """Alice and Bob judge whatever waits, in their own words."""
    for name in ("alice", "bob"):
        actor = desk.cast.people[name]
        while (seat := claim_next(actor=actor, queue_key=scene.QUEUE)) is not None:
            add_comment(actor=actor, seat_id=seat.pk, text=WORDS["comment"])
            submit_judgment(
                actor=actor, seat_id=seat.pk, lease_token=seat.lease_token,
                verdict=Verdict(label="approve", rationale=WORDS["rationale"], evidence=EVIDENCE),
            )  # fmt: skip
    desk.run()


EVIDENCE = [{"field": "statement", "start": 0, "end": 5}]


def add_outcome(actor: Actor, case: Case, source: str) -> None:
    observed_at = timezone.now() - timedelta(minutes=1)
    post_outcome(actor=actor, case_id=case.pk, label="approve", observed_at=observed_at, source=source)


def let_time_pass(told: Told, *, days: int) -> None:
    """The cases were decided so many days ago."""
    with tenant_scope(told.tenant().pk), connection.cursor() as cursor:
        cursor.execute("update cases_case set decided_at = decided_at - make_interval(days => %s)", [days])


def tables() -> list[str]:
    """Every table of the product that this role may read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
            " and has_table_privilege(c.oid, 'select') order by 1"
        )
        return [row[0] for row in cursor.fetchall()]


def found_in_rows(tenant: Tenant, word: str) -> set[str]:
    """The tables of which a row tells the word, as text or as bytes."""
    found = set()
    with tenant_scope(tenant.pk), connection.cursor() as cursor:
        for table in tables():
            query = f"select exists (select 1 from {table} told where told::text ~* %s)"
            cursor.execute(query, [f"{word}|{word.encode().hex()}"])
            if cursor.fetchone()[0]:
                found.add(table)
    return found
