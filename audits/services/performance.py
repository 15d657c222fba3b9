"""What figures are measured against, and what subjects say."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from audits import performance_permissions
from audits.models import Baseline, Satisfaction
from audits.models.performance import MOST_STARS
from cases import queries
from hitl_platform.kernel.errors import Invalid, NotFound, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor

MOST_MONEY = Decimal(10_000_000)
MOST_WORDS = 500


@command
def declare_baseline(
    *,
    actor: Actor,
    case_type_key: str,
    currency: str,
    cost_per_decision: Decimal,
    cost_per_hour: Decimal,
    cost_per_automatic: Decimal,
    source: str,
) -> Baseline:
    """A new version of what decisions of a type cost before and what work costs now; earlier ones stay in the ledger.

    Raises Invalid naming each field that makes no sense.
    """
    require(performance_permissions.can_declare_baseline(actor))
    case_type = queries.visible_case_types(actor).filter(key=case_type_key).select_for_update(of=("self",)).first()
    if case_type is None:
        raise NotFound
    amounts = {
        "cost_per_decision": cost_per_decision,
        "cost_per_hour": cost_per_hour,
        "cost_per_automatic": cost_per_automatic,
    }
    _require_sense(currency, source, amounts)
    last = Baseline.objects.filter(case_type=case_type).aggregate(last=Max("version"))["last"] or 0
    baseline = Baseline.objects.create(
        tenant_id=actor.tenant_id,
        case_type=case_type,
        version=last + 1,
        currency=currency,
        source=source.strip(),
        declared_by=actor.id,
        **amounts,
    )
    told = {name: str(amount) for name, amount in amounts.items()}
    record("baseline.declared", baseline, actor=actor, body=told | {"case_type": case_type_key, "currency": currency})
    return baseline


@command
def post_satisfaction(
    *, actor: Actor, case_id: UUID, stars: int, reference: str, given_at: datetime
) -> tuple[Satisfaction, bool]:
    """How a subject found a decided case, and whether that is new: a reference counts once, whatever it says again.

    Raises Invalid for a case that has no decision yet, for marks out of range, or a time yet to come.
    """
    case = queries.get_case(actor, case_id, lock=True)
    require(performance_permissions.can_post_satisfaction(actor))
    fields: dict[str, list[str]] = {}
    if not 1 <= stars <= MOST_STARS:
        fields["stars"] = [f"From 1 to {MOST_STARS}."]
    if given_at > timezone.now():
        fields["given_at"] = ["A mark lies in the past."]
    if case.decision_id is None:
        fields["case_id"] = ["The case is not decided yet."]
    if fields:
        raise Invalid("The mark is not valid.", fields=fields)
    known = Satisfaction.objects.filter(case_id=case.pk, reference=reference).first()
    if known is not None:
        return known, False
    mark = Satisfaction.objects.create(
        tenant_id=actor.tenant_id, case_id=case.pk, stars=stars, reference=reference, given_at=given_at
    )
    record("satisfaction.posted", mark, actor=actor, case_id=case.pk, body={"stars": stars})
    return mark, True


def _require_sense(currency: str, source: str, amounts: dict[str, Decimal]) -> None:
    fields: dict[str, list[str]] = {}
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        fields["currency"] = ["Three capital letters, such as EUR (ISO 4217)."]
    if not source.strip() or len(source) > MOST_WORDS:
        fields["source"] = [f"Say in at most {MOST_WORDS} characters where the figures come from."]
    for name, amount in amounts.items():
        if not amount.is_finite() or amount < 0 or amount > MOST_MONEY:
            fields[name] = [f"An amount from 0 to {MOST_MONEY:,}."]
    if not fields and amounts["cost_per_decision"] == 0:
        fields["cost_per_decision"] = ["A decision that cost nothing cannot be a baseline."]
    if fields:
        raise Invalid("The baseline is not valid.", fields=fields)
