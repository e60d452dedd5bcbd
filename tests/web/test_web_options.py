"""What the launcher hands to Streamlit, and what it says where it cannot listen."""

import socket
import threading

import httpx
import pytest
import streamlit.config
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dashboard.web import PortTakenError, run, server_config, streamlit_options
from ghl.config import Settings
from ghl.intake.serve import listen
from tests.support.browser import poll


def test_every_option_is_one_that_streamlit_knows():
    options = streamlit_options(Settings(public_url="https://hub.example"), "127.0.0.1", 8501)
    unknown = [name for name in options if name not in streamlit.config._config_options_template]
    assert unknown == []
    assert options["browser.gatherUsageStats"] is False
    assert options["server.enableAgentApi"] is False
    assert options["server.enableXsrfProtection"] is True
    assert options["browser.serverAddress"] == "hub.example"
    assert options["server.port"] == 8501


def test_a_port_in_use_is_one_clear_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"can't listen on 127\.0\.0\.1:{port}: Address already"):
            run(Settings(), "127.0.0.1", port)


@pytest.mark.parametrize(("trusted", "seen"), [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")])
def test_only_a_trusted_proxy_says_where_somebody_comes_from(trusted, seen):
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse(request.client.host))])
    server = uvicorn.Server(server_config(app, Settings(_env_file=None, trusted_proxies=trusted)))
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        poll(lambda: server.started)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        answer = httpx.get(url, headers={"X-Forwarded-For": "203.0.113.9"}, trust_env=False)
        server.should_exit = True
        thread.join(15)
    assert answer.text == seen
    assert "server" not in answer.headers
