from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "hitl_platform.access"
    label = "access"
