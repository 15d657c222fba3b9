"""Addresses of retention, below /audits/retention/."""

from django.urls import path

from audits import retention_views

urlpatterns = [
    path("", retention_views.retention, name="retention"),
    path("new/", retention_views.new_rule, name="new_retention_rule"),
    path("rules/<uuid:rule_id>/", retention_views.retention_rule, name="retention_rule"),
    path("rules/<uuid:rule_id>/<slug:verb>", retention_views.retention_verb, name="retention_verb"),
    path("holds/", retention_views.legal_holds, name="legal_holds"),
    path("holds/<uuid:hold_id>/lift", retention_views.lift, name="lift_legal_hold"),
    path("erase/", retention_views.erase, name="erase"),
]
