"""Checkpoints: what the sealer signs, as C2SP signed notes (tlog-checkpoint).

A note is three lines, origin, size and root, then a signature line. Any tool that reads such notes can hold
or witness ours. `offline_verifier.py` is what opens them.
"""

import base64
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

ED25519 = b"\x01"


def origin_of(tenant_id: UUID) -> str:
    """The name of a tenant's log: the first line of its checkpoints and the name of the key that signs them."""
    return f"hitl-platform/ledger/{tenant_id}"


class Signer:
    """Signs checkpoints with an Ed25519 key, given as its seed of 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()

    def checkpoint(self, *, origin: str, size: int, root: bytes) -> str:
        """The signed note that commits to the tree of `size` leaves with `root`."""
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = _key_id(origin, self.public_key) + self._key.sign(text.encode())
        return f"{text}\n\u2014 {origin} {base64.b64encode(signature).decode()}\n"


def configured_signer() -> Signer:
    """The signer of this installation; raises ImproperlyConfigured where no key is set."""
    if not settings.LEDGER_SIGNING_KEY:
        raise ImproperlyConfigured("LEDGER_SIGNING_KEY is not set: the sealer signs with 32 random bytes in base64.")
    return Signer(base64.b64decode(settings.LEDGER_SIGNING_KEY))


def verifier_key(origin: str, *, public_key: bytes) -> str:
    """The public key in the text form of signed notes: name, key id and key, joined by plus signs."""
    key = base64.b64encode(ED25519 + public_key).decode()
    return f"{origin}+{_key_id(origin, public_key).hex()}+{key}"


def _key_id(name: str, public_key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:4]
