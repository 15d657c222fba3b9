"""TCP ports on the loopback interface."""

import errno
import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now. Another process may take it first: callers retry."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        number: int = probe.getsockname()[1]
        return number


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def first_free_from(port: int) -> int:
    """The first free port at or above `port`, or any free one when two hundred in a row are taken."""
    candidates = range(port, min(port + 200, 65536))
    return next((number for number in candidates if is_free(number)), 0) or free_port()
