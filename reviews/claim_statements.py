"""Who gets which seat, as SQL: what a person may take, and the claim.

Each statement is made of constants of this file; every value is a parameter. Times are the database's.
"""

# The skills that somebody has now, at each level up to their own.
SKILLS = """array(
    select had.skill || ':' || reached.level
    from reviews_reviewerskill had, generate_series(1, had.level) reached (level)
    where had.tenant_id = %(tenant)s and had.user_id = %(me)s
      and (had.expires_at is null or had.expires_at > statement_timestamp())
)"""

# Whether any case at all could be in conflict with this person: most people are spared the question seat by seat.
CONFLICTED = """(
    exists (
        select 1 from reviews_conflictofinterest stated
        where stated.tenant_id = %(tenant)s and stated.user_id = %(me)s and stated.lifted_at is null
    ) or exists (
        select 1 from cases_case brought
        where brought.tenant_id = %(tenant)s and brought.submitter_id = %(me)s and brought.subject_ref <> ''
    )
)"""

# What keeps a person from judging a seat's case beyond being its submitter or subject: declared conflicts, and an
# earlier case of the same subject that this person brought in.
CONFLICTS = """
    select 'declared_' || stated.kind as code from reviews_conflictofinterest stated
    where stated.tenant_id = %(tenant)s and stated.user_id = %(me)s and stated.lifted_at is null and (
        (stated.kind = 'person' and stated.about in (seat.submitter_id::text, seat.subject_user_id::text))
        or (stated.kind = 'subject' and stated.about = (
            select known.subject_ref from cases_case known
            where known.tenant_id = %(tenant)s and known.id = seat.case_id
        ))
        or (stated.kind = 'party' and exists (
            select 1 from cases_casefacet facet
            where facet.tenant_id = %(tenant)s and facet.case_id = seat.case_id and facet.key = stated.facet_key
              and facet.text_value = stated.about
            offset 0
        ))
    )
    union all
    select 'same_subject' from cases_case known
    where known.tenant_id = %(tenant)s and known.id = seat.case_id and known.subject_ref <> '' and exists (
        select 1 from cases_case earlier
        where earlier.tenant_id = %(tenant)s and earlier.submitter_id = %(me)s
          and earlier.subject_ref = known.subject_ref and earlier.subject_ref <> '' and earlier.id <> known.id
        offset 0
    )
"""

# What a claim asks of the person once, in the order of `ReviewerFacts.read`; `queue` is the queue's row.
FACTS = f"""
    {SKILLS}, profile.team, profile.group_key, profile.max_per_day, profile.max_share, cap.per_day, cap.share,
    (select coalesce(sum(today), 0)::int from reviews_reviewerload load
     where load.tenant_id = %(tenant)s and load.reviewer_id = %(me)s and load.day = clock.today),
    coalesce(load.taken, 0), case when load.day = clock.today then load.today else 0 end,
    case when profile.max_share is not null or cap.share is not null then (
        select coalesce(sum(today), 0)::int from reviews_reviewerload load
        where load.tenant_id = %(tenant)s and load.queue_id = queue.id and load.day = clock.today
    ) end,
    (select max(absence.ends_at) from reviews_absence absence
     where absence.tenant_id = %(tenant)s and absence.user_id = %(me)s and absence.withdrawn_at is null
       and absence.ends_at > statement_timestamp() and absence.starts_at <= statement_timestamp()),
    (select pause.reason from reviews_reviewerpause pause
     where pause.tenant_id = %(tenant)s and pause.reviewer_id = %(me)s and pause.lifted_at is null
       and (pause.case_type_id is null or queue.case_type_id is null or pause.case_type_id = queue.case_type_id)
     order by pause.paused_at limit 1),
    {CONFLICTED},
    exists (
        select 1 from reviews_seat seat
        where seat.tenant_id = %(tenant)s and seat.queue_id = queue.id and seat.reviewer_id = %(me)s
          and seat.state in ('claimed', 'answered')
    )
"""  # noqa: S608 - made of this file's own constants
FACTS_FROM = """
    cross join (select (statement_timestamp() at time zone 'UTC')::date as today) clock
    left join reviews_reviewerprofile profile on profile.tenant_id = %(tenant)s and profile.user_id = %(me)s
    left join reviews_reviewerload load
        on load.tenant_id = %(tenant)s and load.queue_id = queue.id and load.reviewer_id = %(me)s
    left join lateral (
        select mine.per_day, mine.share from reviews_queuecap mine
        where mine.tenant_id = %(tenant)s and mine.queue_id = queue.id
          and (mine.user_id = %(me)s or mine.user_id is null)
        order by mine.user_id nulls last
        limit 1
    ) cap on true
"""

# Panels whose other seats count as one's own judgments: the seat's own, and the case's live rounds before it.
# A hidden case is measured again and again, so there only its own panel counts.
_BESIDE = """
    beside.tenant_id = %(tenant)s and beside.case_id = seat.case_id and (
        beside.id = seat.panel_id
        or (seat.purpose in ('live', 'second_review') and beside.purpose in ('live', 'second_review'))
    )
"""

# Everybody who sits, or sat and judged, beside a seat.
VOTERS = f"""
    select other.reviewer_id from reviews_panel beside, lateral (
        select taken.id, taken.reviewer_id from reviews_seat taken
        where taken.tenant_id = %(tenant)s and taken.panel_id = beside.id and taken.state <> 'cancelled'
          and taken.reviewer_id is not null
        offset 0
    ) other
    where {_BESIDE} and other.id <> seat.id
"""  # noqa: S608 - made of this file's own constants

JUDGED = f"""exists (
        select 1 from reviews_panel beside
        where {_BESIDE} and exists (
            select 1 from reviews_seat other
            where other.tenant_id = %(tenant)s and other.panel_id = beside.id and other.reviewer_id = %(me)s
              and other.state <> 'cancelled'
            offset 0
        )
        offset 0
    )"""  # noqa: S608 - made of this file's own constants

OWN = """((seat.submitter_id = %(me)s::uuid) is true or (seat.subject_user_id = %(me)s::uuid) is true)"""

RESERVED = """(seat.reserved_for <> %(me)s and seat.reserved_until > statement_timestamp()) is true"""

SKIPPED = """exists (
        select 1 from reviews_seatskip skip
        where skip.tenant_id = %(tenant)s and skip.panel_id = seat.panel_id and skip.reviewer_id = %(me)s
          and (skip.meaning = 'to_others' or skip.until_at > statement_timestamp() or skip.until_taken > (
            select load.taken from reviews_reviewerload load
            where load.tenant_id = %(tenant)s and load.queue_id = seat.queue_id and load.reviewer_id = %(me)s
          ))
        offset 0
    )"""

CONFLICTED_SEAT = f"(%(conflicted)s::boolean and exists ({CONFLICTS} offset 0))"

# Panels that want differing teams, or only so many of one group, count who sits there already.
CROWDED = """(
        (seat.distinct_teams and %(team)s::text <> '' and exists (
            select 1 from reviews_seat other
            where other.tenant_id = %(tenant)s and other.panel_id = seat.panel_id and other.state <> 'cancelled'
              and other.kind = seat.kind and other.id <> seat.id and (
                select mate.team from reviews_reviewerprofile mate
                where mate.tenant_id = %(tenant)s and mate.user_id = other.reviewer_id
              ) = %(team)s::text
            offset 0
        ))
        or (%(group)s::text <> '' and seat.most_of_one_group <= (
            select count(*) from reviews_seat other
            where other.tenant_id = %(tenant)s and other.panel_id = seat.panel_id and other.state <> 'cancelled'
              and other.kind = seat.kind and other.id <> seat.id and (
                select mate.group_key from reviews_reviewerprofile mate
                where mate.tenant_id = %(tenant)s and mate.user_id = other.reviewer_id
              ) = %(group)s::text
        ))
    )"""

# What a person may take. Each EXISTS is a probe of one index: OFFSET 0 keeps the planner from making a join of it,
# which without fresh statistics reads all that the person ever judged.
TAKEABLE = f"""
    (seat.purpose = 'live' or seat.reserved_for is not distinct from %(me)s::uuid)
    and seat.skills <@ %(skills)s::text[]
    and not {RESERVED} and not {OWN} and not {JUDGED} and not {SKIPPED} and not {CONFLICTED_SEAT}
    and {CROWDED} is not true
"""

# Which kinds and sets of skills wait in a queue: one probe for each that there is, however many seats have it.
_SETS = """
    sets (queue_id, kind, skill_set, skills) as (
        {start}
        union all
        select sets.queue_id, next.kind, next.skill_set, next.skills from sets cross join lateral (
            select seat.kind, seat.skill_set, seat.skills from reviews_seat seat
            where seat.tenant_id = %(tenant)s and seat.queue_id = sets.queue_id and seat.state = 'open'
              and (seat.kind, seat.skill_set) > (sets.kind, sets.skill_set)
            order by seat.kind, seat.skill_set
            limit 1
        ) next
    )
"""
SETS_OF_ONE = _SETS.format(
    start="""(
            select seat.queue_id, seat.kind, seat.skill_set, seat.skills from reviews_seat seat
            where seat.tenant_id = %(tenant)s and seat.queue_id = %(queue)s and seat.state = 'open' {when}
            order by seat.kind, seat.skill_set
            limit 1
        )"""
)
SETS_OF_MANY = _SETS.format(
    start="""select asked.id, first.kind, first.skill_set, first.skills
        from unnest(%(queues)s::uuid[]) as asked (id) cross join lateral (
            select seat.kind, seat.skill_set, seat.skills from reviews_seat seat
            where seat.tenant_id = %(tenant)s and seat.queue_id = asked.id and seat.state = 'open'
            order by seat.kind, seat.skill_set
            limit 1
        ) first"""
)

OPEN_IN_SET = """
            where seat.tenant_id = %(tenant)s and seat.queue_id = %(queue)s and seat.kind = {sets}.kind
              and seat.skill_set = {sets}.skill_set and seat.state = 'open'
"""

# The seat already in hand comes first; then a hidden one that was opened for this person, what was handed to them,
# disputes for those who settle them, and the queue in its order: the first of each set of skills that the person
# has, and of these the foremost. Only that one is locked (a lateral join reads no further than it must), and where
# others have it the next one. MATERIALIZED, or the planner may repeat a locking scan and take more than one.
_CLAIM = """
with recursive mine as materialized (
    select seat.id from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.reviewer_id = %(me)s and seat.queue_id = %(queue)s
      and seat.state in ('claimed', 'answered')
    order by seat.claimed_at desc
    limit 1
    for no key update
), present as materialized (
    -- read after this person's other claims and absences, which take the same lock
    select 1 where %(fresh)s::boolean and not exists (select 1 from mine) and not exists (
        select 1 from reviews_absence absence
        where absence.tenant_id = %(tenant)s and absence.user_id = %(me)s and absence.withdrawn_at is null
          and absence.ends_at > statement_timestamp() and absence.starts_at <= statement_timestamp()
    )
), hidden as materialized (
    select seat.id from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.id = %(hidden)s and seat.state = 'open'
      and exists (select 1 from present)
    for no key update of seat skip locked
), handed as materialized (
    select seat.id from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.reserved_for = %(me)s and seat.queue_id = %(queue)s
      and (seat.purpose = 'live' or seat.released_by <> %(me)s)
      and seat.state = 'open' and seat.kind = any(%(kinds)s::text[])
      and exists (select 1 from present)
      and not exists (select 1 from hidden) and {takeable}
    limit 1
    for no key update of seat skip locked
), {sets},
heads as materialized (
    select sets.kind, sets.skill_set, head.* from sets cross join lateral (
        select {order_columns} from reviews_seat seat {in_set}
          and {mine_again} and {takeable}
        order by {order}
        limit 1
    ) head
    where sets.kind = any(%(kinds)s::text[]) and sets.skills <@ %(skills)s::text[]
      and not exists (select 1 from hidden union all select 1 from handed)
), ordinary as materialized (
    select foremost.id
    from (select head.kind, head.skill_set from heads head order by head.kind, {order_of_heads}) best
    cross join lateral (
        select seat.id from reviews_seat seat {in_best}
          and {mine_again} and {takeable}
        order by {order}
        limit 1
        for no key update of seat skip locked
    ) foremost
    limit 1
), found as materialized (
    select id, true as again from mine
    union all (select id, false from hidden union all select id, false from handed
               union all select id, false from ordinary)
    limit 1
), taken as (
    update reviews_seat seat
    set state = case when seat.state = 'answered' then 'answered' else 'claimed' end, reviewer_id = %(me)s,
        lease_ends_at = statement_timestamp() + make_interval(secs => %(lease)s),
        -- a lease that still runs goes on, and every tab keeps its token
        lease_token = seat.lease_token
            + case when (select again from found) and seat.lease_ends_at > statement_timestamp() then 0 else 1 end,
        claimed_at = case when (select again from found) then seat.claimed_at else statement_timestamp() end,
        held_seconds = case when (select again from found) then seat.held_seconds else 0 end,
        first_label = case when (select again from found) then seat.first_label end,
        answered_at = case when (select again from found) then seat.answered_at end,
        first_viewed_at = coalesce(
            case when (select again from found) then seat.first_viewed_at end,
            case when %(viewed)s::boolean then statement_timestamp() end
        )
    where seat.tenant_id = %(tenant)s and seat.id = (select id from found)
    returning seat.*
), counted as (
    insert into reviews_reviewerload as load (tenant_id, id, queue_id, reviewer_id, day, today, taken)
    select %(tenant)s, gen_random_uuid(), %(queue)s, %(me)s, (statement_timestamp() at time zone 'UTC')::date, 1, 1
    from taken where not (select again from found)
    on conflict on constraint no_second_load_of_one_reviewer do update
    set taken = load.taken + 1, day = excluded.day,
        today = case when load.day = excluded.day then load.today + 1 else 1 end
)
select {columns}, (select again from found),
    (select type_version_id from cases_case known where known.tenant_id = %(tenant)s and known.id = seat.case_id),
    (select why from reviews_panel panel where panel.tenant_id = %(tenant)s and panel.id = seat.panel_id),
    statement_timestamp(), array({voters}), array({conflicts})
from taken seat
"""


def _claim(*, order: str, columns: str, of_heads: str) -> str:
    return _CLAIM.format(
        takeable=TAKEABLE,
        sets=SETS_OF_ONE.replace("{when}", "and exists (select 1 from present)"),
        in_set=OPEN_IN_SET.format(sets="sets"),
        in_best=OPEN_IN_SET.format(sets="best"),
        # a hidden seat comes by its own branch, at its own time
        mine_again=(
            "(%(given_back)s::boolean or (seat.released_by is distinct from %(me)s::uuid"
            " and (seat.purpose = 'live' or not %(hides)s::boolean)))"
        ),
        order=order,
        order_columns=columns,
        order_of_heads=of_heads,
        voters=VOTERS,
        conflicts=CONFLICTS,
        columns="{columns}",
    )


# By priority, due date and age; and by age alone, for the share of claims that takes whatever waits longest.
CLAIM = _claim(
    order="seat.priority desc, seat.due_at, seat.id",
    columns="seat.priority, seat.due_at, seat.id",
    of_heads="head.priority desc, head.due_at, head.id",
)
CLAIM_OLDEST = _claim(
    order="seat.opened_at, seat.id", columns="seat.opened_at, seat.id", of_heads="head.opened_at, head.id"
)

# A seat given back on the day it was taken is no part of that day's work.
UNCOUNT = """
update reviews_reviewerload load set today = load.today - 1
where load.tenant_id = %(tenant)s and load.queue_id = %(queue)s and load.reviewer_id = %(holder)s and load.today > 0
  and load.day = (statement_timestamp() at time zone 'UTC')::date
  and %(claimed_at)s >= (load.day::timestamp at time zone 'UTC')
"""
