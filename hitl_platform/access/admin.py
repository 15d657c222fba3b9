"""Members and service keys in the console."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from hitl_platform.access.services import LONGEST_KEY_LIFE, create_key, revoke_key, set_roles
from hitl_platform.console.forms import ConsoleForm
from hitl_platform.console.model_admin import ConsoleAdmin
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.console.words import choices_in_words
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope, Membership, Role, ServiceKey

# mails are a floor above: called by name, as wiring is
INVITE = "hitl_platform.notices.services.invite_member"
INVITE_AGAIN = "hitl_platform.notices.services.invite_again"


class AddMemberForm(ConsoleForm):
    email = forms.EmailField(max_length=254)
    name = forms.CharField(max_length=200, help_text="Used if the person has no account yet.")
    roles = forms.MultipleChoiceField(choices=choices_in_words(Role.values))


class RolesForm(ConsoleForm):
    roles = forms.MultipleChoiceField(choices=choices_in_words(Role.values))
    is_active = forms.BooleanField(required=False, label="Active", help_text="Off: the person can no longer enter.")


class KeyForm(ConsoleForm):
    name = forms.CharField(max_length=100, help_text="The system that will use it. Two of one name allow rotation.")
    scopes = forms.MultipleChoiceField(choices=KeyScope.choices)
    days = forms.IntegerField(min_value=1, max_value=LONGEST_KEY_LIFE.days, initial=365, label="Days until it expires")


def _add_member(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    import_string(INVITE)(actor=actor, **values)
    return Told("Added. A mail with the way in is on its way.")


def _invite_again(actor: Actor, membership: Membership, _values: dict[str, Any]) -> Told:
    import_string(INVITE_AGAIN)(actor=actor, membership_id=membership.pk)
    return Told("A mail with a new link is on its way.")


def _set_roles(actor: Actor, membership: Membership, values: dict[str, Any]) -> Told:
    set_roles(actor=actor, membership_id=membership.pk, roles=values["roles"], is_active=values["is_active"])
    return Told("The roles are set; they count from the next request on.")


def _create_key(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    key, secret = create_key(
        actor=actor, name=values["name"], scopes=values["scopes"], life=timedelta(days=values["days"])
    )
    return Told(f"The key “{key.name}” is made. Copy its secret now.", secret=secret)


def _revoke_key(actor: Actor, key: ServiceKey, _values: dict[str, Any]) -> Told:
    revoke_key(actor=actor, key_id=key.pk)
    return Told(f"The key “{key.name}” is revoked.")


def _is_owner(actor: Actor, _obj: Any = None) -> bool:
    return actor.has(Role.OWNER)


def _may_make_keys(actor: Actor, _obj: Any = None) -> bool:
    return actor.has(Role.OWNER, Role.MANAGER)


def _may_revoke(actor: Actor, key: ServiceKey) -> bool:
    return key.revoked_at is None and _may_make_keys(actor)


def _may_invite_again(actor: Actor, membership: Membership) -> bool:
    return actor.has(Role.OWNER) and membership.is_active and not membership.user.has_usable_password()


def _may_set_roles(actor: Actor, membership: Membership) -> bool:
    return actor.has(Role.OWNER) and membership.user_id != actor.id


@admin.register(Membership, site=site)
class MembershipAdmin(ConsoleAdmin):
    """Who is in the organisation, as what."""

    list_display = ("person", "email", "roles", "is_active", "created_at")
    list_filter = ("is_active",)
    search_exactly = ("user__email",)
    verbs = (
        Verb("admit", "Add a member", "The person can enter this organisation at once, with these roles, and "
             "gets a mail.", _add_member, _is_owner, form=AddMemberForm, on_list=True),
        Verb("invite", "Mail a new link", "The person gets a link to set a first password. Earlier links go on until "
             "one of them is used, three days at most.", _invite_again, _may_invite_again),
        Verb("roles", "Set roles", "The roles replace those the person has now, from the next request on.",
             _set_roles, _may_set_roles, form=RolesForm,
             initial=lambda each: {"roles": each.roles, "is_active": each.is_active}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With the people, whose rows are no tenant's."""
        members: QuerySet[Membership] = super().get_queryset(request)
        return members.select_related("user")

    @admin.display(description="person", ordering="user__name")
    def person(self, membership: Membership) -> str:
        """The person's name, and whether the person is a simulated one."""
        return f"{membership.user.name}{' (simulated)' if membership.user.simulated else ''}"

    @admin.display(description="email")
    def email(self, membership: Membership) -> str:
        """The address the person signs in with."""
        return membership.user.email


@admin.register(ServiceKey, site=site)
class ServiceKeyAdmin(ConsoleAdmin):
    """Keys of other systems."""

    viewers = (Role.OWNER, Role.MANAGER)
    hidden = ("sha256",)
    list_display = ("name", "prefix", "scopes", "status", "last_used_at", "expires_at")
    verbs = (
        Verb("create", "Create a key", "The key opens the API of this organisation, within its scopes. Its secret is "
             "shown once.", _create_key, _may_make_keys, form=KeyForm, on_list=True),
        Verb("revoke", "Revoke", "The next request with this key is refused. A revoked key never comes back.",
             _revoke_key, _may_revoke, is_grave=True),
    )  # fmt: skip

    @admin.display(description="status")
    def status(self, key: ServiceKey) -> str:
        """Whether the key opens anything now."""
        if key.revoked_at is not None:
            return "revoked"
        return "live" if key.is_live(timezone.now()) else "expired"
