"""Ports: the wished one or a clear no; the next free one, never the same for two hubs."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from jobs.supervisor.errors import StartError
from jobs.supervisor.ports import Ports, claim_all, local_address


@contextmanager
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_refused_by_name():
    with (
        listener() as port,
        Ports("127.0.0.1") as ports,
        pytest.raises(StartError, match=rf"Port {port} is in use.*--port"),
    ):
        ports.asked_for(port, option="--port")


def test_a_server_on_every_address_is_in_the_way_of_one():
    with socket.create_server(("0.0.0.0", 0)) as server, Ports("127.0.0.1") as ports:
        port = server.getsockname()[1]
        assert ports.next_free(port) != port


def test_the_next_free_one_is_taken():
    with listener() as port, Ports("127.0.0.1") as ports:
        assert port < ports.next_free(port) <= port + 50


def test_two_hubs_that_start_together_get_different_ports():
    with listener() as port, Ports("127.0.0.1") as one, Ports("127.0.0.1") as other:
        first = one.next_free(port)
        assert other.next_free(port) > first
        with pytest.raises(StartError, match="is in use"):
            other.asked_for(first, option="--port")


def test_a_port_is_free_again_afterwards():
    with listener() as port, Ports("127.0.0.1") as ports:
        free = ports.next_free(port)
    with Ports("127.0.0.1") as ports:
        assert ports.asked_for(free, option="--port") == free


def test_the_search_leaves_alone_what_was_asked_for():
    with listener() as port, Ports("127.0.0.1") as ports:
        wished = ports.next_free(port)
    with Ports("127.0.0.1") as ports:
        assert claim_all(ports, [(None, wished, "--port"), (wished, 1, "--intake-port")])[1] == wished


def test_an_address_of_another_machine():
    with Ports("192.0.2.1") as ports, pytest.raises(StartError, match=r"cannot listen on port \d+ of 192"):
        ports.next_free(8501)


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]"), ("10.0.0.5", "10.0.0.5")],
)
def test_the_address_to_open(host, address):
    assert local_address(host) == address
