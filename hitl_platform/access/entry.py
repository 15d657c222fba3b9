"""Who comes in with a session: the person and the organisations that the person may enter, in one read."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend

from hitl_platform.kernel.bound_cursor import bound_cursor
from hitl_platform.tenants.models import User

_CHOICES = "membership_choices"
_FIELDS = [field.attname for field in User._meta.concrete_fields]
_MEMBER = f"""
select {", ".join(f"person.{name}" for name in _FIELDS)}, m.tenant_id, m.slug, m.name, m.simulated, m.roles
from tenants_user person left join lateral app.memberships_of(person.id) m on true
where person.id = %s order by m.name
"""  # noqa: S608 - made of this file's own constants


@dataclass(frozen=True)
class MembershipChoice:
    """One organisation that the logged-in person may enter."""

    tenant_id: UUID
    slug: str
    name: str
    simulated: bool
    roles: frozenset[str]


class MemberBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    """allauth's backend; the user of a session comes with the organisations that may be entered."""

    def get_user(self, user_id: Any) -> User | None:
        user = find_member(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None


def find_member(user_id: UUID) -> User | None:
    """A user, for whom `memberships_of` needs no further read, or None."""
    with bound_cursor() as cursor:
        cursor.execute(_MEMBER, [user_id])
        rows = cursor.fetchall()
    if not rows:
        return None
    count = len(_FIELDS)
    user = User.from_db("default", _FIELDS, rows[0][:count])
    choices = [
        MembershipChoice(tenant_id, slug, name, simulated, frozenset(roles))
        for tenant_id, slug, name, simulated, roles in (row[count:] for row in rows)
        if tenant_id is not None
    ]
    setattr(user, _CHOICES, choices)
    return user


def memberships_of(user: User) -> list[MembershipChoice]:
    """The organisations that a user may enter, by name."""
    # getattr, because a request's user is a lazy stand-in without a __dict__ of its own
    known = user if hasattr(user, _CHOICES) else find_member(user.pk)
    choices: list[MembershipChoice] = getattr(known, _CHOICES, [])
    return choices
