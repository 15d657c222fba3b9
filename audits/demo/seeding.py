"""Setting an organisation of the demonstration up, through services, by the people whose work it is.

Each part is made only where it is missing: a start that was cut short is carried on by the next.
"""

from audits.demo.organisation import Organisation
from audits.demo.people import Staff, ensure_staff
from cases.models import CaseType
from cases.services import create_case_type
from hitl_platform.access.services import create_tenant
from hitl_platform.tenants.operators import find_tenant_id
from hitl_platform.tenants.scope import tenant_scope
from models_registry.models import Model, ModelVersion
from models_registry.services import create_model, promote_version, register_version
from models_registry.states import VersionState
from models_registry.training import train
from reviews.models import PanelTemplate, Queue, QueueUserPermission, ReviewerSkill, RoutingPolicy
from reviews.services import (
    activate_policy,
    approve_policy,
    create_queue,
    create_template,
    draft_policy,
    grant_queue,
    set_skill,
)
from reviews.states import PolicyState


def ensure_organisation(organisation: Organisation) -> Staff:
    """The tenant with people, case type, champion, queues and an active policy."""
    tenant_id = find_tenant_id(organisation.slug)
    if tenant_id is None:
        tenant_id = create_tenant(slug=organisation.slug, name=organisation.name, simulated=True).pk
    staff = ensure_staff(organisation, tenant_id)
    _ensure_case_type(organisation, staff)
    _ensure_champion(organisation, staff)
    _ensure_queues(organisation, staff)
    _ensure_skills(organisation, staff)
    _ensure_policy(organisation, staff)
    return staff


def _ensure_case_type(organisation: Organisation, staff: Staff) -> None:
    with tenant_scope(staff.tenant_id):
        if CaseType.objects.filter(key=organisation.case_type).exists():
            return
    create_case_type(
        actor=staff.actors["manager"],
        key=organisation.case_type,
        name=organisation.case_type_name,
        definition=dict(organisation.definition),
    )


def _ensure_champion(organisation: Organisation, staff: Staff) -> None:
    """Trained and registered by the engineer, promoted by the manager."""
    with tenant_scope(staff.tenant_id):
        versions = ModelVersion.objects.filter(model__key=organisation.model)
        if versions.filter(state=VersionState.CHAMPION).exists():
            return
        has_model = Model.objects.filter(key=organisation.model).exists()
        candidate = versions.filter(state=VersionState.REGISTERED).order_by("-version").first()
    engineer = staff.actors["engineer"]
    if not has_model:
        create_model(
            actor=engineer,
            case_type_key=organisation.case_type,
            key=organisation.model,
            name=organisation.model_name,
        )
    if candidate is None:
        trained = train(
            [example.payload for example in organisation.known],
            [example.truth for example in organisation.known],
            feature_schema=organisation.feature_schema,
            strength=organisation.strength,
        )
        candidate = register_version(
            actor=engineer,
            model_key=organisation.model,
            artifact=trained.artifact,
            feature_schema=dict(organisation.feature_schema),
            labels=list(organisation.label_order),
            metrics=trained.metrics,
            example=organisation.known[0].payload,
            trained_by=engineer.id,
        )
    promote_version(actor=staff.actors["manager"], version_id=candidate.pk)


def _ensure_queues(organisation: Organisation, staff: Staff) -> None:
    manager = staff.actors["manager"]
    with tenant_scope(staff.tenant_id):
        templates = set(PanelTemplate.objects.values_list("key", flat=True))
        queues = set(Queue.objects.values_list("key", flat=True))
    for template in organisation.templates:
        if template.key not in templates:
            create_template(
                actor=manager,
                key=template.key,
                name=template.name,
                seats=template.seats,
                mode=template.mode,
                **template.settings,
            )
    for queue in organisation.queues:
        if queue.key not in queues:
            create_queue(
                actor=manager,
                key=queue.key,
                name=queue.name,
                template_key=queue.template,
                case_type_key=organisation.case_type,
                instructions=queue.instructions,
                **queue.settings,
            )
        let_in(staff, queue.key)


def let_in(staff: Staff, queue_key: str) -> None:
    """Let everybody who judges work in a queue."""
    with tenant_scope(staff.tenant_id):
        granted = QueueUserPermission.objects.filter(content_object__key=queue_key, permission__codename="work_queue")
        there = set(granted.values_list("user_id", flat=True))
    for judge in staff.judges():
        if judge.id not in there:
            grant_queue(actor=staff.actors["manager"], queue_key=queue_key, user_id=judge.id)


def _ensure_skills(organisation: Organisation, staff: Staff) -> None:
    with tenant_scope(staff.tenant_id):
        there = set(ReviewerSkill.objects.values_list("user_id", "skill"))
    for skill, levels in organisation.skills.items():
        for local, level in levels.items():
            user_id = staff.actors[local].id
            if (user_id, skill) not in there:
                set_skill(actor=staff.actors["manager"], user_id=user_id, skill=skill, level=level)


def _ensure_policy(organisation: Organisation, staff: Staff) -> None:
    """Drafted by the manager, approved by the owner."""
    with tenant_scope(staff.tenant_id):
        policies = RoutingPolicy.objects.filter(case_type__key=organisation.case_type)
        if policies.filter(state=PolicyState.ACTIVE).exists():
            return
    manager, owner = staff.actors["manager"], staff.actors["owner"]
    policy = draft_policy(actor=manager, case_type_key=organisation.case_type, definition=dict(organisation.policy))
    approve_policy(actor=owner, policy_id=policy.pk)
    activate_policy(actor=owner, policy_id=policy.pk)
