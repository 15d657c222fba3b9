"""Roles, database and extensions: what a superuser does once, before the first migration."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

BACKUP = "hitl_backup"
ROLES = ("hitl_migrator", "hitl_app", "hitl_sweeper", "hitl_sealer", BACKUP)
# they meet rows of every tenant: the owner in migrations, the backup because a part of the rows is none
BYPASSING = ("hitl_migrator", BACKUP)
EXTENSIONS = ("vector",)

# what is there, and what the owner will make
_READABLE = (
    "grant select on all tables in schema public to hitl_backup",
    "grant select on all sequences in schema public to hitl_backup",
    "alter default privileges for role hitl_migrator grant usage on schemas to hitl_backup",
    "alter default privileges for role hitl_migrator grant select on tables to hitl_backup",
    "alter default privileges for role hitl_migrator grant select on sequences to hitl_backup",
)


@dataclass(frozen=True)
class Provision:
    """What to make: the database's name and a password for each role; hitl_backup without one does not log in."""

    database: str
    passwords: dict[str, str]


def provision(superuser_url: str, wanted: Provision) -> list[str]:
    """Make or mend the roles, the database and its extensions; answers what was done, a line each.

    Running it again changes nothing but the passwords.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        done = [_role(connection, role, wanted.passwords.get(role)) for role in ROLES]
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
    """Extensions, and nothing for everybody: only our roles connect, and hitl_backup reads what the owner makes."""
    name = sql.Identifier(database)
    with psycopg.connect(superuser_url, dbname=database, autocommit=True) as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(extension)))
        connection.execute(sql.SQL("revoke all on database {} from public").format(name))
        connection.execute("revoke create on schema public from public")
        connection.execute("alter schema public owner to hitl_migrator")
        connection.execute("grant usage on schema public to hitl_app, hitl_sweeper, hitl_sealer, hitl_backup")
        for statement in _READABLE:
            connection.execute(statement)
        connection.execute(
            sql.SQL("grant connect on database {} to hitl_app, hitl_sweeper, hitl_sealer, hitl_backup").format(name)
        )


def _role(connection: psycopg.Connection[Any], role: str, password: str | None) -> str:
    if password is None and role != BACKUP:
        raise KeyError(role)
    exists = connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
    # the owner of a table under FORCE would update nothing in a data migration without BYPASSRLS
    bypass = sql.SQL("bypassrls" if role in BYPASSING else "nobypassrls")
    login = sql.SQL("nologin" if password is None else "login")
    connection.execute(
        sql.SQL("{} role {} with {} nosuperuser nocreatedb nocreaterole noreplication noinherit {} password {}").format(
            sql.SQL("alter" if exists else "create"), sql.Identifier(role), login, bypass, sql.Literal(password)
        )
    )
    return f"role {role} {'kept' if exists else 'made'}"
