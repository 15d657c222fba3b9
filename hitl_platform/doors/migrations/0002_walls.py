from django.db import migrations

from hitl_platform.tenants.walls import Walls


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls"), ("doors", "0001_initial")]
    # records are let go after three days, so this table takes DELETE, and no UPDATE
    operations = [Walls("idempotencyrecord", grants="select, insert, delete", tenant_first_key=True)]
