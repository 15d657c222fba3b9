"""Checkpoints: what we sign any tool of C2SP signed notes opens, and our pure-Python Ed25519 agrees with OpenSSL."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_platform.ledger.checkpoints import Signer, origin_of, verifier_key
from hitl_platform.ledger.offline_verifier import ed25519_verifies, open_checkpoint, read_key
from tests.ledger.forge import KEY, SIGNER, TENANT

ORIGIN = origin_of(TENANT)
ROOT = hashlib.sha256(b"root").digest()
# RFC 8032, section 7.1: public key, message, signature
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_ed25519_agrees_with_the_rfc(key: str, message: str, signature: str) -> None:
    parts = [bytes.fromhex(each) for each in (key, message, signature)]
    assert ed25519_verifies(*parts)
    assert not ed25519_verifies(parts[0], parts[1] + b"!", parts[2])


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.integers(0, 511))
def test_ed25519_agrees_with_openssl_and_finds_every_flipped_bit(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public_key, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert ed25519_verifies(public_key, message, signature)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    try:
        passes = ed25519_verifies(public_key, message, bytes(flipped))
    except ValueError:
        passes = False
    assert not passes


def test_a_signature_has_one_form() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = key.sign(b"x")
    twin = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not ed25519_verifies(key.public_key().public_bytes_raw(), b"x", twin)


def test_a_checkpoint_is_a_signed_note() -> None:
    note = SIGNER.checkpoint(origin=ORIGIN, size=7, root=ROOT)
    lines = note.split("\n")
    assert lines[:4] == [ORIGIN, "7", base64.b64encode(ROOT).decode(), ""]
    name, signature = lines[4].removeprefix("\u2014 ").split(" ")
    raw = base64.b64decode(signature)
    # the key's name and id, as the specification computes it
    assert name == ORIGIN
    assert raw[:4] == hashlib.sha256(f"{ORIGIN}\n\x01".encode() + SIGNER.public_key).digest()[:4]
    assert verifier_key(ORIGIN, public_key=SIGNER.public_key).split("+")[:2] == [ORIGIN, raw[:4].hex()]
    assert open_checkpoint(note, [read_key(KEY, ORIGIN)]) == (ORIGIN, 7, ROOT)


def test_a_witness_may_sign_beside_the_log() -> None:
    note = SIGNER.checkpoint(origin=ORIGIN, size=7, root=ROOT) + "\u2014 witness.example/w AAAAAAAA\n"
    assert open_checkpoint(note, [read_key(KEY, ORIGIN)])[1] == 7


def test_another_key_and_another_form_are_refused() -> None:
    note = SIGNER.checkpoint(origin=ORIGIN, size=7, root=ROOT)
    other = base64.b64encode(Signer(bytes(32)).public_key).decode()
    for wrong, keys in [
        (note, [other]),
        (note.replace("7", "8", 1), [KEY]),
        (note.replace("\n7\n", "\n07\n"), [KEY]),
        (note[:-1], [KEY]),
        (note.replace("\u2014", "-"), [KEY]),
        ("", [KEY]),
    ]:
        with pytest.raises(ValueError, match=r"key|checkpoint|false"):
            open_checkpoint(wrong, [read_key(key, ORIGIN) for key in keys])


@pytest.mark.parametrize("text", ["", "x", base64.b64encode(bytes(31)).decode(), KEY[:-1], KEY + "="])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|key|padding|data"):
        read_key(text, ORIGIN)
