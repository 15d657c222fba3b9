"""The walls of human review, what is frozen once it counts, and storage for the table that claims live on."""

from django.db import migrations

from hitl_platform.tenants.walls import Walls

# An approved policy is what a second person has read: not a word of it changes afterwards.
FROZEN_POLICY = """
create function app.keep_approved_policy() returns trigger language plpgsql as $$
begin
  if old.state <> 'draft' and (new.definition, new.type_version_id, new.case_type_id, new.version, new.created_by)
     is distinct from (old.definition, old.type_version_id, old.case_type_id, old.version, old.created_by) then
    raise exception 'an approved routing policy is immutable' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger keep_approved_policy before update on reviews_routingpolicy
  for each row execute function app.keep_approved_policy();
"""
THAWED_POLICY = "drop trigger keep_approved_policy on reviews_routingpolicy; drop function app.keep_approved_policy()"

FROZEN_RULE = """
create function app.keep_active_rule() returns trigger language plpgsql as $$
begin
  if old.state <> 'draft' and (new.definition, new.trigger, new.type_version_id, new.case_type_id, new.version,
     new.created_by) is distinct from (old.definition, old.trigger, old.type_version_id, old.case_type_id, old.version,
     old.created_by) then
    raise exception 'an escalation rule that was active is immutable' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger keep_active_rule before update on reviews_escalationrule
  for each row execute function app.keep_active_rule();
"""
THAWED_RULE = "drop trigger keep_active_rule on reviews_escalationrule; drop function app.keep_active_rule()"

# Each seat is rewritten at claim, heartbeat and submit: room for that on its page, and vacuum by count, so that
# the head of the claim index does not fill with entries of seats long gone.
STORAGE = """
alter table reviews_seat set (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0
);
alter table reviews_panel set (fillfactor = 85);
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls"), ("cases", "0002_walls"), ("reviews", "0001_initial")]
    operations = [
        Walls("queue"),
        Walls("queueuserpermission", grants="select, insert, delete"),
        Walls("paneltemplate", grants="select, insert"),
        Walls("routingpolicy"),
        Walls("panel"),
        Walls("routingrecord", grants="select, insert, update (conditions)"),
        Walls("seat"),
        Walls("seatdraft", grants="select, insert, update, delete"),
        Walls("judgment", grants="select, insert, update (superseded_at, rationale, evidence)"),
        Walls("consensus", grants="select, insert"),
        Walls("calendar", grants="select, insert"),
        Walls("servicelevel", grants="select, insert"),
        Walls("slaclock"),
        Walls("panelpause"),
        Walls("escalationrule"),
        Walls("escalation"),
        Walls("casecomment", grants="select, insert, delete"),
        Walls("contentcare"),
        Walls("golditem"),
        Walls("hiddenseat", grants="select, insert"),
        Walls("goldresult", grants="select, insert, update (superseded_at)"),
        Walls("secondreview", grants="select, insert, update (seen_at, seen_by)"),
        Walls("competencesnapshot", grants="select, insert"),
        Walls("qualityrule"),
        Walls("reviewerpause", grants="select, insert, update (lifted_at, lifted_by, lift_reason)"),
        Walls("goldcontest"),
        Walls("reviewerhint", grants="select, insert, update (told_at)"),
        Walls("practiceanswer", grants="select, insert"),
        Walls("stampflag"),
        Walls("reviewerprofile"),
        Walls("reviewerskill", grants="select, insert, update, delete"),
        Walls("queuecap", grants="select, insert, update, delete"),
        Walls("reviewerload"),
        Walls("absence"),
        Walls("conflictofinterest"),
        Walls("seatskip"),
        migrations.RunSQL(FROZEN_POLICY, THAWED_POLICY),
        migrations.RunSQL(FROZEN_RULE, THAWED_RULE),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
