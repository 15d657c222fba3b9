"""Commands: a write and the record of it are one transaction, or neither happens.

`@command` opens the transaction of a service in its actor's tenant, counts the statements that changed rows,
and writes the recorded events last, in one INSERT. A command that changed rows and recorded nothing fails.
Events take no lock and form no chain here; the sealer orders them once they are committed.
"""

import hashlib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model

from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.kernel.canonical import canonical
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.statements import changes_rows
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import in_scope, tenant_scope

P = ParamSpec("P")
R = TypeVar("R")

MAX_ITEMS = 1_000
SALT_BYTES = 16

# dotted names of the services that may write without a record; a test holds the list
QUIET_COMMANDS: set[str] = set()

_INSERT_EVENTS = """
insert into ledger_auditevent (tenant_id, id, verb, actor, subject_type, subject_id, case_id, body, personal)
select %s::uuid, id, verb, actor::jsonb, subject_type, subject_id, case_id, body::jsonb, personal::jsonb
from unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::uuid[], %b::uuid[], %b::text[], %b::text[])
    as e (id, verb, actor, subject_type, subject_id, case_id, body, personal)
"""
_INSERT_PERSONAL = """
insert into ledger_auditpersonal (tenant_id, id, event_id, name, salt, value)
select %s::uuid, p.* from unnest(%b::uuid[], %b::uuid[], %b::text[], %b::bytea[], %b::text[]) p
"""


class NothingRecorded(RuntimeError):
    """A command changed rows and recorded no event."""


class NoOpenCommand(RuntimeError):
    """`record` was called outside a command."""


class SwallowedFailure(RuntimeError):
    """A command went on after an inner one had failed with half of its writes done."""


@dataclass(slots=True)
class _Recording:
    """What the outermost open command has written and will record."""

    name: str
    tenant_id: UUID
    writes: int = 0
    broken_by: str = ""
    events: list[tuple[Any, ...]] = field(default_factory=list)
    personal: list[tuple[Any, ...]] = field(default_factory=list)

    def count(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Execute wrapper: notes each statement that changed rows."""
        result = execute(sql, params, many, context)
        # a WITH tells its writes by the rows that it answers; one that touched none has changed nothing
        if changes_rows(sql if isinstance(sql, str) else sql.as_string(None)) and context["cursor"].rowcount != 0:
            self.writes += 1
        return result

    def progress(self) -> tuple[int, int]:
        return self.writes, len(self.events)

    def write(self) -> None:
        """Insert what was recorded; raises where the command broke its promise."""
        if self.broken_by:
            raise SwallowedFailure(f"{self.name} went on after {self.broken_by} had failed in the middle of its writes")
        if not self.events:
            if self.writes:
                raise NothingRecorded(f"{self.name} changed rows and recorded no event")
            return
        with bound_cursor() as cursor:
            cursor.execute(_INSERT_EVENTS, [self.tenant_id, *map(list, zip(*self.events, strict=True))])
            if self.personal:
                cursor.execute(_INSERT_PERSONAL, [self.tenant_id, *map(list, zip(*self.personal, strict=True))])


_open: ContextVar[_Recording | None] = ContextVar("command", default=None)


@contextmanager
def open_command(name: str, *, tenant_id: UUID) -> Iterator[None]:
    """Run the block as a command called `name`: what `@command` does around a service.

    Inside an open command of the same tenant the block joins it: one transaction, one INSERT of events.
    """
    outer = _open.get()
    if outer is not None:
        with _join(outer, name, tenant_id):
            yield
        return
    recording = _Recording(name, tenant_id)
    with _own_transaction(tenant_id):
        token = _open.set(recording)
        try:
            with connection.execute_wrapper(recording.count):
                yield
        finally:
            _open.reset(token)
        recording.write()


@contextmanager
def _join(outer: _Recording, name: str, tenant_id: UUID) -> Iterator[None]:
    before, finished = outer.progress(), False
    with tenant_scope(tenant_id):
        try:
            yield
            finished = True
        finally:
            # there is no savepoint to go back to: whoever catches the error must not commit the rest
            if not finished and outer.progress() != before:
                outer.broken_by = name


@contextmanager
def _own_transaction(tenant_id: UUID) -> Iterator[None]:
    """A transaction, or inside a request's one a savepoint: a refused command leaves nothing behind."""
    if in_scope():
        with tenant_scope(tenant_id), transaction.atomic():
            yield
    else:
        with tenant_scope(tenant_id):
            yield


def command(service: Callable[P, R]) -> Callable[P, R]:
    """Make a service with a keyword argument `actor` a command of that actor's tenant."""
    name = _name_of(service)

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with open_command(name, tenant_id=_tenant_of(kwargs)):
            return service(*args, **kwargs)

    return run


def quiet_command(service: Callable[P, R]) -> Callable[P, R]:
    """Like `command`, for writes that are no business event: heartbeats, drafts, last-used marks."""
    QUIET_COMMANDS.add(_name_of(service))

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _own_transaction(_tenant_of(kwargs)):
            return service(*args, **kwargs)

    return run


def record(
    verb: str,
    subject: Model,
    *,
    actor: Actor,
    case_id: UUID | None = None,
    body: dict[str, Any] | None = None,
    personal: Mapping[str, str] | None = None,
    event_id: UUID | None = None,
) -> UUID:
    """Record that `actor` did `verb` ("seat.claimed") to `subject`; answers the event's id at once.

    `case_id` defaults to the subject's own case. `body` holds no fractions but decimal strings. The values of
    `personal` are kept beside the event, where they can be erased; the event holds their salted digests.
    `event_id` (uuid7) may be chosen ahead, where rows that are written before have to hold it.
    Raises NoOpenCommand outside a command, ValueError for a body that has no canonical form.
    """
    kind = str(subject._meta.model_name)
    if case_id is None:
        case_id = subject.pk if kind == "case" else getattr(subject, "case_id", None)
    return _note(event_id, verb, (kind, subject.pk, case_id), actor=actor, body=body, personal=personal)


def record_batch(
    verb: str,
    subject_type: str,
    *,
    actor: Actor,
    items: dict[str, dict[str, Any]],
    body: dict[str, Any] | None = None,
    personal: Mapping[str, str] | None = None,
    event_id: UUID | None = None,
) -> UUID:
    """Record one event for a chunk of subjects: `items` maps each one's id to what happened to it.

    The rows concerned keep the event's id, so that each one's story is found again; a caller that writes the
    rows before it knows which of them are new makes the id itself.
    Raises ValueError for none or more than MAX_ITEMS items.
    """
    if not 0 < len(items) <= MAX_ITEMS:
        raise ValueError(f"a batch event holds 1 to {MAX_ITEMS} items, not {len(items)}")
    body = {**(body or {}), "items": items}
    return _note(event_id, verb, (subject_type, None, None), actor=actor, body=body, personal=personal)


def _note(
    event_id: UUID | None,
    verb: str,
    subject: tuple[str, UUID | None, UUID | None],
    *,
    actor: Actor,
    body: dict[str, Any] | None,
    personal: Mapping[str, str] | None = None,
) -> UUID:
    recording = _open.get()
    if recording is None:
        raise NoOpenCommand(f"{verb} was recorded outside a command")
    if actor.tenant_id != recording.tenant_id:
        raise NoOpenCommand(f"{verb} was recorded for an actor of another tenant than the command's")
    event_id = event_id or uuid7()
    digests = {}
    for name, value in (personal or {}).items():
        salt = os.urandom(SALT_BYTES)
        digests[name] = hashlib.sha256(salt + value.encode()).hexdigest()
        recording.personal.append((uuid7(), event_id, name, salt, value))
    who, what, beside = (canonical(each).decode() for each in (_identity(actor), body or {}, digests))
    recording.events.append((event_id, verb, who, *subject, what, beside))
    return event_id


def _identity(actor: Actor) -> dict[str, Any]:
    """Who acted, as the ledger keeps it for ever: a person by id and roles alone, never by name."""
    identity: dict[str, Any] = {"kind": actor.kind, "id": str(actor.id)}
    if actor.kind == "user":
        return identity | {"roles": sorted(actor.roles)}
    return identity | {"name": actor.name}


def _tenant_of(kwargs: Mapping[str, Any]) -> UUID:
    actor = kwargs["actor"]
    tenant_id: UUID = actor.tenant_id
    return tenant_id


def _name_of(service: Callable[..., Any]) -> str:
    name = f"{service.__module__}.{service.__qualname__}"
    parameter = inspect.signature(service).parameters.get("actor")
    if (
        parameter is None
        or parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        or inspect.isgeneratorfunction(service)
    ):
        raise TypeError(f"{name} is no command: it takes a keyword-only `actor` and answers when it is done")
    return name
