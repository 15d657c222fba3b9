"""What a bias audit is asked: read from a request, checked against the case type, and stored complete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from audits.bias_schemas import BIAS_AUDIT, SCHEDULE
from audits.fairness import rule_sets
from cases.definitions import favourable_keys, label_keys
from cases.models import CaseTypeVersion
from cases.queries import get_current_version
from cases.validation import Fields, read_time, require_valid, validator_of
from hitl_platform.kernel.errors import Invalid, NotFound
from hitl_platform.tenants.actor import Actor
from models_registry.models import ModelVersion
from reviews.models import Queue, RoutingPolicy

DEFAULT_CELL = 10
_AUDIT = validator_of(BIAS_AUDIT)
_SCHEDULE = validator_of(SCHEDULE)


def read_asked(actor: Actor, raw: Mapping[str, Any]) -> tuple[CaseTypeVersion, dict[str, Any], datetime]:
    """The case type, the complete definition and the day of knowledge of an audit; raises Invalid naming fields."""
    require_valid(_AUDIT, raw, what="The audit")
    now = timezone.now()
    fields: Fields = {}
    times = {name: _time(raw["period"][name], f"period.{name}", fields) for name in ("from", "to")}
    known_on = _time(raw["known_on"], "known_on", fields) if "known_on" in raw else now
    if times["from"] and times["to"] and times["from"] >= times["to"]:
        fields["period"] = ["It ends before it begins."]
    if known_on and known_on > now:
        fields["known_on"] = ["It lies in the future: nobody knows yet what will be known then."]
    elif known_on and times["from"] and known_on < times["from"]:
        fields["known_on"] = ["It lies before the period."]
    version, definition = _definition(actor, raw, fields)
    definition["period"] = {name: at.isoformat() for name, at in times.items() if at}
    return version, definition, known_on or now


def read_scheduled(actor: Actor, raw: Mapping[str, Any]) -> tuple[CaseTypeVersion, dict[str, Any]]:
    """The case type and the definition, without a period, of audits that come round; raises Invalid naming fields."""
    require_valid(_SCHEDULE, raw, what="The schedule")
    return _definition(actor, raw, {})


def _definition(actor: Actor, raw: Mapping[str, Any], fields: Fields) -> tuple[CaseTypeVersion, dict[str, Any]]:
    try:
        version = get_current_version(actor, raw["case_type"])
    except NotFound:
        raise Invalid("The audit is not valid.", fields={"case_type": ["There is no such case type."]}) from None
    definition = {
        "attributes": list(raw["attributes"]),
        "reference": raw.get("reference", "best"),
        "minimum_cell": raw.get("minimum_cell", DEFAULT_CELL),
        "truth": raw.get("truth", "outcomes"),
        "factors": _factors(raw, version, fields),
        "rule_sets": sorted(raw.get("rule_sets", [])),
        "facts": dict(raw.get("facts", {})),
        "exclusions": {rule: dict(left_out) for rule, left_out in raw.get("exclusions", {}).items()},
        **_labels(raw, version, fields),
        **_narrowing(raw, version, fields),
    }
    _check_attributes(definition, version, fields)
    _check_rules(definition, fields)
    if fields:
        raise Invalid("The audit is not valid.", fields=fields)
    return version, definition


def _check_attributes(definition: dict[str, Any], version: CaseTypeVersion, fields: Fields) -> None:
    strangers = [name for name in definition["attributes"] if name not in version.attributes_schema]
    if strangers:
        there = ", ".join(version.attributes_schema) or "none"
        fields["attributes"] = [f"The case type has no attribute {', '.join(strangers)}; it has {there}."]
    reference = definition["reference"]
    if isinstance(reference, dict) and set(reference) != set(definition["attributes"]):
        fields["reference"] = ["Name one group of each attribute, and of no other."]


def _check_rules(definition: dict[str, Any], fields: Fields) -> None:
    known = {each.id: each for each in rule_sets()}
    unknown = [name for name in definition["rule_sets"] if name not in known]
    if unknown:
        fields["rule_sets"] = [f"There is no rule set {', '.join(unknown)}; there are {', '.join(known)}."]
        return
    chosen = [known[name] for name in definition["rule_sets"]]
    asked = {fact for each in chosen for fact in (*each.facts, *(fact for duty in each.duties for fact in duty.facts))}
    strangers = sorted(set(definition["facts"]) - asked)
    if strangers:
        fields["facts"] = [f"None of the chosen rule sets asks for {', '.join(strangers)}."]
    if set(definition["exclusions"]) - set(definition["rule_sets"]):
        fields["exclusions"] = ["Name rule sets that are chosen."]


def _labels(raw: Mapping[str, Any], version: CaseTypeVersion, fields: Fields) -> dict[str, list[str]]:
    known = label_keys(version.labels)
    favourable = list(raw.get("favourable", favourable_keys(version.labels)))
    unfavourable = list(raw.get("unfavourable", [label for label in known if label not in favourable]))
    for name, labels in (("favourable", favourable), ("unfavourable", unfavourable)):
        strangers = [label for label in labels if label not in known]
        if strangers:
            fields[name] = [f"The case type has no label {', '.join(strangers)}; it has {', '.join(known)}."]
        elif not labels:
            fields[name] = ["Name at least one label: the case type says of none that it is favourable."]
    if set(favourable) & set(unfavourable):
        fields["unfavourable"] = ["A label cannot be both."]
    return {"favourable": favourable, "unfavourable": unfavourable}


def _factors(raw: Mapping[str, Any], version: CaseTypeVersion, fields: Fields) -> list[dict[str, Any]]:
    kinds = {facet["key"]: facet["type"] for facet in version.facets}
    factors = []
    for at, each in enumerate(raw.get("factors", [])):
        kind, bands = kinds.get(each["facet"]), each.get("bands")
        if kind not in ("text", "float"):
            reason = (
                f"There is no facet of this key that is a text or a number; there are {', '.join(kinds) or 'none'}."
            )
        elif (kind == "float") != (bands is not None):
            reason = "A number needs bands." if kind == "float" else "Only a number has bands."
        elif bands is not None and bands != sorted(set(bands)):
            reason = "Bands ascend, each once."
        else:
            # fractions have no canonical form, and a definition is hashed
            factors.append({"facet": each["facet"]} | ({"bands": [str(band) for band in bands]} if bands else {}))
            continue
        fields[f"factors[{at}]"] = [reason]
    return factors


def _narrowing(raw: Mapping[str, Any], version: CaseTypeVersion, fields: Fields) -> dict[str, Any]:
    """Queue, policy and model version to which the population is narrowed, by name and by id."""
    found: dict[str, Any] = {"queue_id": None, "policy_id": None, "model_version_id": None}
    wanted: dict[str, Any] = {name: raw.get(name) for name in ("queue", "policy_version", "model", "model_version")}
    case_type = version.case_type_id
    if wanted["queue"] is not None:
        found["queue_id"] = Queue.objects.filter(key=wanted["queue"]).values_list("pk", flat=True).first()
        _miss("queue", found["queue_id"], "There is no such queue.", fields)
    if wanted["policy_version"] is not None:
        policies = RoutingPolicy.objects.filter(case_type_id=case_type, version=wanted["policy_version"])
        found["policy_id"] = policies.values_list("pk", flat=True).first()
        _miss("policy_version", found["policy_id"], "The case type has no such policy.", fields)
    if (wanted["model"] is None) != (wanted["model_version"] is None):
        fields["model_version"] = ["Name the model and its version, or neither."]
    elif wanted["model"] is not None:
        models = ModelVersion.objects.filter(case_type_id=case_type, model__key=wanted["model"])
        chosen = models.filter(version=wanted["model_version"])
        found["model_version_id"] = chosen.values_list("pk", flat=True).first()
        _miss("model_version", found["model_version_id"], "The case type has no such model version.", fields)
    return wanted | {name: str(value) if value else None for name, value in found.items()}


def _miss(name: str, found: Any, reason: str, fields: Fields) -> None:
    if found is None:
        fields[name] = [reason]


def _time(text: str, name: str, fields: Fields) -> datetime | None:
    try:
        return read_time(text)
    except ValueError as error:
        fields[name] = [f"{str(error).capitalize()}."]
        return None
