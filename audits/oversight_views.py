"""The portal's doors to a period's oversight: page, CSV, JSON."""

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from audits.oversight import Line
from audits.oversight_queries import Period, oversight_lines
from cases.models import CaseType
from hitl_platform.doors.authentication import actor_required
from hitl_platform.kernel.errors import Invalid
from reviews.views import PortalRequest

DAYS = 30
# what each figure is, for the page and for machines
DEFINITIONS = {
    "automation": "Decided automatically: the model made the decision and nobody had seen the case before it. A case "
    "that people held or looked at first counts as decided by people, whatever came of it.",
    "override": "Overrides: of the judgments whose reviewer was shown the model's answer, those with another label. "
    "By how sure the model was: where it is hardly ever overridden even when unsure, look whether people look.",
    "gave_way": "Gave way: of the blind first answers that were not the model's, those that became the model's once "
    "it was shown. It is not wrong in itself; far above the share in which the model is right, it is.",
    "time": "Time at work: the median of the seconds in which the reviewer was at the page, without hidden tabs and "
    "pauses. The interval is by order statistics and assumes no distribution.",
    "flagged": "Flagged for not looking: of the people who judged in a queue in the period, those with a flag for "
    "work in it. Honest work is flagged at the rate that each flag states.",
    "appeals_reversed": "Appeals reversed: of the appeals answered in the period, those that were reversed wholly or "
    "partly. Only people who thought themselves wronged are in it: it is no error rate of all decisions.",
    "appeals_time": "Time to answer an appeal: the median from arrival to answer.",
}
COLUMNS = ["key", "figure", "of", "count", "n", "value", "low", "high", "unit"]


class PeriodForm(forms.Form):
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To, included", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    type: "forms.ModelChoiceField[CaseType]" = forms.ModelChoiceField(
        None, to_field_name="key", label="Case type", required=False, empty_label="All"
    )

    def __init__(self, data: Any, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["type"].queryset = CaseType.objects.order_by("name")  # type: ignore[attr-defined]  # a ModelChoiceField


@actor_required
@require_GET
def oversight(request: PortalRequest) -> HttpResponse:
    """A period's oversight as a page."""
    form = PeriodForm(request.GET or None)
    if form.is_bound and not form.is_valid():
        return render(request, "audits/oversight/report.html", {"form": form}, status=400)
    period = _period(form)
    last = period.until - timedelta(days=1)
    if not form.is_bound:
        form = PeriodForm(None, initial={"since": period.since.date(), "until": last.date()})
    context = {
        "form": form,
        "period": period,
        "last": last,
        "lines": oversight_lines(request.actor, period),
        "definitions": DEFINITIONS.values(),
        "query": request.GET.urlencode(),
    }
    return render(request, "audits/oversight/report.html", context)


@actor_required
@require_GET
def oversight_as_csv(request: PortalRequest) -> HttpResponse:
    """The same figures, a line each."""
    period, lines = _asked(request)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([figure[name] for name in COLUMNS] for figure in map(_figure, lines))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="oversight-{period.since:%Y-%m-%d}.csv"'
    return response


@actor_required
@require_GET
def oversight_as_json(request: PortalRequest) -> HttpResponse:
    """The same figures with their definitions."""
    period, lines = _asked(request)
    document = {
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "figures": [_figure(line) for line in lines],
        "definitions": DEFINITIONS,
    }
    response = JsonResponse(document)
    response["Content-Disposition"] = f'attachment; filename="oversight-{period.since:%Y-%m-%d}.json"'
    return response


def _asked(request: PortalRequest) -> tuple[Period, list[Line]]:
    form = PeriodForm(request.GET or None)
    if form.is_bound and not form.is_valid():
        raise Invalid(
            "The period is not valid.", fields={name: [str(each) for each in why] for name, why in form.errors.items()}
        )
    period = _period(form)
    return period, oversight_lines(request.actor, period)


def _period(form: PeriodForm) -> Period:
    """The days asked for in the reader's zone; the last thirty where none are named."""
    chosen = form.cleaned_data if form.is_bound else {}
    today = timezone.localdate()
    last = chosen.get("until") or today
    first = chosen.get("since") or last - timedelta(days=DAYS - 1)
    case_type = chosen.get("type")
    return Period(_midnight(first), _midnight(last + timedelta(days=1)), case_type.pk if case_type else None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())


def _figure(line: Line) -> dict[str, Any]:
    told: dict[str, Any] = {"key": line.key, "figure": line.name, "of": line.of}
    if line.share is not None:
        share = line.share
        none = {"value": None, "low": None, "high": None}
        bounds = {"value": share.share, "low": share.low, "high": share.high} if share.total else none
        return told | {"count": share.count, "n": share.total, "unit": "share"} | bounds
    median = line.median
    values = (median.total, median.value, median.low, median.high) if median else (0, None, None, None)
    return told | {"count": None, "unit": "seconds"} | dict(zip(("n", "value", "low", "high"), values, strict=True))
