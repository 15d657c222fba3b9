from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "hitl_platform.tenants"
    label = "tenants"
