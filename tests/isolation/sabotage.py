"""Takes down a wall made of code, for a run inside a run."""

from django.conf import settings
from django.db import connections, models

from hitl_platform.tenants.owned import TenantManager


def take_down(wall: str) -> None:
    """Take down the wall of this name; databases' own walls are taken down by SQL instead."""
    if wall == "manager scope":
        TenantManager.get_queryset = models.Manager.get_queryset  # type: ignore[method-assign]  # the point of it
    elif wall == "role":
        owner = settings.DATABASES["migrator"]
        connections["default"].settings_dict.update(USER=owner["USER"], PASSWORD=owner["PASSWORD"])
