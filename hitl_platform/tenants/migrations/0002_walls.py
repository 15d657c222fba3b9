"""The schema `app`, the tenant function that every policy reads, the two doors in, and the first walls."""

from django.db import migrations

from hitl_platform.tenants.walls import Walls

TENANT_FUNCTION = """
create schema if not exists app;
grant usage on schema app to hitl_app, hitl_sweeper, hitl_sealer;
create or replace function app.tenant() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.tenant', true), '')::uuid $$;
"""

# The only ways in before a tenant is known: by the hash of a key, or by a user who has logged in.
DOORS = """
create function app.key_lookup(wanted bytea)
  returns table (id uuid, tenant_id uuid, name text, scopes text[], expires_at timestamptz,
                 revoked_at timestamptz, last_used_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select k.id, k.tenant_id, k.name::text, k.scopes::text[], k.expires_at, k.revoked_at, k.last_used_at
        from public.tenants_servicekey k where k.sha256 = wanted $$;
create function app.memberships_of(wanted uuid)
  returns table (tenant_id uuid, slug text, name text, simulated boolean, roles text[])
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select m.tenant_id, t.slug::text, t.name::text, t.simulated, m.roles::text[]
        from public.tenants_membership m join public.tenants_tenant t on t.id = m.tenant_id
        join public.tenants_user u on u.id = m.user_id
        where m.user_id = wanted and m.is_active and u.is_active order by t.name $$;
revoke all on function app.key_lookup(bytea), app.memberships_of(uuid) from public;
grant execute on function app.key_lookup(bytea), app.memberships_of(uuid) to hitl_app;
"""

TENANT_WALL = """
alter table tenants_tenant enable row level security;
alter table tenants_tenant force row level security;
create policy tenant_wall on tenants_tenant for all to hitl_app
  using (id = (select app.tenant())) with check (id = (select app.tenant()));
grant select, insert, update on tenants_tenant to hitl_app;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]
    operations = [
        migrations.RunSQL(TENANT_FUNCTION, "drop schema app cascade"),
        migrations.RunSQL(TENANT_WALL, migrations.RunSQL.noop),
        Walls("membership"),
        Walls("servicekey"),
        migrations.RunSQL(DOORS, "drop function app.key_lookup(bytea); drop function app.memberships_of(uuid)"),
    ]
