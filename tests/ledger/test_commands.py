"""A write and the record of it are one transaction, or neither happens."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from hitl_platform.kernel.errors import Conflict
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import (
    QUIET_COMMANDS,
    NoOpenCommand,
    NothingRecorded,
    SwallowedFailure,
    command,
    open_command,
    quiet_command,
    record,
    record_batch,
)
from hitl_platform.ledger.models import AuditEvent, AuditPersonal
from hitl_platform.ledger.statements import changes_rows
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import ServiceKey, Tenant
from hitl_platform.tenants.scope import tenant_scope


def make_key(actor: Actor, name: str) -> ServiceKey:
    secret = uuid7().bytes + uuid7().bytes
    expires_at = timezone.now() + timedelta(days=1)
    return ServiceKey.objects.create(
        tenant_id=actor.tenant_id, name=name, prefix="hitl_t", sha256=secret, expires_at=expires_at
    )


@command
def add_key(*, actor: Actor, name: str, told: bool = True, body: Any = None) -> UUID | None:
    key = make_key(actor, name)
    return record("key.added", key, actor=actor, body=body, personal={"name": name}) if told else None


@command
def rename_keys(*, actor: Actor, old: str, new: str) -> int:
    renamed = ServiceKey.objects.filter(name=old).update(name=new)
    if renamed:
        record_batch("key.renamed", "servicekey", actor=actor, items={str(uuid7()): {"new": new}})
    return renamed


@command
def add_two(*, actor: Actor, break_at: int = 0, swallow: bool = False) -> None:
    add_key(actor=actor, name="first")
    try:
        fail_after_write(actor=actor, fail=break_at > 0)
    except Conflict:
        if not swallow:
            raise


@command
def fail_after_write(*, actor: Actor, fail: bool) -> None:
    record("key.added", make_key(actor, "second"), actor=actor)
    if fail:
        raise Conflict("no")


def names(tenant: Tenant) -> set[str]:
    with tenant_scope(tenant.pk):
        return set(ServiceKey.objects.values_list("name", flat=True)) - {"suite"}


def events(tenant: Tenant, *verbs: str) -> list[AuditEvent]:
    with tenant_scope(tenant.pk):
        return list(AuditEvent.objects.filter(verb__in=verbs).order_by("id"))


def test_a_write_leaves_its_event(acme: Tenant, olga: Actor) -> None:
    event_id = add_key(actor=olga, name="Loan desk", body={"days": 1})
    [event] = events(acme, "key.added")
    assert event.pk == event_id
    assert event.actor == {"kind": "user", "id": str(olga.id), "roles": ["owner"]}
    assert (event.subject_type, event.body, event.case_id) == ("servicekey", {"days": 1}, None)
    assert abs(timezone.now() - event.at) < timedelta(minutes=1)
    with tenant_scope(acme.pk):
        value = AuditPersonal.objects.get(event_id=event_id)
        assert (value.name, value.value, len(value.salt)) == ("name", "Loan desk", 16)
    assert list(event.personal) == ["name"]
    assert "Loan desk" not in str(event.personal)


def test_a_command_that_writes_without_record_fails_and_leaves_nothing(acme: Tenant, olga: Actor) -> None:
    before = names(acme)
    with pytest.raises(NothingRecorded, match="add_key"):
        add_key(actor=olga, name="untold", told=False)
    assert names(acme) == before


def test_a_statement_that_changed_no_row_needs_no_record(acme: Tenant, olga: Actor) -> None:
    assert rename_keys(actor=olga, old="nobody has this name", new="x") == 0
    add_key(actor=olga, name="old")
    assert rename_keys(actor=olga, old="old", new="new") == 1
    assert [event.verb for event in events(acme, "key.added", "key.renamed")] == ["key.added", "key.renamed"]


def test_an_error_leaves_neither_write_nor_event(acme: Tenant, olga: Actor) -> None:
    before = names(acme)
    with pytest.raises(Conflict):
        fail_after_write(actor=olga, fail=True)
    assert (names(acme), events(acme, "key.added")) == (before, [])


def test_a_refused_command_inside_a_request_leaves_nothing(acme: Tenant, olga: Actor) -> None:
    before = names(acme)
    with tenant_scope(acme.pk):
        with pytest.raises(Conflict):
            fail_after_write(actor=olga, fail=True)
        # the request goes on and answers 409
        add_key(actor=olga, name="after")
    assert names(acme) == before | {"after"}
    assert len(events(acme, "key.added")) == 1


def test_nested_commands_are_one(acme: Tenant, olga: Actor) -> None:
    add_two(actor=olga)
    first, second = events(acme, "key.added")
    assert (first.xid, first.at) == (second.xid, second.at)
    before = names(acme)
    with pytest.raises(Conflict):
        add_two(actor=olga, break_at=2)
    assert names(acme) == before


def test_a_failure_in_the_middle_of_writes_cannot_be_swallowed(acme: Tenant, olga: Actor) -> None:
    before = names(acme)
    with pytest.raises(SwallowedFailure, match=r"add_two.*fail_after_write"):
        add_two(actor=olga, break_at=2, swallow=True)
    assert names(acme) == before


def test_a_command_stays_in_its_tenant(globex: Tenant, olga: Actor, gil: Actor) -> None:
    with tenant_scope(globex.pk), pytest.raises(RuntimeError):
        add_key(actor=olga, name="x")
    with pytest.raises(NoOpenCommand), open_command("test", tenant_id=olga.tenant_id):
        record("tenant.noted", globex, actor=gil)


def test_record_outside_a_command_raises(acme: Tenant, olga: Actor) -> None:
    with pytest.raises(NoOpenCommand):
        record("tenant.noted", acme, actor=olga)


def test_a_block_can_be_a_command(acme: Tenant) -> None:
    actor = system_actor(acme.pk, "test step")
    with open_command("finish of test", tenant_id=acme.pk):
        record("tenant.noted", acme, actor=actor)
    [event] = events(acme, "tenant.noted")
    assert event.actor == {"kind": "system", "id": str(actor.id), "name": "test step"}
    with pytest.raises(NothingRecorded), open_command("finish of test", tenant_id=acme.pk):
        make_key(actor, "untold")


@pytest.mark.parametrize("body", [{"score": 0.5}, {"n": 2**53}, {1: 2}, {"when": timezone.now()}, {"x": "\ud800"}])
def test_what_has_no_canonical_form_is_refused_at_once(acme: Tenant, olga: Actor, body: Any) -> None:
    before = names(acme)
    with pytest.raises(ValueError, match="canonical"):
        add_key(actor=olga, name="x", body=body)
    assert names(acme) == before


def test_a_verb_has_a_form(olga: Actor, acme: Tenant) -> None:
    with pytest.raises(Exception, match="no_verb_that_is_not_thing_dot_done"), open_command("t", tenant_id=acme.pk):
        record("Seat claimed", acme, actor=olga)


def test_the_case_is_the_subjects_own(acme: Tenant, olga: Actor) -> None:
    class Subject(ServiceKey):
        case_id = uuid7()

        class Meta:
            proxy = True
            app_label = "tenants"

    with open_command("test", tenant_id=acme.pk):
        record("key.added", Subject(), actor=olga)
        other = uuid7()
        record("key.added", Subject(), actor=olga, case_id=other)
        chosen = uuid7()
        assert record("key.added", ServiceKey(), actor=olga, event_id=chosen) == chosen
    assert [event.case_id for event in events(acme, "key.added")] == [Subject.case_id, other, None]


def test_a_batch_is_one_event_for_its_items(acme: Tenant, olga: Actor) -> None:
    items = {str(uuid7()): {"label": "repaid"} for _ in range(1_000)}
    with open_command("test", tenant_id=acme.pk):
        record_batch("case.scored", "case", actor=olga, items=items, body={"model": "m1"})
    [event] = events(acme, "case.scored")
    assert (event.subject_id, event.case_id, event.body) == (None, None, {"model": "m1", "items": items})
    for wrong in ({}, items | {str(uuid7()): {}}):
        with pytest.raises(ValueError, match="1 to 1000"), open_command("test", tenant_id=acme.pk):
            record_batch("case.scored", "case", actor=olga, items=wrong)


def test_quiet_commands_write_without_record_and_are_listed(acme: Tenant, olga: Actor) -> None:
    @quiet_command
    def touch(*, actor: Actor) -> None:
        make_key(actor, "touched")

    name = f"{touch.__module__}.{touch.__qualname__}"
    assert name in QUIET_COMMANDS
    QUIET_COMMANDS.remove(name)
    touch(actor=olga)
    assert "touched" in names(acme)
    # inside a command its writes are the command's, which must record them
    with pytest.raises(NothingRecorded), open_command("test", tenant_id=acme.pk):
        touch(actor=olga)


def test_what_cannot_be_a_command_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match="keyword-only `actor`"):

        @command
        def positional(actor: Actor) -> None: ...

    with pytest.raises(TypeError, match="answers when it is done"):

        @command
        def stream(*, actor: Actor) -> Any:
            yield 1


def test_writes_of_a_with_are_counted(acme: Tenant, olga: Actor) -> None:
    sql = (
        "with next as materialized (select id from tenants_servicekey where name = %s for no key update skip locked),"
        " done as (update tenants_servicekey k set name = 'claimed' from next where k.id = next.id returning k.id)"
        " select id from done"
    )
    add_key(actor=olga, name="waiting")
    with open_command("claim", tenant_id=acme.pk), connection.cursor() as cursor:
        cursor.execute(sql, ["nothing has this name"])
    with pytest.raises(NothingRecorded), open_command("claim", tenant_id=acme.pk), connection.cursor() as cursor:
        cursor.execute(sql, ["waiting"])


@pytest.mark.parametrize(
    ("sql", "changes"),
    [
        ("select 1 for update", False),
        ("  INSERT into t values (1)", True),
        ("-- note\nupdate t set a = 1", True),
        ("/* insert */ select 1", False),
        ("with a as (select id from t for no key update skip locked) select * from a", False),
        ("with a as (select 1) update t set b = 2", True),
        ("with a as materialized (\n  delete from t returning 1) select * from a", True),
        ("with a as (select 'x' /* (insert */) select 1", False),
        ("merge into t using s on true when matched then do nothing", True),
        ("copy t from stdin", True),
        ("truncate t", True),
        ("savepoint s", False),
        ("select set_config('app.tenant', '', true)", False),
        ("lock table t", False),
    ],
)
def test_statements_that_change_rows_are_known(sql: str, changes: bool) -> None:
    assert changes_rows(sql) is changes
