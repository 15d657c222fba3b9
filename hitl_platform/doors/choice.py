"""Which organisation to enter, for people who belong to several, and where in it to begin."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from hitl_platform.doors.middleware import TENANT_KEY
from hitl_platform.doors.templatetags.portal import may_open_console
from hitl_platform.kernel.errors import NotFound
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Role


@login_required
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Where a login leads: to the queues for who judges, to the audits for who only looks back, else to the console."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]  # set by the scope's middleware
    if actor is None:
        return redirect("choose_tenant")
    judges = actor.has(Role.REVIEWER, Role.ADJUDICATOR)
    if actor.roles == {Role.COMPLIANCE_OFFICER}:
        return redirect("/audits/")
    return redirect("/" if judges or not may_open_console(actor) else "/console/")


@login_required
@require_http_methods(["GET", "POST"])
def choose_tenant(request: HttpRequest) -> HttpResponse:
    """List the person's organisations, and enter the one they post."""
    memberships = request.memberships  # type: ignore[attr-defined]  # set by the scope's middleware
    if request.method == "POST":
        wanted = request.POST.get("tenant", "")
        if wanted not in {str(membership.tenant_id) for membership in memberships}:
            raise NotFound
        # a change of organisation is a change of rights: the session gets a new key
        request.session.cycle_key()
        request.session[TENANT_KEY] = str(UUID(wanted))
        return redirect("landing")
    return render(request, "tenants/choose.html", {"memberships": memberships})


# the actor may be of one organisation while choosing another; nothing of either is read here
choose_tenant.own_transactions = True  # type: ignore[attr-defined]  # read by the scope's middleware
