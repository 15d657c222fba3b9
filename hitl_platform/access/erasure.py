"""Erasing who somebody was, after they have left."""

from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from hitl_platform.access.entry import memberships_of
from hitl_platform.kernel.errors import Conflict, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Membership, Role, User

FORMER = "Former member"


@command
def erase_member(*, actor: Actor, user_id: UUID, reason: str) -> Membership:
    """Erase name, address, password and second factors of a former member; their id stays beside what they did.

    An account that belongs to another organisation as well stays: only its owner there can end it. Raises NotFound,
    Conflict for a member who has not left.
    """
    found = Membership.objects.select_related("user").select_for_update(of=("self",)).filter(user_id=user_id)
    membership = found.first()
    if membership is None:
        raise NotFound
    require(actor.has(Role.COMPLIANCE_OFFICER), "Compliance officers erase people who have left.")
    if membership.is_active:
        raise Conflict("This person is a member still; an owner ends the membership first.", code="still_a_member")
    elsewhere = any(each.tenant_id != actor.tenant_id for each in memberships_of(membership.user))
    if not elsewhere:
        _erase_account(membership.user)
    body = {"user": str(user_id), "account": "kept" if elsewhere else "erased"}
    record("membership.erased", membership, actor=actor, body=body, personal={"reason": reason})
    return membership


def _erase_account(user: User) -> None:
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.name, user.email, user.is_active = FORMER, f"erased-{user.pk}@erased.invalid", False
    user.set_unusable_password()
    user.save(update_fields=["name", "email", "is_active", "password"])
