"""Panels and their seats as SQL: opened for a chunk of cases, grown by a seat, given an adjudicator.

Documents in place of arrays: writing one costs a tenth. Times are the database's.
"""

from reviews.claim_statements import CONFLICTS, CROWDED, JUDGED, OWN, SKILLS

# All panels of a chunk and all their seats in one statement. A seat names its panel and its form; a chunk has a
# handful of forms, however many seats.
OPEN = """
with panel as materialized (
    select * from json_to_recordset(%(panels)s::json) as panel (
        id uuid, case_id uuid, case_type_id uuid, queue_id uuid, template_id uuid, policy_id uuid, prediction_id uuid,
        why text, is_full boolean, drawn_with float8, purpose text, priority smallint, due_at timestamptz,
        submitter_id uuid, subject_user_id uuid
    )
), form as materialized (
    select * from json_to_recordset(%(forms)s::json) as form (
        form int, advice text, skills text[], stage smallint, veto boolean, control boolean, distinct_teams boolean,
        most_of_one_group smallint
    )
), opened as (
    insert into reviews_panel (tenant_id, id, case_id, case_type_id, queue_id, template_id, policy_id, prediction_id,
                               why, is_full, drawn_with, purpose, state, round, opened_at, event_id)
    select %(tenant)s, id, case_id, case_type_id, queue_id, template_id, policy_id, prediction_id, why, is_full,
        drawn_with, purpose, 'open',
        coalesce((
            select max(before.round) from reviews_panel before
            where before.tenant_id = %(tenant)s and before.case_id = panel.case_id
        ), 0) + 1,
        statement_timestamp(), %(event)s
    from panel
)
insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, purpose, stage, veto,
                          control, skills, distinct_teams, most_of_one_group, priority, due_at, submitter_id,
                          subject_user_id, opened_at, lease_token)
select %(tenant)s, seat.id, panel.id, panel.case_id, panel.queue_id, 'reviewer', 'open', form.advice, panel.purpose,
    form.stage, form.veto, form.control, form.skills, form.distinct_teams, form.most_of_one_group, panel.priority,
    panel.due_at, panel.submitter_id, panel.subject_user_id, statement_timestamp(), 0
from json_to_recordset(%(seats)s::json) as seat (id uuid, panel uuid, form int)
join panel on panel.id = seat.panel
join form on form.form = seat.form
"""

# On a panel that sleeps every seat is reserved for nobody, and so is one that comes meanwhile. The panel is locked.
_SLEEP = """left join lateral (
    select seat.reserved_for, seat.reserved_until from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.panel_id = panel.id and seat.reserved_for = %(nobody)s
    limit 1
) sleep on true"""

# One seat more for each panel, like its first one. `number` is how many the panel had when it was looked at: where
# somebody else has added one since, none is added. The panels are locked before.
ADD_SEATS = f"""
insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, purpose, stage, veto,
                          control, skills, distinct_teams, most_of_one_group, priority, priority_cause, due_at,
                          submitter_id, subject_user_id, opened_at, lease_token, reserved_for, reserved_until)
select %(tenant)s, asked.id, panel.id, panel.case_id, panel.queue_id, 'reviewer', 'open', asked.advice, panel.purpose,
    asked.stage, asked.veto, asked.control, asked.skills, template.distinct_teams, template.most_of_one_group,
    first.priority, first.priority_cause, first.due_at, first.submitter_id, first.subject_user_id,
    statement_timestamp(), 0, sleep.reserved_for, sleep.reserved_until
from json_to_recordset(%(seats)s::json) as asked (
    id uuid, panel uuid, number int, advice text, skills text[], stage smallint, veto boolean, control boolean
)
join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = asked.panel
join reviews_paneltemplate template on template.tenant_id = %(tenant)s and template.id = panel.template_id
cross join lateral (
    select seat.priority, seat.priority_cause, seat.due_at, seat.submitter_id, seat.subject_user_id
    from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.panel_id = panel.id
    order by seat.id limit 1
) first
{_SLEEP}
where asked.number = (
    select count(*) from reviews_seat there
    where there.tenant_id = %(tenant)s and there.panel_id = panel.id and there.kind = 'reviewer'
)
returning panel_id, id
"""  # noqa: S608 - made of this file's own constants

# An adjudicator's seat asks what the queue asks of everybody, and shows advice as the template does.
ADD_ADJUDICATORS = f"""
insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, skills, priority,
                          priority_cause, due_at, submitter_id, subject_user_id, opened_at, lease_token, reserved_for,
                          reserved_until)
select %(tenant)s, asked.id, panel.id, panel.case_id, panel.queue_id, 'adjudicator', 'open',
    case when panel.prediction_id is null then 'hidden' else template.advice end,
    array(
        select (each ->> 'skill') || ':' || coalesce(each ->> 'level', '1') from jsonb_array_elements(queue.skills) each
    ),
    first.priority, first.priority_cause, first.due_at, first.submitter_id, first.subject_user_id,
    statement_timestamp(), 0, sleep.reserved_for, sleep.reserved_until
from unnest(%(ids)s::uuid[], %(panels)s::uuid[]) as asked (id, panel_id)
join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = asked.panel_id
join reviews_paneltemplate template on template.tenant_id = %(tenant)s and template.id = panel.template_id
join reviews_queue queue on queue.tenant_id = %(tenant)s and queue.id = panel.queue_id
cross join lateral (
    select seat.priority, seat.priority_cause, seat.due_at, seat.submitter_id, seat.subject_user_id
    from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.panel_id = panel.id
    order by seat.id limit 1
) first
{_SLEEP}
"""  # noqa: S608 - made of this file's own constants

# The claim's own conditions on a seat, asked of each colleague in place of whoever claims.
_OF_COLLEAGUE = {
    "%(me)s": "given.user_id",
    "%(skills)s::text[]": "colleague.skills",
    "%(team)s::text": "colleague.team",
    "%(group)s::text": "colleague.group_key",
}


def _of_colleague(condition: str) -> str:
    for parameter, column in _OF_COLLEAGUE.items():
        condition = condition.replace(parameter, column)
    return condition


# Whether anybody could take a seat with these skills on a panel: somebody of the queue's team for whom the claim's
# conditions hold, not away for the next day, not paused. What passes is left out: caps, reservations, skips for a time.
COULD_SIT = f"""
select asked.at, exists (
    select 1 from reviews_queueuserpermission given
    join auth_permission permission on permission.id = given.permission_id and permission.codename = 'work_queue'
    join tenants_membership member
        on member.tenant_id = %(tenant)s and member.user_id = given.user_id and member.is_active
        and 'reviewer' = any(member.roles)
    left join reviews_reviewerprofile profile on profile.tenant_id = %(tenant)s and profile.user_id = given.user_id
    cross join lateral (
        select {_of_colleague(SKILLS)} as skills, coalesce(profile.team, '') as team,
            coalesce(profile.group_key, '') as group_key
    ) colleague
    where given.tenant_id = %(tenant)s and given.content_object_id = seat.queue_id
      and seat.skills <@ colleague.skills
      and not {_of_colleague(OWN)} and not {_of_colleague(JUDGED)} and {_of_colleague(CROWDED)} is not true
      and not exists ({_of_colleague(CONFLICTS)} offset 0)
      and not exists (
          select 1 from reviews_absence away
          where away.tenant_id = %(tenant)s and away.user_id = given.user_id and away.withdrawn_at is null
            and away.starts_at <= statement_timestamp()
            and away.ends_at > statement_timestamp() + interval '1 day'
      )
      and not exists (
          select 1 from reviews_seatskip skipped
          where skipped.tenant_id = %(tenant)s and skipped.panel_id = seat.panel_id
            and skipped.reviewer_id = given.user_id and skipped.meaning = 'to_others'
      )
      and not exists (
          select 1 from reviews_reviewerpause pause
          where pause.tenant_id = %(tenant)s and pause.reviewer_id = given.user_id and pause.lifted_at is null
            and (pause.case_type_id is null or pause.case_type_id = seat.case_type_id)
      )
)
from json_to_recordset(%(asked)s::json) as asked (at int, panel uuid, skills text[])
cross join lateral (
    -- the seat as it would be; its id is that of no other
    select '00000000-0000-0000-0000-000000000000'::uuid as id, panel.id as panel_id, panel.case_id, panel.queue_id,
        panel.case_type_id, 'reviewer' as kind, 'live' as purpose, asked.skills, template.distinct_teams,
        template.most_of_one_group, judged.submitter_id, judged.subject_user_id
    from reviews_panel panel
    join reviews_paneltemplate template on template.tenant_id = %(tenant)s and template.id = panel.template_id
    join cases_case judged on judged.tenant_id = %(tenant)s and judged.id = panel.case_id
    where panel.tenant_id = %(tenant)s and panel.id = asked.panel
    offset 0
) seat
"""  # noqa: S608 - made of constants

# How many people may review in each of these queues.
TEAMS = """
select queue.name, (
    select count(*) from reviews_queueuserpermission given
    join auth_permission permission on permission.id = given.permission_id and permission.codename = 'work_queue'
    join tenants_membership member
        on member.tenant_id = %(tenant)s and member.user_id = given.user_id and member.is_active
        and 'reviewer' = any(member.roles)
    where given.tenant_id = %(tenant)s and given.content_object_id = queue.id
)
from reviews_queue queue
where queue.tenant_id = %(tenant)s and queue.key = any(%(queues)s::text[]) and queue.is_active
order by queue.name
"""

# What is not yet judged goes along to the other queue, and asks there what that one asks.
MOVE_SEATS = """
update reviews_seat seat
set queue_id = %(queue)s,
    skills = array(
        select each from unnest(seat.skills) each where not each = any(%(before)s::text[])
        union select unnest(%(after)s::text[])
    )
where seat.tenant_id = %(tenant)s and seat.panel_id = %(panel)s and seat.state = any(%(states)s::text[])
returning seat.id
"""
