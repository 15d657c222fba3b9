"""Pages of rows: everything can be seen, nothing edited; what changes a thing is a verb, which is a service."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import JSONField, Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from hitl_platform.console.blindness import disclosed
from hitl_platform.console.cards import Figure
from hitl_platform.console.entry import ENTRANTS, actor_of
from hitl_platform.console.references import cases_named
from hitl_platform.console.verbs import Verb, verb_view
from hitl_platform.console.words import column, filters_in_words, in_words
from hitl_platform.kernel.errors import NotFound
from hitl_platform.ledger.disclosure import is_judge
from hitl_platform.ledger.models import AuditEvent
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import User

COUNTED = 10_000
HISTORY = 200
LONGEST_SAID = 4_000
# characters that turn the direction of what follows them
REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# what a list filter puts into an address, for a choice, a related row, and none
FILTER_LOOKUPS = ("exact", "id__exact", "isnull")


class Event(Protocol):
    """What a history shows of an event, whichever row it comes from."""

    @property
    def at(self) -> datetime: ...
    @property
    def verb(self) -> str: ...
    @property
    def actor(self) -> dict[str, Any]: ...
    @property
    def body(self) -> dict[str, Any]: ...


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs alone
    """Counts to ten thousand and no further: an exact count of a large table costs more than the page."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or COUNTED."""
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED].count())


class ConsoleAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Read-only pages of one model, and its verbs.

    `verbs` with `on_list` stand above the list, the others above one object. The history of an object is what
    the ledger says of it.
    """

    viewers: ClassVar[tuple[str, ...]] = ENTRANTS
    hidden: ClassVar[tuple[str, ...]] = ()
    # looked up by equality: a pattern search under row-level security reads the whole table
    search_exactly: ClassVar[tuple[str, ...]] = ()
    verbs: ClassVar[tuple[Verb, ...]] = ()
    # by name, as wiring is: what tells an object's story, of the actor and the object
    story: ClassVar[str] = ""

    actions = None
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_filter_sheet = False
    list_before_template = "console/_summary.html"
    ordering = ("-id",)
    change_list_template = "console/list.html"
    change_form_template = "console/object.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As has_view_permission."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the actor has one of the roles that see this model."""
        return actor_of(request).has(*self.viewers)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: rows are made by services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: rows are changed by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: rows are deleted by services."""
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Every column but the tenant's and the hidden ones; documents as indented text."""
        return [
            json_text(field.name, heading=str(field.verbose_name)) if isinstance(field, JSONField) else column(field)
            for field in self.model._meta.concrete_fields
            if field.name not in ("tenant", *self.hidden)
        ]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The listed columns, codes in words."""
        return [self._column(name) for name in super().get_list_display(request)]

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """The columns that lead to the object, as they are listed."""
        links = super().get_list_display_links(request, self.list_display)
        return [self._column(name) for name in links or ()]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters, codes in words."""
        return filters_in_words(self, super().get_list_filter(request))

    def _column(self, name: Any) -> Any:
        """The same column for the same name: the list finds its links by it."""
        if name not in self._columns:
            fields = {field.name: field for field in self.model._meta.concrete_fields}
            self._columns[name] = column(fields[name]) if name in fields else name
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[Any, Any]:
        return {}

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All of them."""
        return self.get_fields(request, obj)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Shows the search box where there is something to look up."""
        return self.search_exactly

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows with exactly this value in one of the searched columns; else those of the case that it refers to.

        Not for those who may judge: a name that leads to no case would tell them which of their seats are hidden ones.
        """
        if not search_term:
            return queryset, False
        found = queryset.none()
        for field in self.search_exactly:
            found |= queryset.filter(**{field: search_term})
        if self.case_path and not is_judge(actor_of(request)) and not found.exists():
            found = queryset.filter(**{f"{self.case_path}__in": cases_named(search_term)})
        return found, False

    @property
    def case_path(self) -> str:
        """The column that holds a row's case, where rows are looked up by the case's id at its sender; or empty."""
        paths = {"external_id": "pk", "case__external_id": "case_id"}
        return next((paths[field] for field in self.search_exactly if field in paths), "")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the filters themselves ask; the admin would allow any lookup on the model's own columns."""
        names = [name for name in self.list_filter if isinstance(name, str)]
        own = {each.parameter_name for each in self.list_filter if not isinstance(each, str)}
        return lookup in own or lookup in {f"{name}__{ending}" for name in names for ending in FILTER_LOOKUPS}

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: the ledger has it."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: the ledger has it."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Nothing: the ledger has it."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses, with one for each verb before them."""
        urls: list[URLPattern] = super().get_urls()
        return [self._verb_path(verb) for verb in self.verbs] + urls

    def _verb_path(self, verb: Verb) -> URLPattern:
        def view(request: HttpRequest, object_id: Any = None) -> HttpResponseBase:
            return verb_view(self, verb=verb, request=request, object_id=object_id)

        route = f"{verb.name}/" if verb.on_list else f"<uuid:object_id>/{verb.name}/"
        pattern: URLPattern = path(route, self.admin_site.admin_view(view), name=self.address(verb.name))
        return pattern

    def address(self, page: str) -> str:
        """The name of one of this model's addresses, without the console's namespace."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def buttons(self, actor: Actor, obj: Model | None) -> list[dict[str, Any]]:
        """The verbs that this actor may do to this object (or to the list), as links."""
        arguments = [obj.pk] if obj else []
        return [
            {"label": verb.label, "url": reverse(f"console:{self.address(verb.name)}", args=arguments), "verb": verb}
            for verb in self.verbs
            if verb.on_list == (obj is None) and verb.is_allowed(actor, obj)
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The list with its verbs."""
        buttons = self.buttons(actor_of(request), None)
        context = {**(extra_context or {}), "verbs": buttons, "crumbs": self.crumbs(), "title": self.title}
        context["summary"] = self.summary(actor_of(request))
        response: TemplateResponse = super().changelist_view(request, context)
        return response

    def summary(self, actor: Actor) -> list[Figure]:
        """What the list comes to, in figures above it."""
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """One object with its verbs; raises NotFound for what is not in the tenant."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise NotFound
        buttons = self.buttons(actor_of(request), obj)
        context = {**(extra_context or {}), "verbs": buttons, "crumbs": self.crumbs(obj)}
        context["story"] = import_string(self.story)(actor_of(request), obj) if self.story else None
        # Django would put the object's name beside the title, which it is already
        context |= {"title": self.name_of(obj), "subtitle": None}
        response: HttpResponseBase = super().change_view(request, object_id, form_url, context)
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """What the ledger says of the object, newest first."""
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_permission(request, obj):
            raise NotFound
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {self.name_of(obj)}",
            "object": obj,
            "opts": self.opts,
            "crumbs": self.crumbs(obj),
            "events": told(self.events_of(actor_of(request), obj)),
            "limit": HISTORY,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "console/history.html", context)

    def events_of(self, actor: Actor, obj: Any) -> Iterable[Event]:
        """The newest events whose subject the object is, newest first."""
        return disclosed(actor, AuditEvent.objects.filter(subject_id=obj.pk).order_by("-at", "-id")[:HISTORY])

    def crumbs(self, obj: Model | None = None) -> list[dict[str, str]]:
        """Where this page stands."""
        name = self.name_of(obj) if obj is not None else ""
        trail: list[dict[str, str]] = self.admin_site.crumbs(self.address("changelist"), obj, name=name)
        return trail

    def name_of(self, obj: Any) -> str:
        """What an object's own pages are titled."""
        return str(obj)

    @property
    def title(self) -> str:
        """The name of the list."""
        return self.crumbs()[0]["title"]

    @property
    def about(self) -> str:
        """What the list holds, for whoever finds it empty: the page's own first sentence."""
        return (type(self).__doc__ or "").split("\n", maxsplit=1)[0]


def json_text(name: str, *, heading: str) -> Callable[[Any], SafeString]:
    """A read-only field that shows a document as indented text."""

    @admin.display(description=heading)
    def show(row: Any) -> SafeString:
        return document(getattr(row, name))

    show.__name__ = f"{name}_text"
    return show


def document(value: Any) -> SafeString:
    """A document as indented, escaped text."""
    if value is None:
        return format_html("<span>{}</span>", "none")
    return format_html('<pre class="console-document">{}</pre>', indented(value))


def indented(value: Any) -> str:
    """A document as indented text, in which nothing reorders what stands beside it."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return REORDERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def told(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events for a page: people by name, what was said as text."""
    events = list(events)
    people = {event.actor["id"] for event in events if event.actor["kind"] == "user"}
    names = dict(User.objects.filter(pk__in=people).values_list("pk", "name"))
    return [
        {
            "at": event.at,
            "verb": event.verb,
            "who": event.actor.get("name") or names.get(UUID(event.actor["id"]), event.actor["id"]),
            "as": ", ".join(map(in_words, event.actor.get("roles", []))) or in_words(event.actor["kind"]),
            "said": indented(event.body)[:LONGEST_SAID] if event.body else "",
        }
        for event in events
    ]
