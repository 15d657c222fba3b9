"""The whole queue as SQL, on one screen. Times are the database's; due is judged by the statement's start."""

# 2, 4, 8 … seconds, 5 minutes at most, spread so that what failed together does not return together
BACKOFF = "least(300, power(2, least(attempt, 10))) * (0.75 + random() / 2) * interval '1 second'"

# One row an obligation; one that is there already, done or not, stays as it is.
ENQUEUE = """
insert into pipeline_step (id, tenant_id, kind, subject_id, case_ids, dedupe_key, cause, state, run_at, priority,
                           attempt, last_error, hinted_at)
select id, %(tenant)s, %(kind)s, subject, cases::uuid[], dedupe, cause, 'ready', coalesce(run_at, now()), priority,
       %(attempt)s, '', case when run_at is null or run_at <= statement_timestamp() then statement_timestamp() end
from unnest(%(ids)s::uuid[], %(subjects)s::uuid[], %(cases)s::text[], %(dedupes)s::text[], %(causes)s::text[],
            %(run_ats)s::timestamptz[], %(priorities)s::smallint[])
     as new (id, subject, cases, dedupe, cause, run_at, priority)
on conflict (tenant_id, subject_id, kind, dedupe_key) do nothing
returning run_at <= statement_timestamp()
"""

# Each row weighs its cases, and more with each failed attempt. `line` looks at the head of the line without
# locks and counts how many rows fit; `picked` locks that many of those that nobody else holds; `kept` weighs
# again, since they may be other rows. MATERIALIZED, or the planner may repeat the locking scan and take more.
CLAIM = """
with line as materialized (
    select sum(weight) over (order by priority desc, run_at, id) as upto
    from (
        select id, priority, run_at, greatest(case_count, 1) * power(%(narrowing)s::float8, attempt) as weight
        from pipeline_step
        where tenant_id = %(tenant)s and kind = %(kind)s and state = 'ready' and run_at <= statement_timestamp()
        order by priority desc, run_at, id
        limit %(budget)s
    ) head
), picked as materialized (
    select id, priority, run_at, greatest(case_count, 1) * power(%(narrowing)s::float8, attempt) as weight
    from pipeline_step
    where tenant_id = %(tenant)s and kind = %(kind)s and state = 'ready' and run_at <= statement_timestamp()
    order by priority desc, run_at, id
    limit (select greatest(1, count(*)) from line where upto <= %(budget)s)
    for no key update skip locked
), kept as materialized (
    select id
    from (
        select id, sum(weight) over line as upto, row_number() over line as place
        from picked window line as (order by priority desc, run_at, id)
    ) weighed
    where upto <= %(budget)s or place = 1
), fence as materialized (
    select nextval('pipeline_step_fence') as token
)
update pipeline_step step
set state = 'leased', attempt = attempt + 1, lease_token = fence.token,
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
from kept, fence
where step.tenant_id = %(tenant)s and step.id = kept.id
returning step.id, step.subject_id, step.case_ids, step.cause, step.attempt, step.lease_token, step.dedupe_key,
          step.priority
"""

# Every later statement names the token: a worker that lost its lease matches nothing.
HELD = "tenant_id = %(tenant)s and id = any(%(ids)s) and state = 'leased' and lease_token = %(token)s"

CLOSE = f"""
update pipeline_step
set state = %(state)s, done_at = statement_timestamp(), lease_token = null, lease_until = null,
    last_error = coalesce(%(error)s, last_error)
where {HELD}
"""  # noqa: S608 - made of this file's own constants

FREE = f"""
update pipeline_step
set state = 'ready', run_at = statement_timestamp() + {BACKOFF}, lease_token = null, lease_until = null,
    hinted_at = null, last_error = %(error)s
where {HELD}
"""  # noqa: S608 - made of this file's own constants

EXTEND = f"""
update pipeline_step
set lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
where {HELD}
"""  # noqa: S608 - made of this file's own constants

PURGE = """
delete from pipeline_step
where tenant_id = %(tenant)s and id in (
    select id from pipeline_step
    where tenant_id = %(tenant)s and id < %(before)s and state = 'done'
    order by id limit %(rows)s
)
"""

# The sweeper's two, over all tenants, as hitl_sweeper: it may not read what a step is about.
SWEEP_EXPIRED = f"""
update pipeline_step
set state = 'ready', run_at = statement_timestamp() + {BACKOFF}, lease_token = null, lease_until = null,
    hinted_at = null
where id in (
    select id from pipeline_step
    where state = 'leased' and lease_until < statement_timestamp()
    limit %(rows)s
    for no key update skip locked
)
"""  # noqa: S608 - made of this file's own constants

# The (tenant, kind) pairs that have something ready, hopping from pair to pair along the index; `head` is the
# first in line of each that is due. One row speaks for its pair: looking at each row of a backlog, or worse,
# writing to it, would cost as much as the backlog is long.
HEADS = """
with recursive pair as (
    (select tenant_id, kind from pipeline_step where state = 'ready' order by tenant_id, kind limit 1)
    union all
    select following.tenant_id, following.kind
    from pair, lateral (
        select tenant_id, kind from pipeline_step step
        where state = 'ready' and (step.tenant_id, step.kind) > (pair.tenant_id, pair.kind)
        order by tenant_id, kind limit 1
    ) following
), head as materialized (
    select pair.tenant_id, pair.kind, due.id, due.run_at
    from pair, lateral (
        select id, run_at from pipeline_step step
        where step.tenant_id = pair.tenant_id and step.kind = pair.kind and state = 'ready'
          and run_at <= statement_timestamp()
        order by priority desc, run_at, id limit 1
    ) due
)
"""

SWEEP_DUE = f"""
{HEADS}
update pipeline_step
set hinted_at = statement_timestamp()
where id in (
    select id from pipeline_step
    where id in (select id from head) and state = 'ready'
      and (hinted_at is null or hinted_at < statement_timestamp() - make_interval(secs => %(stale)s))
    for no key update skip locked
)
returning tenant_id, kind
"""  # noqa: S608 - made of this file's own constants

# Due for long, and nothing of its tenant and kind is being done: whoever should do it is dead, or deaf.
STANDSTILLS = f"""
{HEADS}
select kind, tenant_id, extract(epoch from statement_timestamp() - run_at)::float8
from head
where run_at < statement_timestamp() - make_interval(secs => %(seconds)s) and not exists (
    select from pipeline_step busy
    where busy.state = 'leased' and busy.tenant_id = head.tenant_id and busy.kind = head.kind
)
order by run_at
"""  # noqa: S608 - made of this file's own constants
