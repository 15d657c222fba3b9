"""The one door for people without a login: a signed link by which a person appeals. It tells nothing of any case."""

from allauth.core.internal.ratelimit import consume
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audits.appeal_forms import StatementForm
from audits.appeal_links import read_link
from audits.services.appeal_links import receive_by_link

# of one address, reading and sending alike, so that nobody tries tokens
RATES = {"appeal_link": "60/m/ip"}


@never_cache
@require_http_methods(["GET", "POST"])
def appeal_link(request: HttpRequest, token: str) -> HttpResponse:
    """The form, and what it takes; a link that opens nothing is refused in the same words whatever is wrong with it."""
    if not consume(request, app="audits", action="appeal_link", config=RATES, limit_get=True):
        return render(request, "audits/appeals/too_many.html", status=429)
    linked = read_link(token)
    if linked is None:
        return render(request, "audits/appeals/no_link.html", status=404)
    form = StatementForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        receive_by_link(linked=linked, statement=form.cleaned_data["statement"])
        return redirect("audits:appeal_sent")
    return render(request, "audits/appeals/link.html", {"form": form}, status=400 if form.errors else 200)


@require_safe
def appeal_sent(request: HttpRequest) -> HttpResponse:
    """What everybody reads who has sent something by a link."""
    return render(request, "audits/appeals/sent.html")


# the link says in which tenant it acts; whoever holds it may be logged in to another
appeal_link.own_transactions = True  # type: ignore[attr-defined]  # read by the scope's middleware
