"""The page in a real browser, served by the real web process from a real database."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect, sync_playwright

from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.people.links import create_sign_in_link, sign_in_url
from ghl.people.users import add_user
from ghl.simulator.server import SimulatorServer
from ghl.statuses import CardStatus, Role
from tests.support.database import DatabaseUrls
from tests.support.hub import running_hub

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)

# The second line keeps Chromium from asking its maker's servers for anything by itself.
FLAGS = [
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
    *("--disable-gpu", "--disable-quic"),
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="No Chromium on this machine. Debian and Ubuntu: apt-get install chromium",
    ),
]


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


@pytest.fixture(scope="module")
def hub(_postgres, _valkey_url, tmp_path_factory):
    """A web process with a database of its own, started somewhere else than in the project's folder."""
    folder = tmp_path_factory.mktemp("web")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = folder / "web.log"
    with _postgres.fresh_database() as urls, log.open("w") as output:
        environment = os.environ | {"HUB_DATABASE_URL": urls.app, "HUB_REDIS_URL": _valkey_url}
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "--port", str(port)],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=output,
        )
        database = Database(urls.app)
        try:
            wait_for(lambda: answers(f"{url}/_stcore/health") or process.poll() is not None, 60)
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
def church(database, slug):
    return add_church(database, slug=slug, name="Grace Church", timezone="America/Chicago", actor="test")


NINE_MINUTES = timedelta(minutes=9)


def answers(url):
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def wait_for(happened, seconds):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def person(database, church, slug, web, chromium):
    """Opens a browser of their own and signs in with a link, by its button."""
    contexts = []

    def person(*, role=Role.STAFF, ops=False, **how):
        email = f"{'olga' if ops else 'ruth'}@{slug}.example.org"
        where = {"church_id": church, "role": role} if role else {}
        add_user(database, email, name="Ruth", ops=ops, actor="test", **where)
        token = create_sign_in_link(database, email, clock=SystemClock(), actor="test")
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}} | how)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("websocket", lambda websocket: page.asked.append(websocket.url))
        page.on("console", lambda line: page.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(sign_in_url(web, token))
        page.get_by_role("button", name="Sign in").dblclick()
        return page

    yield person
    for context in contexts:
        context.close()


def rows(page):
    return page.locator('[class*="st-key-row_"]')


def row(page, card_id):
    return page.locator(f".st-key-row_{card_id}")


def order(page):
    return rows(page).evaluate_all(
        r"all => all.map(one => [...one.classList].find(name => name.startsWith('st-key-row_')).slice(11))"
    )


def axe(page):
    """What axe-core has against the page as it is now."""
    spec = find_spec("axe_playwright_python")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("axe-core is not installed. Get it by: make setup")
    page.evaluate((Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [(one["id"], node["html"], node["failureSummary"]) for one in found for node in one["nodes"]]


def test_from_the_link_to_a_list_that_changes_by_itself(person, web, cards, sql):
    hostile = "[x](https://evil.example/a) ![p](https://evil.example/p.png) <img src=https://evil.example/i>"
    made = [cards(CardStatus.WAITING, first_name=f"Nr{n}") for n in range(3)]
    cards(CardStatus.NEEDS_ATTENTION, first_name=hostile, cause="refused_by_ghl", facts={"answer": hostile})

    page = person()
    expect(page.get_by_role("heading", name="All cards", level=1)).to_be_visible(timeout=30_000)
    expect(rows(page)).to_have_count(4, timeout=30_000)
    expect(row(page, made[1])).to_contain_text("Waiting")
    before = order(page)

    sql("UPDATE cards SET status = 'synced', synced_at = now() WHERE id = :id", id=made[1])
    expect(row(page, made[1])).to_contain_text("In GoHighLevel", timeout=3_000)
    expect(row(page, made[1])).to_contain_text("Arrived")
    assert order(page) == before

    cards(CardStatus.SENDING, first_name="Newcomer", received_at=datetime.now(UTC))
    show = page.get_by_role("button", name="Show 1 card more")
    expect(show).to_be_visible(timeout=6_000)
    assert order(page) == before
    show.dblclick()
    expect(rows(page)).to_have_count(5)
    expect(page.get_by_role("button", name="No new cards")).to_be_visible()

    tile = page.get_by_role("button", name="Needs attention")
    tile.dblclick()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("[x](https://evil.example/a)")
    assert page.locator("a[href*=evil], img[src*=evil]").count() == 0
    assert page.url == f"{web}/?status=needs_attention"
    page.reload()
    expect(rows(page)).to_have_count(1, timeout=30_000)

    own = web.partition("://")[2]
    assert [url for url in page.asked if own not in url and not url.startswith(("data:", "blob:"))] == []
    assert page.complaints == []


def test_an_ended_session_closes_an_open_page_by_itself(person, cards, church, sql):
    cards(CardStatus.WAITING)
    page = person()
    expect(rows(page)).to_have_count(1, timeout=30_000)
    sql("UPDATE web_sessions SET ended_at = now() WHERE church_id = :church", church=church)
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=8_000)
    expect(rows(page)).to_have_count(0)


def test_signing_out_closes_every_tab(person, web, cards):
    cards(CardStatus.WAITING)
    page = person()
    expect(rows(page)).to_have_count(1, timeout=30_000)
    other = page.context.new_page()
    other.goto(web)
    expect(rows(other)).to_have_count(1, timeout=30_000)
    page.get_by_role("button", name="Sign out").dblclick()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=8_000)
    expect(other.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=8_000)


def test_without_signing_in_no_address_shows_anything(chromium, web, cards):
    cards(CardStatus.WAITING)
    page = chromium.new_page()
    for path in ("/", "/cards", "/installation", "/?status=waiting"):
        page.goto(f"{web}{path}")
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=30_000)
        assert "Keller" not in page.content()
    page.close()


def test_a_fault_of_our_own_is_a_number_and_no_details(person, cards, church, sql):
    cards(CardStatus.WAITING)
    page = person()
    expect(rows(page)).to_have_count(1, timeout=30_000)
    sql("UPDATE churches SET timezone = 'Nowhere/City' WHERE id = :church", church=church)
    page.reload()
    expect(page.get_by_text("tell support the number")).to_be_visible(timeout=30_000)
    assert "Nowhere" not in page.content()


def test_the_keyboard_reaches_everything(person, cards):
    for n in range(30):
        cards(CardStatus.SYNCED, first_name=f"Nr{n:02}")
    page = person()
    expect(rows(page)).to_have_count(25, timeout=30_000)
    older = page.get_by_role("button", name="Older")
    for _ in range(40):
        page.keyboard.press("Tab")
        if older.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("Cards 26 to 30 of 30")).to_be_visible()


def test_every_state_is_readable_on_any_screen(person, cards):
    for status in CardStatus:
        cards(status, cause="phone_invalid" if status == CardStatus.NEEDS_ATTENTION else None)
    long_name = "Wolfeschlegelsteinhausenbergerdorff" * 2
    cards(CardStatus.WAITING, first_name=long_name, cause="ghl_not_answering", tries=3, due_in=NINE_MINUTES)
    page = person()
    expect(rows(page)).to_have_count(8, timeout=30_000)
    for scheme, width in (("light", 1440), ("dark", 390)):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.reload()
        expect(rows(page)).to_have_count(8, timeout=30_000)
        assert axe(page) == [], (scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_plain_pages_are_readable_too(person, connected):
    page = person()
    expect(page.get_by_text("No cards yet.")).to_be_visible(timeout=30_000)
    assert axe(page) == []
    ops = person(role=None, ops=True)
    expect(ops.get_by_role("heading", name="This installation")).to_be_visible(timeout=30_000)
    assert axe(ops) == []


def test_imported_cards_arrive_before_ones_eyes(person, church, slug, database_urls, valkey, tmp_path):
    """From a file, through the command, a worker and the simulator, to the badges."""
    file = tmp_path / "cards.csv"
    guests = [f"Guest{n},Keller,+1615555020{n},guest{n}@example.org" for n in range(4)]
    file.write_text("\n".join(["first_name,last_name,phone,email", *guests, "Bad,Number,(615) 555-01,"]))
    with SimulatorServer() as sim, running_hub(database_urls, valkey, sim) as delivery:
        delivery.connect(slug, sim.location_id)
        delivery.start_worker()
        delivery.start_sweep()
        page = person()
        expect(page.get_by_text("No cards yet")).to_be_visible(timeout=30_000)
        imported = subprocess.run(
            [sys.executable, "-m", "jobs.cli", "import-cards", slug, str(file)],
            env=delivery.environment(),
            capture_output=True,
            check=True,
        )
        assert json.loads(imported.stdout)["created"] == 5
        delivery.wait_until(church, synced=4, needs_attention=1)
        # An empty list has nobody to hold still for: it fills by itself.
        expect(rows(page)).to_have_count(5, timeout=15_000)
        expect(rows(page).filter(has_text="In GoHighLevel")).to_have_count(4, timeout=10_000)
        expect(rows(page).filter(has_text="A US number has ten digits")).to_contain_text("Needs attention")
        assert len(delivery.contacts()) == 4
