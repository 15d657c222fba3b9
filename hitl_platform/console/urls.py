"""Addresses of the console. The apps' pages register themselves when the first web process asks for these."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from django.apps import apps
from django.conf import settings
from django.urls import path

from hitl_platform.console.site import site

for _config in apps.get_app_configs():
    if Path(_config.path).is_relative_to(settings.BASE_DIR):
        # an app with many pages has them in several modules: admin, staffing_admin, …
        for _module in iter_modules([_config.path]):
            if _module.name == "admin" or _module.name.endswith("_admin"):
                import_module(f"{_config.name}.{_module.name}")

urlpatterns = [path("", site.urls)]
