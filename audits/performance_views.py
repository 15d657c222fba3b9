"""The portal's doors to the figures that people steer by: the page, the cases behind a figure, and the baseline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods

from audits import performance, performance_permissions, performance_queries
from audits.models import Baseline
from audits.performance import Definition, Figure
from audits.performance_queries import EVERY, PAGE, Part, Performance, Period
from audits.services.performance import declare_baseline
from cases.models import CaseType
from cases.queries import get_case_type
from hitl_platform.doors.authentication import actor_required
from hitl_platform.doors.templatetags.portal import grouped, span
from hitl_platform.kernel.errors import Invalid, require
from reviews.models import Queue
from reviews.references import reference_of
from reviews.views import PortalRequest

FAMILIES = (
    ("quality", "Quality", "Is what we decide right, and who of the three is right more often?"),
    ("efficiency", "Efficiency", "How fast, and with how much of people's time?"),
    ("business", "Business", "What does it cost, and do the people concerned get what was promised?"),
)
# the cases that may be listed behind a figure
BEHIND = {
    "error": "wrong",
    "error_automatic": "wrong_automatic",
    "edge": "edge",
    "overturned": "overturned",
    "decided": "all",
    "automation": "automatic",
    "sla": "late",
}
KINDS = {
    "all": "Decided cases",
    "automatic": "Cases decided automatically",
    "wrong": "Cases decided wrongly",
    "wrong_automatic": "Cases decided automatically and wrongly",
    "edge": "Edge cases",
    "overturned": "Cases overturned",
    "late": "Cases past their service level",
}
# what the tables of parts show
COLUMNS = ("decided", "automation", "error", "overturned", "time", "sla", "cost")
WIDTH, HEIGHT = 120, 28


@dataclass(frozen=True)
class Card:
    """One figure as the page shows it."""

    definition: Definition
    value: str
    interval: str
    n: str
    trend: SafeString
    behind: str


class BaselineForm(forms.Form):
    currency = forms.CharField(label="Currency", max_length=3, help_text="ISO 4217, such as EUR.")
    cost_per_decision = forms.DecimalField(label="What one decision cost before", max_digits=12, decimal_places=4)
    cost_per_hour = forms.DecimalField(label="An hour of a reviewer's active time", max_digits=12, decimal_places=4)
    cost_per_automatic = forms.DecimalField(label="One automatic decision", max_digits=12, decimal_places=4)
    source = forms.CharField(
        label="Where these figures come from", max_length=500, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    )


@actor_required
@require_GET
def performance_page(request: PortalRequest) -> HttpResponse:
    """The figures of a period, each with its definition, its trend and the cases behind it."""
    require(performance_permissions.can_see_performance(request.actor))
    given = {name: request.GET.get(name, "") for name in ("from", "to", "by", "case_type", "queue")}
    problems: dict[str, list[str]] = {}
    try:
        period = performance_queries.read_period(request.actor, given)
    except Invalid as refusal:
        problems = {name: list(reasons) for name, reasons in refusal.fields.items()}
        period = performance_queries.read_period(request.actor, {})
    told = performance_queries.performance_of(request.actor, period)
    context = {
        "period": period,
        "problems": problems,
        "query": query_of(period),
        "families": [
            (title, question, [card(each, told) for each in told.figures.values() if each.definition.family == key])
            for key, title, question in FAMILIES
        ],
        "columns": [performance.BY_KEY[key] for key in COLUMNS],
        "parts": [
            ("over time", "Period", _rows(told.over_time, period, "from")),
            ("by case type", "Case type", _rows(told.by_type, period, "case_type")),
            ("by queue", "Queue", _rows(told.by_queue, period, "queue")),
        ],
        "types": CaseType.objects.order_by("name"),
        "queues": Queue.objects.order_by("name"),
        "every": EVERY,
        "can_declare": performance_permissions.can_declare_baseline(request.actor),
        "costs_known": told.figures["cost"].value is not None,
    }
    return render(request, "audits/performance/page.html", context, status=400 if problems else 200)


@actor_required
@require_GET
def performance_cases(request: PortalRequest) -> HttpResponse:
    """The cases that a figure counts, the latest first."""
    given = {name: request.GET.get(name, "") for name in ("from", "to", "by", "case_type", "queue")}
    period = performance_queries.read_period(request.actor, given)
    kind, number = request.GET.get("kind", "all"), request.GET.get("page", "1")
    page = int(number) if number.isdecimal() and len(number) < 6 else 1
    cases, count = performance_queries.cases_behind(request.actor, period, kind=kind, page=page)
    context = {
        "period": period,
        "kind": kind,
        "kinds": KINDS,
        "title": KINDS[kind],
        "cases": [(each, reference_of(each.case_id), span(each.seconds)) for each in cases],
        "count": count,
        "page": page,
        "last": max(1, -(-count // PAGE)),
        "query": query_of(period),
    }
    return render(request, "audits/performance/cases.html", context)


@actor_required
@require_http_methods(["GET", "POST"])
def baseline(request: PortalRequest, key: str) -> HttpResponse:
    """What decisions of a type cost before, and what work costs now."""
    require(performance_permissions.can_see_performance(request.actor))
    case_type = get_case_type(request.actor, key)
    standing = Baseline.objects.filter(case_type=case_type).order_by("-version").first()
    initial = {name: getattr(standing, name) for name in BaselineForm.base_fields} if standing else None
    form = BaselineForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            declare_baseline(actor=request.actor, case_type_key=key, **form.cleaned_data)
        except Invalid as refusal:
            for name, reasons in refusal.fields.items():
                form.add_error(name if name in form.fields else None, list(reasons))
        else:
            messages.success(request, f"The baseline of {case_type.name} is declared.")
            return redirect("audits:performance")
    context = {
        "form": form,
        "case_type": case_type,
        "standing": standing,
        "can_declare": performance_permissions.can_declare_baseline(request.actor),
    }
    return render(request, "audits/performance/baseline.html", context, status=400 if form.errors else 200)


def query_of(period: Period, **other: str) -> str:
    """A period as the query that asks for it."""
    given = {
        "from": str(period.since),
        "to": str(period.until),
        "by": period.by,
        "case_type": period.case_type.key if period.case_type else "",
        "queue": period.queue.key if period.queue else "",
    }
    return urlencode({name: value for name, value in (given | other).items() if value})


def card(figure: Figure, told: Performance) -> Card:
    """A figure in words, with its trend over the stretches of the period."""
    key = figure.definition.key
    kind = BEHIND.get(key, "")
    return Card(
        definition=figure.definition,
        value=in_words(figure),
        interval=f"{in_words(figure, at=figure.low)} to {in_words(figure, at=figure.high)}"
        if figure.low is not None
        else "",
        n=grouped(figure.n),
        trend=trend([part.figures[key].value for part in told.over_time]),
        behind=query_of(told.period, kind=kind) if kind and figure.n else "",
    )


def in_words(figure: Figure, *, at: float | None = None) -> str:
    """A value with its unit; what rests on nothing is not defined, which is not nothing."""
    value = figure.value if at is None else at
    if value is None:
        return "Not defined"
    return _WORDS[figure.definition.unit](value) + (f" {figure.currency}" if figure.currency else "")


def _spaced(text: str) -> str:
    return text.replace(",", "\u202f")


_WORDS: dict[str, Callable[[float], str]] = {
    "share": lambda value: f"{value * 100:.1f} %",
    "count": lambda value: grouped(int(value)),
    "seconds": lambda value: span(value) if value >= 60 else f"{value:.1f} s",
    "money": lambda value: _spaced(f"{value:,.2f}"),
    "rate": lambda value: _spaced(f"{value:,.0f}"),
    "ratio": lambda value: f"{value:.2f}",
    "mark": lambda value: f"{value:.2f}",
}


def trend(values: Sequence[float | None]) -> SafeString:
    """A line over the stretches of a period, broken where a value is not defined; the tables tell the numbers."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return SafeString("")
    low, high = min(known), max(known)
    step, scale = (WIDTH - 4) / max(1, len(values) - 1), (HEIGHT - 6) / ((high - low) or 1)
    runs: list[list[str]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{2 + at * step:.1f},{HEIGHT - 3 - (value - low) * scale:.1f}")
    lines = SafeString("").join(format_html('<polyline points="{}"/>', " ".join(run)) for run in runs if run)
    return format_html(
        '<svg class="trend" viewBox="0 0 {} {}" role="img" aria-label="Trend over {} stretches of the period">{}</svg>',
        WIDTH, HEIGHT, len(values), lines,
    )  # fmt: skip


def _rows(parts: Sequence[Part], period: Period, narrows: str) -> list[tuple[Any, ...]]:
    """Each part's name, the query that looks closer (empty where there is none), and its figures in words."""
    found = []
    for part in parts:
        closer = ""
        if narrows != "from" and part.key:
            closer = query_of(period, **{narrows: part.key})
        cells = [(performance.BY_KEY[key].title, in_words(part.figures[key])) for key in COLUMNS]
        found.append((part.name, closer, cells))
    return found
