"""Addresses of the pages that look back, below /audits/."""

from django.urls import URLPattern, URLResolver, include, path

from audits import bias_views, performance_views

app_name = "audits"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", bias_views.bias_audits, name="bias_audits"),
    path("new/", bias_views.new_bias_audit, name="new_bias_audit"),
    path("<uuid:audit_id>/", bias_views.bias_audit, name="bias_audit"),
    path("<uuid:audit_id>/sign", bias_views.sign, name="sign_bias_audit"),
    path("<uuid:audit_id>/cancel", bias_views.cancel, name="cancel_bias_audit"),
    path("<uuid:audit_id>/resume", bias_views.resume, name="resume_bias_audit"),
    path("figures/", performance_views.performance_page, name="performance"),
    path("figures/cases/", performance_views.performance_cases, name="performance_cases"),
    path("figures/baselines/<slug:key>/", performance_views.baseline, name="baseline"),
    path("", include("audits.due_process_urls")),
    path("retention/", include("audits.retention_urls")),
]
