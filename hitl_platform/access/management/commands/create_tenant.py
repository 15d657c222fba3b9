"""`manage.py create_tenant --slug acme --name "Acme Bank" --owner-email o@acme.example --owner-name "Olga Owner"`."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from hitl_platform.access.password_links import password_link
from hitl_platform.access.services import add_member, create_tenant, create_user
from hitl_platform.kernel.errors import DomainError
from hitl_platform.tenants.actor import system_actor
from hitl_platform.tenants.models import Role, User
from hitl_platform.tenants.operators import find_tenant_id, refusal_text


class Command(BaseCommand):
    help = "Create an organisation with its first owner, and print the link with which the owner sets a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--slug", required=True, help="short name for commands: lower-case letters, digits, -")
        parser.add_argument("--name", required=True, help="as people write it")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-name", default="", help="left out for somebody who has an account already")
        parser.add_argument("--ask-password", action="store_true", help="ask for the password here, print no link")

    def handle(self, *args: Any, **options: Any) -> str:
        password = getpass.getpass("Password of the owner: ") if options["ask_password"] else None
        if find_tenant_id(options["slug"]) is not None:
            raise CommandError(f"There is a tenant {options['slug']!r} already.")
        try:
            # all of it, or nothing: an organisation without an owner could not be opened
            with transaction.atomic():
                tenant = create_tenant(slug=options["slug"], name=options["name"])
                owner = User.objects.filter(email__iexact=options["owner_email"].strip()).first()
                is_new = owner is None
                owner = owner or create_user(
                    email=options["owner_email"], name=options["owner_name"], password=password
                )
                operator = system_actor(tenant.pk, "operator")
                add_member(actor=operator, user=owner, roles=[Role.OWNER.value])
        except DomainError as error:
            raise CommandError(refusal_text(error)) from error
        if is_new and password is None:
            return f"{tenant.name} is there. {owner.name} sets a password within three days at\n{password_link(owner)}"
        return f"{tenant.name} is there; {owner.name} signs in with the password that {owner.email} has."
