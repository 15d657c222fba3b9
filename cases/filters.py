"""What lists of cases and decisions can be filtered by; anything else is refused by name."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from cases import queries
from cases.models import CaseFacet, CaseTypeVersion, MadeBy
from cases.states import CaseState
from cases.submissions import facet_value
from hitl_platform.doors.cursors import Filter, readable_text, readable_time, text_filter, time_filter, uuid_filter
from hitl_platform.kernel.errors import Invalid, NotFound
from hitl_platform.tenants.actor import Actor

FACET = "facet."
FACET_LOOKUPS = ("gte", "gt", "lte", "lt")
# ids grow with time, so a bound on them lets the index skip what a bound on created_at would have to read
ID_SLACK = timedelta(days=1)


def _created(lookup: str) -> Filter:
    def narrow(text: str) -> Q:
        at = readable_time(text)
        slack = -ID_SLACK if lookup == "gte" else ID_SLACK
        edge = UUID(int=max(0, int((at + slack).timestamp() * 1000)) << 80)
        return Q(**{f"created_at__{lookup}": at, f"id__{lookup}": edge})

    return narrow


CASE_FILTERS: Mapping[str, Filter] = {
    "state": text_filter("state", choices=tuple(CaseState)),
    "case_type": text_filter("case_type__key"),
    "external_id": text_filter("external_id"),
    "subject_ref": text_filter("subject_ref"),
    "created_after": _created("gte"),
    "created_before": _created("lt"),
    "due_before": time_filter("due_at__lt"),
}
DECISION_FILTERS: Mapping[str, Filter] = {
    "case": uuid_filter("case_id"),
    "case_type": text_filter("case__case_type__key"),
    "external_id": text_filter("case__external_id"),
    "label": text_filter("label"),
    "made_by": text_filter("made_by", choices=tuple(MadeBy.values)),
    "decided_after": time_filter("decided_at__gte"),
    "decided_before": time_filter("decided_at__lt"),
}


def is_case_parameter(name: str) -> bool:
    """Whether a list of cases knows this parameter; facets are looked up in the case type later."""
    return name in CASE_FILTERS or name.startswith(FACET)


def case_filters(actor: Actor, parameters: Mapping[str, str]) -> Mapping[str, Filter]:
    """The filters of a list of cases, those of the facets asked for among them; raises Invalid naming others."""
    asked = [name for name in parameters if name.startswith(FACET)]
    if not asked:
        return CASE_FILTERS
    version = _version(actor, parameters)
    kinds = {facet["key"]: facet["type"] for facet in version.facets} if version else {}
    filters, fields = dict(CASE_FILTERS), {}
    for name in asked:
        key, _, lookup = name.removeprefix(FACET).partition("__")
        if version is None:
            fields[name[:100]] = ["Name the case_type as well: facets belong to one."]
        elif key not in kinds:
            fields[name[:100]] = ["The case type has no such facet."]
        elif lookup and (lookup not in FACET_LOOKUPS or kinds[key] == "text"):
            fields[name[:100]] = ["A facet is compared by =, or but for text by __gte, __gt, __lte, __lt."]
        else:
            filters[name] = _facet(version, key, kinds[key], lookup)
    if fields:
        raise Invalid("The query is not valid.", fields=fields)
    return filters


def _version(actor: Actor, parameters: Mapping[str, str]) -> CaseTypeVersion | None:
    try:
        return queries.get_current_version(actor, readable_text(parameters.get("case_type", "")))
    except (NotFound, ValueError):
        return None


def _facet(version: CaseTypeVersion, key: str, kind: str, lookup: str) -> Filter:
    def narrow(text: str) -> Q:
        try:
            value = facet_value(readable_text(text), kind)
        except ValueError:
            raise ValueError(f"This is no value of a {kind} facet.") from None
        if value != value:  # noqa: PLR0124  NaN, which float() reads and no payload holds
            raise ValueError("This is no number.")
        column = f"{kind}_value__{lookup}" if lookup else f"{kind}_value"
        found = CaseFacet.objects.filter(case_type_id=version.case_type_id, key=key, **{column: value})
        return Q(pk__in=found.values("case_id"))

    return narrow
