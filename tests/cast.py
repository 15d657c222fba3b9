"""The people of the suite. Built once into the template database, through services alone."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connections

from hitl_platform.access.keys import secret_hash
from hitl_platform.access.services import add_member, create_key, create_tenant, create_user
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import KeyScope, Tenant

PASSWORD = "correct horse battery staple"
ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "acme": {
        "alice": ("reviewer",),
        "bob": ("reviewer",),
        "carol": ("reviewer",),
        "dave": ("reviewer",),
        "sam": ("adjudicator", "reviewer"),
        "mona": ("manager",),
        "max": ("manager",),
        "ada": ("compliance_officer",),
        "mel": ("ml_engineer",),
        "mia": ("ml_engineer",),
        "olga": ("owner",),
    },
    "globex": {"gil": ("manager", "reviewer", "owner"), "gus": ("manager", "ml_engineer", "owner")},
}
SECRETS = {"acme": "hitl_acme" + "a" * 40, "globex": "hitl_globex" + "g" * 40}


@dataclass(frozen=True)
class Cast:
    """Tenants by slug, actors by first name, key actors by tenant slug."""

    tenants: dict[str, Tenant]
    people: dict[str, Actor]
    keys: dict[str, Actor]

    def tenant_of(self, actor: Actor) -> Tenant:
        """The tenant that an actor belongs to."""
        return next(tenant for tenant in self.tenants.values() if tenant.id == actor.tenant_id)


def email_of(name: str) -> str:
    """The address that a member of the cast logs in with; the password is PASSWORD."""
    return f"{name}@example.org"


def build() -> None:
    """Tenants, people, memberships and a key each."""
    password = make_password(PASSWORD)
    for slug, people in ROLES.items():
        tenant = create_tenant(slug=slug, name=slug.capitalize())
        operator = system_actor(tenant.id, "operator")
        for name, roles in people.items():
            user = create_user(email=email_of(name), name=name.capitalize(), password=None)
            user.password = password
            user.save(update_fields=["password"])
            add_member(actor=operator, user=user, roles=roles)
        key, _ = create_key(actor=operator, name="integrator", scopes=KeyScope.values)
        # a secret that the suite knows in place of the random one
        with connections["migrator"].cursor() as cursor:
            cursor.execute(
                "update tenants_servicekey set sha256 = %s where id = %s",
                [secret_hash(SECRETS[slug]), key.pk],
            )


def load() -> Cast:
    """The cast as it stands in the database that the connections point at."""
    with connections["migrator"].cursor() as cursor:
        cursor.execute(
            "select id, slug, name, simulated, created_at from tenants_tenant where slug = any(%s)",
            [list(ROLES)],
        )
        columns = ("id", "slug", "name", "simulated", "created_at")
        tenants = {row[1]: Tenant(**dict(zip(columns, row, strict=True))) for row in cursor.fetchall()}
        cursor.execute(
            "select split_part(u.email, '@', 1), u.id, u.name, m.tenant_id, m.roles"
            " from tenants_user u join tenants_membership m on m.user_id = u.id"
        )
        people = {row[0]: _person(*row[1:]) for row in cursor.fetchall()}
        cursor.execute(
            "select t.slug, k.id, k.tenant_id, k.scopes from tenants_servicekey k"
            " join tenants_tenant t on t.id = k.tenant_id where k.name = 'integrator'"
        )
        keys = {
            row[0]: Actor("key", row[1], row[2], scopes=frozenset(row[3]), name="integrator")
            for row in cursor.fetchall()
        }
    connections["migrator"].close()
    return Cast(tenants, people, keys)


def _person(user_id: UUID, name: str, tenant_id: UUID, roles: list[str]) -> Actor:
    return Actor("user", user_id, tenant_id, roles=frozenset(roles), name=name)
