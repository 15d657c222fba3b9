"""The statement that counts decided cases for the figures: one row a case, then every total that a page shows."""

# Who or what decided first, and when; a case counts in the period of its first decision.
_STORY = """
with decided as materialized (
    select d.case_id, d.label, d.made_by, d.decided_at, known.case_type_id, known.created_at, known.decision_id,
        (date_trunc(%(by)s, d.decided_at at time zone 'UTC'))::date as bucket
    from cases_decision d
    join cases_case known on known.tenant_id = d.tenant_id and known.id = d.case_id
    where d.tenant_id = %(tenant)s and d.sequence = 1 and d.decided_at >= %(since)s and d.decided_at < %(until)s
      and (%(case_type)s::uuid is null or known.case_type_id = %(case_type)s)
), opened as (
    select distinct on (panel.case_id) panel.case_id, panel.id, panel.queue_id
    from decided join reviews_panel panel
        on panel.tenant_id = %(tenant)s and panel.case_id = decided.case_id and panel.purpose = 'live'
    order by panel.case_id, panel.opened_at, panel.id
), routed as (
    select distinct on (record.case_id) record.case_id, record.route, record.prediction_id
    from decided join reviews_routingrecord record
        on record.tenant_id = %(tenant)s and record.case_id = decided.case_id
    order by record.case_id, record.created_at, record.id
), truth as (
    -- the last of a case's outcomes: nothing supersedes it
    select said.case_id, said.label from decided join cases_outcome said
        on said.tenant_id = %(tenant)s and said.case_id = decided.case_id
    where not exists (
        select 1 from cases_outcome later where later.tenant_id = %(tenant)s and later.supersedes_id = said.id
    )
), seen as (
    select decided.case_id, min(seat.first_viewed_at) as at
    from decided join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.case_id = decided.case_id
    join reviews_seat seat on seat.tenant_id = %(tenant)s and seat.panel_id = panel.id
    where decided.made_by = 'model' group by decided.case_id
), effort as (
    select decided.case_id, count(*) as judgments, count(word.active_seconds) as timed,
        coalesce(sum(word.active_seconds), 0) as worked
    from decided join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.case_id = decided.case_id
    join reviews_judgment word on word.tenant_id = %(tenant)s and word.panel_id = panel.id
    where word.superseded_at is null and word.purpose = 'live'
    group by decided.case_id
), clocks as (
    select clock.case_id, count(*) as clocks, count(*) filter (where clock.breach_told_at is null) as kept
    from decided join reviews_slaclock clock on clock.tenant_id = %(tenant)s and clock.case_id = decided.case_id
    where clock.stopped_at is not null or clock.breach_told_at is not null
    group by clock.case_id
), marks as (
    select distinct on (mark.case_id) mark.case_id, mark.stars
    from decided join audits_satisfaction mark on mark.tenant_id = %(tenant)s and mark.case_id = decided.case_id
    order by mark.case_id, mark.given_at desc, mark.id desc
), story as materialized (
    select decided.case_id, decided.bucket, decided.case_type_id, opened.queue_id, decided.label, decided.made_by,
        decided.decided_at, standing.label as stands, routed.route, truth.label as truth,
        prediction.label as model, people.label as people,
        extract(epoch from decided.decided_at - decided.created_at) as seconds,
        decided.made_by = 'model' and (seen.at is null or seen.at > decided.decided_at) as automatic,
        coalesce(effort.judgments, 0) as judgments, coalesce(effort.timed, 0) as timed,
        coalesce(effort.worked, 0) as worked, coalesce(clocks.clocks, 0) as clocks,
        coalesce(clocks.kept, 0) as kept, marks.stars
    from decided
    left join opened on opened.case_id = decided.case_id
    left join routed on routed.case_id = decided.case_id
    left join truth on truth.case_id = decided.case_id
    left join seen on seen.case_id = decided.case_id
    left join effort on effort.case_id = decided.case_id
    left join clocks on clocks.case_id = decided.case_id
    left join marks on marks.case_id = decided.case_id
    left join cases_decision standing on standing.tenant_id = %(tenant)s and standing.id = decided.decision_id
    left join models_registry_prediction prediction
        on prediction.tenant_id = %(tenant)s and prediction.id = routed.prediction_id
    left join reviews_consensus people
        on people.tenant_id = %(tenant)s and people.panel_id = opened.id and people.method = 'majority'
    where %(queue)s::uuid is null or opened.queue_id = %(queue)s
)
"""

# One column for each field of `performance.Counts`, in its order.
_SAME = "truth is not null and model is not null and people is not null"
_COUNTS = f"""
    count(*), count(*) filter (where automatic),
    count(truth), count(*) filter (where label <> truth),
    count(truth) filter (where automatic), count(*) filter (where automatic and label <> truth),
    count(*) filter (where route = 'review'), count(truth) filter (where route = 'review'),
    count(*) filter (where route = 'review' and label <> truth),
    count(*) filter (where {_SAME}), count(*) filter (where {_SAME} and model <> truth),
    count(*) filter (where {_SAME} and people <> truth), count(*) filter (where {_SAME} and label <> truth),
    count(*) filter (where stands <> label),
    percentile_cont(0.5) within group (order by seconds), percentile_cont(0.9) within group (order by seconds),
    coalesce(sum(judgments), 0)::bigint, coalesce(sum(timed), 0)::bigint, coalesce(sum(worked), 0)::float8,
    coalesce(sum(clocks), 0)::bigint, coalesce(sum(kept), 0)::bigint,
    count(stars), coalesce(sum(stars), 0)::bigint, coalesce(sum(stars * stars), 0)::bigint
"""

# All cases; by period, by type and by queue; and by period and type, which is what money is counted by.
COUNTS = f"""
{_STORY}
select grouping(bucket, case_type_id, queue_id), bucket, case_type_id, queue_id, {_COUNTS}
from story
group by grouping sets ((), (bucket), (case_type_id), (queue_id), (bucket, case_type_id))
order by 1, bucket
"""  # noqa: S608 - made of this file's own constants

# The cases behind a figure, the latest first.
_KINDS = {
    "all": "true",
    "automatic": "automatic",
    "wrong": "label <> truth",
    "wrong_automatic": "automatic and label <> truth",
    "edge": "route = 'review'",
    "overturned": "stands <> label",
    "late": "clocks > kept",
}
CASES_BEHIND = {
    kind: f"""
{_STORY}
select story.case_id, known.external_id, kind.name, queue.name, story.label, story.made_by, story.automatic,
    story.stands, story.truth, story.decided_at, story.seconds, kind.id, count(*) over ()
from story
join cases_case known on known.tenant_id = %(tenant)s and known.id = story.case_id
join cases_casetype kind on kind.tenant_id = %(tenant)s and kind.id = story.case_type_id
left join reviews_queue queue on queue.tenant_id = %(tenant)s and queue.id = story.queue_id
where {condition}
order by story.decided_at desc, story.case_id desc
limit %(rows)s offset %(skip)s
"""  # noqa: S608 - made of this file's own constants
    for kind, condition in _KINDS.items()
}
