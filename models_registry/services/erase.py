"""Letting go of what a prediction tells of a case's content. Label and probabilities stay: decisions rest on them."""

from collections.abc import Sequence
from uuid import UUID

from hitl_platform.tenants.actor import Actor
from models_registry.models import Prediction


def forget_contributions(*, actor: Actor, case_ids: Sequence[UUID]) -> int:
    """Erase which feature moved each prediction by how much; answers of how many. Inside an open command."""
    told = Prediction.objects.filter(tenant_id=actor.tenant_id, case_id__in=case_ids, contributions__isnull=False)
    return told.update(contributions=None, baseline=None)
