from django.apps import AppConfig


class DoorsConfig(AppConfig):
    name = "hitl_platform.doors"
    label = "doors"
