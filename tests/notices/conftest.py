"""Telling somebody something, in a test."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from hitl_platform.notices.models import Notice
from hitl_platform.notices.services import notify
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import Tenant
from hitl_platform.tenants.scope import tenant_scope


class Desk:
    """Acme's notices."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def tell(
        self, *people: Actor, kind: str = "mention", key: str = "one", subject: str = "Case 1A2B-3C4D"
    ) -> list[Notice]:
        """Tell people something, as a service would that records an event of its own."""
        with tenant_scope(self.tenant.id):
            return notify(
                tenant_id=self.tenant.id, recipient_ids=[each.id for each in people], kind=kind, subject=subject,
                text="Somebody mentions you.", path="/queues/loans/", dedupe_key=key,
            )  # fmt: skip

    def mail(self) -> int:
        """Do what the outbox has due, as if every time had come."""
        with tenant_scope(self.tenant.id), connection.cursor() as cursor:
            cursor.execute(
                "update pipeline_step set run_at = now() - interval '1 s'"
                " where kind in ('mail', 'digest') and state = 'ready'"
            )
        return drain(self.tenant.id, kinds=("mail", "digest"))

    def notices(self) -> list[Notice]:
        with tenant_scope(self.tenant.id):
            return list(Notice.objects.order_by("created_at", "pk"))


@pytest.fixture
def desk(acme: Tenant) -> Desk:
    return Desk(acme)


@pytest.fixture
def browser_of(client_for: Callable[[Actor], Any]) -> Callable[[Actor], Any]:
    return client_for
