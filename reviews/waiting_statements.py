"""What a queue shows of itself to one person, as SQL: counts, what comes next, and why nothing does.

The same conditions as the claim's. Each statement is made of constants; every value is a parameter.
"""

from reviews.claim_statements import (
    CONFLICTED,
    CONFLICTED_SEAT,
    CROWDED,
    JUDGED,
    OPEN_IN_SET,
    OWN,
    RESERVED,
    SETS_OF_MANY,
    SETS_OF_ONE,
    SKILLS,
    SKIPPED,
    TAKEABLE,
)

# Pages read the person's facts beside the seats, the claim is given them by the read of its queue.
_PERSON = f"""person as materialized (
    select {SKILLS} as skills, {CONFLICTED} as conflicted,
        coalesce((select team from reviews_reviewerprofile profile
                  where profile.tenant_id = %(tenant)s and profile.user_id = %(me)s), '') as team,
        coalesce((select group_key from reviews_reviewerprofile profile
                  where profile.tenant_id = %(tenant)s and profile.user_id = %(me)s), '') as group_key
)"""  # noqa: S608 - made of constants


def _of_person(statement: str) -> str:
    for parameter, column in (
        ("%(skills)s::text[]", "skills"),
        ("%(conflicted)s::boolean", "conflicted"),
        ("%(team)s::text", "team"),
        ("%(group)s::text", "group_key"),
    ):
        statement = statement.replace(parameter, f"(select {column} from person)")  # noqa: S608 - the columns above
    return statement.replace("with recursive ", f"with recursive {_PERSON}, ", 1)


# Two open places on one panel are one case to whoever may take either.
ONE_OF_A_PANEL = """not exists (
    select 1 from reviews_seat twin
    where twin.tenant_id = %(tenant)s and twin.panel_id = seat.panel_id and twin.state = 'open'
      and twin.kind = seat.kind and twin.skill_set = seat.skill_set and twin.id < seat.id
    offset 0
)"""

# For each queue: what this person may take (counted so far as it matters), and what is in whose hands.
SUMMARY = _of_person(f"""
with recursive {SETS_OF_MANY}
select asked.id, waiting.seats, age.oldest, waiting.next_due, hands.mine, hands.others
from unnest(%(queues)s::uuid[]) as asked (id),
lateral (
    select count(*) as seats, min(due_at) as next_due
    from (
        select seat.due_at from sets cross join lateral (
            select seat.due_at from reviews_seat seat
            where seat.tenant_id = %(tenant)s and seat.queue_id = asked.id and seat.kind = sets.kind
              and seat.skill_set = sets.skill_set and seat.state = 'open' and {TAKEABLE} and {ONE_OF_A_PANEL}
            limit %(most)s
        ) seat
        where sets.queue_id = asked.id and sets.kind = any(%(kinds)s::text[]) and sets.skills <@ %(skills)s::text[]
        limit %(most)s
    ) takeable
) waiting,
lateral (
    select min(first.opened_at) as oldest from sets cross join lateral (
        select seat.opened_at from reviews_seat seat
        where seat.tenant_id = %(tenant)s and seat.queue_id = asked.id and seat.kind = sets.kind
          and seat.skill_set = sets.skill_set and seat.state = 'open'
        order by seat.opened_at
        limit 1
    ) first
    where sets.queue_id = asked.id
) age,
lateral (
    select count(*) filter (where seat.reviewer_id = %(me)s) as mine,
           count(*) filter (where seat.reviewer_id <> %(me)s) as others
    from reviews_seat seat
    where seat.tenant_id = %(tenant)s and seat.queue_id = asked.id and seat.state in ('claimed', 'held', 'answered')
) hands
""")  # noqa: S608 - made of this file's own constants

# As the claim does: what was opened for this person comes before the queue's own order.
HIDDEN_FIRST = "(seat.purpose <> 'live' and seat.released_by is distinct from %(me)s::uuid) desc"
# then what was handed to them by name
HANDED_FIRST = "(seat.purpose = 'live' and seat.reserved_for is not distinct from %(me)s::uuid) desc"
WAITING = _of_person(f"""
with recursive {SETS_OF_ONE.replace("{when}", "")}
select seat.* from sets cross join lateral (
    select seat.* from reviews_seat seat {OPEN_IN_SET.format(sets="sets")} and {TAKEABLE} and {ONE_OF_A_PANEL}
    order by {HIDDEN_FIRST}, {HANDED_FIRST}, seat.priority desc, seat.due_at, seat.id
    limit %(limit)s
) seat
where sets.kind = any(%(kinds)s::text[]) and sets.skills <@ %(skills)s::text[]
order by {HIDDEN_FIRST}, {HANDED_FIRST}, seat.kind, seat.priority desc, seat.due_at, seat.id
limit %(limit)s
""")  # noqa: S608 - made of this file's own constants

# Each open seat counts once, under the first reason that applies. A set of skills that the person lacks is counted
# as a set; seats whose skills fit are asked one by one. Both stop at %(most)s.
EMPTY_REASONS = _of_person(f"""
with recursive {SETS_OF_ONE.replace("{when}", "")},
lacking as (
    select sets.skills, counted.seats from sets cross join lateral (
        select count(*) as seats from (
            select 1 from reviews_seat seat {OPEN_IN_SET.format(sets="sets")} and seat.purpose = 'live'
            limit %(most)s
        ) few
    ) counted
    where sets.kind = any(%(kinds)s::text[]) and not sets.skills <@ %(skills)s::text[]
), asked as (
    select case
        when not seat.kind = any(%(kinds)s::text[]) then 'for_' || seat.kind || 's'
        when {OWN} then 'own_cases'
        when {JUDGED} then 'already_judged'
        when {CONFLICTED_SEAT} then 'conflicts'
        when {SKIPPED} then 'skipped'
        when {RESERVED} then 'reserved_for_others'
        when {CROWDED} then 'of_your_team'
        else 'takeable'
    end as reason, seat.panel_id
    from (
        select seat.* from sets cross join lateral (
            select seat.* from reviews_seat seat {OPEN_IN_SET.format(sets="sets")}
              and (seat.purpose = 'live' or seat.reserved_for is not distinct from %(me)s::uuid)
            limit %(most)s
        ) seat
        where sets.skills <@ %(skills)s::text[] or not sets.kind = any(%(kinds)s::text[])
        limit %(most)s
    ) seat
), hands as (
    select count(*) filter (where state <> 'held') as leased, count(*) filter (where state = 'held') as held
    from (
        select seat.state from reviews_seat seat
        where seat.tenant_id = %(tenant)s and seat.queue_id = %(queue)s
          and seat.state in ('claimed', 'held', 'answered') and seat.reviewer_id <> %(me)s
        limit %(most)s
    ) others
)
select (select leased from hands), (select held from hands),
    (select coalesce(jsonb_object_agg(reason, seats), '{{}}') from (
        select reason, count(*) as seats from asked group by reason
    ) each),
    (select coalesce(sum(seats), 0)::int from lacking),
    array(
        select distinct skill from lacking, unnest(lacking.skills) as skill
        where not array[skill] <@ %(skills)s::text[] order by skill
    ),
    (select min(skip.until_at) from asked
        join reviews_seatskip skip on skip.tenant_id = %(tenant)s and skip.panel_id = asked.panel_id
         and skip.reviewer_id = %(me)s and skip.until_at > statement_timestamp()
     where asked.reason = 'skipped')
""")  # noqa: S608 - made of this file's own constants
