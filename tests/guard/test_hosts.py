"""By which names a server answers, and which pages may open a connection to it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from ghl.guard.hosts import OwnHosts, hosts_of

PUBLIC = hosts_of(["https://hub.example.org"], ["*.grace.org", "hub.internal"], machine="box")
AT_HOME = hosts_of(["http://127.0.0.1:8501"], [], machine="Box")


@pytest.mark.parametrize(
    "host",
    [
        "hub.example.org",
        "HUB.example.org:8501",
        "hub.example.org.",
        "hub.internal",
        "cards.grace.org",
        "127.0.0.1:8501",
        "localhost",
        "[::1]:8501",
    ],
)
def test_our_names(host):
    assert PUBLIC.allows(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "hub.example.org.evil.example",
        "evil.example#hub.example.org",
        "hub.example.org@evil.example",
        "evil.example/hub.example.org",
        "grace.org",
        "evilgrace.org",
        "192.168.1.5",
        "box",
        "hub.example.org:port",
        "[::1",
    ],
)
def test_names_that_are_not_ours(host):
    assert not PUBLIC.allows(host)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("192.168.1.5:8501", True),
        ("[fd00::5]:8501", True),
        ("box:8501", True),
        ("box.local", True),
        ("evil.example", False),
        ("192.168.1.5.evil.example", False),
    ],
)
def test_on_somebody_s_own_machine_its_addresses_are_ours(host, ours):
    assert AT_HOME.allows(host) is ours


def test_any_name_where_the_admin_says_so():
    assert hosts_of([], ["*"]).allows("whatever.example")
    assert not hosts_of([], ["*"]).allows_page("https://evil.example", "hub.example.org")


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("https://hub.example.org", "hub.example.org", True),
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("https://hub.example.org", "127.0.0.1:8501", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8501", False),
        ("https://hub.example.org:3000", "hub.example.org", False),
        ("https://cards.grace.org", "cards.grace.org", True),
        ("https://cards.grace.org", "hub.example.org", False),
        ("http://localhost:3000", "hub.example.org", False),
        ("https://evil.example", "hub.example.org", False),
        ("null", "hub.example.org", False),
        ("", "hub.example.org", False),
        ("https://hub.example.org.evil.example", "hub.example.org", False),
    ],
)
def test_only_pages_of_ours_may_open_a_connection(origin, host, ours):
    assert PUBLIC.allows_page(origin, host) is ours


@given(st.text(max_size=40))
def test_any_text_has_an_answer(text):
    assert PUBLIC.allows(text) in {True, False}
    assert PUBLIC.allows_page(text, text) in {True, False}


async def _socket(websocket):
    await websocket.accept()
    await websocket.close()


def app(hosts=PUBLIC):
    routes = [
        Route("/", lambda _: PlainTextResponse("in")),
        Route("/healthz", lambda _: PlainTextResponse("alive")),
        WebSocketRoute("/stream", _socket),
    ]
    refuse = lambda _: PlainTextResponse("elsewhere", 421)  # noqa: E731
    return Starlette(
        routes=routes,
        middleware=[Middleware(OwnHosts, hosts=hosts, refuse=refuse, open_paths=("/healthz",))],
    )


def first_answer(kind, path, *headers):
    """The first message that the app sends."""
    sent = []
    received = iter([{"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request"}])

    async def receive():
        return next(received)

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "path": path, "raw_path": path.encode(), "query_string": b"", "method": "GET"}
    scope |= {"headers": [(name.encode(), value.encode()) for name, value in headers], "subprotocols": []}
    asyncio.run(app()(scope, receive, send))
    return sent[0]


def test_requests_by_another_name_are_misdirected():
    assert first_answer("http", "/", ("host", "evil.example"))["status"] == 421
    assert first_answer("http", "/")["status"] == 421
    assert first_answer("http", "/", ("host", "hub.example.org"))["status"] == 200
    assert first_answer("http", "/healthz", ("host", "10.1.2.3"))["status"] == 200


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([("host", "hub.example.org"), ("origin", "https://hub.example.org")], "websocket.accept"),
        ([("host", "hub.example.org")], "websocket.accept"),
        ([("host", "hub.example.org"), ("origin", "https://evil.example")], "websocket.close"),
        ([("host", "evil.example"), ("origin", "https://evil.example")], "websocket.close"),
    ],
)
def test_connections(headers, said):
    assert first_answer("websocket", "/stream", *headers)["type"] == said
