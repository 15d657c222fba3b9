"""Hidden seats as SQL: cases with a known answer, and decisions that are judged once more.

A hidden seat is made in the likeness of the seat at the head of its queue (template, reason, advice, priority, due
date, age, the time in its id), so that nothing tells it apart; it is reserved for one person, and to everybody else
it is not there. What a live seat's id cannot be, this one's is not either: see `kernel.ids`.
"""

from reviews.claim_statements import SETS_OF_ONE

_SETS = SETS_OF_ONE.replace("{when}", "and exists (select 1 from asked)")

# Within this many of the newest decisions, one is drawn for a second review.
NEWEST_DECISIONS = 500

# The foremost live seat, by one probe a set of skills, as the index has them: sorting a queue would show in the time.
_NEIGHBOUR = """
    select seat.*, panel.template_id, panel.why, panel.case_type_id, panel.is_full, panel.drawn_with,
        ('x' || lpad(translate(left(seat.id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint as millisecond
    from (
        select head.* from sets cross join lateral (
            select seat.* from reviews_seat seat
            where seat.tenant_id = %(tenant)s and seat.queue_id = sets.queue_id and seat.kind = sets.kind
              and seat.skill_set = sets.skill_set and seat.state = 'open' and seat.purpose = 'live'
            order by seat.priority desc, seat.due_at, seat.id
            limit 1
        ) head
        where sets.kind = 'reviewer'
        order by head.priority desc, head.due_at, head.id
        limit 1
    ) seat
    -- an appeal shows what somebody wrote against a decision: nothing can be made in its likeness
    join reviews_panel panel on panel.tenant_id = %(tenant)s and panel.id = seat.panel_id and panel.why <> 'appeal'
"""

_GOLD = """
    select item.id as gold_item_id, null::uuid as decision_id, item.known_case_id as case_id, 'gold' as sort,
        md5(item.id::text || %(me)s::text) as draw
    from reviews_golditem item
    where item.tenant_id = %(tenant)s and item.state = 'active' and 'gold' = any(%(sorts)s::text[])
      and item.case_type_id = (select case_type_id from neighbour)
      and item.proposed_by <> %(me)s and item.approved_by <> %(me)s
      and not exists (
          select 1 from reviews_hiddenseat before
          where before.tenant_id = %(tenant)s and before.reviewer_id = %(me)s and before.gold_item_id = item.id
      )
"""

_DECIDED = f"""
    select null::uuid, decision.id, decision.case_id,
        case when decision.made_by = 'model' then 'model' else 'human' end,
        md5(decision.id::text || %(me)s::text || %(taken)s::text)
    from (
        select made.* from cases_decision made where made.tenant_id = %(tenant)s order by made.id desc
        limit {NEWEST_DECISIONS}
    ) decision
    join cases_case known
        on known.tenant_id = %(tenant)s and known.id = decision.case_id and known.decision_id = decision.id
    where known.reduced_at is null
      and %(sorts)s::text[] && array['human', 'model'] and known.case_type_id = (select case_type_id from neighbour)
      and not exists (
          select 1 from reviews_hiddenseat before
          where before.tenant_id = %(tenant)s and before.decision_id = decision.id
      )
      and not exists (
          select 1 from reviews_golditem item
          where item.tenant_id = %(tenant)s and item.known_case_id = decision.case_id and item.state <> 'retired'
      )
      and (decision.made_by = 'model' or (decision.made_by in ('panel', 'adjudicator') and exists (
          select 1 from reviews_panel panel
          where panel.tenant_id = %(tenant)s and panel.id = decision.panel_id and panel.queue_id = %(queue)s
      )))
"""  # noqa: S608 - made of this file's own constants

# A stranger to the case: no seat on any of its panels, never told its outcome in practice, and none of the conflicts
# that keep one from a live seat.
_STRANGER = """
    known.submitter_id is distinct from %(me)s and known.subject_user_id is distinct from %(me)s
    and not exists (
        select 1 from reviews_panel panel
        join reviews_seat taken on taken.tenant_id = %(tenant)s and taken.panel_id = panel.id
        where panel.tenant_id = %(tenant)s and panel.case_id = known.id and taken.reviewer_id = %(me)s
    )
    and not exists (
        select 1 from reviews_practiceanswer practised
        where practised.tenant_id = %(tenant)s and practised.practised_case_id = known.id
          and practised.reviewer_id = %(me)s
    )
    and not exists (
        select 1 from reviews_conflictofinterest stated
        where stated.tenant_id = %(tenant)s and stated.user_id = %(me)s and stated.lifted_at is null and (
            (stated.kind = 'person' and stated.about in (known.submitter_id::text, known.subject_user_id::text))
            or (stated.kind = 'subject' and stated.about = known.subject_ref)
            or (stated.kind = 'party' and exists (
                select 1 from cases_casefacet facet
                where facet.tenant_id = %(tenant)s and facet.case_id = known.id and facet.key = stated.facet_key
                  and facet.text_value = stated.about
            ))
        )
    )
    and (known.subject_ref = '' or not exists (
        select 1 from cases_case earlier
        where earlier.tenant_id = %(tenant)s and earlier.submitter_id = %(me)s
          and earlier.subject_ref = known.subject_ref
    ))
"""

# Opens what the draws ask for (with `ahead` for somebody who has a case in hand), and answers the seats opened now and
# the one opened before that is due. One statement whatever it finds: a claim takes as many with a hidden seat as
# without.
NEXT_HIDDEN = f"""
with recursive busy as materialized (
    select 1 from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.queue_id = %(queue)s and seat.reviewer_id = %(me)s
      and seat.state in ('claimed', 'answered')
), asked as materialized (
    select draw.position, draw.sort, row_number() over (partition by draw.sort order by draw.position) as nth
    from unnest(%(positions)s::int[], %(sorts)s::text[]) as draw (position, sort)
    where (%(ahead)s::boolean or not exists (select 1 from busy)) and not exists (
        select 1 from reviews_hiddenseat before
        where before.tenant_id = %(tenant)s and before.reviewer_id = %(me)s and before.queue_id = %(queue)s
          and before.position = draw.position
    )
), {_SETS},
neighbour as materialized ({_NEIGHBOUR}),
candidate as materialized ({_GOLD} union all {_DECIDED}),
eligible as materialized (
    select candidate.*, known.submitter_id, known.subject_user_id,
        row_number() over (partition by candidate.sort order by candidate.draw) as nth,
        1.0 / count(*) over (partition by candidate.sort) as probability,
        (
            select said.id from models_registry_prediction said
            join models_registry_modelversion version
                on version.tenant_id = %(tenant)s and version.id = said.model_version_id
            where said.tenant_id = %(tenant)s and said.case_id = known.id and version.promoted_at is not null
            order by said.id desc limit 1
        ) as prediction_id,
        (
            select panel.why from reviews_panel panel
            where panel.tenant_id = %(tenant)s and panel.case_id = known.id and panel.purpose = 'live'
            order by panel.round limit 1
        ) as first_why
    from candidate
    join cases_case known on known.tenant_id = %(tenant)s and known.id = candidate.case_id
    where {_STRANGER}
      and ((select advice from neighbour) = 'hidden' or exists (
          select 1 from models_registry_prediction said
          join models_registry_modelversion version
              on version.tenant_id = %(tenant)s and version.id = said.model_version_id
          where said.tenant_id = %(tenant)s and said.case_id = known.id and version.promoted_at is not null
      ))
), chosen as materialized (
    select gen_random_uuid() as hidden_id, eligible.*, asked.position,
        1 + floor(random() * 3)::int as shift,
        gen_random_uuid()::text as noise_of_panel, gen_random_uuid()::text as noise_of_seat,
        substr('0123', 1 + floor(random() * 4)::int, 1) as high_of_panel,
        substr('0123', 1 + floor(random() * 4)::int, 1) as high_of_seat
    from asked join eligible on eligible.sort = asked.sort and eligible.nth = asked.nth
), made as materialized (
    select chosen.*, neighbour.queue_id, neighbour.case_type_id, neighbour.template_id, neighbour.advice,
        neighbour.control, neighbour.priority, neighbour.is_full, neighbour.drawn_with,
        case when chosen.sort = 'gold' then 'gold' else 'second_review' end as purpose,
        coalesce(chosen.first_why, neighbour.why) as why,
        neighbour.opened_at + chosen.shift * interval '1 millisecond' as likely_at,
        -- due dates on the second are rules', and shared; others are one case's own
        case when neighbour.due_at = date_trunc('second', neighbour.due_at) then neighbour.due_at
             else neighbour.due_at + chosen.shift * interval '1 millisecond' end as likely_due_at,
        (stamp || '-7' || high_of_panel || substr(noise_of_panel, 17))::uuid as panel_id,
        (stamp || '-7' || high_of_seat || substr(noise_of_seat, 17))::uuid as seat_id
    from chosen cross join neighbour cross join lateral (
        select regexp_replace(lpad(to_hex(neighbour.millisecond + chosen.shift), 12, '0'), '^(.{{8}})', '\\1-') as stamp
    ) clock
), panel as (
    insert into reviews_panel (tenant_id, id, case_id, case_type_id, queue_id, template_id, policy_id, prediction_id,
                               why, is_full, drawn_with, purpose, state, round, opened_at, event_id)
    select %(tenant)s, panel_id, case_id, case_type_id, queue_id, template_id, null, prediction_id, why, is_full,
        drawn_with, purpose, 'open', 0, likely_at, %(event)s
    from made
), seat as (
    insert into reviews_seat (tenant_id, id, panel_id, case_id, queue_id, kind, state, advice, purpose, control,
                              reserved_for, reserved_until, priority, due_at, submitter_id, subject_user_id, opened_at,
                              lease_token)
    select %(tenant)s, seat_id, panel_id, case_id, queue_id, 'reviewer', 'open', advice, purpose, control, %(me)s,
        statement_timestamp() + interval '100 years', priority, likely_due_at, submitter_id, subject_user_id,
        likely_at, 0
    from made
), hidden as (
    insert into reviews_hiddenseat (tenant_id, id, reviewer_id, queue_id, seat_id, panel_id, purpose, gold_item_id,
                                    decision_id, position, probability, opened_at)
    select %(tenant)s, hidden_id, %(me)s, queue_id, seat_id, panel_id, purpose, gold_item_id, decision_id, position,
        probability, statement_timestamp()
    from made
)
select made.seat_id, made.hidden_id, made.purpose, made.position from made
union all (
    select before.seat_id, null, before.purpose, before.position from reviews_hiddenseat before
    join reviews_seat seat on seat.tenant_id = %(tenant)s and seat.id = before.seat_id
    where before.tenant_id = %(tenant)s and before.reviewer_id = %(me)s and before.queue_id = %(queue)s
      and before.position between %(taken)s - 50 and %(taken)s and seat.state = 'open'
      and seat.released_by is distinct from %(me)s and not exists (select 1 from busy)
    order by before.position limit 1
)
"""  # noqa: S608 - made of this file's own constants
