"""Moving a version along its life: promotion by a second person, and retirement."""

from uuid import UUID

from django.utils import timezone

from hitl_platform.access.duties import require_second_person
from hitl_platform.kernel.errors import require
from hitl_platform.ledger.commands import command, record
from hitl_platform.tenants.actor import Actor
from models_registry import permissions, queries
from models_registry.models import ModelVersion
from models_registry.states import VERSION, VersionState


@command
def promote_version(*, actor: Actor, version_id: UUID) -> ModelVersion:
    """Let a version score its case type from now on; the champion before it retires in the same act."""
    version = _locked(actor, version_id)
    require(permissions.can_promote_versions(actor))
    require_second_person(actor, author_ids=[version.registered_by, version.trained_by], what="a model version")
    version.state = VERSION.apply("promote", version.state)
    before = ModelVersion.objects.filter(case_type_id=version.case_type_id, state=VersionState.CHAMPION).first()
    if before is not None:
        _retire(before, actor, replaced_by=version)
    version.promoted_by, version.promoted_at = actor.id, timezone.now()
    version.save(update_fields=["state", "promoted_by", "promoted_at"])
    body = {
        "sha256": version.sha256,
        "registered_by": str(version.registered_by),
        "replaces": None if before is None else str(before.pk),
    }
    record("model_version.promoted", version, actor=actor, body=body)
    return version


@command
def retire_version(*, actor: Actor, version_id: UUID) -> ModelVersion:
    """End a version. Where it was the champion, cases of its type go to people until another is promoted."""
    version = _locked(actor, version_id)
    require(permissions.can_promote_versions(actor))
    _retire(version, actor, replaced_by=None)
    return version


def _retire(version: ModelVersion, actor: Actor, *, replaced_by: ModelVersion | None) -> None:
    was = version.state
    version.state = VERSION.apply("retire", was)
    version.retired_at = timezone.now()
    version.save(update_fields=["state", "retired_at"])
    body = {"was": was, "replaced_by": None if replaced_by is None else str(replaced_by.pk)}
    record("model_version.retired", version, actor=actor, body=body)


def _locked(actor: Actor, version_id: UUID) -> ModelVersion:
    """The version, with every version of its case type locked in one order: promotions take turns."""
    case_type_id = queries.get_version(actor, version_id).case_type_id
    versions = ModelVersion.objects.filter(case_type_id=case_type_id).order_by("id")
    locked = {version.pk: version for version in versions.select_for_update(no_key=True)}
    return locked[version_id]
