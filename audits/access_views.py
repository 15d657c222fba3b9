"""The portal's door to the log of reads and exports."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from audits.access_queries import accesses, visible_accesses
from hitl_platform.doors.authentication import actor_required
from hitl_platform.tenants.models import Membership
from reviews.views import PortalRequest

SHOWN = 50
DAYS = 90


class AccessFilter(forms.Form):
    who = forms.ChoiceField(label="Who", required=False)
    kind = forms.ChoiceField(
        label="What", required=False, choices=[("", "Reads and exports"), ("read", "Reads"), ("exported", "Exports")]
    )
    case = forms.UUIDField(required=False, widget=forms.HiddenInput)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To, included", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        members = Membership.objects.select_related("user").order_by("user__name")
        people = [(str(each.user_id), each.user.get_full_name()) for each in members]
        self.fields["who"].choices = [("", "Everybody"), *people]  # type: ignore[attr-defined]  # a ChoiceField


@actor_required
@require_GET
def access_log(request: PortalRequest) -> HttpResponse:
    """Who read what when, the newest first."""
    events = visible_accesses(request.actor)
    asked = request.GET.copy()
    if not {"since", "case"} & set(asked):
        # a ledger is long: without a day or a case named, the days of a quarter are looked through
        asked["since"] = (timezone.localdate() - timedelta(days=DAYS)).isoformat()
    form = AccessFilter(asked)
    if not form.is_valid():
        return render(request, "audits/access/log.html", {"form": form}, status=400)
    chosen = form.cleaned_data
    if chosen["who"]:
        events = events.filter(actor__id=chosen["who"])
    if chosen["kind"]:
        events = events.filter(verb__endswith=f".{chosen['kind']}")
    if chosen["case"]:
        events = events.filter(case_id=chosen["case"])
    if chosen["since"]:
        events = events.filter(at__gte=_midnight(chosen["since"]))
    if chosen["until"]:
        events = events.filter(at__lt=_midnight(chosen["until"] + timedelta(days=1)))
    page = Paginator(events, SHOWN).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "rows": accesses(list(page.object_list)), "query": query.urlencode()}
    return render(request, "audits/access/log.html", context)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
