"""The walls of the tables that hold cases. What has happened is never changed: those tables take no UPDATE.

These tables are written by the hundred thousand, so they carry no index or check more than the walls need:
their primary key begins with the tenant and is at once what composite foreign keys point at, and one foreign key
over (tenant, case type, version) stands for the two that it implies.
"""

from django.db import migrations

from hitl_platform.tenants.walls import Walls

APPEND_ONLY = "select, insert"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls"), ("cases", "0001_initial")]
    operations = [
        Walls("casetype"),
        Walls("casetypeversion", grants=APPEND_ONLY),
        Walls("case", tenant_first_key=True),
        migrations.RunSQL(
            "alter table cases_case drop constraint cases_case_case_type_id_within_tenant,"
            " drop constraint cases_case_type_version_id_within_tenant,"
            " add constraint cases_case_type_and_version_within_tenant"
            " foreign key (tenant_id, case_type_id, type_version_id)"
            " references cases_casetypeversion (tenant_id, case_type_id, id)",
            migrations.RunSQL.noop,
        ),
        # what is erased or reduced; a payload that is changed in any other way no longer matches its digest in the ledger
        Walls("casepayload", grants=f"{APPEND_ONLY}, update (payload, salt)", tenant_first_key=True),
        Walls("caseattributes", grants=f"{APPEND_ONLY}, update (attributes), delete", tenant_first_key=True),
        Walls("casefacet", grants=f"{APPEND_ONLY}, delete", tenant_first_key=True),
        # its case has a type already
        migrations.RunSQL(
            "alter table cases_casefacet drop constraint cases_casefacet_case_type_id_within_tenant",
            migrations.RunSQL.noop,
        ),
        Walls("evidencefile"),
        Walls("outcome", grants=f"{APPEND_ONLY}, update (source)"),
        Walls("decision", grants=APPEND_ONLY, tenant_first_key=True),
    ]
