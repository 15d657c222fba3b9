"""Models, their versions and what they said, in the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from cases.models import CaseType
from hitl_platform.access import duties
from hitl_platform.console.blindness import hide_from_judges
from hitl_platform.console.cards import Need
from hitl_platform.console.forms import ConsoleForm
from hitl_platform.console.model_admin import ConsoleAdmin
from hitl_platform.console.site import site
from hitl_platform.console.verbs import Told, Verb
from hitl_platform.kernel.errors import Forbidden
from hitl_platform.tenants.actor import Actor
from models_registry import permissions, services
from models_registry.models import Model, ModelVersion, Prediction
from models_registry.states import VERSION, VersionState


class CreateModelForm(ConsoleForm):
    case_type_key = forms.ChoiceField(label="Case type")
    key = forms.CharField(max_length=60)
    name = forms.CharField(max_length=200)


def _case_types(_actor: Actor, _obj: Any) -> dict[str, list[tuple[str, str]]]:
    return {"case_type_key": [(each.key, each.name) for each in CaseType.objects.order_by("name")]}


def _create(actor: Actor, _obj: None, values: dict[str, Any]) -> Told:
    model = services.create_model(actor=actor, **values)
    return Told(f"The model “{model.name}” is there. Versions of it are registered by the API.")


def _promote(actor: Actor, version: ModelVersion, _values: dict[str, Any]) -> Told:
    services.promote_version(actor=actor, version_id=version.pk)
    return Told(f"{version} is champion; the next batch is scored by it.")


def _retire(actor: Actor, version: ModelVersion, _values: dict[str, Any]) -> Told:
    services.retire_version(actor=actor, version_id=version.pk)
    return Told(f"{version} predicts no more.")


def _may_create(actor: Actor, _obj: Any = None) -> bool:
    return permissions.can_register_models(actor)


def _may_promote(actor: Actor, version: ModelVersion) -> bool:
    return (
        permissions.can_promote_versions(actor)
        and VERSION.allows("promote", version.state)
        and _is_second_person(actor, version)
    )


def _may_retire(actor: Actor, version: ModelVersion) -> bool:
    return permissions.can_promote_versions(actor) and VERSION.allows("retire", version.state)


def _is_second_person(actor: Actor, version: ModelVersion) -> bool:
    try:
        duties.require_second_person(actor, author_ids=[version.registered_by, version.trained_by], what="a model")
    except Forbidden:
        return False
    return True


@admin.register(Model, site=site)
class ModelModelAdmin(ConsoleAdmin):
    """Named predictors."""

    list_display = ("name", "key", "case_type", "created_at")
    list_select_related = ("case_type",)
    verbs = (
        Verb("create", "Create a model", "A name for versions to come; nothing is decided by it yet.", _create,
             _may_create, form=CreateModelForm, on_list=True, choices=_case_types),
    )  # fmt: skip


@admin.register(ModelVersion, site=site)
class ModelVersionAdmin(ConsoleAdmin):
    """Versions, newest first."""

    list_display = ("__str__", "case_type", "state", "is_linear", "created_at", "promoted_at")
    list_select_related = ("model", "case_type")
    list_filter = ("state", "case_type")
    verbs = (
        Verb("promote", "Promote", "From the next batch on it scores the cases of its type, and the champion before "
             "it retires. Only somebody who neither trained nor registered it may do this.", _promote, _may_promote),
        Verb("retire", "Retire", "It predicts no more. Without a champion, cases of its type go to people.", _retire,
             _may_retire, is_grave=True),
    )  # fmt: skip


@admin.register(Prediction, site=site)
class PredictionAdmin(ConsoleAdmin):
    """What versions said, newest first; of open cases not to those who may judge them."""

    list_display = ("case", "label", "confidence", "model_version", "created_at")
    list_display_links = ("case", "label")
    list_select_related = ("case", "model_version__model")
    search_exactly = ("case__external_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        """Without what would end a judge's blindness."""
        return hide_from_judges(super().get_queryset(request), request=request)


def needs(actor: Actor) -> list[Need]:
    """Versions that wait for a second person."""
    if not permissions.can_promote_versions(actor):
        return []
    waiting = [
        version
        for version in ModelVersion.objects.filter(state=VersionState.REGISTERED).select_related("model")[:100]
        if _is_second_person(actor, version)
    ]
    url = f"{reverse('console:models_registry_modelversion_changelist')}?state__exact=registered"
    detail = "Registered by somebody else; a second person promotes or retires it."
    return [Need(len(waiting), "model version to look at", "model versions to look at", url, "neutral", detail)]
