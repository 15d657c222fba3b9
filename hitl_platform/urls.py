"""Every address of the product; apps are named by string."""

from django.urls import include, path

from hitl_platform.doors.choice import landing
from hitl_platform.doors.closed import closed

handler400 = "hitl_platform.doors.errors.bad_request"
handler403 = "hitl_platform.doors.errors.forbidden"
handler404 = "hitl_platform.doors.errors.not_found"
handler500 = "hitl_platform.doors.errors.server_error"

urlpatterns = [
    # tried in this order at every click: what is asked most stands first
    path("api/v1/", include("reviews.api_urls")),
    path("api/v1/", include("cases.api_urls")),
    path("api/v1/", include("models_registry.api_urls")),
    path("api/v1/", include("hitl_platform.ledger.api_urls")),
    path("api/v1/", include("audits.api_urls")),
    path("healthz", include("hitl_platform.doors.health_urls")),
    path("start/", landing, name="landing"),
    path("tenants/", include("hitl_platform.doors.choice_urls")),
    # an email address is how cases name members, so that nobody judges an own one; nobody changes it alone
    path("accounts/email/", closed),
    path("accounts/", include("allauth.urls")),
    path("audits/", include("audits.urls")),
    path("console/", include("hitl_platform.console.urls")),
    path("notices/", include("hitl_platform.notices.urls")),
    path("", include("reviews.urls")),
]
