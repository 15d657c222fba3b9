"""`Idempotency-Key`: a client that does not know whether a request got through may send it again.

The record of the answer is written in the transaction of its effect: either both are there or neither.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import connection
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.response import Response

from hitl_platform.doors.models import IdempotencyRecord
from hitl_platform.doors.problems import InProgress, KeyReused
from hitl_platform.kernel.errors import Invalid
from hitl_platform.ledger.commands import quiet_command
from hitl_platform.tenants.actor import Actor

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=72)
PURGED_AT_ONCE = 20
KEPT_HEADERS = ("Location", "Content-Type")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

View = Callable[..., HttpResponseBase]


def idempotent(view: View) -> View:
    """Let a method of an API view honour `Idempotency-Key`.

    The same key and request answer what was answered before, marked `Idempotent-Replayed: true`; another
    request under the key is 422, one still being answered 409. Refusals are not kept: they are found anew.
    """

    @wraps(view)
    def run(self: Any, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get(HEADER)
        if key is None:
            return view(self, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            reason = "1 to 255 visible ASCII characters."
            raise Invalid(f"{HEADER} is not valid.", fields={HEADER: [reason]})
        actor, fingerprint = request._request.actor, _fingerprint(request)
        _reserve(actor, key)
        kept = IdempotencyRecord.objects.filter(key=key, created_at__gt=timezone.now() - KEPT_FOR).first()
        if kept is not None:
            return _replay(kept, fingerprint)
        response: HttpResponseBase = view(self, request, *args, **kwargs)
        response = self.finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response) and response.status_code < 300:
            response.render()
            keep_answer(actor=actor, key=key, fingerprint=fingerprint, response=response)
        return response

    return run


@quiet_command
def keep_answer(*, actor: Actor, key: str, fingerprint: bytes, response: HttpResponse) -> None:
    """Keep an answer under its key, and let a few that are past their time go."""
    old = IdempotencyRecord.objects.filter(created_at__lte=timezone.now() - KEPT_FOR).values("pk")
    IdempotencyRecord.objects.filter(pk__in=old[:PURGED_AT_ONCE]).delete()
    IdempotencyRecord.objects.filter(key=key).delete()
    IdempotencyRecord.objects.create(
        tenant_id=actor.tenant_id,
        key=key,
        fingerprint=fingerprint,
        status=response.status_code,
        headers={name: response[name] for name in KEPT_HEADERS if name in response},
        body=response.content,
    )


def _reserve(actor: Actor, key: str) -> None:
    """Hold the key to the end of the transaction; raises InProgress where another request holds it."""
    with connection.cursor() as cursor:
        name = f"idempotency:{actor.tenant_id}:{key}"
        cursor.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        (held,) = cursor.fetchone()
    if not held:
        raise InProgress(f"A request with this {HEADER} is being answered now.")


def _fingerprint(request: Any) -> bytes:
    digest = hashlib.sha256(f"{request.method}\n{request.get_full_path()}\n".encode())
    digest.update(request._request.body)
    return digest.digest()


def _replay(kept: IdempotencyRecord, fingerprint: bytes) -> HttpResponse:
    if bytes(kept.fingerprint) != fingerprint:
        raise KeyReused(f"This {HEADER} came with another request before.")
    response = HttpResponse(bytes(kept.body), status=kept.status, headers=kept.headers)
    response["Idempotent-Replayed"] = "true"
    return response
