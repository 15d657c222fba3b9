"""What the catalogue must look like for tenants to be apart. `catalogue.py` compares."""

from dataclasses import dataclass

from hitl_platform.tenants.walls import POLICY, PREDICATE

TENANT_TABLE = "tenants_tenant"

# tables without a tenant, and what hitl_app may do to them; nothing else may be without a tenant
GLOBAL_GRANTS: dict[str, str] = {
    "tenants_user": "select, insert, update",
    "tenants_user_groups": "select",
    "tenants_user_user_permissions": "select",
    "account_emailaddress": "select, insert, update, delete",
    "account_emailconfirmation": "select, insert, update, delete",
    "mfa_authenticator": "select, insert, update, delete",
    "django_session": "select, insert, update, delete",
    "django_content_type": "select",
    "auth_permission": "select",
    "auth_group": "select",
    # groups are not used: nobody of ours may write these, and `user.has_perm` asks them before it answers
    "auth_group_permissions": "select",
    "guardian_groupobjectpermission": "select",
    # permissions on objects have a walled table for each model; this one would hold those of all tenants
    "guardian_userobjectpermission": "",
    "django_migrations": "select",
    # one row for the cluster: where the sealer stands
    "ledger_sealerstate": "select",
}

# unique indexes that do not begin with the tenant, each with its reason
GLOBAL_UNIQUES: dict[str, str] = {
    "tenants_servicekey_sha256_key": "a key is looked up before its tenant is known; 256 random bits never collide",
    "tenants_tenant_slug_key": "the table of tenants itself",
}


@dataclass(frozen=True, order=True)
class Policy:
    """One row-level policy: who, for which command, with which predicates (as PostgreSQL prints them)."""

    name: str
    role: str
    command: str
    using: str | None
    check: str | None


_WALL = f"({PREDICATE.replace('(select app.tenant())', '( SELECT app.tenant() AS tenant)')})"
WALL = Policy(POLICY, "hitl_app", "ALL", _WALL, _WALL)
TENANT_WALL = Policy(
    POLICY,
    "hitl_app",
    "ALL",
    "(id = ( SELECT app.tenant() AS tenant))",
    "(id = ( SELECT app.tenant() AS tenant))",
)

# the doors of the roles that serve all tenants: each a policy of its own on a named table
ROLE_POLICIES: dict[str, frozenset[str]] = {
    "hitl_sweeper": frozenset({"pipeline_step"}),
    "hitl_sealer": frozenset({"ledger_auditevent", "ledger_auditleaf", "ledger_checkpoint"}),
}
# what those roles may touch at all
ROLE_TABLES: dict[str, frozenset[str]] = {
    "hitl_sweeper": ROLE_POLICIES["hitl_sweeper"],
    "hitl_sealer": ROLE_POLICIES["hitl_sealer"] | {"ledger_sealerstate"},
}

APPEND_ONLY = frozenset(
    {
        "cases_decision",
        "cases_outcome",
        "ledger_auditevent",
        "ledger_auditleaf",
        "ledger_checkpoint",
        "models_registry_prediction",
        "reviews_routingrecord",
    }
)
DEFINER_FUNCTIONS = frozenset({"key_lookup", "memberships_of"})
