"""What the catalogue must look like for tenants to be apart, and the check that it does."""

GLOBAL_GRANTS: dict[str, str] = {
    # tables without a tenant, and what hitl_app may do to them
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
    "auth_group_permissions": "",
    "django_migrations": "select",
    "guardian_groupobjectpermission": "",
    "guardian_userobjectpermission": "",
}
