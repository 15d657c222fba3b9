"""The walls of Step, the fence, what the sweeper may see, and storage for a table that lives by updates."""

from django.db import migrations

from hitl_platform.tenants.walls import Walls

FENCE = """
create sequence pipeline_step_fence;
grant usage on sequence pipeline_step_fence to hitl_app;
"""

# Columns that say when and how often, never about what; across tenants, so under a policy of its own.
SWEEPER = """
grant select (id, tenant_id, kind, state, run_at, priority, attempt, lease_until, hinted_at),
      update (state, run_at, lease_token, lease_until, hinted_at)
      on pipeline_step to hitl_sweeper;
create policy sweeper_sees on pipeline_step for select to hitl_sweeper using (true);
create policy sweeper_frees on pipeline_step for update to hitl_sweeper using (true) with check (true);
"""

# Each row is rewritten twice and then deleted: room for that on its page, and vacuum by count, at once.
STORAGE = """
alter table pipeline_step set (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls"), ("pipeline", "0001_initial")]
    operations = [
        Walls("step", grants="select, insert, update, delete"),
        migrations.RunSQL(FENCE, "drop sequence pipeline_step_fence"),
        migrations.RunSQL(
            SWEEPER,
            "drop policy sweeper_sees on pipeline_step; drop policy sweeper_frees on pipeline_step;"
            "revoke all on pipeline_step from hitl_sweeper",
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
