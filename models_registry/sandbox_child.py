"""The process in which models run: `python -I sandbox_child.py PARENT_PID MEMORY_BYTES TEMPORARY_FOLDER`.

Frames on stdin, frames on stdout. It loads its libraries, gives up what a model must not have, says what it
could give up, and answers requests until stdin closes. Nothing here talks to the rest of the platform.
"""

import codecs
import importlib
import os
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import orjson

from models_registry import framing, lockdown
from models_registry.artifacts import ESTIMATORS, ArtifactRefused
from models_registry.predictor import Column, Predictor

MAX_LOADED = 8
MAX_REQUEST = 256 << 20

Answer = tuple[framing.Header, list[framing.Buffer]]


class Child:
    """Answers the parent: loads models, keeps the most recently used, predicts."""

    def __init__(self, answers: int) -> None:
        self.answers = answers
        self.loaded: OrderedDict[str, Predictor] = OrderedDict()

    def serve(self) -> None:
        """One request after the other, until the parent closes the pipe."""
        while True:
            try:
                header, buffers = framing.decode(_read, max_body=MAX_REQUEST)
            except EOFError:
                return
            lockdown.allow_seconds(float(header["seconds"]))
            # the outermost loop: whatever a model raises is an answer, told in one line
            try:
                answer, parts = self._answer(header, buffers)
            except ArtifactRefused as error:
                answer, parts = {"ok": False, "refused": True, "error": str(error)}, []
            except Exception as error:  # noqa: BLE001 - a model may raise anything
                answer, parts = {"ok": False, "kind": type(error).__name__, "error": str(error)[:500]}, []
            self.say(answer, parts)

    def say(self, header: framing.Header, buffers: list[framing.Buffer]) -> None:
        """Write one frame."""
        for part in framing.encode(header, buffers=buffers):
            view = memoryview(part).cast("B")
            while view:
                view = view[os.write(self.answers, view) :]

    def _answer(self, header: framing.Header, buffers: list[bytes]) -> Answer:
        key = header["sha256"]
        if header["op"] == "load":
            labels, n_features = list(header["labels"]), int(header["n_features"])
            loaded = Predictor(buffers[0], sha256=key, labels=labels, n_features=n_features)
            self.loaded[key] = loaded
            while len(self.loaded) > MAX_LOADED:
                self.loaded.popitem(last=False)
            return {"ok": True, "linear": loaded.linear is not None}, []
        predictor = self.loaded.get(key)
        # the same artifact may be registered with its labels in another order
        if predictor is None or predictor.labels != header["labels"]:
            return {"ok": False, "unknown": True}, []
        self.loaded.move_to_end(key)
        return _predict(predictor, header, buffers)


def _predict(predictor: Predictor, header: framing.Header, buffers: list[bytes]) -> Answer:
    columns: list[Column] = [
        np.frombuffer(raw, dtype="<f8") if kind == "number" else orjson.loads(raw)
        for kind, raw in zip(header["kinds"], buffers, strict=True)
    ]
    reply = predictor.predict(columns, n_rows=header["n"])
    arrays = [reply.probabilities]
    if reply.contributions is not None and reply.baseline is not None:
        arrays += [reply.contributions, reply.baseline]
    shape = list(reply.probabilities.shape)
    return {"ok": True, "shape": shape, "linear": len(arrays) > 1}, [_bytes(array) for array in arrays]


def _bytes(array: np.ndarray[Any, Any]) -> memoryview:
    return np.ascontiguousarray(array, dtype="<f8").data.cast("B") if array.size else memoryview(b"")


def _read(size: int) -> bytes:
    """Exactly `size` bytes of stdin; EOFError where it ends first."""
    chunks: list[bytes] = []
    while size > 0:
        chunk = os.read(0, min(size, 1 << 20))
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _import_everything() -> None:
    """After the lockdown no file can be opened, so whatever an allowed model needs is imported before."""
    for name in sorted(ESTIMATORS):
        importlib.import_module(name.rpartition(".")[0])
    for name in ("scipy.sparse", "scipy.special", "sklearn.utils.validation", "numpy.random"):
        importlib.import_module(name)
    for name in ("ascii", "cp437", "latin-1", "utf-8", "utf-16", "utf-32"):
        codecs.lookup(name)


def main() -> None:
    """Import, lock down, report, serve."""
    parent, memory = int(sys.argv[1]), int(sys.argv[2])
    _import_everything()
    # whatever a model prints must not reach the pipe that answers go through
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    lockdown.leave_folder(below=sys.argv[3])
    report = {"network": lockdown.leave_network(), "not_root": lockdown.drop_root()}
    lockdown.die_with(parent)
    lockdown.limit_resources(memory=memory)
    os.dup2(null, 2)
    os.close(null)
    report["seccomp"] = lockdown.filter_calls()
    child = Child(answers)
    child.say({"ok": True, "ready": True, "walls": report}, [])
    child.serve()


if __name__ == "__main__":
    main()
