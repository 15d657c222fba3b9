"""pg_dump and pg_restore of the wheel, with the password in their environment and never on their command line."""

import subprocess
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from hitl_platform.embedded.binaries import postgres_programs
from hitl_platform.kernel.errors import Unavailable

MOST_TOLD = 2_000


def run_program(name: str, *arguments: str, url: str) -> None:
    """Run one of PostgreSQL's client programs on a database; raises Unavailable with what it complained of."""
    parts = urlsplit(url)
    environment = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C",
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGCONNECT_TIMEOUT": "10",
        **_tls(parts.query),
    }
    command: Sequence[str] = [str(postgres_programs() / name), "--no-password", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{name} failed:\n{done.stderr.strip()[-MOST_TOLD:]}")


def _tls(query: str) -> dict[str, str]:
    """What a URL says of TLS, as the environment says it."""
    told = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
    names = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    return {names[name]: unquote(value) for name, value in told.items() if name in names}
