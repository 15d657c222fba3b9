"""Databases of the suite: one template, migrated once; one clone a worker; one clone a test that commits.

Nothing here runs as superuser but the making of roles and databases, and no test runs as the owner of
the tables: the application's connections are hitl_app's, as in production.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from hitl_platform.ledger.sealing import ALIAS, BATCH_EVENTS, seal_all
from hitl_platform.tenants.provisioning import BACKUP, Provision, provision, secure_database
from tests import cast

TEMPLATE = "hitl_template"
TEMPLATE_LOCK = 814_203
URL_OF = {
    "default": "DATABASE_URL",
    "migrator": "MIGRATOR_DATABASE_URL",
    "sweeper": "SWEEPER_DATABASE_URL",
    "sealer": "SEALER_DATABASE_URL",
}


def superuser() -> "psycopg.Connection[Any]":
    """A superuser's connection to the maintenance database, for CREATE and DROP DATABASE alone."""
    return psycopg.connect(settings.SUPERUSER_DATABASE_URL, autocommit=True)


def ensure_template() -> None:
    """Make the template database once, whichever worker comes first: provisioned, migrated, with the cast."""
    with superuser() as connection:
        connection.execute("select pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        if connection.execute("select 1 from pg_database where datname = %s", [TEMPLATE]).fetchone():
            return
        building = f"{TEMPLATE}_building"
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(building)))
        passwords = {entry["USER"]: entry["PASSWORD"] for entry in settings.DATABASES.values()}
        passwords[BACKUP] = str(urlsplit(settings.BACKUP_DATABASE_URL).password)
        provision(settings.SUPERUSER_DATABASE_URL, Provision(building, passwords))
        with pointed_at(building):
            call_command("migrate", verbosity=0)
            cast.build()
        connection.execute(
            sql.SQL("alter database {} rename to {}").format(sql.Identifier(building), sql.Identifier(TEMPLATE))
        )


def clone(name: str) -> None:
    """A database of its own from the template."""
    with superuser() as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("create database {} owner hitl_migrator template {}").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
    secure_database(settings.SUPERUSER_DATABASE_URL, name)


def drop(name: str) -> None:
    """Remove a clone, whoever is still connected."""
    with superuser() as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


@contextmanager
def pointed_at(name: str) -> Iterator[dict[str, str]]:
    """Every connection of this process goes to database `name`; answers the environment for children."""
    before = {alias: connections[alias].settings_dict["NAME"] for alias in URL_OF}
    environment = dict(os.environ)
    for alias, variable in URL_OF.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        environment[variable] = database_url(os.environ[variable], name)
    try:
        yield environment
    finally:
        for alias, old in before.items():
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = old


def database_url(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def seal_committed(*, limit: int = BATCH_EVENTS) -> int:
    """Seal everything that is committed now; answers how many events that was."""
    wait_for_older_transactions()
    return seal_all(limit=limit)


def wait_for_older_transactions() -> None:
    """Wait until every transaction that has begun by now has ended, so that what is committed can be sealed.

    Transaction ids are the cluster's: those of the other test workers' databases hold the sealer up as well.
    """
    deadline = time.monotonic() + 120
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (begun,) = cursor.fetchone()
        while True:
            cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] >= begun:
                return
            assert time.monotonic() < deadline, "a transaction of another database has been open for two minutes"
            time.sleep(0.01)
