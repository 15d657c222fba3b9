"""The hand at the doorbell: a thread that rings behind the request, so that no click waits for the broker.

What is asked for again before it was rung is one ring, and after each round the thread rests a little: a burst
of a thousand costs a few messages. What is lost with its process is found by the sweeper, as any lost doorbell.
"""

import atexit
import os
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Bell = TypeVar("Bell")

REST_SECONDS = 0.02
LAST_CALL_SECONDS = 1.0


class Ringer(Generic[Bell]):
    """Calls `ring(bell)` in a thread of its own for every bell that was asked for; `ring` does not raise."""

    def __init__(self, ring: Callable[[Bell], object]) -> None:
        self._ring = ring
        self._begin()
        # locks and threads do not survive a fork
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.flush)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._asked: dict[Bell, None] = {}
        self._ringing = False
        self._thread: threading.Thread | None = None

    def ask(self, bell: Bell) -> None:
        """Have it rung soon; answers at once."""
        with self._changed:
            self._asked[bell] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="doorbell", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, patience: float = LAST_CALL_SECONDS) -> bool:
        """Wait until all that was asked for is rung; answers whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._asked and not self._ringing, timeout=patience)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._asked))
                bells, self._asked, self._ringing = list(self._asked), {}, True
            for bell in bells:
                self._ring(bell)
            with self._changed:
                self._ringing = False
                self._changed.notify_all()
            time.sleep(REST_SECONDS)
