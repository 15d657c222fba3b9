"""The statements that copy a population. Every one is bounded by the moment `known_on`: what is frozen in parts, or
a second time, is what was known then."""

# The decided cases of the next part, by the order of their ids: how many there are, and where the part ends.
PART = """
select count(*), (array_agg(case_id order by case_id))[1], (array_agg(case_id order by case_id desc))[1]
from (
    select d.case_id from cases_decision d
    join cases_case c on c.tenant_id = d.tenant_id and c.id = d.case_id
    where d.tenant_id = %(tenant)s and d.sequence = 1 and c.case_type_id = %(case_type)s
      and d.decided_at >= %(since)s and d.decided_at < %(until)s and d.decided_at <= %(known_on)s
      and d.case_id > %(after)s
    order by d.case_id limit %(rows)s
) part
"""

DECIDED = """
select count(*) from cases_decision d
join cases_case c on c.tenant_id = d.tenant_id and c.id = d.case_id
where d.tenant_id = %(tenant)s and d.sequence = 1 and c.case_type_id = %(case_type)s
  and d.decided_at >= %(since)s and d.decided_at < %(until)s and d.decided_at <= %(known_on)s
"""

# The groups of attributes whose case type names none.
GROUPS = """
select key, array_agg(value order by value) from (
    select asked.key, ca.attributes ->> asked.key as value
    from cases_caseattributes ca
    join cases_case c on c.tenant_id = ca.tenant_id and c.id = ca.case_id
    cross join unnest(%(keys)s::text[]) asked (key)
    where ca.tenant_id = %(tenant)s and c.case_type_id = %(case_type)s and c.decided_at >= %(since)s
    group by 1, 2
) found where value is not null group by key
"""

TEXTS = """
select key, array_agg(value order by value) from (
    select f.key, f.text_value as value from cases_casefacet f
    where f.tenant_id = %(tenant)s and f.case_type_id = %(case_type)s and f.key = any(%(keys)s)
      and f.text_value is not null
    group by 1, 2
) found group by key
"""

# One row a case; `groups` and `factors` are lists of expressions, one for each attribute and factor of the audit.
FREEZE = """
with opened as (
    select distinct on (case_id) case_id, id, queue_id from reviews_panel
    where tenant_id = %(tenant)s and case_id between %(first)s and %(last)s and purpose = 'live'
      and opened_at <= %(known_on)s
    order by case_id, round
), said as materialized (
    select j.panel_id, j.label, j.reviewer_id, j.judged_at, j.id,
        coalesce(j.first_label, case when not j.advice_shown then j.label end) as alone
    from opened join reviews_judgment j on j.tenant_id = %(tenant)s and j.panel_id = opened.id
    where j.superseded_at is null and j.kind = 'reviewer' and j.judged_at <= %(known_on)s
), first_said as (
    select distinct on (panel_id) panel_id, label, reviewer_id from said order by panel_id, judged_at, id
), people as (
    select panel_id, case when count(*) = 1 then min(alone) end as label from (
        select panel_id, alone, rank() over (partition by panel_id order by count(*) desc) as place
        from said where alone is not null group by panel_id, alone
    ) ranked where place = 1 group by panel_id
), stands as (
    select distinct on (case_id) case_id, label from cases_decision
    where tenant_id = %(tenant)s and case_id between %(first)s and %(last)s and decided_at <= %(known_on)s
    order by case_id, sequence desc
), routed as (
    select distinct on (case_id) case_id, route, policy_id, prediction_id, sampling_probability
    from reviews_routingrecord
    where tenant_id = %(tenant)s and case_id between %(first)s and %(last)s and created_at <= %(known_on)s
    order by case_id, created_at, id
), predicted as (
    select p.case_id, p.id, p.label, p.model_version_id, p.probabilities, v.places
    from models_registry_prediction p
    left join unnest(%(versions)s::uuid[], %(places)s::text[]) given (id, text) on given.id = p.model_version_id
    cross join lateral (select given.text::int[] as places) v
    where p.tenant_id = %(tenant)s and p.case_id between %(first)s and %(last)s
), factor as (
    select case_id, jsonb_object_agg(key, coalesce(to_jsonb(text_value), to_jsonb(float_value))) as of
    from cases_casefacet
    where tenant_id = %(tenant)s and case_id between %(first)s and %(last)s and key = any(%(factor_keys)s)
    group by case_id
), truth as ({truth})
insert into audits_frozendecision (tenant_id, id, audit_id, case_id, groups, ai, human, first, panel, final, appealed,
    truth, reviewer_id, queue_id, score, routed, propensity, factors, seconds, overturned)
select %(tenant)s,
    (substr(%(audit)s::text, 1, 24)
        || lpad(to_hex(%(before)s + row_number() over (order by d.case_id)), 12, '0'))::uuid,
    %(audit)s, d.case_id, array[{groups}]::smallint[],
    array_position(%(labels)s, p.label), array_position(%(labels)s, people.label),
    array_position(%(labels)s, first_said.label), array_position(%(labels)s, agreed.label),
    array_position(%(labels)s, d.label), array_position(%(labels)s, stands.label),
    array_position(%(labels)s, truth.label), first_said.reviewer_id, opened.queue_id,
    case when cardinality(p.places) = 1 then p.probabilities[p.places[1]]
         else (select least(1, sum(p.probabilities[place])) from unnest(p.places) place) end,
    coalesce(routed.route = 'review', opened.id is not null), routed.sampling_probability,
    array[{factors}]::smallint[], extract(epoch from d.decided_at - c.created_at), stands.label <> d.label
from cases_decision d
join cases_case c on c.tenant_id = %(tenant)s and c.id = d.case_id and c.case_type_id = %(case_type)s
    and c.id between %(first)s and %(last)s
join stands on stands.case_id = d.case_id
left join cases_caseattributes ca on ca.tenant_id = %(tenant)s and ca.case_id = d.case_id
    and ca.case_id between %(first)s and %(last)s
left join opened on opened.case_id = d.case_id
left join reviews_consensus agreed on agreed.tenant_id = %(tenant)s and agreed.panel_id = opened.id
    and agreed.chosen and agreed.created_at <= %(known_on)s
left join first_said on first_said.panel_id = opened.id
left join people on people.panel_id = opened.id
left join routed on routed.case_id = d.case_id
left join predicted p on p.case_id = d.case_id and p.id = routed.prediction_id
left join factor on factor.case_id = d.case_id
left join truth on truth.case_id = d.case_id
where d.tenant_id = %(tenant)s and d.sequence = 1 and d.case_id between %(first)s and %(last)s
  and d.decided_at >= %(since)s and d.decided_at < %(until)s and d.decided_at <= %(known_on)s
  and (%(queue)s::uuid is null or opened.queue_id = %(queue)s)
  and (%(policy)s::uuid is null or routed.policy_id = %(policy)s)
  and (%(model_version)s::uuid is null or p.model_version_id = %(model_version)s)
"""

# a group by its place in the codebook, 0 where none is told
GROUP = "coalesce(array_position(%(group_values_{at})s::text[], ca.attributes ->> %(group_key_{at})s), 0)"
BAND = "coalesce(width_bucket((factor.of ->> %(factor_key_{at})s)::float8, %(factor_bands_{at})s::float8[]) + 1, 0)"
TEXT = "coalesce(array_position(%(factor_values_{at})s::text[], factor.of ->> %(factor_key_{at})s), 0)"

# What turned out to be true, from one source each.
TRUTHS = {
    "outcomes": """
        select distinct on (o.case_id) o.case_id, o.label from cases_outcome o
        where o.tenant_id = %(tenant)s and o.case_id between %(first)s and %(last)s and o.created_at <= %(known_on)s
        order by o.case_id, o.id desc""",
    "adjudication": """
        select distinct on (j.case_id) j.case_id, j.label from reviews_panel pa
        join reviews_judgment j on j.tenant_id = %(tenant)s and j.panel_id = pa.id
        where pa.tenant_id = %(tenant)s and pa.case_id between %(first)s and %(last)s and pa.purpose = 'live'
          and j.superseded_at is null and j.kind = 'adjudicator' and j.judged_at <= %(known_on)s
        order by j.case_id, j.judged_at desc, j.id desc""",
    "gold": """
        select distinct on (g.known_case_id) g.known_case_id as case_id, g.label from reviews_golditem g
        where g.tenant_id = %(tenant)s and g.known_case_id between %(first)s and %(last)s
          and g.approved_at <= %(known_on)s and (g.retired_at is null or g.retired_at > %(known_on)s)
        order by g.known_case_id, g.id desc""",
    "none": "select null::uuid as case_id, null::text as label where false",
}

# The frozen rows as lines, in the order of their cases: what the population's digest is taken over.
LINES = """
copy (
    select case_id, groups, ai, human, first, panel, final, appealed, truth, reviewer_id, queue_id, score, routed,
        propensity, factors, seconds, overturned
    from audits_frozendecision where tenant_id = %(tenant)s and audit_id = %(audit)s order by case_id
) to stdout (format csv)
"""

FORGET = """
update audits_frozendecision set groups = null, ai = null, human = null, first = null, panel = null, final = null,
    appealed = null, truth = null, reviewer_id = null, queue_id = null, score = null, routed = false,
    propensity = null, factors = null, seconds = null, overturned = false
where tenant_id = %(tenant)s and case_id = any(%(cases)s) and groups is not null
returning audit_id
"""
