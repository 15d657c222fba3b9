"""Merkle trees of RFC 6962 section 2.1: roots, a frontier that grows leaf by leaf, proofs and their checks.

Leaves are given as their hashes, 32 bytes each. Every tree hash is SHA-256; leaves and nodes are hashed under
different first bytes, so that no node can pass for a leaf.
"""

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds `data`."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree reduced to what it takes to grow: the roots of its perfect subtrees, the largest first.

    A tree of `size` leaves has one such root for each 1 in the binary form of `size`.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: bytes = b"") -> None:
        if size < 0 or len(hashes) != HASH_BYTES * size.bit_count():
            raise ValueError(f"a frontier of {size} leaves holds {size.bit_count()} hashes of {HASH_BYTES} bytes")
        self.size = size
        self.hashes = [hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES)]

    def append(self, leaf: bytes) -> None:
        """Add the leaf whose hash is `leaf`."""
        size = self.size
        while size & 1:
            leaf = sha256(b"\x01" + self.hashes.pop() + leaf).digest()
            size >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the whole tree; of an empty one, SHA-256 of nothing."""
        if not self.hashes:
            return sha256().digest()
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """The hashes in one string, as the constructor takes them."""
        return b"".join(self.hashes)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves`."""
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], *, index: int) -> list[bytes]:
    """The audit path of leaf `index`, nearest sibling first (RFC 6962 section 2.1.1). Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index=index), root_of(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index=index - split), root_of(leaves[:split])]


def consistency_proof(leaves: Sequence[bytes], *, old_size: int) -> list[bytes]:
    """The proof that the tree of the first `old_size` leaves is a prefix of this one (section 2.1.2)."""
    if not 0 <= old_size <= len(leaves):
        raise IndexError(f"no older size {old_size} of a tree of {len(leaves)}")
    return _subproof(leaves, old_size, whole=True) if old_size else []


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        # the verifier holds the old root already; a subtree of it must be named
        return [] if whole else [root_of(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_subproof(leaves[:split], old_size, whole=whole), root_of(leaves[split:])]
    return [*_subproof(leaves[split:], old_size - split, whole=False), root_of(leaves[:split])]


def includes(proof: Sequence[bytes], *, leaf: bytes, index: int, size: int, root: bytes) -> bool:
    """Whether `proof` shows that `leaf` is at `index` in the tree of `size` leaves with `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    current = leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            current = node_hash(sibling, current)
            while place & 1 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and current == root


def is_consistent(proof: Sequence[bytes], *, old_size: int, old_root: bytes, new_size: int, new_root: bytes) -> bool:
    """Whether `proof` shows that the older tree is a prefix of the newer one (RFC 9162, 2.1.4.2)."""
    if old_size in (0, new_size):
        return not proof and (old_root == new_root if old_size else old_root == sha256().digest())
    if not 0 < old_size < new_size or not proof:
        return False
    # an old tree that is one perfect subtree needs no first hash: its root is known
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while place & 1 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
