"""Certainly not sent, or unsure: the difference between waiting and texting somebody twice."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ghl.client import errors
from ghl.client.client import GHLClient
from ghl.client.pool import make_http_client
from tests.support.clients import ANN, CONTACT, ghl_client
from tests.support.nasty_server import Exchange, NastyServer, http_answer

Connect = Callable[..., GHLClient]


def failure(client: GHLClient) -> errors.GHLError:
    with pytest.raises(errors.GHLError) as caught:
        client.contacts.create(ANN)
    return caught.value


def is_unsure(error: errors.GHLError) -> bool:
    return error.unsure and error.system_error and not error.certainly_not_sent


def is_unsent(error: errors.GHLError) -> bool:
    return error.certainly_not_sent and error.system_error and not error.unsure


def test_refused_connection_was_not_sent(connect: Connect) -> None:
    with NastyServer(Exchange.cut) as server:
        url = server.url
    assert is_unsent(failure(connect(url)))


def test_unknown_host_was_not_sent(connect: Connect) -> None:
    error = failure(connect("http://no-such-host.invalid"))
    assert is_unsent(error)


def test_over_a_plain_httpx_client_everything_but_a_failed_connection_is_unsure() -> None:
    """Where nobody watches the first byte, the careful answer is the right one."""
    with httpx.Client(trust_env=False, timeout=5.0) as plain:
        with NastyServer(lambda exchange: exchange.answer(CONTACT)) as server:
            assert ghl_client(plain, server.url).contacts.create(ANN).id == "c1"
            server.behave = Exchange.cut
            assert is_unsure(failure(ghl_client(plain, server.url)))
        assert is_unsent(failure(ghl_client(plain, server.url)))


@pytest.mark.parametrize("end", [Exchange.cut, Exchange.reset], ids=["closed", "reset"])
def test_connection_ended_before_an_answer_is_unsure(end, connect: Connect) -> None:
    with NastyServer(end) as server:
        error = failure(connect(server.url))
        assert len(server.requests) == 1
    assert isinstance(error, errors.AnswerLostError)
    assert is_unsure(error)


@pytest.mark.parametrize("bytes_before_the_cut", [1, 12, 17, 40, 80, -5, -1])
def test_answer_cut_anywhere_is_unsure(bytes_before_the_cut: int, connect: Connect) -> None:
    def behave(exchange: Exchange) -> None:
        exchange.send(http_answer(CONTACT)[:bytes_before_the_cut])
        exchange.cut()

    with NastyServer(behave) as server:
        assert is_unsure(failure(connect(server.url)))


def test_twenty_lost_answers_at_once_are_twenty_unsure(connect: Connect) -> None:
    everyone_is_here = threading.Barrier(20)

    def behave(exchange: Exchange) -> None:
        everyone_is_here.wait(5)
        exchange.cut()

    with NastyServer(behave) as server:
        client = connect(server.url)
        failures: list[errors.GHLError] = []
        threads = [threading.Thread(target=lambda: failures.append(failure(client))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(failures) == 20
    assert all(is_unsure(error) for error in failures)


def test_idle_connection_closed_by_the_server_is_not_used_again(connect: Connect) -> None:
    def answer_and_close(exchange: Exchange) -> None:
        exchange.answer(CONTACT)
        exchange.cut()

    with NastyServer(answer_and_close) as server:
        client = connect(server.url)
        assert client.contacts.create(ANN).id == "c1"
        server.wait_until_closed(1)
        assert client.contacts.create(ANN).id == "c1"
        assert server.connections == 2


def test_kept_connection_closed_at_our_second_request_is_unsure_for_a_write(connect: Connect) -> None:
    with NastyServer(_close_at_second) as server:
        client = connect(server.url)
        client.contacts.create(ANN)
        assert is_unsure(failure(client))
        assert len(server.requests) == 2


def test_kept_connection_closed_at_our_second_request_is_repeated_for_a_read(connect: Connect) -> None:
    with NastyServer(_close_at_second) as server:
        client = connect(server.url)
        client.contacts.get("c1")
        assert client.contacts.get("c1").id == "c1"
        assert [request.on_connection for request in server.requests] == [1, 2, 1]


def test_connection_reset_before_the_first_byte_was_not_sent(connect: Connect) -> None:
    """The guard is asked after a connection was chosen and before its first byte: the moment to reset it."""
    with NastyServer(lambda exchange: exchange.answer(CONTACT)) as server:
        asked = 0

        def guard() -> None:
            nonlocal asked
            asked += 1
            if asked == 4:  # twice for each call
                server.reset_connections()

        client = connect(server.url, guard=guard)
        client.contacts.create(ANN)
        error = failure(client)
        assert len(server.requests) == 1
    assert isinstance(error, errors.NotSentError)
    assert is_unsent(error)


@pytest.mark.parametrize("asked", [1, 2], ids=["before httpx", "before the first byte"])
def test_guard_holds_a_call_back(asked: int, connect: Connect) -> None:
    times = 0

    def guard() -> None:
        nonlocal times
        times += 1
        if times == asked:
            raise errors.NotSentError("the lease is gone")

    with NastyServer(lambda exchange: exchange.answer(CONTACT)) as server:
        client = connect(server.url, guard=guard)
        with pytest.raises(errors.NotSentError, match=r"contacts\.get: the lease is gone") as caught:
            client.contacts.get("c1")
        assert server.requests == []
        assert client.contacts.get("c1").id == "c1"
    assert caught.value.certainly_not_sent
    assert not caught.value.system_error
    assert times == asked + 2


@pytest.mark.parametrize(
    "answer",
    [
        b"<html><body>Error 1010</body></html>",
        b"",
        b'{"contact": {"id": "c1"',
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"contact": {}}',
        b'{"contact": {"id": ""}}',
        b'{"contact": {"id": 7}}',
        b'{"contact": {"id": "../x"}}',
        b"{}",
    ],
)
def test_success_that_says_nothing_usable_is_unsure(answer: bytes, connect: Connect) -> None:
    with NastyServer(lambda exchange: exchange.answer(answer, status=201)) as server:
        error = failure(connect(server.url))
    assert isinstance(error, errors.UnreadableAnswerError)
    assert is_unsure(error)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_not_followed(status: int, connect: Connect) -> None:
    def behave(exchange: Exchange) -> None:
        exchange.answer(CONTACT, status=status, headers={"Location": "/elsewhere"})

    with NastyServer(behave) as server:
        assert is_unsure(failure(connect(server.url)))
        assert len(server.requests) == 1


def test_answer_that_is_too_large_is_given_up() -> None:
    def behave(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        while exchange.open and not exchange.stopped.is_set():
            exchange.send(b"x" * 65536)

    with NastyServer(behave) as server, make_http_client(body_limit=100_000) as http:
        error = failure(ghl_client(http, server.url, deadline=5.0))
    assert "too large" in str(error)
    assert is_unsure(error)


def test_bytes_beyond_the_answer_never_become_the_next_answer(connect: Connect) -> None:
    """One person's data as the answer to another's call would be the worst of all mistakes."""
    other = http_answer({"contact": {"id": "somebody-else"}})

    with NastyServer(lambda exchange: exchange.send(http_answer(CONTACT) + other)) as server:
        client = connect(server.url)
        assert [client.contacts.get("c1").id for _ in range(3)] == ["c1"] * 3
        assert server.connections == 3


def test_bytes_beyond_a_chunked_answer_never_become_the_next_answer(connect: Connect) -> None:
    body = b'{"contact":{"id":"c1"}}'
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
        len(body),
        body,
    )
    other = http_answer({"contact": {"id": "somebody-else"}})

    with NastyServer(lambda exchange: exchange.send(chunked + other)) as server:
        client = connect(server.url)
        assert [client.contacts.get("c1").id for _ in range(3)] == ["c1"] * 3


@pytest.mark.parametrize("chunked", [True, False])
def test_clean_answers_keep_their_connection(chunked: bool, connect: Connect) -> None:
    body = b'{"contact":{"id":"c1"}}'
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with NastyServer(lambda exchange: exchange.send(answer if chunked else http_answer(CONTACT))) as server:
        client = connect(server.url)
        for _ in range(3):
            client.contacts.get("c1")
        assert server.connections == 1


def test_unknown_certificate_was_not_sent(tmp_path: Path, connect: Connect) -> None:
    server_side, _ = _certificate(tmp_path)
    with NastyServer(lambda exchange: exchange.answer(CONTACT), tls=server_side) as server:
        error = failure(connect(server.url))
        assert server.requests == []
    assert is_unsent(error)
    assert "certificate" in str(error)


def test_trusted_certificate_works_and_keeps_its_connection(tmp_path: Path) -> None:
    server_side, client_side = _certificate(tmp_path)
    with (
        NastyServer(lambda exchange: exchange.answer(CONTACT), tls=server_side) as server,
        make_http_client(ssl_context=client_side) as http,
    ):
        client = ghl_client(http, server.url, deadline=5.0)
        assert client.contacts.create(ANN).id == "c1"
        assert client.contacts.get("c1").id == "c1"
        assert server.connections == 1


def test_handshake_that_never_ends_was_not_sent() -> None:
    """The server waits for the end of a request, the client for a handshake."""
    with NastyServer(Exchange.hang) as server, make_http_client(connect_seconds=0.3) as http:
        error = failure(ghl_client(http, server.url.replace("http:", "https:")))
    assert is_unsent(error)


def _close_at_second(exchange: Exchange) -> None:
    if exchange.request.on_connection == 2:
        exchange.cut()
    else:
        exchange.answer(CONTACT)


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's side of a certificate for 127.0.0.1 that nobody else trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(pem)
    client_side = ssl.create_default_context(cafile=str(pem))
    return server_side, client_side
