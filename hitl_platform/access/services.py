"""Tenants, people and keys: one function a verb."""

import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from hitl_platform.access.keys import KEY_START, PREFIX_LENGTH, secret_hash
from hitl_platform.kernel.errors import Conflict, Invalid, NotFound, require
from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import KeyScope, Membership, Role, ServiceKey, Tenant, User

KEY_LIFE = timedelta(days=365)
LONGEST_KEY_LIFE = timedelta(days=730)
LIVE_KEYS_OF_ONE_NAME = 2


def create_tenant(*, slug: str, name: str, simulated: bool = False) -> Tenant:
    """A new organisation, with an empty ledger whose first event is its birth. An operator's act.

    Raises Invalid for a slug or a name that is none.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,59}", slug):
        reason = "Lower-case letters, digits and -, beginning with a letter; at most 60."
        raise Invalid("The slug is not valid.", fields={"slug": [reason]})
    if not name.strip():
        raise Invalid("An organisation needs a name.", fields={"name": ["may not be empty"]})
    return _create_tenant(actor=system_actor(uuid7(), "operator"), slug=slug, name=name, simulated=simulated)


@command
def _create_tenant(*, actor: Actor, slug: str, name: str, simulated: bool) -> Tenant:
    tenant = Tenant.objects.create(id=actor.tenant_id, slug=slug, name=name, simulated=simulated)
    record("tenant.created", tenant, actor=actor, body={"slug": slug})
    return tenant


def create_user(*, email: str, name: str, password: str | None, simulated: bool = False) -> User:
    """A new person, without any membership yet. Raises Invalid for a bad address or a weak password."""
    email = email.strip().lower()
    user = User(email=email, name=name.strip(), simulated=simulated)
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid("The address is no email address.", fields={"email": error.messages}) from error
    if not user.name:
        raise Invalid("A person needs a name.", fields={"name": ["may not be empty"]})
    if password is None:
        user.set_unusable_password()
    else:
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid("The password is too weak.", fields={"password": error.messages}) from error
        user.set_password(password)
    if User.objects.filter(email__iexact=email).exists():
        raise Conflict("There is a user with this address already.", code="user_exists")
    with transaction.atomic():
        user.save(force_insert=True)
    return user


@command
def add_member(*, actor: Actor, user: User, roles: Iterable[str]) -> Membership:
    """Let a person into the actor's tenant with a set of roles. Owners and operators do so."""
    require(_may_staff(actor), "Owners add members.")
    wanted = _checked_roles(roles)
    if Membership.objects.filter(user=user).exists():
        raise Conflict("This person is a member already.", code="member_exists")
    membership = Membership(tenant_id=actor.tenant_id, user=user, roles=wanted)
    membership.save(force_insert=True)
    record("membership.added", membership, actor=actor, body={"user": str(user.pk), "roles": wanted})
    return membership


@command
def set_roles(*, actor: Actor, membership_id: UUID, roles: Iterable[str], is_active: bool = True) -> Membership:
    """Change what a member is; an inactive membership opens nothing from the next request on."""
    membership = Membership.objects.select_for_update().filter(pk=membership_id).first()
    if membership is None:
        raise NotFound
    require(_may_staff(actor), "Owners change roles.")
    require(membership.user_id != actor.id, "Nobody changes their own roles.", code="own_roles")
    before = {"roles": list(membership.roles), "is_active": membership.is_active}
    membership.roles, membership.is_active = _checked_roles(roles), is_active
    membership.save(update_fields=["roles", "is_active"])
    body = {
        "user": str(membership.user_id),
        "before": before,
        "roles": membership.roles,
        "is_active": is_active,
    }
    record("membership.roles_set", membership, actor=actor, body=body)
    return membership


@command
def create_key(*, actor: Actor, name: str, scopes: Iterable[str], life: timedelta = KEY_LIFE) -> tuple[ServiceKey, str]:
    """A service key and its secret, which is shown this once. Two live keys of one name allow rotation."""
    require(_may_staff(actor) or actor.has(Role.MANAGER), "Owners and managers create keys.")
    name, wanted = name.strip(), sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in KeyScope.values]
    if unknown or not wanted:
        reason = f"unknown: {', '.join(unknown)}; known: {', '.join(KeyScope.values)}" if unknown else "at least one"
        raise Invalid("The scopes are wrong.", fields={"scopes": [reason]})
    if not name:
        raise Invalid("A key needs a name.", fields={"name": ["may not be empty"]})
    if not timedelta(0) < life <= LONGEST_KEY_LIFE:
        raise Invalid("The life of the key is wrong.", fields={"days": [f"1 to {LONGEST_KEY_LIFE.days}"]})
    live = ServiceKey.objects.filter(name=name, revoked_at=None, expires_at__gt=timezone.now()).count()
    if live >= LIVE_KEYS_OF_ONE_NAME:
        raise Conflict("Two keys of this name are live; revoke one before the next.", code="two_live_keys")
    secret = KEY_START + secrets.token_urlsafe(32)
    key = ServiceKey(
        tenant_id=actor.tenant_id,
        name=name,
        prefix=secret[:PREFIX_LENGTH],
        sha256=secret_hash(secret),
        scopes=wanted,
        created_by=actor.id,
        expires_at=timezone.now() + life,
    )
    key.save(force_insert=True)
    record(
        "service_key.created",
        key,
        actor=actor,
        body={"name": key.name, "prefix": key.prefix, "scopes": wanted},
    )
    return key, secret


@command
def revoke_key(*, actor: Actor, key_id: UUID) -> ServiceKey:
    """End a key: the next request with it is refused."""
    key = ServiceKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None:
        raise NotFound
    require(_may_staff(actor) or actor.has(Role.MANAGER), "Owners and managers revoke keys.")
    if key.revoked_at is not None:
        raise Conflict("This key is revoked already.", code="key_revoked")
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    record("service_key.revoked", key, actor=actor, body={"name": key.name, "prefix": key.prefix})
    return key


def _may_staff(actor: Actor) -> bool:
    return actor.kind == "system" or actor.has(Role.OWNER)


def _checked_roles(roles: Iterable[str]) -> list[str]:
    wanted = sorted(set(roles))
    unknown = [role for role in wanted if role not in Role.values]
    if unknown:
        reason = f"unknown: {', '.join(unknown)}; known: {', '.join(Role.values)}"
        raise Invalid("The roles are wrong.", fields={"roles": [reason]})
    return wanted
