"""The lending office of `tests/reviews`, committed, so that other processes see it."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from hitl_platform.access.services import add_member, create_user
from hitl_platform.tenants.actor import Actor, system_actor
from hitl_platform.tenants.models import Tenant
from reviews.services import grant_queue
from tests.conftest import Committed
from tests.reviews.conftest import Office, artifact, loan_type, office, open_office, other_manager

# fixtures of the lending office are this folder's too
__all__ = ["artifact", "loan_type", "office", "open_office", "other_manager"]


@pytest.fixture(autouse=True)
def _committed(committed: Committed) -> None:
    """Everything commits: the rivals are other processes."""


@pytest.fixture
def rivals(committed: Committed) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """Do these things at once, each in a process of its own."""

    def run(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        finished = subprocess.run(
            [sys.executable, "-m", "tests.concurrency.rivals"],
            input=json.dumps(tasks),
            env=committed.environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        answers: list[dict[str, Any]] = json.loads(finished.stdout)
        assert not [answer for answer in answers if "failed" in answer], answers
        return answers

    return run


@pytest.fixture
def crowd(acme: Tenant) -> Callable[[Office, int], list[Actor]]:
    """Reviewers as many as wanted, who may work the office's queue."""

    def hire(office: Office, number: int) -> list[Actor]:
        operator = system_actor(acme.id, "operator")
        people = []
        for at in range(number):
            user = create_user(email=f"crowd{at}@example.org", name=f"Crowd {at}", password=None)
            add_member(actor=operator, user=user, roles=["reviewer"])
            grant_queue(actor=operator, queue_key="loans", user_id=user.pk)
            people.append(Actor("user", user.pk, acme.id, roles=frozenset({"reviewer"})))
        return people

    return hire


def task(do: str, actor: Actor, **given: Any) -> dict[str, Any]:
    """One rival's task."""
    return {"do": do, "tenant": str(actor.tenant_id), "actor": str(actor.id), "roles": sorted(actor.roles), **given}


def work(office: Office, kind: str) -> dict[str, Any]:
    """A worker that does one step."""
    return {"do": "work", "tenant": str(office.tenant.id), "kind": kind}
