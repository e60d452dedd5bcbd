"""The web process: Streamlit's app with the sign-in routes and headers around it, served by uvicorn.

Several of them may run against one database, behind a proxy that keeps a browser with one of them.
"""

import gc
import importlib
import logging
import pkgutil
import socket
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
import structlog
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from streamlit.web import bootstrap

import dashboard
from dashboard import services
from dashboard.components import states
from dashboard.cookies import Cookies
from dashboard.doors import Doors
from dashboard.headers import SecurityHeaders, security_headers
from dashboard.oidc import CALLBACK_PATH
from dashboard.plain_page import said
from dashboard.reading import support_number
from dashboard.scripts import script_routes
from dashboard.sign_in import sign_in_routes
from ghl.config import Settings
from ghl.guard.hosts import OwnHosts, hosts_of, this_machine
from ghl.logging import set_up_logging
from ghl.people.oidc.provider import Provider

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = Path(__file__).resolve().parent / "app.py"
CONFIG = ROOT / ".streamlit" / "config.toml"

STOP_WITHIN = 3
"""Seconds for answers that are under way; an open page connects again by itself."""

HEALTH_PATH = "/_stcore/health"

PING_SECONDS = 30.0
LARGEST_MESSAGE = 25 * 1024 * 1024
"""Bytes of one message from a browser: a little more than the largest upload."""


class PortTakenError(Exception):
    """Something else listens there. The message is one line."""


def run(settings: Settings, host: str, port: int) -> None:
    """Serves the pages until SIGTERM or Ctrl-C. Raises `PortTakenError`; writes no file.

    Pages read the same settings again from the environment, once a process.
    """
    set_up_logging("web", level=settings.log_level)
    bootstrap.load_config_options(streamlit_options(settings, host, port))
    app = build_app(settings)
    _warm_up()
    _into_one_log()
    with _listen(host, port) as listener:
        server = uvicorn.Server(server_config(app, settings))
        server.run(sockets=[listener])


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How the app is served."""
    return uvicorn.Config(
        app,
        access_log=False,  # an address may hold a sign-in link
        log_config=None,
        log_level="warning",
        server_header=False,
        # By default uvicorn believes whoever connects from this machine.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        ws="websockets-sansio",
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=STOP_WITHIN,
    )


def build_app(settings: Settings) -> st.App:
    """The ASGI application: our own routes, then Streamlit's."""
    https = settings.public_url.startswith("https://")
    cookies, doors = Cookies(settings), Doors(services.container)
    hosts = hosts_of([settings.public_url], settings.allowed_hosts, machine=this_machine())
    middleware = [
        Middleware(SecurityHeaders, headers=security_headers(https=https)),
        Middleware(OwnHosts, hosts=hosts, refuse=_not_ours, open_paths=(HEALTH_PATH,)),
    ]
    return st.App(
        SCRIPT,
        routes=[
            *sign_in_routes(
                services.container,
                cookies=cookies,
                doors=doors,
                provider=_provider(settings),
                mails=settings.smtp_url is not None,
            ),
            *script_routes(),
        ],
        middleware=middleware,
        on_script_error=_unexpected,
    )


def _not_ours(_request: Request) -> Response:
    """What whoever comes by a name that is not ours is told; the name is not repeated."""
    return said(
        "This hub has another address",
        "Ask whoever looks after it for the right one.",
        "If that is you: name this one in HUB_PUBLIC_URL or HUB_ALLOWED_HOSTS.",
        status=421,
    )


def _provider(settings: Settings) -> Provider | None:
    """The identity provider, if one is set. Nothing connects before somebody wants to sign in there."""
    found = services.container().identity_provider
    if found is None:
        return None
    redirect_uri = f"{settings.public_url}{CALLBACK_PATH}"
    return Provider(found, redirect_uri=redirect_uri, clock=services.container().clock)


def streamlit_options(settings: Settings, host: str, port: int) -> dict[str, Any]:
    """Streamlit's options by dotted name: those of the file in the repository, and where to listen.

    Handed over as if on the command line, they hold wherever the process was started, and no file or
    variable of the person who starts it can weaken them.
    """
    options = _flat(tomllib.loads(CONFIG.read_text(encoding="utf-8")))
    options |= {"server.address": host, "server.port": port, "server.headless": True}
    if name := urlsplit(settings.public_url).hostname:
        options["browser.serverAddress"] = name
    return options


def _unexpected(error: Exception) -> bool:
    """What a page says when our own code failed: a number that support finds in the log, and no details."""
    number = support_number()
    structlog.get_logger(__name__).error("page failed", support_number=number, error=type(error).__name__)
    states.unexpected(number)
    return True


def _warm_up() -> None:
    """Imports what the pages need before the first of them asks, and takes it out of the collector's sight.

    Streamlit collects garbage after each run of a page or fragment; going through all imported code again took
    three quarters of the time of a run.
    """
    for module in pkgutil.walk_packages(dashboard.__path__, "dashboard."):
        if module.name not in {"dashboard.app", "dashboard.__main__"}:  # scripts
            importlib.import_module(module.name)
    for name in ("pandas", "streamlit.elements.html", "streamlit.dataframe_util"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _into_one_log() -> None:
    """Streamlit writes to a handler of its own for each module; ours hides what names a person."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in {"streamlit", "uvicorn", "websockets"}:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True


def _flat(table: dict[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        dotted = f"{path}{name}"
        found |= _flat(value, f"{dotted}.") if isinstance(value, dict) else {dotted: value}
    return found


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        raise PortTakenError(f"The web can't listen on {host}:{port}: {error.strerror or error}.") from error
    return listener
