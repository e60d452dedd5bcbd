"""The pages in a real browser, served by the real web process from a real database."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import sync_playwright

from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.crypto import new_key_line
from ghl.db.engine import Database
from ghl.people.links import create_sign_in_link, sign_in_url
from ghl.people.users import add_user
from ghl.statuses import Role
from tests.support.browser import CHROMIUM, FLAGS, poll
from tests.support.database import DatabaseUrls


def pytest_collection_modifyitems(items):
    for item in items:
        if "/web/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            # A browser, its server and another test share two cores, and a click may meet a page that is still being
            # drawn. What does not hold is told (R), begun anew with a new person, and has to hold then.
            item.add_marker(pytest.mark.flaky(reruns=2))
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(
                        "No Chromium on this machine. Debian and Ubuntu: apt-get install chromium"
                    )
                )


# Not for the session: as long as it is open, its event loop runs in the thread in which other tests start theirs.
@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Hub:
    url: str
    urls: DatabaseUrls
    database: Database


@pytest.fixture(scope="session")
def hub(_postgres, _valkey_url, tmp_path_factory):
    """A web process with a database of its own, started somewhere else than in the project's folder."""
    folder = tmp_path_factory.mktemp("web")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = folder / "web.log"
    with _postgres.fresh_database() as urls, log.open("w") as output:
        environment = os.environ | {
            "HUB_DATABASE_URL": urls.app,
            "HUB_REDIS_URL": _valkey_url,
            "HUB_PAGE_REFRESH_SECONDS": "2",
            "HUB_FORM_URL": "https://cards.example.org",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "--port", str(port)],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=output,
        )
        database = Database(urls.app)
        try:
            poll(lambda: answers(f"{url}/_stcore/health") or process.poll() is not None, 60)
            assert process.poll() is None, log.read_text()
            yield Hub(url, urls, database)
        finally:
            database.close()
            process.terminate()
            stopped = process.wait(20)
    assert stopped in {0, -signal.SIGTERM}
    told = log.read_text()
    assert all(json.loads(line)["process"] == "web" for line in told.splitlines())
    assert not re.search(r"keller|example\.org|/sign-in", told, re.IGNORECASE)
    assert [path.name for path in folder.iterdir()] == ["web.log"], "it writes no file"


@pytest.fixture(scope="session")
def key_lines():
    """The encryption keys of all tests that share a database: a number belongs to one key for ever."""
    return new_key_line(1), new_key_line(2)


def answers(url):
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


@pytest.fixture
def web(hub):
    return hub.url


@pytest.fixture
def valkey(_valkey_url):
    """The Valkey of the web process, as it is."""
    return _valkey_url


@pytest.fixture
def database_urls(hub):
    return hub.urls


@pytest.fixture
def database(hub):
    return hub.database


@pytest.fixture
def slug():
    """The tests share a process, and each has a church of its own."""
    return f"church-{secrets.token_hex(4)}"


@pytest.fixture
def church(database, slug, at_work):
    return add_church(database, slug=slug, name="Grace Church", timezone="America/Chicago", actor="test")


@pytest.fixture
def person(database, church, slug, web, chromium):
    """Opens a browser of their own, signs in with a link by its button, and goes to the page at `path`."""
    contexts = []

    def person(path="", *, role=Role.STAFF, ops=False, name="Ruth", **how):
        email = f"{'olga' if ops else name.lower()}@{slug}.example.org"
        where = {"church_id": church, "role": role} if role else {}
        add_user(database, email, name=name, ops=ops, actor="test", **where)
        token = create_sign_in_link(database, email, clock=SystemClock(), actor="test")
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}} | how)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("websocket", lambda websocket: page.asked.append(websocket.url))
        page.on("console", lambda line: page.complaints.append(line.text) if complains(line) else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(sign_in_url(web, token))
        page.get_by_role("button", name="Sign in").dblclick()
        page.wait_for_url(f"{web}/")
        if path:
            page.goto(f"{web}/{path}")
        return page

    yield person
    for context in contexts:
        context.close()


def complains(line):
    """Whether the browser tells of an error; that Streamlit asks below a page's own address first is none."""
    return line.type == "error" and "/_stcore/" not in line.location["url"]


@pytest.fixture
def at_home(web):
    """Asserts that a page asked nobody but the hub, and that the browser had nothing to complain of."""

    def at_home(page):
        own = web.partition("://")[2]
        assert [url for url in page.asked if own not in url and not url.startswith(("data:", "blob:"))] == []
        assert page.complaints == []

    return at_home
