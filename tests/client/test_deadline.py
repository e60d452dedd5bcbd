import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ghl.client import errors
from ghl.client.client import GHLClient
from ghl.client.pool import make_http_client
from tests.support.clients import ANN, CONTACT, ghl_client
from tests.support.nasty_server import Exchange, NastyServer, http_answer

Connect = Callable[..., GHLClient]

DEADLINE = 0.5
IN_TIME = 3.0  # every server here would take longer; the rest is for a busy machine


def drip_head(exchange: Exchange) -> None:
    exchange.drip(http_answer(CONTACT), every=0.1)


def drip_body(exchange: Exchange) -> None:
    head, _, body = http_answer(CONTACT).partition(b"\r\n\r\n")
    exchange.send(head + b"\r\n\r\n")
    exchange.drip(body, every=0.1)


def drip_chunks(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    exchange.drip(b"1\r\n{\r\n" * 200, every=0.01)


def endless_interim_answers(exchange: Exchange) -> None:
    while exchange.open and not exchange.stopped.wait(0.01):
        exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def hang(exchange: Exchange) -> None:
    exchange.hang()


@pytest.mark.parametrize("behave", [drip_head, drip_body, drip_chunks, endless_interim_answers, hang])
@pytest.mark.parametrize("write", [True, False], ids=["write", "read"])
def test_no_server_stretches_a_call_beyond_its_deadline(behave, write, connect: Connect) -> None:
    with NastyServer(lambda exchange: exchange.answer(CONTACT)) as server:
        connect(server.url).contacts.get("c1")  # the connection is there already
        server.behave = behave
        client = connect(server.url, deadline=DEADLINE)
        started = time.monotonic()
        with pytest.raises((errors.AnswerLostError, errors.UnreadableAnswerError)) as caught:
            client.contacts.create(ANN) if write else client.contacts.get("c1")
        assert time.monotonic() - started < IN_TIME
    assert caught.value.unsure
    assert caught.value.system_error
    assert not caught.value.certainly_not_sent
    assert len(server.requests) == 2


def test_repetitions_share_the_deadline(connect: Connect) -> None:
    def slowly_unavailable(exchange: Exchange) -> None:
        exchange.stopped.wait(0.2)
        exchange.answer(b"", status=503)

    with NastyServer(slowly_unavailable) as server:
        started = time.monotonic()
        with pytest.raises(errors.GHLError):
            connect(server.url, deadline=DEADLINE).contacts.get("c1")
        assert time.monotonic() - started < IN_TIME
        assert len(server.requests) <= 3


def test_a_listener_that_never_accepts_costs_the_connect_time_only() -> None:
    """The kernel of a full listener drops further connections, as a firewall does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        try:
            for sock in waiting:
                sock.setblocking(False)
                sock.connect_ex(("127.0.0.1", port))
            with make_http_client(connect_seconds=0.2) as http:
                error = _error_of(http, f"http://127.0.0.1:{port}", deadline=0.5)
        finally:
            for sock in waiting:
                sock.close()
    assert isinstance(error, errors.NoAnswerError)
    if isinstance(error, errors.NotSentError):  # some kernels complete the handshake all the same
        assert error.certainly_not_sent
        assert error.system_error


def test_a_resolver_that_hangs_is_given_up_and_asked_once() -> None:
    asked = threading.Semaphore(0)
    release = threading.Event()

    def lookup(*_args: object, **_options: object) -> list[object]:
        asked.release()
        release.wait(10)
        return []

    with make_http_client(connect_seconds=0.2, lookup=lookup) as http:
        failures: list[errors.GHLError] = []
        threads = [
            threading.Thread(
                target=lambda: failures.append(_error_of(http, "http://ghl.example", deadline=0.3))
            )
            for _ in range(5)
        ]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - started < IN_TIME
        release.set()
    assert [type(failure) for failure in failures] == [errors.NotSentError] * 5
    assert asked.acquire(blocking=False)
    assert not asked.acquire(blocking=False)


def test_a_dead_address_does_not_eat_the_time_of_a_live_one() -> None:
    with NastyServer(lambda exchange: exchange.answer(CONTACT)) as server, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        family = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        rows = [(*family, dead.getsockname()), (*family, ("127.0.0.1", server.port))]
        with make_http_client(connect_seconds=1.0, lookup=lambda *_args, **_options: rows) as http:
            assert ghl_client(http, "http://ghl.example", deadline=2.0).contacts.get("c1").id == "c1"


def test_the_thirty_third_thread_waits_for_a_connection_and_then_gives_up_unsent() -> None:
    with NastyServer(hang) as server, make_http_client(connections=1) as http:
        arrived = threading.Event()
        server.behave = lambda exchange: (arrived.set(), exchange.hang())
        first = threading.Thread(target=_error_of, args=(http, server.url), kwargs={"deadline": 1.0})
        first.start()
        assert arrived.wait(5)
        error = _error_of(http, server.url, deadline=0.1)
        first.join()
    assert isinstance(error, errors.NotSentError)
    assert not error.system_error
    assert len(server.requests) == 1


def _error_of(http: httpx.Client, url: str, **options: Any) -> errors.GHLError:
    with pytest.raises(errors.GHLError) as caught:
        ghl_client(http, url, **options).contacts.create(ANN)
    return caught.value
