"""People and pages of the portal's tests."""

from collections.abc import Callable
from typing import ClassVar
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from pytest_django import Settings

from hitl_platform.access.services import add_member
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Tenant, User
from tests.cast import PASSWORD, Cast
from tests.portal.scene import Desk, open_desk


class QuickHasher(PBKDF2PasswordHasher):
    """The hasher in use, with rounds for a test that logs in a hundred times; it counts its work."""

    iterations = 1000
    hashed: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        self.hashed.append(salt)
        return super().encode(password, salt, iterations)


@pytest.fixture
def quick_login(settings: Settings, alice: Actor) -> None:
    """Alice's password hashed quickly, and failed logins counted for this test alone."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"hitl-{uuid4()}"}}
    settings.PASSWORD_HASHERS = [f"{QuickHasher.__module__}.QuickHasher"]
    user = User.objects.get(pk=alice.id)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


@pytest.fixture
def both_worlds(alice: Actor, globex: Tenant) -> User:
    """Alice, who reviews at globex as well."""
    user = User.objects.get(pk=alice.id)
    add_member(actor=system_actor(globex.id, "operator"), user=user, roles=("reviewer",))
    return user


@pytest.fixture
def browser_of(client_for: Callable[[Actor], Client], cast: Cast) -> Callable[[str], Client]:
    """A logged-in browser of somebody, by first name."""
    return lambda name: client_for(cast.people[name])


@pytest.fixture
def desk(cast: Cast) -> Desk:
    """Three credit cases that wait; blind, one reviewer each."""
    return open_desk(cast)
