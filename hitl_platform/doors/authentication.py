"""Who is at the API's door: a service key, or a member with a session."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect
from django.utils import timezone
from rest_framework import authentication, exceptions, permissions

from hitl_platform.access import keys
from hitl_platform.tenants.actor import Actor

LAST_USED_STEP = timedelta(minutes=1)


def key_actor_of(request: HttpRequest) -> Actor | None:
    """The actor of a live key in the Authorization header, or None; a dead key is None as well."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return None
    found = keys.find_live_key(secret.strip())
    if found is None:
        return None
    if found.last_used_at is None or timezone.now() - found.last_used_at > LAST_USED_STEP:
        keys.touch_key(actor=found.actor)
    return found.actor


class KeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer hitl_…`. A key never comes with a cookie's rights, nor the other way round."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        actor = request._request.actor
        if actor is not None and actor.kind == "key":
            return actor, None
        if "HTTP_AUTHORIZATION" in request.META:
            raise exceptions.AuthenticationFailed("This key opens nothing: unknown, expired or revoked.", "bad_key")
        return None

    def authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="api"'


def _unused_view(request: HttpRequest) -> HttpResponseBase:
    raise NotImplementedError


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: Any, reason: str) -> Any:
        return reason


class MemberAuthentication(authentication.BaseAuthentication):
    """A logged-in member's session, with the same CSRF protection as every form."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        actor = request._request.actor
        if actor is None or actor.kind != "user":
            return None
        check = _CsrfCheck(lambda _: None)  # type: ignore[arg-type]  # never called: process_view only
        check.process_request(request._request)
        reason = check.process_view(request._request, _unused_view, (), {})
        if reason:
            raise exceptions.PermissionDenied(f"CSRF: {reason}", "csrf_failed")
        return actor, None


def actor_of(request: Any) -> Actor:
    """Who asks; permission classes have made sure that somebody does."""
    actor: Actor = request._request.actor
    return actor


class IsActor(permissions.BasePermission):
    """Somebody known is at the door; the least that every route asks."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return request._request.actor is not None


def _keys_or_roles(scopes: tuple[str, ...], roles: tuple[str, ...]) -> list[str]:
    keys = [f"a key with the scope {' or '.join(scopes)}"] if scopes else []
    return keys + ([f"one of the roles {', '.join(roles)}"] if roles else [])


def scope_required(*scopes: str, roles: tuple[str, ...] = ()) -> type[permissions.BasePermission]:
    """A permission class: a key with any of `scopes`, or a member with any of `roles`."""

    class ScopeRequired(IsActor):
        message = f"This needs {' or '.join(_keys_or_roles(scopes, roles))}."

        def has_permission(self, request: Any, view: Any) -> bool:
            actor: Actor | None = request._request.actor
            if actor is None:
                return False
            if actor.kind == "key":
                return any(actor.may(scope) for scope in scopes)
            return actor.has(*roles)

    return ScopeRequired


def actor_required(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Portal views: a person with a chosen tenant; others go to the login or to the choice."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor is not None and request.actor.kind == "user":
            return view(request, *args, **kwargs)
        if request.user.is_authenticated:
            return redirect("choose_tenant")
        return redirect_to_login(request.get_full_path(), redirect_field_name=REDIRECT_FIELD_NAME)

    guarded.actor_required = True  # type: ignore[attr-defined]  # read by the test that walks the routes
    return guarded
