from django.apps import AppConfig


class BackupsConfig(AppConfig):
    name = "hitl_platform.backups"
    label = "backups"
