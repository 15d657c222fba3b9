"""Addresses of the console. The apps' pages register themselves when the first web process asks for these."""

from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.urls import path
from django.utils.module_loading import module_has_submodule

from hitl_platform.console.site import site

for _config in apps.get_app_configs():
    _is_ours = Path(_config.path).is_relative_to(settings.BASE_DIR)
    if _is_ours and _config.module is not None and module_has_submodule(_config.module, "admin"):
        import_module(f"{_config.name}.admin")

urlpatterns = [path("", site.urls)]
