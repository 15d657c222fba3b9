"""Addresses of one's own notices."""

from django.urls import path

from hitl_platform.notices import views

urlpatterns = [
    path("", views.notices, name="notices"),
    path("read-all", views.read_all, name="read_all_notices"),
    path("preferences", views.notice_preferences, name="notice_preferences"),
    path("<uuid:notice_id>/open", views.open_notice, name="open_notice"),
]
