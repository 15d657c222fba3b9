"""The portal's doors for passing a case on: skip it, hand it to somebody, ask for help."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from hitl_platform.doors.authentication import actor_required
from hitl_platform.kernel.errors import Invalid, require
from reviews import permissions, queries
from reviews.forms import HandOverForm
from reviews.services.escalations import ask_for_help
from reviews.services.leases import hand_over_seat
from reviews.services.skip import skip_seat
from reviews.takers import takers_of
from reviews.views import PortalRequest, go_on


@actor_required
@require_POST
def skip(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Pass the case over with a reason, and go on with the next one."""
    reason, meaning = (request.POST.get(name, "") for name in ("reason", "meaning"))
    seat = skip_seat(actor=request.actor, seat_id=seat_id, reason=reason, meaning=meaning)
    return go_on(request, seat.queue.key)


@actor_required
@require_POST
def ask(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Ask for help with the case, which stays where it is."""
    ask_for_help(actor=request.actor, seat_id=seat_id, why=request.POST.get("why", ""))
    messages.success(request, "You asked for help. The case stays with you until somebody answers.")
    return redirect("seat", seat_id)


@actor_required
@require_http_methods(["GET", "POST"])
def hand_over(request: PortalRequest, seat_id: UUID) -> HttpResponse:
    """Who may take the case, and the handing over."""
    seat = queries.get_seat(request.actor, seat_id)
    require(permissions.holds(request.actor, seat), "This seat is not yours.")
    form = HandOverForm(request.POST or None)
    if form.is_valid():
        to, note = form.cleaned_data["to_user_id"], form.cleaned_data["note"]
        try:
            hand_over_seat(actor=request.actor, seat_id=seat_id, to_user_id=to, note=note)
        except Invalid as refusal:
            for name, found in refusal.fields.items():
                form.add_error(name if name in form.fields else None, found)
        else:
            messages.success(request, f"Case {queries.shown_reference(seat)} is handed over.")
            return redirect("queue", seat.queue.key)
    context = {
        "seat": seat,
        "reference": queries.shown_reference(seat),
        "takers": takers_of(request.actor, seat),
        "form": form,
    }
    return render(request, "reviews/hand_over.html", context, status=400 if form.errors else 200)
