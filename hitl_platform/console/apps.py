from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "hitl_platform.console"
    label = "console"
