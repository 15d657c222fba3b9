"""Addresses of the pages that look back, below /audits/."""

from django.urls import URLPattern, URLResolver, include, path

from audits import bias_export_views, bias_follow_views, bias_views, performance_views

app_name = "audits"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", bias_views.bias_audits, name="bias_audits"),
    path("new/", bias_views.new_bias_audit, name="new_bias_audit"),
    path("<uuid:audit_id>/", bias_views.bias_audit, name="bias_audit"),
    path("<uuid:audit_id>/compare/", bias_follow_views.compare, name="compare_bias_audit"),
    path("findings/<uuid:finding_id>/", bias_follow_views.finding, name="finding"),
    path("findings/<uuid:finding_id>/assign", bias_follow_views.assign, name="assign_finding"),
    path("findings/<uuid:finding_id>/act", bias_follow_views.act_on, name="act_on_finding"),
    path("findings/<uuid:finding_id>/close", bias_follow_views.close, name="close_finding"),
    path("findings/<uuid:finding_id>/reopen", bias_follow_views.reopen, name="reopen_finding"),
    path("schedules/new/", bias_follow_views.new_schedule, name="new_bias_schedule"),
    path("schedules/<uuid:schedule_id>/end", bias_follow_views.end_schedule, name="end_bias_schedule"),
    path("ratios/new/", bias_follow_views.new_watch, name="new_watch"),
    path("ratios/<uuid:monitor_id>/end", bias_follow_views.end_watching, name="end_watch"),
    path("<uuid:audit_id>/cases/", bias_export_views.audited_cases, name="audited_cases"),
    path("<uuid:audit_id>/report.pdf", bias_export_views.export, {"form": "pdf"}, name="bias_audit_pdf"),
    path("<uuid:audit_id>/report.csv", bias_export_views.export, {"form": "csv"}, name="bias_audit_csv"),
    path("<uuid:audit_id>/report.json", bias_export_views.export, {"form": "json"}, name="bias_audit_json"),
    path("<uuid:audit_id>/sign", bias_views.sign, name="sign_bias_audit"),
    path("<uuid:audit_id>/cancel", bias_views.cancel, name="cancel_bias_audit"),
    path("<uuid:audit_id>/resume", bias_views.resume, name="resume_bias_audit"),
    path("figures/", performance_views.performance_page, name="performance"),
    path("figures/cases/", performance_views.performance_cases, name="performance_cases"),
    path("figures/baselines/<slug:key>/", performance_views.baseline, name="baseline"),
    path("", include("audits.due_process_urls")),
    path("retention/", include("audits.retention_urls")),
]
