"""`/healthz`: whether this process can reach the database."""

from django.urls import path

from hitl_platform.doors.health import healthz

urlpatterns = [path("", healthz, name="healthz")]
