"""Seats, judgments and expiry as SQL; the sets that routing writes. Times are the database's.

Each statement is made of constants of this file; every value is a parameter.
"""

from reviews.claim_statements import CONFLICTS, VOTERS

# What somebody was granted on a queue.
_GRANTED = """array(
    select permission.codename from reviews_queueuserpermission given
    join auth_permission permission on permission.id = given.permission_id
    where given.tenant_id = %(tenant)s and given.user_id = %(me)s and given.content_object_id = {queue}
)"""

# One seat, with what every door asks of it; the last line may be a lock.
SEAT = """
select {{seat}}, {{queue}},
    (select type_version_id from cases_case known where known.tenant_id = %(tenant)s and known.id = seat.case_id),
    (select why from reviews_panel panel where panel.tenant_id = %(tenant)s and panel.id = seat.panel_id),
    statement_timestamp(), {granted}, array({voters}), array({conflicts})
from reviews_seat seat
join reviews_queue queue on queue.tenant_id = %(tenant)s and queue.id = seat.queue_id
where seat.tenant_id = %(tenant)s and seat.id = %(seat)s
""".format(  # noqa: S608 - made of constants
    granted=_GRANTED.format(queue="seat.queue_id"), voters=VOTERS, conflicts=CONFLICTS
)
LOCK_SEAT = "for no key update of seat"

QUEUE = """
select {{queue}}, {granted}{{facts}} from reviews_queue queue {{beside}}
where queue.tenant_id = %(tenant)s and queue.key = %(key)s
""".format(granted=_GRANTED.format(queue="queue.id"))

# The claims of one person wait for each other, until the transaction ends. A claim reads an index in its order and
# must never sort: on a queue that grew since the last ANALYZE the planner would, so sorting is made expensive. And
# it is planned once: with its parameters at hand it looks cheaper, and planning it takes longer than doing it.
ONE_CLAIM_AT_A_TIME = (
    "pg_advisory_xact_lock(hashtextextended(%(line)s, 0))::text || set_config('enable_sort', 'off', true)"
    " || set_config('plan_cache_mode', 'force_generic_plan', true)"
)

# What the holder of a seat is shown of its case, what this person has drafted on it, and what was said on it that
# this person may read: with `every`, all of the panel; else what came from this seat or from themselves.
SEEN = """
select stored.payload::text, draft.body::text, draft.saved_at,
    (select array[care.blurs, care.greys] from reviews_contentcare care
     where care.tenant_id = %(tenant)s and care.reviewer_id = %(me)s),
    (select json_agg(said)::text from (
        select comment.seat_id, comment.author_id, comment.text, comment.created_at,
            (select name from tenants_user who where who.id = comment.author_id) as author
        from reviews_casecomment comment
        where %(mine)s::boolean and comment.tenant_id = %(tenant)s and comment.panel_id = %(panel)s
          and (%(every)s::boolean or comment.seat_id = %(seat)s or comment.author_id = %(me)s)
        order by comment.created_at
        limit 200
    ) said)
from (select 1) as one
left join cases_casepayload stored
    on %(mine)s::boolean and stored.tenant_id = %(tenant)s and stored.case_id = %(case)s
left join reviews_seatdraft draft
    on draft.tenant_id = %(tenant)s and draft.seat_id = %(seat)s and draft.reviewer_id = %(me)s
"""

# Whether similar cases may be shown beside a panel's case, and of which type the case is.
SURROUNDINGS = """
select (select shows_similar from reviews_paneltemplate used
        where used.tenant_id = %(tenant)s and used.id = panel.template_id), panel.case_type_id
from reviews_panel panel
where panel.tenant_id = %(tenant)s and panel.id = %(panel)s
"""

# Other cases of the same subject that came through a queue which this person works or manages; never one with a known
# answer, which would give the answer away before the case is asked.
EARLIER = """
select other.id, kind.name, other.type_version_id, other.created_at, other.state, said.label, said.made_by
from cases_case this
join cases_case other on other.tenant_id = %(tenant)s and other.subject_ref = this.subject_ref and other.id <> this.id
join cases_casetype kind on kind.tenant_id = %(tenant)s and kind.id = other.case_type_id
left join cases_decision said on said.tenant_id = %(tenant)s and said.id = other.decision_id
where this.tenant_id = %(tenant)s and this.id = %(case)s and this.subject_ref <> '' and other.subject_ref <> ''
  and other.submitter_id is distinct from %(me)s and other.subject_user_id is distinct from %(me)s
  and not exists (
      select 1 from reviews_golditem item
      where item.tenant_id = %(tenant)s and item.known_case_id = other.id and item.state <> 'retired'
  )
  and (%(every)s::boolean
    or (other.case_type_id = this.case_type_id and not exists (
        select 1 from reviews_panel any_panel where any_panel.tenant_id = %(tenant)s and any_panel.case_id = other.id
    ))
    or exists (
        select 1 from reviews_panel panel
        join reviews_queueuserpermission given
            on given.tenant_id = %(tenant)s and given.content_object_id = panel.queue_id and given.user_id = %(me)s
        where panel.tenant_id = %(tenant)s and panel.case_id = other.id
    ))
order by other.id desc
limit %(most)s
"""

# The newest decided cases of a type (by submission, which is the order of ids), with who may not be shown each.
DECIDED = """
with newest as materialized (
    select id, type_version_id, decision_id, decided_at, submitter_id, subject_user_id from cases_case
    where tenant_id = %(tenant)s and case_type_id = %(case_type)s and state = 'decided' and reduced_at is null
    order by id desc
    limit %(most)s
)
select newest.id, newest.type_version_id, said.label, newest.decided_at, said.made_by,
    array_remove(array[newest.submitter_id, newest.subject_user_id], null), stored.payload::text
from newest
join cases_decision said on said.tenant_id = %(tenant)s and said.id = newest.decision_id
join cases_casepayload stored on stored.tenant_id = %(tenant)s and stored.case_id = newest.id
order by newest.id desc
"""

# Cases of a type with a known answer, asked anew each time: they are shown beside no other.
KNOWN = """
select item.known_case_id from reviews_golditem item
where item.tenant_id = %(tenant)s and item.case_type_id = %(case_type)s and item.state <> 'retired'
"""

# A person's last judgment while it can be undone; on every page of a case, so by hand.
UNDOABLE = """
select last.seat_id, case last.purpose when 'live' then last.case_id else last.panel_id end, queue.name, last.label,
    known.type_version_id, last.judged_at,
    last.judged_at + make_interval(secs => queue.undo_seconds)
from (
    select judgment.* from reviews_judgment judgment
    where judgment.tenant_id = %(tenant)s and judgment.reviewer_id = %(me)s and judgment.superseded_at is null
      and judgment.judged_at >= statement_timestamp() - interval '10 seconds'
    order by judgment.judged_at desc
    limit 1
) last
join reviews_seat seat on seat.tenant_id = %(tenant)s and seat.id = last.seat_id
join reviews_queue queue on queue.tenant_id = %(tenant)s and queue.id = seat.queue_id
join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = last.panel_id
join cases_case known on known.tenant_id = %(tenant)s and known.id = last.case_id
where panel.state in ('open', 'disputed')
  and last.judged_at + make_interval(secs => queue.undo_seconds) > statement_timestamp()
"""

# A verdict: the seat is done and the judgment stands, or neither.
SUBMIT = """
with done as (
    update reviews_seat seat set state = %(state)s, submitted_at = %(judged_at)s, lease_ends_at = null
    where seat.tenant_id = %(tenant_id)s and seat.id = %(seat_id)s
)
insert into reviews_judgment ({columns}) values ({values})
"""

# How much a reviewer had to read, in characters of the payload.
CONTENT_LENGTH = """(
    select coalesce(max(length(read.payload::text)), 0) from cases_casepayload read
    where read.tenant_id = %(tenant_id)s and read.case_id = %(case_id)s
)"""

REDRAFT_LABEL = """
update reviews_seatdraft set body = jsonb_set(body, '{label}', to_jsonb(%(label)s::text))
where tenant_id = %(tenant)s and seat_id = %(seat)s and reviewer_id = %(me)s
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

# One document in place of twelve arrays: writing it costs a tenth, and the conditions are JSON anyway.
RECORD_ROUTES = """
insert into reviews_routingrecord (tenant_id, id, case_id, policy_id, prediction_id, route, label, queue_id, cause,
                                   rule, conditions, thresholds, sampling_probability, created_at, event_id)
select %(tenant)s, new.*, statement_timestamp(), %(event)s
from json_to_recordset(%(routes)s::json) as new (
    id uuid, case_id uuid, policy_id uuid, prediction_id uuid, route text, label text, queue_id uuid, cause text,
    rule text, conditions jsonb, thresholds jsonb, sampling_probability float8
)
"""

# Cases that still wait for a route, with what a model that was champion said of them last: one read for all that
# the rules may ask. Inserted and read as arrays in binary (%b), since a chunk has a thousand cases.
ROUTABLE = """
select routed.id, routed.case_type_id, routed.type_version_id, routed.importance, routed.priority,
    extract(epoch from routed.due_at)::float8, extract(epoch from routed.created_at)::float8,
    routed.submitter_id, routed.subject_user_id, stored.payload::text,
    said.id, said.model_version_id, said.probabilities
from (select id from unnest(%(cases)b::uuid[]) as asked (id) order by id) asked
-- OFFSET 0: a probe of the key for each, whatever the planner believes of a tenant that has just grown
cross join lateral (
    select * from cases_case known
    where known.tenant_id = %(tenant)s and known.id = asked.id and known.state = any(%(states)s::text[])
    offset 0
) routed
cross join lateral (
    select payload from cases_casepayload where tenant_id = %(tenant)s and case_id = routed.id offset 0
) stored
left join lateral (
    select prediction.id, prediction.model_version_id, prediction.probabilities
    from models_registry_prediction prediction
    join models_registry_modelversion version
        on version.tenant_id = %(tenant)s and version.id = prediction.model_version_id
    where prediction.tenant_id = %(tenant)s and prediction.case_id = routed.id and version.promoted_at is not null
    order by prediction.id desc
    limit 1
) said on true
"""
