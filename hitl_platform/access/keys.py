"""Finding a service key before any tenant is known, by the hash of its secret alone."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from hitl_platform.ledger.commands import quiet_command
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import ServiceKey

KEY_START = "hitl_"
PREFIX_LENGTH = 12


@dataclass(frozen=True)
class LiveKey:
    """A key that opens something now."""

    actor: Actor
    last_used_at: datetime | None


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret. A fast hash is right here: the secret has 256 bits of entropy."""
    return hashlib.sha256(secret.encode()).digest()


def find_live_key(secret: str) -> LiveKey | None:
    """The live key with this secret, or None. The lookup is by hash, so its time tells nothing of secrets."""
    if not secret.startswith(KEY_START):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, tenant_id, name, scopes, expires_at, revoked_at, last_used_at from app.key_lookup(%s)",
            [secret_hash(secret)],
        )
        row = cursor.fetchone()
    if row is None or row[5] is not None or row[4] <= timezone.now():
        return None
    actor = Actor(kind="key", id=row[0], tenant_id=row[1], scopes=frozenset(row[3]), name=row[2])
    return LiveKey(actor, row[6])


@quiet_command
def touch_key(*, actor: Actor) -> None:
    """Note that a key was used; callers do so at most once a minute, so that no row is hot."""
    ServiceKey.objects.filter(pk=actor.id).update(last_used_at=timezone.now())
