"""`manage.py migrate`: as hitl_migrator, then the grants on global tables."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections

from hitl_platform.tenants.isolation import GLOBAL_GRANTS


class Command(DjangoMigrate):
    help = "Migrate as the role that owns the tables, and grant the application what it needs of global tables."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="migrator")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        with connections[options["database"]].cursor() as cursor:
            cursor.execute("select tablename from pg_tables where schemaname = 'public'")
            present = {row[0] for row in cursor.fetchall()}
            for table, grants in GLOBAL_GRANTS.items():
                if table in present and grants:
                    cursor.execute(f"grant {grants} on {table} to hitl_app")
                    sequence = _sequence_of(cursor, table)
                    if sequence:
                        cursor.execute(f"grant usage on sequence {sequence} to hitl_app")


def _sequence_of(cursor: Any, table: str) -> str | None:
    cursor.execute(
        "select pg_get_serial_sequence(%s, column_name) from information_schema.columns"
        " where table_schema = 'public' and table_name = %s and column_name = 'id'",
        [table, table],
    )
    row = cursor.fetchone()
    return row[0] if row else None
