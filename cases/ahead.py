"""One item ahead: the next one is made in a thread while the caller works on this one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(items: Iterator[T], *, patience: float) -> Iterator[T]:
    """The items of `items`, in order; what making one raises is raised here in its place.

    `items` must not touch the database: connections belong to a thread. Raises TimeoutError when one is not
    there after `patience` seconds.
    """
    end = object()
    maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="one-ahead")
    try:
        coming = maker.submit(next, items, end)
        while (item := coming.result(patience)) is not end:
            coming = maker.submit(next, items, end)
            yield item  # type: ignore[misc]  # the end marker is no T, and never gets here
    finally:
        # a maker that waits for bytes of a client ends with the client; nobody waits for it
        maker.shutdown(wait=False, cancel_futures=True)
