"""Who may come in: some roles, inside one tenant, with a second factor where the setting asks for one."""

from urllib.parse import quote

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from hitl_platform.kernel.errors import Forbidden
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role

ENTRANTS = (Role.MANAGER, Role.COMPLIANCE_OFFICER, Role.ML_ENGINEER, Role.OWNER)


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request that was let in."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the scope middleware
    return actor


def may_enter(request: HttpRequest) -> bool:
    """Whether the request's actor is a person with a role that the console is for."""
    actor: Actor | None = getattr(request, "actor", None)
    return actor is not None and actor.kind == "user" and actor.has(*ENTRANTS)


def way_in(request: HttpRequest) -> HttpResponse | None:
    """None for who may enter; where to go first otherwise. Raises Forbidden for who may not enter at all."""
    if getattr(request, "actor", None) is None:
        return _to_login_or_choice(request)
    if not may_enter(request):
        raise Forbidden("The console is for managers, compliance officers, ML engineers and owners.")
    if settings.CONSOLE_SECOND_FACTOR and not _has_used_second_factor(request):
        return _to_second_factor(request)
    return None


def _to_login_or_choice(request: HttpRequest) -> HttpResponse:
    name = "choose_tenant" if request.user.is_authenticated else settings.LOGIN_URL
    return HttpResponseRedirect(f"{reverse(name)}?next={quote(request.get_full_path())}")


def _has_used_second_factor(request: HttpRequest) -> bool:
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def _to_second_factor(request: HttpRequest) -> HttpResponse:
    if is_mfa_enabled(request.user):
        return HttpResponseRedirect(f"{reverse('mfa_reauthenticate')}?next={quote(request.get_full_path())}")
    messages.warning(request, "The console asks for a second factor. Set one up, then sign in with it.")
    return HttpResponseRedirect(reverse("mfa_activate_totp"))
