"""What the pages take in a full installation: a million cards, 200 churches, the biggest with a fifth of them.

Each page's script is run as a browser would have it run, and then seen in a real browser. A thousand cards in ten
churches are the measure beside it: a page must not grow with its church.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import create_engine, make_url, text
from streamlit.testing.v1 import AppTest

from dashboard import gate, services
from dashboard.web import ROOT
from ghl.churches import find_church
from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from ghl.people.links import create_sign_in_link, redeem, sign_in_url
from ghl.people.users import add_user
from ghl.statuses import Role
from jobs.supervisor.postgres import EmbeddedPostgres
from tests.support.browser import CHROMIUM, FLAGS
from tests.support.database import DatabaseUrls
from tests.support.filling import fill
from tests.support.servers import valkey_server

RUNS = 30
EMAIL = "ruth@example.org"

PAGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Home": ("home", {}),
    "Home, all cards": ("home", {"period": "all"}),
    "All cards": ("cards", {}),
    "All cards, needs attention": ("cards", {"status": "needs_attention"}),
    "All cards, one service": ("cards", {"service": "9:00 am"}),
    "Needs attention": ("attention", {}),
    "Card": ("card", {"number": "1000"}),
    "Add a card": ("add", {}),
    "Review new cards": ("review", {}),
}


def run(cards: int = 1_000_000, churches: int = 200) -> dict[str, Any]:
    """Each page: p50 and p95 of its script in milliseconds at `cards`, how that compares with 1,000 cards, and how
    long until it is seen in a browser.
    """
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
        valkey_server() as redis_url,
    ):
        small = _filled(postgres, "small", redis_url, cards=1_000, churches=10)
        big = _filled(postgres, "big", redis_url, cards=cards, churches=churches)
        return {
            name: f"p50 {statistics.median(big[name]):.0f} ms, p95 {_p95(big[name]):.0f} ms,"
            f" {statistics.median(big[name]) / statistics.median(small[name]):.2f} x, seen in {big['seen'][name]:.2f} s"
            for name in PAGES
        }


def _filled(
    postgres: EmbeddedPostgres, name: str, redis_url: str, *, cards: int, churches: int
) -> dict[str, Any]:
    engine = create_engine(make_url(postgres.admin_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    urls = DatabaseUrls(
        *(
            make_url(url).set(database=name).render_as_string(hide_password=False)
            for url in (postgres.admin_url, postgres.app_url)
        )
    )
    upgrade(urls.admin, urls.app)
    fill(urls, cards=cards, churches=churches)
    database = Database(urls.app)
    try:
        church = find_church(database, "church-1")
        add_user(database, EMAIL, name="Ruth", church_id=church.id, role=Role.ADMIN, actor="bench")
        os.environ |= {"HUB_DATABASE_URL": urls.app, "HUB_REDIS_URL": redis_url}
        took: dict[str, Any] = _scripts(database)
        took["seen"] = _seen(database)
        return took
    finally:
        database.close()


def _scripts(database: Database) -> dict[str, list[float]]:
    services.container.clear()
    cookie = redeem(database, _link(database), user_agent="bench", clock=SystemClock())
    gate.browser_cookies = lambda: {gate.COOKIE: cookie}
    took: dict[str, list[float]] = {}
    for name, (file, query) in PAGES.items():
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
        app.query_params.update(query)
        app.run()
        if file != "home":
            app.switch_page(str(ROOT / "pages" / f"{file}.py"))
        app.run()
        assert not app.exception, (name, app.exception)
        took[name] = [_timed(app.run) for _ in range(RUNS)]
    services.container().close()
    services.container.clear()
    return took


def _seen(database: Database) -> dict[str, float]:
    """Seconds from the address to the drawn page, the best of three, in a browser that is signed in."""
    with _web() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(sign_in_url(url, _link(database)))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{url}/")
        took = {
            name: min(_opened(page, url, file, query) for _ in range(3))
            for name, (file, query) in PAGES.items()
        }
        browser.close()
    return took


def _opened(page: Page, url: str, file: str, query: Mapping[str, str]) -> float:
    address = url + ("/" if file == "home" else f"/{file}")
    if query:
        address += "?" + "&".join(f"{name}={value}" for name, value in query.items())
    begun = time.perf_counter()
    page.goto(address)
    page.locator("h1").first.wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    return time.perf_counter() - begun


@contextmanager
def _web() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not _answers(f"{url}/_stcore/health"):
            assert time.monotonic() < deadline, "the web did not start"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _link(database: Database) -> str:
    return create_sign_in_link(database, EMAIL, clock=SystemClock(), actor="bench")


def _timed(ask: Any) -> float:
    begun = time.perf_counter()
    ask()
    return (time.perf_counter() - begun) * 1000


def _p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]
