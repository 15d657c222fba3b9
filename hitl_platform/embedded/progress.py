"""How far the cases of the demo are, in a line whenever that has changed."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

EVERY = 5.0  # seconds

COUNTS = """
select t.name, c.state, count(*)
from cases_case c join tenants_tenant t on t.id = c.tenant_id
group by t.name, c.state order by t.name, c.state
"""


@dataclass
class Progress:
    """Asks the database as its owner, whose role sees every tenant; reads counts and nothing else."""

    url: str
    say: Callable[[str], None]
    next_at: float = 0.0
    said: str = ""

    def tick(self) -> None:
        """Say where the cases are, at most every five seconds, and only when that has changed."""
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + EVERY
        try:
            with psycopg.connect(self.url, connect_timeout=2) as connection:
                rows = connection.execute(COUNTS).fetchall()
        except psycopg.OperationalError:  # the server is being restarted; the supervisor says so
            return
        line = "; ".join(describe(rows))
        if line and line != self.said:
            self.said = line
            self.say(line)


def describe(rows: list[tuple[str, str, int]]) -> list[str]:
    """One phrase a tenant: "Acme: 312 decided, 88 in review"."""
    tenants: dict[str, list[str]] = {}
    for tenant, state, number in rows:
        tenants.setdefault(tenant, []).append(f"{number:,} {state.replace('_', ' ')}")
    return [f"{tenant}: {', '.join(parts)}" for tenant, parts in tenants.items()]
