"""Merkle trees against the published vectors of certificate transparency, and against themselves."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_platform.ledger.merkle import (
    Frontier,
    consistency_proof,
    includes,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    node_hash,
    root_of,
)

# inputs, roots and proofs that the implementations of RFC 6962 share
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(each)) for each in INPUTS]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
leaves = st.integers(0, 70).map(lambda n: [leaf_hash(bytes([i])) for i in range(n)])


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert Frontier().root() == hashlib.sha256().digest()


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int) -> None:
    assert [each.hex() for each in inclusion_proof(LEAVES[:size], index=index)] == INCLUSION[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(old: int, new: int) -> None:
    assert [each.hex() for each in consistency_proof(LEAVES[:new], old_size=old)] == CONSISTENCY[old, new]


def test_a_node_never_passes_for_a_leaf() -> None:
    assert node_hash(LEAVES[0], LEAVES[1]) != leaf_hash(LEAVES[0] + LEAVES[1])


@given(leaves, st.data())
def test_every_leaf_is_proved_and_no_other_passes(leaves: list[bytes], data: st.DataObject) -> None:
    if not leaves:
        return
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof, size, root = inclusion_proof(leaves, index=index), len(leaves), root_of(leaves)
    assert includes(proof, leaf=leaves[index], index=index, size=size, root=root)
    assert not includes(proof, leaf=leaf_hash(b"other"), index=index, size=size, root=root)
    assert not includes([*proof, root], leaf=leaves[index], index=index, size=size, root=root)
    assert not includes(proof, leaf=leaves[index], index=size, size=size, root=root)
    if proof:
        assert not includes(proof[:-1], leaf=leaves[index], index=index, size=size, root=root)
        other = data.draw(st.integers(0, len(leaves) - 1).filter(lambda each: each != index))
        assert not includes(proof, leaf=leaves[index], index=other, size=size, root=root)


@given(leaves, st.data())
def test_every_older_tree_is_proved_a_prefix_and_no_other_passes(leaves: list[bytes], data: st.DataObject) -> None:
    old_size = data.draw(st.integers(0, len(leaves)))
    roots = {"old_root": root_of(leaves[:old_size]), "new_root": root_of(leaves)}
    sizes = {"old_size": old_size, "new_size": len(leaves)}
    proof = consistency_proof(leaves, old_size=old_size)
    assert is_consistent(proof, **sizes, **roots)
    assert not is_consistent([*proof, roots["new_root"]], **sizes, **roots)
    assert not is_consistent(proof, **sizes, **{**roots, "old_root": leaf_hash(b"other")})
    if proof:
        assert not is_consistent(proof[:-1], **sizes, **roots)
        assert not is_consistent(proof, **sizes, **{**roots, "new_root": leaf_hash(b"other")})


@given(leaves, st.data())
def test_a_frontier_grows_on_from_any_size(leaves: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(0, len(leaves)))
    tree = Frontier()
    for leaf in leaves[:size]:
        tree.append(leaf)
    tree = Frontier(tree.size, tree.to_bytes())
    for leaf in leaves[size:]:
        tree.append(leaf)
    assert (tree.size, tree.root()) == (len(leaves), root_of(leaves))


def test_refusals() -> None:
    with pytest.raises(ValueError, match="2 hashes"):
        Frontier(3, bytes(32))
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES, index=8)
    with pytest.raises(IndexError):
        consistency_proof(LEAVES, old_size=9)
