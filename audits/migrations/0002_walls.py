"""The walls of looking back, and what stays as it was once an audit rests on it."""

from django.db import migrations

from hitl_platform.tenants.walls import Walls

# What was asked never changes, and what was found never changes once somebody may have read it.
KEPT_AUDIT = """
create function app.keep_bias_audit() returns trigger language plpgsql as $$
begin
  if new.definition is distinct from old.definition or new.known_on <> old.known_on then
    raise exception 'the definition of a bias audit is immutable' using errcode = 'check_violation';
  end if;
  if old.state in ('finished', 'signed') and (new.cube, new.report, new.report_sha256, new.population_sha256,
     new.codebook) is distinct from (old.cube, old.report, old.report_sha256, old.population_sha256, old.codebook) then
    raise exception 'a finished bias audit is immutable' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger keep_bias_audit before update on audits_biasaudit
  for each row execute function app.keep_bias_audit();
"""
LOOSE_AUDIT = "drop trigger keep_bias_audit on audits_biasaudit; drop function app.keep_bias_audit()"

# A frozen row is emptied when its person is erased, and otherwise stays as it is.
KEPT_ROW = """
create function app.keep_frozen_decision() returns trigger language plpgsql as $$
begin
  if new.groups is not null or (new.tenant_id, new.audit_id, new.case_id, new.id)
     is distinct from (old.tenant_id, old.audit_id, old.case_id, old.id) then
    raise exception 'a frozen decision is immutable' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger keep_frozen_decision before update on audits_frozendecision
  for each row execute function app.keep_frozen_decision();
"""
LOOSE_ROW = "drop trigger keep_frozen_decision on audits_frozendecision; drop function app.keep_frozen_decision()"


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_walls"), ("reviews", "0002_walls"), ("audits", "0001_initial")]
    operations = [
        Walls("biasschedule"),
        Walls("biasaudit"),
        # keys in the order of writing, and no second index on a table of millions
        Walls("frozendecision", tenant_first_key=True),
        Walls("finding"),
        Walls("biasmonitor"),
        # what a rule says never changes: another version does
        Walls("retentionrule", grants="select, insert, update (state, activated_by, activated_at, retired_at)"),
        Walls("legalhold", grants="select, insert, update (reason, lifted_by, lifted_at, lift_reason)"),
        Walls("retentionrun", grants="select, insert, update (reduced, erased, kept, failed, finished_at)"),
        Walls("appealrule"),
        Walls("appeal"),
        Walls("baseline", grants="select, insert"),
        Walls("satisfaction", grants="select, insert, update (reference)"),
        migrations.RunSQL(KEPT_AUDIT, LOOSE_AUDIT),
        migrations.RunSQL(KEPT_ROW, LOOSE_ROW),
    ]
