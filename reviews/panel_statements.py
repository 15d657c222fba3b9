"""Panels and their seats as SQL: opened for a chunk of cases, grown by a seat, given an adjudicator.

Documents in place of arrays: writing one costs a tenth. Times are the database's.
"""

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

# Whether anybody could take a seat with these skills on a panel: somebody of the queue's team who is not on the
# panel, not away for the next day, not paused, and nowhere near the case. Caps are left out: a day ends.
COULD_SIT = """
select asked.at, exists (
    select 1 from reviews_queueuserpermission given
    join auth_permission permission on permission.id = given.permission_id and permission.codename = 'work_queue'
    join tenants_membership member
        on member.tenant_id = %(tenant)s and member.user_id = given.user_id and member.is_active
        and 'reviewer' = any(member.roles)
    left join reviews_reviewerprofile profile on profile.tenant_id = %(tenant)s and profile.user_id = given.user_id
    where given.tenant_id = %(tenant)s and given.content_object_id = panel.queue_id
      and given.user_id is distinct from judged.submitter_id
      and given.user_id is distinct from judged.subject_user_id
      and asked.skills <@ array(
          select known.skill || ':' || reached.level
          from reviews_reviewerskill known, generate_series(1, known.level) as reached (level)
          where known.tenant_id = %(tenant)s and known.user_id = given.user_id
            and (known.expires_at is null or known.expires_at > statement_timestamp())
      )
      and not exists (
          select 1 from reviews_panel round
          join reviews_seat other on other.tenant_id = %(tenant)s and other.panel_id = round.id
          where round.tenant_id = %(tenant)s and round.case_id = panel.case_id
            and round.purpose in ('live', 'second_review')
            and other.reviewer_id = given.user_id and other.state <> 'cancelled'
      )
      and not (template.distinct_teams and coalesce(profile.team, '') <> '' and exists (
          select 1 from reviews_seat other
          join reviews_reviewerprofile beside
              on beside.tenant_id = %(tenant)s and beside.user_id = other.reviewer_id
          where other.tenant_id = %(tenant)s and other.panel_id = panel.id and other.state <> 'cancelled'
            and beside.team = profile.team
      ))
      and (template.most_of_one_group is null or coalesce(profile.group_key, '') = '' or template.most_of_one_group > (
          select count(*) from reviews_seat other
          join reviews_reviewerprofile beside
              on beside.tenant_id = %(tenant)s and beside.user_id = other.reviewer_id
          where other.tenant_id = %(tenant)s and other.panel_id = panel.id and other.state <> 'cancelled'
            and beside.group_key = profile.group_key
      ))
      and not exists (
          select 1 from reviews_absence away
          where away.tenant_id = %(tenant)s and away.user_id = given.user_id and away.withdrawn_at is null
            and away.starts_at <= statement_timestamp()
            and away.ends_at > statement_timestamp() + interval '1 day'
      )
      and not exists (
          select 1 from reviews_seatskip skipped
          where skipped.tenant_id = %(tenant)s and skipped.panel_id = panel.id
            and skipped.reviewer_id = given.user_id and skipped.meaning = 'to_others'
      )
      and not exists (
          select 1 from reviews_reviewerpause pause
          where pause.tenant_id = %(tenant)s and pause.reviewer_id = given.user_id and pause.lifted_at is null
            and (pause.case_type_id is null or pause.case_type_id = panel.case_type_id)
      )
      and not exists (
          select 1 from cases_case earlier
          where earlier.tenant_id = %(tenant)s and earlier.submitter_id = given.user_id
            and earlier.subject_ref = judged.subject_ref and earlier.subject_ref <> '' and earlier.id <> judged.id
      )
      and not exists (
          select 1 from reviews_conflictofinterest near
          where near.tenant_id = %(tenant)s and near.user_id = given.user_id and near.lifted_at is null
            and case near.kind
                when 'subject' then near.about = judged.subject_ref
                when 'person' then near.about in (judged.submitter_id::text, judged.subject_user_id::text)
                else exists (
                    select 1 from cases_casefacet facet
                    where facet.tenant_id = %(tenant)s and facet.case_id = judged.id and facet.key = near.facet_key
                      and facet.text_value = near.about
                ) end
      )
)
from json_to_recordset(%(asked)s::json) as asked (at int, panel uuid, skills text[])
join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = asked.panel
join reviews_paneltemplate template on template.tenant_id = %(tenant)s and template.id = panel.template_id
join cases_case judged on judged.tenant_id = %(tenant)s and judged.id = panel.case_id
"""

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
