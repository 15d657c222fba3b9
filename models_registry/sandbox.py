"""The sandbox's parent: a warm child per worker process, asked through a pipe, trusted with nothing.

The child (`sandbox_child.py`) has no environment, no files, no network, and limits on memory and time. Every
answer has a deadline and every length in it is checked. A child that crashes, hangs or lies is killed, and
the next request starts a fresh one. A `subprocess`, because Celery's pool children may have no children of
`multiprocessing`.
"""

import atexit
import logging
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

import numpy as np
import orjson

from models_registry import framing
from models_registry.faults import ModelCrashed, ModelLied, ModelTimeout, NoModel
from models_registry.features import Columns
from models_registry.outputs import Floats, Reply

logger = logging.getLogger(__name__)

_CHILD = Path(__file__).with_name("sandbox_child.py")
# the whole environment of the child; the one variable that is passed on finds shared libraries
_KEEP = ("LD_LIBRARY_PATH",)
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Limits:
    """Memory in bytes of address space; times in seconds of wall clock."""

    memory: int = 1536 << 20
    start: float = 30.0
    load: float = 10.0
    predict_base: float = 2.0
    predict_row: float = 0.005

    def predict(self, n_rows: int) -> float:
        """How long n rows may take."""
        return self.predict_base + self.predict_row * n_rows


@dataclass(frozen=True)
class ModelRef:
    """What the sandbox must know of a version to ask it."""

    sha256: str
    labels: tuple[str, ...]
    n_features: int


class Sandbox:
    """Asks models, one request at a time; safe to call from several threads."""

    def __init__(self, *, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.walls: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._inherited: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while one is alive."""
        child = self._child
        return child.process.pid if child is not None and child.alive() else None

    def load(self, ref: ModelRef, *, content: bytes) -> bool:
        """Load a model; returns whether it is linear. Raises NoModel where it is refused, or other faults."""
        with self._lock:
            return self._load(ref, content)

    def predict(self, ref: ModelRef, columns: Columns, *, fetch: Callable[[], bytes]) -> Reply:
        """Ask for all rows of `columns`; `fetch` reads the artifact where the child does not have it yet.

        The reply has the agreed shapes: (n, n_labels), (n, n_features), (n,). Its values are not yet judged.
        """
        header: framing.Header = {"op": "predict", "sha256": ref.sha256, "labels": ref.labels}
        header |= {"n": columns.n_rows, "kinds": columns.kinds}
        buffers = [_encoded(values) for values in columns.values]
        room = 8 * columns.n_rows * (len(ref.labels) + ref.n_features + 1)
        seconds = self.limits.predict(columns.n_rows)
        with self._lock:
            answer, parts = self._ask(header, buffers, seconds=seconds, room=room)
            if answer.get("unknown"):
                self._load(ref, fetch())
                answer, parts = self._ask(header, buffers, seconds=seconds, room=room)
            if answer.get("ok") is not True:
                raise _raised(answer)
            try:
                return _reply(answer, parts, ref=ref, n_rows=columns.n_rows)
            except ModelLied:
                self._end_child()
                raise

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end_child()

    def _load(self, ref: ModelRef, content: bytes) -> bool:
        header = {"op": "load", "sha256": ref.sha256, "labels": ref.labels, "n_features": ref.n_features}
        answer, _ = self._ask(header, [content], seconds=self.limits.load, room=0)
        if answer.get("refused"):
            raise NoModel(str(answer.get("error"))[:500])
        if answer.get("ok") is not True:
            raise _raised(answer)
        return answer.get("linear") is True

    def _ask(
        self, header: framing.Header, buffers: Sequence[framing.Buffer], *, seconds: float, room: int
    ) -> tuple[framing.Header, list[bytes]]:
        child = self._ready_child()
        child.deadline = time.monotonic() + seconds
        try:
            for part in framing.encode({**header, "seconds": seconds}, buffers=buffers):
                child.write(part)
            return framing.decode(child.read, max_body=room, max_header=1 << 16)
        except framing.FrameBroken as error:
            self._end_child()
            raise ModelLied(str(error), child_lost=True) from error
        except (ModelCrashed, ModelTimeout):
            self._end_child()
            raise

    def _ready_child(self) -> "_Child":
        """The warm child, or a fresh one: after a fault, and in a process that was forked from the owner."""
        child = self._child
        if child is not None and child.owner == os.getpid() and child.alive():
            return child
        if child is not None and child.owner == os.getpid():
            child.end()
        # the child of the process that this one was forked from is not ours to end, nor to forget
        self._inherited = child if child is not None and child.owner != os.getpid() else self._inherited
        self._child = child = _Child(self.limits)
        try:
            hello, _ = framing.decode(child.read, max_body=0, max_header=1 << 12)
        except (framing.FrameBroken, ModelCrashed, ModelTimeout) as error:
            words = child.last_words()
            self._end_child()
            raise ModelCrashed(f"The sandbox did not start: {words or error}", child_lost=True) from error
        self.walls = {str(name): held is True for name, held in dict(hello.get("walls") or {}).items()}
        missing = sorted(name for name, held in self.walls.items() if not held)
        if missing:
            logger.warning("sandbox: this system does not grant %s; models run without", ", ".join(missing))
        return child

    def _end_child(self) -> None:
        if self._child is not None and self._child.owner == os.getpid():
            self._child.end()
        self._child = None


class _Child:
    """The process and its pipe; every read and write ends at `deadline`."""

    def __init__(self, limits: Limits) -> None:
        self.owner = os.getpid()
        self.deadline = time.monotonic() + limits.start
        kept = {name: os.environ[name] for name in _KEEP if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD), str(self.owner), str(limits.memory), tempfile.gettempdir()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=kept | _ENVIRONMENT,
            bufsize=0,
        )
        self._requests, self._answers = _opened(self.process.stdin), _opened(self.process.stdout)
        for pipe in (self._requests, self._answers):
            os.set_blocking(pipe.fileno(), False)

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def write(self, part: framing.Buffer) -> None:
        """All of `part`, or ModelTimeout, or ModelCrashed."""
        view = memoryview(part).cast("B")
        while view:
            self._wait(self._requests, selectors.EVENT_WRITE)
            try:
                view = view[os.write(self._requests.fileno(), view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                self._crashed()

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, or ModelTimeout, or ModelCrashed."""
        chunks: list[bytes] = []
        while size > 0:
            self._wait(self._answers, selectors.EVENT_READ)
            try:
                chunk = os.read(self._answers.fileno(), min(size, 1 << 20))
            except BlockingIOError:
                continue
            if not chunk:
                self._crashed()
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)

    def last_words(self) -> str:
        """The last line on stderr; there is none once the child has locked itself down."""
        self.process.kill()
        lines = _opened(self.process.stderr).read(65536).decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def end(self) -> None:
        """Kill the process and close the pipes."""
        self.process.kill()
        self.process.wait()
        for pipe in (self._requests, self._answers, _opened(self.process.stderr)):
            pipe.close()

    def _wait(self, pipe: IO[bytes], event: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            left = self.deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise ModelTimeout("The model did not answer before its deadline.", child_lost=True)

    def _crashed(self) -> NoReturn:
        code = self.process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        raise ModelCrashed(f"The model took its process down ({how}).", child_lost=True)


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the child's pipes are always opened")
    return pipe


def _encoded(values: Floats | list[str]) -> framing.Buffer:
    if isinstance(values, np.ndarray):
        return np.ascontiguousarray(values, dtype="<f8").data.cast("B")
    return orjson.dumps(values)


def _reply(answer: framing.Header, parts: list[bytes], *, ref: ModelRef, n_rows: int) -> Reply:
    n_labels, n_features = len(ref.labels), ref.n_features
    sizes = [8 * n_rows * n_labels] + [8 * n_rows * n_features, 8 * n_rows] * (answer.get("linear") is True)
    if [len(part) for part in parts] != sizes or answer.get("shape") != [n_rows, n_labels]:
        raise ModelLied("The answer does not have a probability per row and label.", child_lost=True)
    arrays = [np.frombuffer(part, dtype="<f8") for part in parts]
    probabilities = arrays[0].reshape(n_rows, n_labels)
    if len(arrays) == 1:
        return Reply(probabilities, None, None)
    return Reply(probabilities, arrays[1].reshape(n_rows, n_features), arrays[2])


def _raised(answer: framing.Header) -> ModelCrashed:
    kind = "".join(c for c in str(answer.get("kind", "")) if c.isalnum())[:60]
    return ModelCrashed(f"The model raised {kind or 'an error'}.", said=str(answer.get("error", ""))[:500])


_shared = Sandbox()
atexit.register(_shared.close)


def shared_sandbox() -> Sandbox:
    """This process's sandbox; a forked worker gets a child of its own at its first request."""
    return _shared
