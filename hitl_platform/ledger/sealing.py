"""The sealer: gives committed events their place in their tenant's Merkle tree and signs the result.

Order. An event carries the id of the transaction that wrote it. Below `pg_snapshot_xmin` every transaction has
ended, so the events there, in the order of `(xid, id)`, are complete and stay so: any number of rounds, cut
anywhere, seals the same sequence. Transaction ids start anew in another cluster (a logical restore), so events
also carry their cluster's identifier, the epoch; those of former epochs come first, for they are complete.

One sealer. A batch is one transaction that holds the lock of its epoch's SealerState row, reads the mark under
it, and writes leaves, checkpoints and the new mark. A second sealer waits, then sees the new mark; a sealer that
dies leaves nothing. Nothing is kept in memory from one batch to the next.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections, transaction

from hitl_platform.kernel.ids import uuid7
from hitl_platform.ledger.checkpoints import Signer, configured_signer, origin_of
from hitl_platform.ledger.events import COLUMNS, event_line
from hitl_platform.ledger.merkle import Frontier, leaf_hash

ALIAS = "sealer"
BATCH_EVENTS = 5_000
BATCH_BYTES = 32 << 20
SLICE_EVENTS = 500

_NOWHERE = str(UUID(int=0))

_EPOCHS = """
with recursive known as (
    (select epoch from ledger_auditevent order by epoch limit 1)
    union all
    select (select e.epoch from ledger_auditevent e where e.epoch > known.epoch order by e.epoch limit 1)
    from known where known.epoch is not null
)
select known.epoch, known.epoch = now.epoch, coalesce(s.xid, '0')::text, coalesce(s.event_id, %s::uuid)::text
from known
cross join (select (pg_control_system()).system_identifier as epoch) now
left join ledger_sealerstate s on s.epoch = known.epoch
where known.epoch is not null
order by 2, 1
"""

_AFTER = """
e.epoch = %s and (e.xid, e.id) > (%s::xid8, %s::uuid) and (not %s or e.xid < pg_snapshot_xmin(pg_current_snapshot()))
order by e.xid, e.id limit %s
"""
_FIRST = "select at from ledger_auditevent e where" + _AFTER  # noqa: S608  # constants of this module
_EVENTS = "select" + COLUMNS + ", xid::text from ledger_auditevent e where" + _AFTER

_HEADS = """
select t.id::text, c.size, c.frontier from unnest(%s::uuid[]) as t(id)
cross join lateral (select size, frontier from ledger_checkpoint where tenant_id = t.id order by size desc limit 1) c
"""
_LEAVES = """
insert into ledger_auditleaf (tenant_id, seq, event_id, leaf_hash)
select tenant_id, seq, event_id, decode(hash, 'hex')
from unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::text[]) as l(tenant_id, seq, event_id, hash)
"""
_CHECKPOINT = """
insert into ledger_checkpoint (id, tenant_id, size, root, frontier, note, public_key)
values (%s, %s, %s, %s, %s, %s, %s)
"""
# the row of this cluster's epoch is the lock that admits one sealer, whatever epoch the batch is of
_OPEN_MARKS = """
insert into ledger_sealerstate (epoch, xid, event_id)
select epoch, '0', %s from (select %s union select (pg_control_system()).system_identifier) as e(epoch)
on conflict do nothing
"""
_LOCK_MARKS = """
select epoch, xid::text, event_id::text from ledger_sealerstate
where epoch in (%s, (select (pg_control_system()).system_identifier)) order by epoch for update
"""
_SET_MARK = "update ledger_sealerstate set xid = %s::xid8, event_id = %s where epoch = %s"


class Mark(NamedTuple):
    """The last sealed event of an epoch; `current` says whether the epoch is this cluster's."""

    epoch: int
    current: bool
    xid: str
    event_id: str

    def after(self, rows: int) -> list[Any]:
        """Parameters of the events that come after."""
        return [self.epoch, self.xid, self.event_id, self.current, rows]


@dataclass
class _Batch:
    """Events of one batch by tenant, as leaf hashes, and where the batch ends."""

    mark: Mark
    events: int = 0
    size: int = 0
    leaves: dict[str, list[tuple[str, bytes]]] = field(default_factory=lambda: defaultdict(list))

    def fill(self, cursor: Any, limit: int) -> None:
        """Take events until there are `limit`, or too many bytes, or none."""
        while self.events < limit and self.size < BATCH_BYTES:
            wanted = min(SLICE_EVENTS, limit - self.events)
            cursor.execute(_EVENTS, self.mark.after(wanted))
            rows = cursor.fetchall()
            for row in rows:
                line = event_line(row)
                self.size += len(line)
                self.leaves[row[1]].append((row[0], leaf_hash(line)))
            if rows:
                self.mark = self.mark._replace(xid=rows[-1][-1], event_id=rows[-1][0])
            self.events += len(rows)
            if len(rows) < wanted:
                return


def seal_all(using: str = ALIAS, *, signer: Signer | None = None, limit: int = BATCH_EVENTS) -> int:
    """Seal every event that is complete now, in batches of at most `limit`; answers how many.

    The signer defaults to that of the settings.
    """
    signer, total = signer or configured_signer(), 0
    while (mark := next(_unsealed(using), None)) is not None:
        total += seal_batch(mark, using=using, signer=signer, limit=limit)
    return total


def seal_batch(mark: Mark, *, using: str, signer: Signer, limit: int) -> int:
    """Seal up to `limit` events of the epoch of `mark` in one transaction; answers how many.

    Where another sealer has been faster, `mark` is stale and the stored one is used.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(_OPEN_MARKS, [_NOWHERE, mark.epoch])
        cursor.execute(_LOCK_MARKS, [mark.epoch])
        xid, event_id = next(stored for epoch, *stored in cursor.fetchall() if epoch == mark.epoch)
        batch = _Batch(mark._replace(xid=xid, event_id=event_id))
        batch.fill(cursor, limit)
        if batch.events:
            _append(cursor, batch, signer)
            cursor.execute(_SET_MARK, [batch.mark.xid, batch.mark.event_id, batch.mark.epoch])
        return batch.events


def oldest_unsealed(*, using: str = ALIAS) -> datetime | None:
    """When the oldest complete event without a seal was recorded; None when all are sealed."""
    with connections[using].cursor() as cursor:
        for mark in _unsealed(using):
            cursor.execute(_FIRST, mark.after(1))
            row = cursor.fetchone()
            if row:
                at: datetime = row[0]
                return at
    return None


def _unsealed(using: str) -> Iterator[Mark]:
    """The marks after which there are events to seal, former epochs first."""
    with connections[using].cursor() as cursor:
        cursor.execute(_EPOCHS, [_NOWHERE])
        for mark in [Mark(*row) for row in cursor.fetchall()]:
            cursor.execute(_FIRST, mark.after(1))
            if cursor.fetchone():
                yield mark


def _append(cursor: Any, batch: _Batch, signer: Signer) -> None:
    cursor.execute(_HEADS, [list(batch.leaves)])
    trees = {tenant_id: Frontier(size, bytes(frontier)) for tenant_id, size, frontier in cursor.fetchall()}
    rows: list[tuple[str, str, str, str]] = []
    checkpoints = []
    for tenant_id, events in batch.leaves.items():
        tree = trees.setdefault(tenant_id, Frontier())
        for event_id, leaf in events:
            rows.append((tenant_id, str(tree.size), event_id, leaf.hex()))
            tree.append(leaf)
        root = tree.root()
        note = signer.checkpoint(origin=origin_of(UUID(tenant_id)), size=tree.size, root=root)
        checkpoints.append((uuid7(), tenant_id, tree.size, root, tree.to_bytes(), note, signer.public_key))
    # ids, numbers and hex need no quoting: four array literals cost a tenth of as many adapted values
    cursor.execute(_LEAVES, [f"{{{','.join(column)}}}" for column in zip(*rows, strict=True)])
    cursor.executemany(_CHECKPOINT, checkpoints)
