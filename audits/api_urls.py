"""Addresses of the API that looks back, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from audits import appeal_api, bias_api, performance_api, retention_api

urlpatterns: list[URLPattern | URLResolver] = [
    path("bias-audits/", bias_api.BiasAudits.as_view(), name="api_bias_audits"),
    path("bias-audits/<uuid:audit_id>/", bias_api.BiasAuditDetail.as_view(), name="api_bias_audit"),
    path("bias-audits/<uuid:audit_id>/cancel", bias_api.CancelBiasAudit.as_view(), name="api_cancel_bias_audit"),
    path("bias-audits/<uuid:audit_id>/sign", bias_api.SignBiasAudit.as_view(), name="api_sign_bias_audit"),
    path("bias-audits/<uuid:audit_id>/report.pdf", bias_api.ReportAsPdf.as_view(), name="api_bias_report_pdf"),
    path("bias-audits/<uuid:audit_id>/report.csv", bias_api.ReportAsCsv.as_view(), name="api_bias_report_csv"),
    path("bias-audits/<uuid:audit_id>/report.json", bias_api.ReportAsJson.as_view(), name="api_bias_report_json"),
    path("figures/", performance_api.PerformanceFigures.as_view(), name="api_figures"),
    path("metrics", performance_api.Metrics.as_view(), name="api_metrics"),
    path("case-types/<slug:key>/baseline", performance_api.Baselines.as_view(), name="api_baseline"),
    path("cases/<uuid:case_id>/satisfaction", performance_api.SatisfactionMarks.as_view(), name="api_satisfaction"),
    path("retention-rules/", retention_api.RetentionRules.as_view(), name="api_retention_rules"),
    path(
        "retention-rules/<uuid:rule_id>/activate",
        retention_api.ActivateRetentionRule.as_view(),
        name="api_activate_retention_rule",
    ),
    path(
        "retention-rules/<uuid:rule_id>/retire",
        retention_api.RetireRetentionRule.as_view(),
        name="api_retire_retention_rule",
    ),
    path("retention-rules/<uuid:rule_id>/due", retention_api.DryRun.as_view(), name="api_retention_dry_run"),
    path("retention-rules/<uuid:rule_id>/run", retention_api.RunRetentionRule.as_view(), name="api_run_retention_rule"),
    path("retention-runs/", retention_api.RetentionRuns.as_view(), name="api_retention_runs"),
    path("retention-holds/", retention_api.LegalHolds.as_view(), name="api_legal_holds"),
    path("retention-holds/<uuid:hold_id>/lift", retention_api.LiftLegalHold.as_view(), name="api_lift_legal_hold"),
    path("retention-erasures/", retention_api.Erasures.as_view(), name="api_erasures"),
    path("appeals/", appeal_api.Appeals.as_view(), name="api_appeals"),
    path("appeals/<uuid:appeal_id>/", appeal_api.AppealDetail.as_view(), name="api_appeal"),
    path("appeals/<uuid:appeal_id>/withdraw", appeal_api.AppealWithdrawal.as_view(), name="api_withdraw_appeal"),
    path("cases/<uuid:case_id>/appeal-link", appeal_api.AppealLink.as_view(), name="api_appeal_link"),
]
