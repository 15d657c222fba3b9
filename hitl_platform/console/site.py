"""The console: django-unfold's admin, inside one tenant, without its log, its login and its search."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from allauth.account.views import LogoutView
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, path, reverse
from unfold.dataclasses import Favicon
from unfold.sites import UnfoldAdminSite

from hitl_platform.console import home
from hitl_platform.console.entry import actor_of, may_enter, way_in

View = Callable[..., HttpResponseBase]

# accounts have pages of their own; search and autocomplete cache across tenants; `r/` names any table's rows
LEFT_OUT = {"login", "logout", "password_change", "password_change_done", "autocomplete", "search", "view_on_site"}

# (heading, [(title, icon, view name)]); an item whose view is not registered is left out
NAVIGATION: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("", [("Home", "home", "index")]),
    (
        "Work",
        [
            ("Cases", "folder_open", "cases_case_changelist"),
            ("Routing records", "fork_right", "reviews_routingrecord_changelist"),
            ("Decisions", "gavel", "cases_decision_changelist"),
            ("Outcomes", "fact_check", "cases_outcome_changelist"),
            ("Panels", "groups", "reviews_panel_changelist"),
            ("Seats", "event_seat", "reviews_seat_changelist"),
            ("Judgments", "how_to_vote", "reviews_judgment_changelist"),
            ("Consensus", "handshake", "reviews_consensus_changelist"),
            ("Escalations", "notification_important", "reviews_escalation_changelist"),
            ("Due dates", "timer", "reviews_slaclock_changelist"),
        ],
    ),
    (
        "Rules",
        [
            ("Case types", "category", "cases_casetype_changelist"),
            ("Case type versions", "difference", "cases_casetypeversion_changelist"),
            ("Routing policies", "alt_route", "reviews_routingpolicy_changelist"),
            ("Queues", "inbox", "reviews_queue_changelist"),
            ("Panel templates", "view_module", "reviews_paneltemplate_changelist"),
            ("Service levels", "alarm", "reviews_servicelevel_changelist"),
            ("Calendars", "calendar_month", "reviews_calendar_changelist"),
            ("Escalation rules", "stairs", "reviews_escalationrule_changelist"),
        ],
    ),
    (
        "Quality",
        [
            ("Known cases", "workspace_premium", "reviews_golditem_changelist"),
            ("Contests", "balance", "reviews_goldcontest_changelist"),
            ("Answers to known cases", "checklist", "reviews_goldresult_changelist"),
            ("Competence", "query_stats", "reviews_competencesnapshot_changelist"),
            ("Second looks", "visibility", "reviews_secondreview_changelist"),
            ("Flags", "outlined_flag", "reviews_stampflag_changelist"),
            ("Pauses", "pause_circle", "reviews_reviewerpause_changelist"),
            ("Quality rules", "rule", "reviews_qualityrule_changelist"),
        ],
    ),
    (
        "Staffing",
        [
            ("Reviewers", "badge", "reviews_reviewerprofile_changelist"),
            ("Skills", "psychology", "reviews_reviewerskill_changelist"),
            ("Caps", "speed", "reviews_queuecap_changelist"),
            ("Absences", "beach_access", "reviews_absence_changelist"),
            ("Conflicts of interest", "link_off", "reviews_conflictofinterest_changelist"),
        ],
    ),
    (
        "Models",
        [
            ("Models", "model_training", "models_registry_model_changelist"),
            ("Versions", "history", "models_registry_modelversion_changelist"),
            ("Predictions", "insights", "models_registry_prediction_changelist"),
        ],
    ),
    (
        "People and keys",
        [
            ("Members", "group", "tenants_membership_changelist"),
            ("Service keys", "key", "tenants_servicekey_changelist"),
        ],
    ),
    (
        "Proof and machinery",
        [
            ("Ledger", "verified", "ledger"),
            ("Events", "receipt_long", "ledger_auditevent_changelist"),
            ("Checkpoints", "flag", "ledger_checkpoint_changelist"),
            ("Pipeline", "conveyor_belt", "pipeline"),
            ("Steps", "list_alt", "pipeline_step_changelist"),
        ],
    ),
]

TITLES = {view: title for _, items in NAVIGATION for title, _, view in items}

# the portal's accent, so that both faces are of one house
PRIMARY = {
    "50": "#f4f5fe", "100": "#eceefc", "200": "#d8dcf9", "300": "#bcc5ff", "400": "#a6b3ff", "500": "#a6b3ff",
    "600": "#3a4bbd", "700": "#2f3d9f", "800": "#2a3580", "900": "#252b4b", "950": "#1b2038",
}  # fmt: skip


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold ships no types
    """One tenant's console. Who comes in is decided in `entry.py`; what is shown, by each page."""

    site_title = site_header = "Console"
    index_title = "Home"
    site_url = "/"
    enable_nav_sidebar = True

    def __init__(self, name: str = "console") -> None:
        super().__init__(name)
        self.pages: list[URLPattern] = []

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request may see the console at all."""
        return may_enter(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Let nobody in but by the way in."""
        checked = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return way_in(request) or checked(request, *args, **kwargs)

        return update_wrapper(guarded, view)

    def add_page(self, route: str, *, view: View, name: str) -> None:
        """Register a page that is no model's."""
        self.pages.append(path(route, self.admin_view(view), name=name))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The admin's addresses without those that are left out."""
        kept = [each for each in super().get_urls() if getattr(each, "name", None) not in LEFT_OUT]
        return [path("logout/", LogoutView.as_view(), name="logout"), *self.pages, *kept]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Home: what needs me now, and is today going well."""
        context = {**self.each_context(request), "title": "Home", **home.content(actor_of(request))}
        request.current_app = self.name
        return TemplateResponse(request, "console/home.html", context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page knows: the tenant's name in place of the product's, and our navigation."""
        context: dict[str, Any] = super().each_context(request)
        tenant = next(
            (
                each.name
                for each in getattr(request, "memberships", [])
                if each.tenant_id == actor_of(request).tenant_id
            ),
            "",
        )
        return context | {
            "site_title": f"{tenant} console",
            "site_header": tenant or "Console",
            "site_symbol": "shield_person",
            "site_url": "/",
            "styles": [static("console/console.css")],
            "site_favicons": [Favicon(href=static("hitl/mark.svg"), rel="icon", type="image/svg+xml")],
            "colors": context["colors"] | {"primary": PRIMARY},
            "show_back_button": False,
            "account_links": [
                {"title": "Second factor", "link": reverse("mfa_index")},
                {"title": "Change password", "link": reverse("account_change_password")},
            ],
        }

    def crumbs(self, list_view: str, obj: Model | None = None, *, name: str = "") -> list[dict[str, str]]:
        """Where a model's page stands: its list by the name that the navigation has for it, then the object."""
        trail = [{"title": TITLES[list_view], "link": reverse(f"console:{list_view}")}]
        if obj is not None:
            link = reverse(f"console:{list_view.removesuffix('changelist')}change", args=[obj.pk])
            trail.append({"title": name or str(obj), "link": link})
        return trail

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Navigation by what people look for, not by app."""
        known = {"index", *(str(page.name) for page in self.pages)} | {
            f"{model._meta.app_label}_{model._meta.model_name}_changelist"
            for model, page in self._registry.items()
            if page.has_view_permission(request)
        }
        return [
            {
                "title": heading,
                "items": [self._item(request, *item) for item in items if item[2] in known],
            }
            for heading, items in NAVIGATION
        ]

    def _item(self, request: HttpRequest, title: str, icon: str, view: str) -> dict[str, Any]:
        link = reverse(f"console:{view}")
        is_home = view == "index"
        active = request.path == link if is_home else request.path.startswith(link)
        return {"title": title, "icon": icon, "link": link, "active": active, "has_permission": True}


site = ConsoleSite()
