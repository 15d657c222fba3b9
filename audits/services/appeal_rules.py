"""Saying where the appeals of a case type are heard."""

from django.utils import timezone

from audits import appeal_permissions
from audits.models import Appeal, AppealRule
from audits.services.appeals import send_waiting
from cases.queries import get_case_type
from hitl_platform.kernel.errors import Invalid, require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from reviews.escalation_queries import newest_calendars
from reviews.models import Queue
from reviews.services.appeal_rounds import hearing_of
from reviews.sla import span_problem


@command
def set_appeal_rule(
    *,
    actor: Actor,
    case_type_key: str,
    queue_key: str,
    template_key: str,
    answer_within: str = "30d",
    calendar_key: str = "",
    open_days: int = 183,
) -> AppealRule:
    """Where appeals of a case type are heard from now on, and by when they are answered; sends those that waited.

    Raises Invalid naming every field that is wrong.
    """
    require(appeal_permissions.can_handle_appeals(actor))
    case_type = get_case_type(actor, case_type_key, lock=True)
    fields = _problems(answer_within, calendar_key, open_days)
    queue = Queue.objects.filter(key=queue_key).first()
    if queue is None:
        fields["queue"] = ["There is no queue of this key."]
    if fields or queue is None:
        raise Invalid("Appeals cannot be heard so.", fields=fields)
    hearing_of(queue_id=queue.pk, template_key=template_key, case_type_id=case_type.pk)
    terms = {
        "queue": queue,
        "template_key": template_key,
        "answer_within": answer_within,
        "calendar_key": calendar_key,
        "open_days": open_days,
        "updated_at": timezone.now(),
    }
    if not AppealRule.objects.filter(case_type=case_type).update(**terms):
        AppealRule(tenant_id=actor.tenant_id, case_type=case_type, **terms).save(force_insert=True)
    rule = AppealRule.objects.get(case_type=case_type)
    told = {"queue": queue_key, "template": template_key, "answer_within": answer_within, "open_days": open_days}
    record("appeal_rule.set", rule, actor=actor, body=told | {"case_type": case_type_key, "calendar": calendar_key})
    for appeal in Appeal.objects.filter(case_type=case_type, state="received").order_by("id"):
        send_waiting(actor=actor, appeal_id=appeal.pk)
    return rule


def _problems(answer_within: str, calendar_key: str, open_days: int) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    problem = span_problem(answer_within)
    if problem:
        fields["answer_within"] = [problem]
    if calendar_key and calendar_key not in newest_calendars():
        fields["calendar"] = ["There is no calendar of this key."]
    if not 1 <= open_days <= 3_650:
        fields["open_days"] = ["From 1 to 3650 days."]
    return fields
