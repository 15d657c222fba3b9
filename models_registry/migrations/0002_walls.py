"""The walls of the registry: artifacts and predictions never change, versions only move along their life."""

from django.db import migrations

from hitl_platform.tenants.walls import Walls


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls"), ("cases", "0002_walls"), ("models_registry", "0001_initial")]
    operations = [
        # UPDATE of one column is what lets a registration lock its model
        Walls("model", grants="select, insert, update (name)"),
        Walls("modelversion", grants="select, insert, update (state, promoted_by, promoted_at, retired_at)"),
        Walls("modelartifact", grants="select, insert"),
        Walls("prediction", grants="select, insert, update (contributions, baseline)", tenant_first_key=True),
    ]
