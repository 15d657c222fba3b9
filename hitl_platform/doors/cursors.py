"""Lists of the API: allow-listed filters, and pages by signed cursors over ids that grow with time.

A page costs the same wherever it lies; nothing is counted past COUNT_LIMIT.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Model, Q, QuerySet

from hitl_platform.kernel.errors import Invalid
from hitl_platform.tenants.actor import Actor

COUNT_LIMIT = 10_000
DEFAULT_LIMIT, MAX_LIMIT = 50, 200
PAGING = ("cursor", "limit", "with_count")
MAX_TEXT = 254

M = TypeVar("M", bound=Model)
Filter = Callable[[str], Q]


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page: its items, the cursor of the next one, and where asked for the count of all, at most COUNT_LIMIT."""

    items: list[M]
    next_cursor: str | None
    count: int | None = None


def _nothing_else(name: str) -> bool:
    return False


def given_parameters(request: Any, *, allowed: Callable[[str], bool] = _nothing_else) -> dict[str, str]:
    """The query parameters of a list, each once; raises Invalid naming those that are unknown or repeated."""
    fields: dict[str, list[str]] = {}
    for name, values in request.query_params.lists():
        if name not in PAGING and not allowed(name):
            fields[name[:100]] = ["There is no such parameter."]
        elif len(values) != 1:
            fields[name] = ["Give it once."]
    if fields:
        raise Invalid("The query is not valid.", fields=fields)
    return {name: values[0] for name, values in request.query_params.lists()}


def filtered(queryset: QuerySet[M], parameters: Mapping[str, str], *, filters: Mapping[str, Filter]) -> QuerySet[M]:
    """`queryset` narrowed by each parameter that has a filter; raises Invalid naming those of no use."""
    fields: dict[str, list[str]] = {}
    for name, text in parameters.items():
        if name in filters:
            try:
                queryset = queryset.filter(filters[name](text))
            except ValueError as error:
                fields[name] = [str(error)]
    if fields:
        raise Invalid("The query is not valid.", fields=fields)
    return queryset


def page_of(queryset: QuerySet[M], parameters: Mapping[str, str], *, actor: Actor, purpose: str) -> Page[M]:
    """The page of a queryset ordered by `-id` that `cursor` and `limit` ask for.

    A cursor works for the tenant, the list and the filters that it was made under; raises Invalid otherwise.
    """
    limit = _limit(parameters.get("limit", str(DEFAULT_LIMIT)))
    signer = _signer(parameters, actor, purpose)
    wanted = queryset
    if "cursor" in parameters:
        wanted = queryset.filter(pk__lt=_position(signer, parameters["cursor"]))
    items = list(wanted[: limit + 1])
    more = len(items) > limit
    count = None
    if parameters.get("with_count") == "true":
        count = queryset.order_by()[:COUNT_LIMIT].count()
    return Page(items[:limit], signer.sign(items[limit - 1].pk.hex) if more else None, count)


def text_filter(lookup: str, *, choices: tuple[str, ...] = ()) -> Filter:
    """A filter by a printable text, from a list of choices if any."""

    def narrow(text: str) -> Q:
        if choices and text not in choices:
            raise ValueError(f"One of {', '.join(choices)}.")
        return Q(**{lookup: readable_text(text)})

    return narrow


def uuid_filter(lookup: str) -> Filter:
    """A filter by an identifier."""

    def narrow(text: str) -> Q:
        try:
            return Q(**{lookup: UUID(text)})
        except ValueError:
            raise ValueError("This is no UUID.") from None

    return narrow


def time_filter(lookup: str) -> Filter:
    """A filter by a time with its zone."""

    def narrow(text: str) -> Q:
        return Q(**{lookup: readable_time(text)})

    return narrow


def readable_text(text: str) -> str:
    """`text`, or ValueError where it is none that anything could be named."""
    if not text or len(text) > MAX_TEXT or not text.isprintable():
        raise ValueError(f"1 to {MAX_TEXT} visible characters.")
    return text


def readable_time(text: str) -> datetime:
    """A time in ISO 8601 with its zone; raises ValueError."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("This is no time such as 2026-01-31T12:00:00Z.") from None
    if value.tzinfo is None:
        raise ValueError("A time needs its zone, such as Z or %2B02:00.")
    if not 1900 < value.year < 2200:
        raise ValueError("A time lies between the years 1900 and 2200.")
    return value


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= MAX_LIMIT:
        raise Invalid("The query is not valid.", fields={"limit": [f"A number from 1 to {MAX_LIMIT}."]})
    return int(text)


def _signer(parameters: Mapping[str, str], actor: Actor, purpose: str) -> signing.Signer:
    narrowing = sorted((name, text) for name, text in parameters.items() if name not in PAGING)
    scope = hashlib.sha256(repr(narrowing).encode()).hexdigest()
    return signing.Signer(salt=f"cursor:{purpose}:{actor.tenant_id}:{scope}", sep=".")


def _position(signer: signing.Signer, cursor: str) -> UUID:
    try:
        return UUID(signer.unsign(cursor))
    except (signing.BadSignature, ValueError):
        reason = "It belongs to another list or other filters."
        raise Invalid("The query is not valid.", fields={"cursor": [reason]}) from None
