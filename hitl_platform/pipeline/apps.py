from importlib import import_module

from django.apps import AppConfig


class PipelineConfig(AppConfig):
    name = "hitl_platform.pipeline"
    label = "pipeline"

    def ready(self) -> None:
        # every process that may ring the doorbell needs the configured Celery app
        import_module("hitl_platform.celery")
