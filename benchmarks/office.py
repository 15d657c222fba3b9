"""A tenant with reviewers and long queues, as years of routing would have left them.

The backlog is written by SQL; whoever claims and submits goes through the door.
"""

from collections.abc import Sequence
from typing import Any

from benchmarks.harness import Platform
from cases.services import create_case_type
from hitl_platform.access.services import add_member, create_tenant, create_user
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Tenant, User
from reviews.models import Queue
from reviews.services import create_queue, create_template, grant_queue

REVIEWERS = 16
NO_SKILLS = ("{}",)
DEFINITION = {
    "question": "Should this loan be granted?",
    "payload_schema": {"type": "object", "properties": {"amount": {"type": "number"}, "note": {"type": "string"}}},
    "labels": [{"key": "approve", "name": "Approve"}, {"key": "decline", "name": "Decline"}],
}

# One case, one panel and one open seat a row; a third of the seats each at priority 0, 1 and 2, half with a date.
BACKLOG = """
with new as materialized (
    select g, uuidv7() as case_id, uuidv7() as panel_id, uuidv7() as seat_id from generate_series(1, %(rows)s) g
), cases as (
    insert into cases_case (tenant_id, id, case_type_id, type_version_id, external_id, state, importance, priority,
                            subject_ref, created_at, event_ids)
    select %(tenant)s, case_id, %(case_type)s, %(version)s, case_id::text, 'in_review', 1, g %% 3,
        case when %(subjects)s then 'subject-' || g %% 1000 else '' end, now(), '{}'
    from new
), payloads as (
    insert into cases_casepayload (tenant_id, case_id, payload, salt)
    select %(tenant)s, case_id, jsonb_build_object('amount', g, 'note', repeat('evidence ', 60)), '\\x00' from new
), panels as (
    insert into reviews_panel (tenant_id, id, case_id, case_type_id, queue_id, template_id, state, round, why,
                               opened_at, event_id)
    select %(tenant)s, panel_id, case_id, %(case_type)s, %(queue)s, %(template)s, 'open', 1, 'no_policy', now(), case_id
    from new
)
insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, priority, due_at, opened_at,
                          lease_token, skills)
select %(tenant)s, seat_id, panel_id, case_id, %(queue)s, 'reviewer', 'open', 'hidden', g %% 3,
    case when g %% 2 = 0 then now() + make_interval(mins => g) end, now(), 0,
    ((%(skill_sets)s::text[])[g %% array_length(%(skill_sets)s::text[], 1) + 1])::text[]
from new
"""
HELD = """
update reviews_seat set state = 'claimed', reviewer_id = %(holder)s, lease_token = 1, claimed_at = now(),
    lease_ends_at = now() + interval '6 hours'
where id in (select id from reviews_seat where queue_id = %(queue)s and state = 'open' limit %(rows)s)
"""


class Office:
    """A tenant with one case type, one template of a single seat, and sixteen reviewers."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.tenant: Tenant = create_tenant(slug="bench", name="Bench")
        self.actor: Actor = system_actor(self.tenant.id, "bench")
        self.case_type = create_case_type(actor=self.actor, key="loan", name="Loan", definition=DEFINITION)
        self.template = create_template(actor=self.actor, key="one", name="One", seats=1, advice="hidden")
        self.queues: dict[str, Queue] = {}
        self.reviewers = [self.hire(f"reviewer{number}", "reviewer") for number in range(REVIEWERS)]

    def hire(self, name: str, role: str) -> User:
        """A member with one role."""
        user = create_user(email=f"{name}@bench.invalid", name=name, password=None)
        add_member(actor=self.actor, user=user, roles=[role])
        return user

    def open_queue(self, key: str, *, rows: int, **settings: Any) -> Queue:
        """A queue of `rows` open seats in which every reviewer works; its undo time is 0."""
        queue = create_queue(
            actor=self.actor, key=key, name=key, template_key="one", undo_seconds=0, lease_seconds=3600, **settings
        )
        for user in self.reviewers:
            grant_queue(actor=self.actor, queue_key=key, user_id=user.pk)
        self.queues[key] = queue
        self.fill(key, rows)
        return queue

    def fill(self, key: str, rows: int, *, skill_sets: Sequence[str] = NO_SKILLS, subjects: bool = False) -> None:
        """Add open seats to a queue, with each of the sets of skills in turn; `subjects`: of a thousand people."""
        asked = self.ids(key) | {"skill_sets": list(skill_sets), "subjects": subjects}
        with self.platform.superuser() as connection:
            connection.execute("set session_replication_role = replica")
            for start in range(0, rows, 100_000):
                connection.execute(BACKLOG, asked | {"rows": min(rows - start, 100_000)})

    def hold(self, key: str, rows: int) -> None:
        """Let somebody else hold seats of a queue."""
        holder = self.hire("elsewhere", "reviewer")
        with self.platform.superuser() as connection:
            connection.execute(HELD, self.ids(key) | {"holder": holder.pk, "rows": rows})

    def tidy(self) -> None:
        """What autovacuum would have done by now."""
        with self.platform.superuser() as connection:
            connection.execute("vacuum analyze")

    def ids(self, key: str) -> dict[str, object]:
        """What the statements name."""
        return {
            "tenant": self.tenant.id,
            "case_type": self.case_type.pk,
            "version": self.case_type.current_version_id,
            "queue": self.queues[key].pk,
            "template": self.template.pk,
        }
