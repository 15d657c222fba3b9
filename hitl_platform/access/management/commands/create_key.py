"""`manage.py create_key --tenant acme --name "Loan desk" --scopes cases:write,cases:read`."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from hitl_platform.access.services import create_key
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import KeyScope
from hitl_platform.tenants.operators import TenantCommand


class Command(TenantCommand):
    help = "Create a service key and print its secret, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", required=True)
        parser.add_argument("--scopes", default=",".join(KeyScope.values), help="comma-separated")
        parser.add_argument("--days", type=int, default=365, help="until it expires")

    def run(self, actor: Actor, **options: Any) -> str:
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        life = timedelta(days=options["days"])
        _, secret = create_key(actor=actor, name=options["name"], scopes=scopes, life=life)
        return secret
