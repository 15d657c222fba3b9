"""A verb in the console: a form, one service, and the page that says what will happen before it does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from hitl_platform.console.entry import actor_of
from hitl_platform.console.forms import ConsoleForm
from hitl_platform.kernel.errors import Conflict, DomainError, Invalid, NotFound, require
from hitl_platform.tenants.actor import Actor

if TYPE_CHECKING:
    from hitl_platform.console.model_admin import ConsoleAdmin


@dataclass(frozen=True, slots=True)
class Told:
    """What to tell after a verb; a secret is shown on a page of its own, this once.

    `where` names the console's page on which it is told, if not on the object's own.
    """

    message: str
    secret: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done to an object, or (`on_list`) to none yet.

    `perform(actor, obj, values)` calls one service. `says` tells what will happen, before it does.
    `initial(obj)` fills the form; `choices(actor, obj)` gives a field its choices by its name.
    """

    name: str
    label: str
    says: str
    perform: Callable[[Actor, Any, dict[str, Any]], Told]
    is_allowed: Callable[[Actor, Any], bool]
    form: type[ConsoleForm] = ConsoleForm
    on_list: bool = False
    is_grave: bool = False
    initial: Callable[[Any], dict[str, Any]] | None = None
    choices: Callable[[Actor, Any], dict[str, list[tuple[str, str]]]] = field(default=lambda _actor, _obj: {})


def verb_view(page: "ConsoleAdmin", *, verb: Verb, request: HttpRequest, object_id: UUID | None) -> HttpResponseBase:
    """Ask once, then do it; a refusal that the form can mend is shown in it."""
    actor = actor_of(request)
    obj = None if verb.on_list else page.get_object(request, str(object_id))
    if (obj is None and not verb.on_list) or not page.has_view_permission(request, obj):
        raise NotFound
    require(verb.is_allowed(actor, obj))
    data = request.POST if request.method == "POST" else None
    form = verb.form(data, initial=verb.initial(obj) if verb.initial else None)
    form.offer(verb.choices(actor, obj))
    if request.method == "POST" and form.is_valid():
        try:
            told = verb.perform(actor, obj, form.cleaned_data)
        except (Invalid, Conflict) as refusal:
            _explain(form, refusal)
        else:
            return _answer(page, verb, request, obj, told)
    return _render(page, verb, request, obj, {"form": form})


def _answer(page: "ConsoleAdmin", verb: Verb, request: HttpRequest, obj: Model | None, told: Told) -> HttpResponseBase:
    if told.secret:
        return _render(page, verb, request, obj, {"told": told})
    messages.success(request, told.message)
    return HttpResponseRedirect(reverse(told.where) if told.where else _back(page, obj))


def _render(
    page: "ConsoleAdmin", verb: Verb, request: HttpRequest, obj: Model | None, content: dict[str, Any]
) -> TemplateResponse:
    context = {
        **page.admin_site.each_context(request),
        "title": f"{verb.label}: {page.name_of(obj)}" if obj else verb.label,
        "opts": page.opts,
        "object": obj,
        "verb": verb,
        "back": _back(page, obj),
        "crumbs": [*page.crumbs(obj), {"title": verb.label, "link": ""}],
        **content,
    }
    request.current_app = page.admin_site.name
    return TemplateResponse(request, "console/verb.html", context)


def _back(page: "ConsoleAdmin", obj: Model | None) -> str:
    if obj is None:
        return reverse(f"console:{page.address('changelist')}")
    return reverse(f"console:{page.address('change')}", args=[obj.pk])


def _explain(form: forms.Form, refusal: DomainError) -> None:
    """Put each reason at its field; what names no field of the form stands above it."""
    unplaced = False
    for name, reasons in refusal.fields.items():
        for reason in reasons:
            if name in form.fields:
                form.add_error(name, reason)
            else:
                form.add_error(None, f"{name}: {reason}")
                unplaced = True
    if not refusal.fields or unplaced:
        form.add_error(None, refusal.message)
