"""The walls of the ledger: who may write it, that nothing in it changes, and the sealer's own door."""

from django.db import migrations

from hitl_platform.tenants.walls import Walls

# Refused for everyone, the owner included: a grant alone would leave the migrator free to rewrite history.
APPEND_ONLY = """
create function app.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on ledger_auditevent
  for each statement execute function app.refuse_change();
create trigger append_only before update or delete or truncate on ledger_auditleaf
  for each statement execute function app.refuse_change();
create trigger append_only before update or delete or truncate on ledger_checkpoint
  for each statement execute function app.refuse_change();
"""

# The body of a batch event is mostly digests and ids, which do not compress; trying costs 10 ms a thousand items.
UNCOMPRESSED = "alter table ledger_auditevent alter column body set storage external"

# The sealer sees the events of every tenant and nothing else of them; its state is no tenant's.
SEALER = """
create policy sealer_reads on ledger_auditevent for select to hitl_sealer using (true);
create policy sealer_reads on ledger_auditleaf for select to hitl_sealer using (true);
create policy sealer_writes on ledger_auditleaf for insert to hitl_sealer with check (true);
create policy sealer_reads on ledger_checkpoint for select to hitl_sealer using (true);
create policy sealer_writes on ledger_checkpoint for insert to hitl_sealer with check (true);
grant select on ledger_auditevent to hitl_sealer;
grant select, insert on ledger_auditleaf, ledger_checkpoint to hitl_sealer;
grant select, insert, update on ledger_sealerstate to hitl_sealer;
grant select on ledger_sealerstate to hitl_app;
"""

# epoch, xid and at are left out: they are the database's own stamps
WRITABLE = "id, tenant_id, verb, actor, subject_type, subject_id, case_id, body, personal"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls"), ("ledger", "0001_initial")]
    operations = [
        Walls("auditevent", grants=f"select, insert ({WRITABLE})", tenant_first_key=True),
        Walls("auditpersonal", grants="select, insert, delete", tenant_first_key=True),
        Walls("auditleaf", grants="select", tenant_first_key=True),
        Walls("checkpoint", grants="select"),
        migrations.RunSQL(APPEND_ONLY, "drop function app.refuse_change() cascade"),
        migrations.RunSQL(SEALER, migrations.RunSQL.noop),
        migrations.RunSQL(UNCOMPRESSED, migrations.RunSQL.noop),
    ]
