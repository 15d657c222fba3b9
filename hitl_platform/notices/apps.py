from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "hitl_platform.notices"
    label = "notices"
