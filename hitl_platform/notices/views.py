"""The portal's doors to one's own notices: parse, one service, present."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hitl_platform.doors.authentication import actor_required
from hitl_platform.notices import queries, services
from hitl_platform.notices.forms import PreferencesForm
from hitl_platform.tenants.actor import Actor

SHOWN = 30


class PersonRequest(HttpRequest):
    """A request of a person inside a tenant, as `actor_required` lets it through."""

    actor: Actor


@actor_required
@require_GET
def notices(request: PersonRequest) -> HttpResponse:
    """What I was told, the newest first; all, or what I have not read."""
    only_new = request.GET.get("show") == "new"
    rows = queries.visible_notices(request.actor)
    page = Paginator(rows.filter(read_at__isnull=True) if only_new else rows, SHOWN).get_page(request.GET.get("page"))
    context = {"page": page, "only_new": only_new, "unread": queries.unread_count(request.actor)}
    return render(request, "notices/list.html", context)


@actor_required
@require_POST
def open_notice(request: PersonRequest, notice_id: UUID) -> HttpResponse:
    """I have read it; on to where it leads."""
    return redirect(services.read_notice(actor=request.actor, notice_id=notice_id).path)


@actor_required
@require_POST
def read_all(request: PersonRequest) -> HttpResponse:
    """I have read them all."""
    services.read_all(actor=request.actor)
    return redirect("notices")


@actor_required
@require_http_methods(["GET", "POST"])
def notice_preferences(request: PersonRequest) -> HttpResponse:
    """How I want to be told of what."""
    initial = queries.preferences(request.actor)
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.set_preferences(actor=request.actor, deliveries=form.cleaned_data)
        messages.success(request, "Your choice counts from the next notice on.")
        return redirect("notice_preferences")
    return render(request, "notices/preferences.html", {"form": form}, status=400 if form.errors else 200)
