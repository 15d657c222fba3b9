"""Writing an export: the files of a ledger and the verifier that reads them, as a directory or as a zip stream."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from hitl_platform.ledger import offline_verifier
from hitl_platform.ledger.offline_verifier import EVENTS, HEAD, HISTORY, LEAVES, MANIFEST, PERSONAL
from hitl_platform.ledger.stored import StoredLedger

FILES = (MANIFEST, HEAD, HISTORY, LEAVES, EVENTS, PERSONAL)
VERIFIER = "verify.py"
PIECE_BYTES = 1 << 18


def files_of(ledger: StoredLedger) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and content of each file, the content in lines."""
    yield VERIFIER, iter([Path(offline_verifier.__file__).read_bytes()])
    for name in FILES:
        yield name, ledger.rows(name)


def write_directory(ledger: StoredLedger, *, path: Path) -> None:
    """Write the files of an export into a directory, which is made where it is not there."""
    path.mkdir(parents=True, exist_ok=True)
    for name, lines in files_of(ledger):
        with (path / name).open("wb") as file:
            file.writelines(lines)


def zip_stream(ledger: StoredLedger) -> Iterator[bytes]:
    """The bytes of an export as a zip file, in pieces, while they are read: memory stays flat."""
    drain = _Drain()
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, lines in files_of(ledger):
            # the length is not known ahead, so room for more than 4 GiB is kept
            with archive.open(name, "w", force_zip64=True) as member:
                for line in lines:
                    member.write(line)
                    if drain.held > PIECE_BYTES:
                        yield drain.take()
    yield drain.take()


class _Drain(io.RawIOBase):
    """A file that cannot seek: keeps what is written until it is taken."""

    def __init__(self) -> None:
        self.held = 0
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # zipfile writes bytes alone
        self._pieces.append(bytes(data))
        self.held += len(data)
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._pieces)
        self._pieces, self.held = [], 0
        return data
