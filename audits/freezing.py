"""Freezing a population: the decided cases of a definition, copied as they were known on one day.

A population is copied in parts, each one INSERT … SELECT, and every part sees what was known on the audit's day and
nothing later; so the parts together, or the same audit frozen again, are the same rows. Runs inside a tenant's scope.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from audits import freezing_statements as statements
from audits.models import BiasAudit
from cases.models import CaseTypeVersion
from hitl_platform.kernel.canonical import canonical
from hitl_platform.kernel.errors import Invalid
from models_registry.models import ModelVersion

FIRST = UUID(int=0)
# a part is a few seconds, well inside the lease of its step
PART_ROWS = 250_000
MAX_GROUPS = 60
# groups that are named as unknown are the unknown group
UNKNOWN = ("unknown", "not known", "not stated", "prefer not to say", "n/a")


@dataclass(frozen=True, slots=True)
class Part:
    """What one part did: how many decided cases it read, how many of them it froze, and after which the next begins."""

    read: int
    frozen: int
    upto: UUID | None


def read_codebook(audit: BiasAudit) -> dict[str, Any]:
    """What the codes of the audit's rows will stand for; each code is a place in its list, counted from 1.

    Raises Invalid for an attribute or a factor with more than MAX_GROUPS values.
    """
    definition = audit.definition
    versions = list(CaseTypeVersion.objects.filter(case_type_id=audit.case_type_id).order_by("version"))
    labels = list(dict.fromkeys(label["key"] for version in versions for label in version.labels))
    return {
        "labels": labels,
        "attributes": dict(zip(definition["attributes"], _groups(audit, versions), strict=True)),
        "factors": _factors(audit),
    }


def decided_rows(audit: BiasAudit) -> int:
    """How many decided cases the freezing will read."""
    with connection.cursor() as cursor:
        cursor.execute(statements.DECIDED, _bounds(audit))
        return int(cursor.fetchone()[0])


def freeze_part(audit: BiasAudit, *, rows: int = PART_ROWS) -> Part:
    """Copy the next `rows` decided cases that belong to the population."""
    bounds = _bounds(audit)
    with connection.cursor() as cursor:
        cursor.execute(statements.PART, bounds | {"after": audit.frozen_upto or FIRST, "rows": rows})
        read, first, last = cursor.fetchone()
        if not read:
            return Part(0, 0, audit.frozen_upto)
        values = bounds | {"first": first, "last": last, "before": audit.frozen_rows}
        # before the next ANALYZE a tenant is taken for small, and each row of a part would be sought among all others
        cursor.execute("set local enable_nestloop = off")
        cursor.execute(_freeze_statement(audit), values | _freeze_values(audit))
        frozen = cursor.rowcount
        cursor.execute("set local enable_nestloop = on")
        return Part(read, frozen, last)


def population_digest(audit: BiasAudit) -> str:
    """SHA-256 over what was asked, what the codes stand for, and every frozen row in the order of the cases."""
    asked = {"definition": audit.definition, "known_on": _text(audit.known_on), "codebook": audit.codebook}
    digest = hashlib.sha256(canonical(asked) + b"\n")
    with connection.cursor() as cursor:
        values = {"tenant": audit.tenant_id, "audit": audit.pk}
        # psycopg's own: COPY answers a stream and no rows
        with cursor.cursor.copy(statements.LINES, values) as lines:
            for line in lines:
                digest.update(line)
    return digest.hexdigest()


def _groups(audit: BiasAudit, versions: list[CaseTypeVersion]) -> list[list[str]]:
    """The groups of each attribute: those that every version of the case type names, or those that are there."""
    keys = audit.definition["attributes"]
    named = {key: _named_values(key, versions) for key in keys}
    found = _query(statements.GROUPS, audit, keys=[key for key in keys if named[key] is None])
    groups = {key: found.get(key, []) if values is None else values for key, values in named.items()}
    _refuse_many(groups, what="groups")
    return [[value for value in groups[key] if value.lower() not in UNKNOWN] for key in keys]


def _named_values(key: str, versions: list[CaseTypeVersion]) -> list[str] | None:
    lists = [version.attributes_schema[key].get("values") for version in versions if key in version.attributes_schema]
    if not lists or None in lists:
        return None
    return list(dict.fromkeys(value for values in lists for value in values))


def _factors(audit: BiasAudit) -> dict[str, dict[str, Any]]:
    """What the codes of each factor mean: the bands of a number, or the texts that are there."""
    wanted = audit.definition["factors"]
    texts = _query(statements.TEXTS, audit, keys=[each["facet"] for each in wanted if "bands" not in each])
    _refuse_many(texts, what="values")
    return {
        each["facet"]: {"bands": each["bands"]} if "bands" in each else {"values": texts.get(each["facet"], [])}
        for each in wanted
    }


def _query(statement: str, audit: BiasAudit, *, keys: list[str]) -> dict[str, list[str]]:
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(statement, _bounds(audit) | {"keys": keys})
        return dict(cursor.fetchall())


def _refuse_many(values: dict[str, list[str]], *, what: str) -> None:
    fields = {
        key: [f"It has {len(found)} different {what}, more than {MAX_GROUPS}."]
        for key, found in values.items()
        if len(found) > MAX_GROUPS
    }
    if fields:
        raise Invalid("The population cannot be divided so.", fields=fields)


def _bounds(audit: BiasAudit) -> dict[str, Any]:
    period = audit.definition["period"]
    return {
        "tenant": audit.tenant_id,
        "audit": audit.pk,
        "case_type": audit.case_type_id,
        "since": period["from"],
        "until": period["to"],
        "known_on": audit.known_on,
    }


def _freeze_statement(audit: BiasAudit) -> str:
    """FREEZE with an expression for each attribute and factor; what they name travels beside the statement."""
    factors = audit.codebook["factors"].values()
    return statements.FREEZE.format(
        truth=statements.TRUTHS[audit.definition["truth"]],
        groups=", ".join(statements.GROUP.format(at=at) for at in range(len(audit.codebook["attributes"]))),
        factors=", ".join(
            (statements.BAND if "bands" in factor else statements.TEXT).format(at=at)
            for at, factor in enumerate(factors)
        ),
    )


def _freeze_values(audit: BiasAudit) -> dict[str, Any]:
    values: dict[str, Any] = {
        "labels": audit.codebook["labels"],
        "queue": audit.definition["queue_id"],
        "policy": audit.definition["policy_id"],
        "model_version": audit.definition["model_version_id"],
        "factor_keys": list(audit.codebook["factors"]),
        **_score_places(audit),
    }
    for at, (key, groups) in enumerate(audit.codebook["attributes"].items()):
        values |= {f"group_key_{at}": key, f"group_values_{at}": groups}
    for at, (key, factor) in enumerate(audit.codebook["factors"].items()):
        values |= {f"factor_key_{at}": key, f"factor_bands_{at}": factor.get("bands")}
        values |= {f"factor_values_{at}": factor.get("values")}
    return values


def _score_places(audit: BiasAudit) -> dict[str, Any]:
    """Where in its probabilities each model version says a favourable label, counted from 1."""
    favourable = set(audit.definition["favourable"])
    versions = ModelVersion.objects.filter(case_type_id=audit.case_type_id).values_list("pk", "labels")
    places = {pk: [at for at, label in enumerate(labels, 1) if label in favourable] for pk, labels in versions}
    texts = ["{" + ",".join(map(str, each)) + "}" for each in places.values()]
    return {"versions": list(places), "places": texts}


def _text(at: datetime) -> str:
    return at.isoformat()
