"""The report of an audit as it is presented: its document, with the names of people, queues and labels beside it."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from audits.fairness import rule_sets
from audits.models import BiasAudit
from audits.report_details import conditional, durations, errors, events, people_section, scores
from audits.report_document import Meta, Report, report_of
from audits.report_outcomes import outcomes, sides, stages
from audits.report_rules import rule_parts
from audits.report_words import named_people
from cases.definitions import label_names
from cases.models import CaseTypeVersion
from hitl_platform.tenants.models import User
from reviews.models import Queue

_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
REFERENCES = {"best": "the group with the best rate", "largest": "the largest group"}


def present(audit: BiasAudit) -> Report:
    """The whole report of a finished audit. Inside the tenant's scope."""
    document = orjson.loads(audit.report)
    meta = _meta(audit, document)
    sections = (
        outcomes(document),
        stages(document),
        sides(document),
        events(document),
        errors(document, meta),
        scores(document),
        durations(document),
        people_section(document, meta),
        conditional(document),
    )
    return report_of(
        document,
        meta=meta,
        sections=tuple(section for section in sections if section is not None),
        rules=rule_parts(document, meta=meta),
    )


def _meta(audit: BiasAudit, document: dict[str, Any]) -> Meta:
    definition = audit.definition
    labels = label_names_of(audit)
    reference = definition["reference"]
    named = " ".join(f"{name}: {group}" for name, group in reference.items()) if isinstance(reference, dict) else ""
    return Meta(
        title=audit.title,
        case_type=audit.case_type.name,
        attributes=tuple(definition["attributes"]),
        since=datetime.fromisoformat(definition["period"]["from"]),
        until=datetime.fromisoformat(definition["period"]["to"]),
        known_on=audit.known_on,
        narrowed=narrowing_words(audit),
        truth=definition["truth"],
        favourable=tuple(labels.get(key, key) for key in definition["favourable"]),
        unfavourable=tuple(labels.get(key, key) for key in definition["unfavourable"]),
        minimum_cell=definition["minimum_cell"],
        reference=named or REFERENCES[reference],
        forgotten=audit.forgotten_rows,
        population_sha256=audit.population_sha256,
        report_sha256=audit.report_sha256,
        people=_people(document),
        fact_titles={name: title for each in rule_sets() for name, title in each.facts.items()},
    )


def narrowing_words(audit: BiasAudit) -> tuple[str, ...]:
    """To what beside the period the population is narrowed."""
    definition = audit.definition
    words = {
        "queue": f"queue {definition['queue']}",
        "policy_version": f"policy version {definition['policy_version']}",
        "model_version": f"model {definition['model']} version {definition['model_version']}",
    }
    return tuple(said for name, said in words.items() if definition[name] is not None)


def people_names(ids: set[str]) -> dict[str, str]:
    """Names of the people and queues among these ids."""
    keys = [UUID(each) for each in ids]
    people = User.objects.filter(pk__in=keys).values_list("pk", "name")
    queues = Queue.objects.filter(pk__in=keys).values_list("pk", "name")
    return {str(pk): name for pk, name in (*people, *queues)}


def ids_in(texts: Sequence[str]) -> set[str]:
    """The ids that stand in sentences."""
    return {found for text in texts for found in _ID.findall(text)}


def with_names(texts: Sequence[str]) -> list[str]:
    """Sentences with the names of the people and queues whose ids stand in them."""
    names = people_names(ids_in(texts))
    return [named_people(text, people=names) for text in texts]


def _people(document: dict[str, Any]) -> dict[str, str]:
    chapters = [document.get(name) or {} for name in ("reviewers", "queues")]
    groups = [each for sets in chapters for group in sets.values() for each in group.values()]
    return people_names({who for each in groups for who in each["who"]})


def label_names_of(audit: BiasAudit) -> dict[str, str]:
    """The newest name of every label."""
    versions = CaseTypeVersion.objects.filter(case_type_id=audit.case_type_id).order_by("version")
    return {key: name for version in versions for key, name in label_names(version.labels).items()}
