"""The first door into a tenant's scope: the request.

The scope spans view and rendering, which Django's ATOMIC_REQUESTS does not, and rolls back what a
failed request began. The tenant comes from the session's membership or the key, never from a body or
a header that a client may choose.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from hitl_platform.access.entry import MembershipChoice, memberships_of
from hitl_platform.doors.authentication import key_actor_of
from hitl_platform.doors.errors import domain_refusal
from hitl_platform.kernel.errors import DomainError
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.scope import tenant_scope

TENANT_KEY = "tenant_id"
# an account belongs to no tenant, and its library's middleware must see what its views raise
ACCOUNTS = "/accounts/"


class TenantScope:
    """Sets `request.actor` (or None), `request.memberships`, and runs the view inside the tenant's scope.

    A view with the attribute `own_transactions = True` (streams, bulk) gets the actor without the
    scope and opens one short scope after another itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        request.memberships = []
        request.actor = key_actor_of(request)
        if request.actor is None and "HTTP_AUTHORIZATION" not in request.META:
            request.actor = self._member(request)
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Run the view here, inside the scope, when there is an actor."""
        if request.actor is None or _opens_its_own(view) or request.path.startswith(ACCOUNTS):
            return None
        try:
            with tenant_scope(request.actor.tenant_id):
                response: HttpResponseBase = view(request, *args, **kwargs)
                if hasattr(response, "render") and callable(response.render):
                    response = response.render()
                if response.status_code >= 500:
                    transaction.set_rollback(True)
        except DomainError as error:
            return domain_refusal(request, error)
        return response

    def process_exception(self, request: Any, exception: Exception) -> HttpResponseBase | None:
        """Refuse in the same words where a view runs outside the scope."""
        return domain_refusal(request, exception) if isinstance(exception, DomainError) else None

    def _member(self, request: Any) -> Actor | None:
        if not request.user.is_authenticated:
            return None
        request.memberships = memberships_of(request.user)
        chosen = _chosen(request)
        if chosen is None:
            return None
        return Actor(
            kind="user",
            id=request.user.pk,
            tenant_id=chosen.tenant_id,
            roles=chosen.roles,
            name=request.user.get_full_name(),
        )


def _chosen(request: Any) -> MembershipChoice | None:
    wanted = request.session.get(TENANT_KEY)
    memberships: list[MembershipChoice] = request.memberships
    chosen = next((each for each in memberships if str(each.tenant_id) == wanted), None)
    if chosen is None and len(memberships) == 1:
        return memberships[0]
    return chosen


def _opens_its_own(view: Any) -> bool:
    return bool(
        getattr(view, "own_transactions", False)
        or getattr(getattr(view, "cls", None), "own_transactions", False)
        or getattr(getattr(view, "view_class", None), "own_transactions", False)
    )
