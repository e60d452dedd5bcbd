"""Whatever a server sends, the client answers with a model or one of its own errors."""

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghl.client import errors
from ghl.client.models import Contact
from ghl.client.pool import make_http_client
from tests.support.clients import ANN, UNHURRIED, ghl_client, outcome
from tests.support.nasty_server import Exchange, NastyServer, http_answer

LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 429 X\r\n",
        b"HTTP/1.0 204 X\r\n",
        b"HTTP/1.1 101 X\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/2 200\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 2\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Content-Encoding: br\r\n",
        b"X-RateLimit-Max: \xff\r\n",
        b": nothing\r\n",
        b"\r\n",
        b"{}",
        b'{"contact":{"id":"c1"}}',
        b"5\r\n{}   \r\n0\r\n\r\n",
        http_answer({"contact": {"id": "c1"}}),
    ]
)
ANSWERS = st.lists(LINES | st.binary(max_size=40), max_size=8).map(b"".join)


class Parrot:
    """Says once what it was told to say, then hangs up."""

    def __init__(self) -> None:
        self.words = b""

    def __call__(self, exchange: Exchange) -> None:
        exchange.send(self.words)
        exchange.cut()


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[Parrot, str, httpx.Client]]:
    behave = Parrot()
    with NastyServer(behave) as server, make_http_client() as http:
        yield behave, server.url, http


@settings(UNHURRIED, max_examples=150)
@given(words=ANSWERS)
def test_any_bytes_are_a_contact_or_a_typed_error(
    parrot: tuple[Parrot, str, httpx.Client], words: bytes
) -> None:
    behave, url, http = parrot
    behave.words = words
    result = outcome(lambda: ghl_client(http, url).contacts.create(ANN))
    if isinstance(result, errors.GHLError):
        assert result.unsure or result.certainly_not_sent
        assert result.__context__ is None
    else:
        assert isinstance(result, Contact)
