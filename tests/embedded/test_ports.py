"""Ports: what is taken is told from what is free."""

import socket

from hitl_platform.embedded import ports


def test_a_port_with_a_listener_is_not_free_and_the_next_one_is_taken() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        number = taken.getsockname()[1]
        assert not ports.is_free(number)
        assert ports.first_free_from(number) != number
    assert ports.is_free(number)
