"""`/tenants/choose/`."""

from django.urls import path

from hitl_platform.doors.choice import choose_tenant

urlpatterns = [path("choose/", choose_tenant, name="choose_tenant")]
