"""The third door into a tenant's scope: a command that an operator runs for one tenant.

The slug is looked up as the migrator, since hitl_app sees no tenant before it is inside one.
"""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from hitl_platform.kernel.errors import DomainError
from hitl_platform.tenants.actor import Actor, system_actor


def find_tenant_id(slug: str) -> UUID | None:
    """The tenant with this slug, or None."""
    with connections["migrator"].cursor() as cursor:
        cursor.execute("select id from tenants_tenant where slug = %s", [slug])
        row = cursor.fetchone()
    return row[0] if row else None


def refusal_text(error: DomainError) -> str:
    """A refusal for a terminal: its sentence, and a line for each field that it names."""
    return error.message + "".join(f"\n  {name}: {'; '.join(why)}" for name, why in error.fields.items())


class TenantCommand(BaseCommand):
    """A management command with `--tenant SLUG`; subclasses write `run(actor, **options)`."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG", help="the organisation to work in")

    def handle(self, *args: Any, **options: Any) -> str | None:
        tenant_id = find_tenant_id(options["tenant"])
        if tenant_id is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        try:
            return self.run(system_actor(tenant_id, "operator"), **options)
        except DomainError as error:
            raise CommandError(refusal_text(error)) from error

    def run(self, actor: Actor, **options: Any) -> str | None:
        """What the command does, as the operator, in one tenant."""
        raise NotImplementedError
