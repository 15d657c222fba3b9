"""The walls of the tables that hold cases. What has happened is never changed: those tables take no UPDATE."""

from django.db import migrations

from hitl_platform.tenants.walls import Walls

APPEND_ONLY = "select, insert"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls"), ("cases", "0001_initial")]
    operations = [
        Walls("casetype"),
        Walls("casetypeversion", grants=APPEND_ONLY),
        Walls("case"),
        Walls("casepayload", grants=APPEND_ONLY),
        Walls("caseattributes", grants=APPEND_ONLY),
        Walls("casefacet", grants=APPEND_ONLY),
        Walls("outcome", grants=APPEND_ONLY),
        Walls("decision", grants=APPEND_ONLY),
    ]
