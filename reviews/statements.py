"""Claim, expiry and the counts of a queue, as SQL; the sets that routing writes. Times are the database's.

Each statement is made of constants of this file; every value is a parameter.
"""

# What a person may never take: own cases, and a second seat on a panel. One index probe a seat.
_TAKEABLE = """
    seat.submitter_id is distinct from %(me)s and seat.subject_user_id is distinct from %(me)s
    and not exists (
        select 1 from reviews_seat other
        where other.tenant_id = %(tenant)s and other.panel_id = seat.panel_id and other.reviewer_id = %(me)s
          and other.state <> 'cancelled'
    )
"""

# One branch a kind, so that each reads the index seat_next_in_queue from its start and stops at the first hit.
_NEXT = """
    select seat.id from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.queue_id = %(queue)s and seat.kind = '{kind}' and seat.state = 'open'
      and '{kind}' = any(%(kinds)s::text[]) and not exists (select 1 from {before})
      and (%(again)s::boolean or seat.released_by is distinct from %(me)s)
      and {takeable}
    order by seat.priority desc, seat.due_at, seat.id
    limit 1
    for no key update of seat skip locked
"""

# The seat already in hand comes first, then disputes for those who settle them, then the queue in its order.
# MATERIALIZED, or the planner may repeat the locking scan and take more than one.
CLAIM = """
with mine as materialized (
    select seat.id from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.reviewer_id = %(me)s and seat.queue_id = %(queue)s
      and seat.state in ('claimed', 'answered')
    order by seat.claimed_at desc
    limit 1
    for no key update
), dispute as materialized ({dispute}), ordinary as materialized ({ordinary}),
taken as (
    update reviews_seat seat
    set state = 'claimed', reviewer_id = %(me)s, lease_token = lease_token + 1,
        lease_ends_at = statement_timestamp() + make_interval(secs => %(lease)s),
        claimed_at = statement_timestamp(), heartbeat_at = null, held_at = null,
        first_label = null, answered_at = null,
        first_viewed_at = case when %(viewed)s::boolean then statement_timestamp() end
    from (select id from dispute union all select id from ordinary) found
    where seat.tenant_id = %(tenant)s and seat.id = found.id
    returning seat.*
)
select {columns}, seat.lease, typed.type_version_id, panel.why, statement_timestamp()
from (
    select taken.*, 'new' as lease from taken
    union all
    select held.*, case when held.lease_ends_at > statement_timestamp() then 'live' else 'ended' end
    from reviews_seat held
    where held.tenant_id = %(tenant)s and held.id = (select id from mine)
) seat
join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = seat.panel_id
join cases_case typed on typed.tenant_id = %(tenant)s and typed.id = seat.case_id
""".format(  # noqa: S608 - made of this file's own constants
    dispute=_NEXT.format(kind="adjudicator", before="mine", takeable=_TAKEABLE),
    ordinary=_NEXT.format(
        kind="reviewer", before="(select id from mine union all select id from dispute) sooner", takeable=_TAKEABLE
    ),
    columns="{columns}",
)

# A seat in hand whose lease ended, and that nobody else has taken since, is its holder's again.
RENEW = """
update reviews_seat
set lease_token = lease_token + 1, lease_ends_at = statement_timestamp() + make_interval(secs => %(lease)s)
where tenant_id = %(tenant)s and id = %(seat)s
returning lease_token, lease_ends_at
"""

# Answered seats are left alone: the frozen answer is its author's, until a manager reassigns the seat.
EXPIRE = """
with ended as materialized (
    select id, reviewer_id from reviews_seat
    where tenant_id = %(tenant)s and queue_id = %(queue)s and state = 'claimed'
      and lease_ends_at <= statement_timestamp()
    order by lease_ends_at
    limit %(most)s
    for no key update skip locked
)
update reviews_seat seat
set state = 'open', reviewer_id = null, lease_ends_at = null, released_at = statement_timestamp()
from ended
where seat.tenant_id = %(tenant)s and seat.id = ended.id
returning seat.id, seat.case_id, ended.reviewer_id
"""

HEARTBEAT = """
update reviews_seat seat
set heartbeat_at = statement_timestamp(),
    lease_ends_at = statement_timestamp() + make_interval(secs => queue.lease_seconds)
from reviews_queue queue
where seat.tenant_id = %(tenant)s and seat.id = %(seat)s and seat.reviewer_id = %(me)s
  and seat.lease_token = %(token)s and queue.tenant_id = %(tenant)s and queue.id = seat.queue_id
  and (seat.state = 'answered' or (seat.state = 'claimed' and seat.lease_ends_at > statement_timestamp()))
returning seat.lease_ends_at
"""

# For each queue: what this person may take (counted so far as it matters), and what is in whose hands.
SUMMARY = f"""
select asked.id, waiting.seats, age.oldest, waiting.next_due, hands.mine, hands.others
from unnest(%(queues)s::uuid[]) as asked (id),
lateral (
    select count(*) as seats, min(due_at) as next_due
    from (
        select seat.due_at from reviews_seat seat
        where seat.tenant_id = %(tenant)s and seat.queue_id = asked.id and seat.state = 'open'
          and seat.kind = any(%(kinds)s::text[]) and {_TAKEABLE}
        limit %(most)s
    ) takeable
) waiting,
lateral (
    select min(seat.opened_at) as oldest from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.queue_id = asked.id and seat.state = 'open'
) age,
lateral (
    select count(*) filter (where seat.reviewer_id = %(me)s) as mine,
           count(*) filter (where seat.reviewer_id <> %(me)s) as others
    from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.queue_id = asked.id and seat.state in ('claimed', 'held', 'answered')
) hands
"""  # noqa: S608 - made of this file's own constants

WAITING = f"""
select seat.* from reviews_seat seat
where seat.tenant_id = %(tenant)s and seat.queue_id = %(queue)s and seat.state = 'open'
  and seat.kind = any(%(kinds)s::text[]) and {_TAKEABLE}
order by seat.kind, seat.priority desc, seat.due_at, seat.id
limit %(limit)s
"""  # noqa: S608 - made of this file's own constants

EMPTY_REASONS = """
select
    count(*) filter (where state in ('claimed', 'answered') and reviewer_id <> %(me)s),
    count(*) filter (where state = 'held' and reviewer_id <> %(me)s),
    count(*) filter (where state = 'open' and takeable_kind and not own and judged),
    count(*) filter (where state = 'open' and takeable_kind and own),
    count(*) filter (where state = 'open' and kind = 'adjudicator' and not takeable_kind),
    count(*) filter (where state = 'open' and kind = 'reviewer' and not takeable_kind)
from (
    select seat.state, seat.kind, seat.reviewer_id, seat.kind = any(%(kinds)s::text[]) as takeable_kind,
        coalesce(seat.submitter_id = %(me)s, false) or coalesce(seat.subject_user_id = %(me)s, false) as own,
        exists (
            select 1 from reviews_seat other
            where other.tenant_id = %(tenant)s and other.panel_id = seat.panel_id and other.reviewer_id = %(me)s
              and other.state <> 'cancelled'
        ) as judged
    from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.queue_id = %(queue)s
      and seat.state in ('open', 'claimed', 'held', 'answered')
    limit %(most)s
) seats
"""

OPEN_PANELS = """
insert into reviews_panel (tenant_id, id, case_id, case_type_id, queue_id, template_id, policy_id, why, state, round,
                           opened_at, event_id)
select %(tenant)s, new.id, new.case_id, new.case_type_id, new.queue_id, new.template_id, new.policy_id, new.why, 'open',
    coalesce((
        select max(before.round) from reviews_panel before
        where before.tenant_id = %(tenant)s and before.case_id = new.case_id
    ), 0) + 1,
    statement_timestamp(), %(event)s
from unnest(%(ids)s::uuid[], %(cases)s::uuid[], %(case_types)s::uuid[], %(queues)s::uuid[], %(templates)s::uuid[],
            %(policies)s::uuid[], %(whys)s::text[])
    as new (id, case_id, case_type_id, queue_id, template_id, policy_id, why)
"""

OPEN_SEATS = """
insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, priority, due_at,
                          submitter_id, subject_user_id, opened_at, lease_token)
select %(tenant)s, new.id, new.panel_id, new.case_id, new.queue_id, %(kind)s, 'open', new.advice, new.priority,
    new.due_at, new.submitter_id, new.subject_user_id, statement_timestamp(), 0
from unnest(%(ids)s::uuid[], %(panels)s::uuid[], %(cases)s::uuid[], %(queues)s::uuid[], %(advices)s::text[],
            %(priorities)s::smallint[], %(dues)s::timestamptz[], %(submitters)s::uuid[], %(subjects)s::uuid[])
    as new (id, panel_id, case_id, queue_id, advice, priority, due_at, submitter_id, subject_user_id)
"""

ADD_ADJUDICATORS = """
insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, priority, due_at,
                          submitter_id, subject_user_id, opened_at, lease_token)
select distinct on (asked.panel_id) %(tenant)s, asked.id, asked.panel_id, seat.case_id, seat.queue_id, 'adjudicator',
    'open', seat.advice, seat.priority, seat.due_at, seat.submitter_id, seat.subject_user_id, statement_timestamp(), 0
from unnest(%(ids)s::uuid[], %(panels)s::uuid[]) as asked (id, panel_id)
join reviews_seat seat on seat.tenant_id = %(tenant)s and seat.panel_id = asked.panel_id
order by asked.panel_id, seat.id
"""

RECORD_ROUTES = """
insert into reviews_routingrecord (tenant_id, id, case_id, policy_id, prediction_id, route, label, queue_id, cause,
                                   rule, conditions, thresholds, sampling_probability, created_at, event_id)
select %(tenant)s, new.id, new.case_id, new.policy_id, new.prediction_id, new.route, new.label, new.queue_id, new.cause,
    new.rule, new.conditions, new.thresholds, new.sampling, statement_timestamp(), %(event)s
from unnest(%(ids)s::uuid[], %(cases)s::uuid[], %(policies)s::uuid[], %(predictions)s::uuid[], %(routes)s::text[],
            %(labels)s::text[], %(queues)s::uuid[], %(causes)s::text[], %(rules)s::text[], %(conditions)s::jsonb[],
            %(thresholds)s::jsonb[], %(samplings)s::float8[])
    as new (id, case_id, policy_id, prediction_id, route, label, queue_id, cause, rule, conditions, thresholds,
            sampling)
"""
