"""`manage.py training_data --tenant acme --case-type loan --out loans.ndjson`: what a model may learn from."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson

from cases.queries import get_case_type
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.operators import TenantCommand
from hitl_platform.tenants.scope import tenant_scope
from models_registry.queries import labelled_payloads


class Command(TenantCommand):
    help = "Write what models may learn from: payloads with their known outcome, one a line, no protected attribute."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--case-type", required=True, metavar="KEY")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")

    def run(self, actor: Actor, **options: Any) -> str:
        with tenant_scope(actor.tenant_id):
            payloads, labels = labelled_payloads(get_case_type(actor, options["case_type"]).pk)
        with options["out"].open("wb") as file:
            for payload, label in zip(payloads, labels, strict=True):
                file.write(orjson.dumps({"payload": payload, "label": label}, option=orjson.OPT_APPEND_NEWLINE))
        return f"{len(labels)} cases in {options['out']}"
