"""Who works at the demonstration's organisations: people to log in as, and simulated reviewers.

Passwords are derived from the installation's secret key, so that each start knows them again and none is stored
or shared between installations.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from audits.demo.organisation import Organisation
from audits.demo.sights import SIGHTS
from hitl_platform.access.services import add_member, create_user
from hitl_platform.embedded.keyring import write_private
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Membership, Role, User
from hitl_platform.tenants.scope import tenant_scope


@dataclass(frozen=True)
class PersonPlan:
    """One member; simulated ones that `works` are worked by `simulate_reviewers`, the others play a part once."""

    local: str
    name: str
    roles: Sequence[str]
    simulated: bool = False
    works: bool = False


STAFF = (
    PersonPlan("owner", "Hanna Berg", (Role.OWNER,)),
    PersonPlan("manager", "Marco Silva", (Role.MANAGER,)),
    PersonPlan("engineer", "Iris Chen", (Role.ML_ENGINEER,)),
    PersonPlan("compliance", "Ada Moreau", (Role.COMPLIANCE_OFFICER,)),
    PersonPlan("reviewer", "Nora Lind", (Role.REVIEWER,)),
    PersonPlan("reviewer2", "Omar Haddad", (Role.REVIEWER,)),
    PersonPlan("reviewer3", "Lena Fischer", (Role.REVIEWER,)),
    PersonPlan("adjudicator", "Petra Vogel", (Role.ADJUDICATOR,)),
)
SIMULATED = (
    *(
        PersonPlan(f"simulated{number}", f"Simulated reviewer {number}", (Role.REVIEWER,), simulated=True, works=True)
        for number in range(1, 6)
    ),
    PersonPlan("simulated-adjudicator", "Simulated adjudicator", (Role.ADJUDICATOR,), simulated=True, works=True),
)
# by organisation: those whose part in a scene would be in the way of everyday work
CAST = {
    "northwind": (
        PersonPlan("simulated-hasty", "Simulated hasty reviewer", (Role.REVIEWER,), simulated=True),
        PersonPlan("simulated-absent", "Simulated absent reviewer", (Role.REVIEWER,), simulated=True),
    ),
    "st-agnes": (PersonPlan("simulated-paused", "Simulated paused reviewer", (Role.REVIEWER,), simulated=True),),
}


@dataclass(frozen=True)
class Staff:
    """The members of one organisation, as actors by the local part of their address."""

    tenant_id: UUID
    actors: dict[str, Actor]

    @property
    def operator(self) -> Actor:
        """The demonstration itself."""
        return system_actor(self.tenant_id, "demo")

    def judges(self) -> list[Actor]:
        """Everybody who reviews or adjudicates."""
        return [actor for actor in self.actors.values() if actor.has(Role.REVIEWER, Role.ADJUDICATOR)]


def ensure_staff(organisation: Organisation, tenant_id: UUID) -> Staff:
    """The organisation's people, made where they are not there yet."""
    operator = system_actor(tenant_id, "demo")
    actors: dict[str, Actor] = {}
    for plan in (*STAFF, *SIMULATED, *CAST[organisation.slug]):
        email = email_of(plan, organisation)
        user = User.objects.filter(email=email).first() or create_user(
            email=email, name=plan.name, password=password_of(email), simulated=plan.simulated
        )
        with tenant_scope(tenant_id):
            is_member = Membership.objects.filter(user=user).exists()
        if not is_member:
            add_member(actor=operator, user=user, roles=[str(role) for role in plan.roles])
        actors[plan.local] = Actor("user", user.pk, tenant_id, roles=frozenset(map(str, plan.roles)), name=plan.name)
    return Staff(tenant_id, actors)


def email_of(plan: PersonPlan, organisation: Organisation) -> str:
    """The address that the person logs in with."""
    return f"{plan.local}@{organisation.domain}"


def password_of(email: str) -> str:
    """This installation's password of a demonstration's login: 80 bits in four groups."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), b"demo login:" + email.encode(), hashlib.sha256)
    text = base64.b32encode(digest[:10]).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def logins(organisations: Sequence[Organisation]) -> list[dict[str, Any]]:
    """What to log in with and what it shows, people first; `works` are those that `simulate_reviewers` hires."""
    groups: list[tuple[Sequence[PersonPlan], Organisation]] = [(STAFF, organisation) for organisation in organisations]
    groups += [((*SIMULATED, *CAST[organisation.slug]), organisation) for organisation in organisations]
    return [
        {
            "tenant": organisation.slug,
            "name": plan.name,
            "email": email_of(plan, organisation),
            "password": password_of(email_of(plan, organisation)),
            "roles": [str(role) for role in plan.roles],
            "simulated": plan.simulated,
            "works": plan.works,
            "sees": SIGHTS[organisation.slug].get(plan.local, ""),
        }
        for plans, organisation in groups
        for plan in plans
    ]


def write_logins(path: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Write the logins for this account's eyes alone."""
    write_private(path, text=json.dumps(entries, indent=1))
