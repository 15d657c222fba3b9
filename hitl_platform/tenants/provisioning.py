"""Roles, database and extensions: what a superuser does once, before the first migration."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

ROLES = ("hitl_migrator", "hitl_app", "hitl_sweeper", "hitl_sealer")
EXTENSIONS = ("vector",)


@dataclass(frozen=True)
class Provision:
    """What to make: the database's name and a password for each role."""

    database: str
    passwords: dict[str, str]


def provision(superuser_url: str, wanted: Provision) -> list[str]:
    """Make or mend the roles, the database and its extensions; answers what was done, a line each.

    Running it again changes nothing but the passwords.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        done = [_role(connection, role, wanted.passwords[role]) for role in ROLES]
        exists = connection.execute("select 1 from pg_database where datname = %s", [wanted.database]).fetchone()
        if not exists:
            connection.execute(
                sql.SQL("create database {} owner hitl_migrator encoding 'UTF8' template template0").format(
                    sql.Identifier(wanted.database)
                )
            )
            done.append(f"database {wanted.database} made")
    secure_database(superuser_url, wanted.database)
    return done


def secure_database(superuser_url: str, database: str) -> None:
    """Extensions, and nothing for everybody: only the four roles connect."""
    name = sql.Identifier(database)
    with psycopg.connect(superuser_url, dbname=database, autocommit=True) as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(extension)))
        connection.execute(sql.SQL("revoke all on database {} from public").format(name))
        connection.execute("revoke create on schema public from public")
        connection.execute("alter schema public owner to hitl_migrator")
        connection.execute("grant usage on schema public to hitl_app, hitl_sweeper, hitl_sealer")
        connection.execute(sql.SQL("grant connect on database {} to hitl_app, hitl_sweeper, hitl_sealer").format(name))


def _role(connection: psycopg.Connection[Any], role: str, password: str) -> str:
    exists = connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
    # the owner of a table under FORCE would update nothing in a data migration without BYPASSRLS
    bypass = sql.SQL("bypassrls" if role == "hitl_migrator" else "nobypassrls")
    connection.execute(
        sql.SQL(
            "{} role {} with login nosuperuser nocreatedb nocreaterole noreplication noinherit {} password {}"
        ).format(sql.SQL("alter" if exists else "create"), sql.Identifier(role), bypass, sql.Literal(password))
    )
    return f"role {role} {'kept' if exists else 'made'}"
