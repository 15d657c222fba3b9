"""The walls of notices."""

from django.db import migrations

from hitl_platform.tenants.walls import Walls


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls"), ("notices", "0001_initial")]
    operations = [
        Walls("notice", grants="select, insert, update (read_at, mailed_at)"),
        Walls("noticepreference"),
    ]
