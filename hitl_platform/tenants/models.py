"""Tenants, users, memberships and service keys, as rows."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.owned import TenantOwned


class Role(models.TextChoices):
    REVIEWER = "reviewer"
    ADJUDICATOR = "adjudicator"
    MANAGER = "manager"
    COMPLIANCE_OFFICER = "compliance_officer"
    ML_ENGINEER = "ml_engineer"
    OWNER = "owner"


class KeyScope(models.TextChoices):
    CASES_WRITE = "cases:write"
    CASES_READ = "cases:read"
    OUTCOMES_WRITE = "outcomes:write"
    CASE_TYPES_WRITE = "case_types:write"
    MODELS_WRITE = "models:write"
    LEDGER_READ = "ledger:read"
    AUDITS_READ = "audits:read"
    AUDITS_WRITE = "audits:write"
    FIGURES_READ = "figures:read"


class Tenant(models.Model):
    """An organisation whose data no other organisation can see. Its own row is behind the wall too."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    # people and reviewers of a demonstration are labelled as simulated wherever they show
    simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username or "")


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Global: what the person may do follows from memberships, never from this row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    simulated = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    # the console asks for roles of the membership; Django's staff flag opens nothing here
    is_staff: ClassVar[bool] = False

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="no_two_users_with_one_email")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class Membership(TenantOwned):
    """What a user is in a tenant: a set of roles."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    roles = ArrayField(models.CharField(max_length=30, choices=Role.choices), default=list)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="no_second_membership"),
            models.CheckConstraint(
                condition=models.Q(roles__contained_by=Role.values), name="no_unknown_role_in_membership"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({', '.join(self.roles)})"


class ServiceKey(TenantOwned):
    """A machine's key. The secret is shown once; only its SHA-256 is kept, which is right for 256 random bits."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20)
    sha256 = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=30, choices=KeyScope.choices), default=list)
    created_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["tenant", "name"], name="service_key_by_name")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=KeyScope.values), name="no_unknown_scope_in_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_live(self, at: Any) -> bool:
        """Whether the key opens anything at time `at`."""
        return self.revoked_at is None and bool(self.expires_at > at)
