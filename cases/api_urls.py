"""Addresses of the API of cases, below /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from cases import api, files_api
from hitl_platform.doors.authentication import IsActor

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(permission_classes=[IsActor]), name="api_schema"),
    path("case-types/", api.CaseTypes.as_view(), name="api_case_types"),
    path("case-types/<slug:key>/", api.CaseTypeDetail.as_view(), name="api_case_type"),
    path("case-types/<slug:key>/revisions", api.Revisions.as_view(), name="api_revisions"),
    path("case-types/<slug:key>/cases/bulk", api.BulkSubmission.as_view(), name="api_bulk"),
    path("cases/", api.Cases.as_view(), name="api_cases"),
    path("cases/<uuid:case_id>/", api.CaseDetail.as_view(), name="api_case"),
    path("cases/<uuid:case_id>/withdraw", api.Withdrawal.as_view(), name="api_withdraw"),
    path("cases/<uuid:case_id>/outcomes", api.Outcomes.as_view(), name="api_outcomes"),
    path("cases/<uuid:case_id>/timeline", api.Timeline.as_view(), name="api_timeline"),
    path("cases/<uuid:case_id>/decisions", api.CaseDecisions.as_view(), name="api_case_decisions"),
    path("cases/with-files", files_api.CasesWithFiles.as_view(), name="api_cases_with_files"),
    path("cases/<uuid:case_id>/files", files_api.CaseFiles.as_view(), name="api_case_files"),
    path("files/<uuid:file_id>", files_api.FileDetail.as_view(), name="api_file"),
    path("files/<uuid:file_id>/erase", files_api.Erasure.as_view(), name="api_erase_file"),
    path("decisions/", api.Decisions.as_view(), name="api_decisions"),
]
