"""Who acts: an argument of every service, never ambient."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid5

SYSTEM_NAMESPACE = UUID("6f2d0c1e-0b1f-5a57-9b5c-3f6b1a4d7e90")


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something that acts inside one tenant.

    `kind` is "user" (with `roles` from the membership), "key" (a service key, with `scopes`), or
    "system" (an automatic step, named by what it does).
    """

    kind: Literal["user", "key", "system"]
    id: UUID
    tenant_id: UUID
    roles: frozenset[str] = field(default_factory=frozenset)
    scopes: frozenset[str] = field(default_factory=frozenset)
    name: str = ""

    def has(self, *roles: str) -> bool:
        """Whether the actor holds any of `roles`."""
        return not self.roles.isdisjoint(roles)

    def may(self, scope: str) -> bool:
        """Whether the actor is a key with `scope`."""
        return self.kind == "key" and scope in self.scopes


def system_actor(tenant_id: UUID, name: str) -> Actor:
    """The platform itself, acting for a tenant under the name of an automatic step."""
    return Actor(kind="system", id=uuid5(SYSTEM_NAMESPACE, name), tenant_id=tenant_id, name=name)
