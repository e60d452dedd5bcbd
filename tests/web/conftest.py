"""A church with staff, cards in any state, and pages run by AppTest."""

import sys
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from sqlalchemy import create_engine, text
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from dashboard import gate, services
from dashboard.web import ROOT
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.users import add_user
from ghl.statuses import Role
from tests.support.cards import CardMaker

READ_ONCE = cache(manifest_scanner.scan_component_manifests)
"""Each AppTest reads what all installed packages say of themselves: as long as a page takes, and always the same."""

HOME = "pages/home.py"
"""The landing page: its own name is no address."""


@pytest.fixture(autouse=True)
def main_module():
    """AppTest puts the page in the place of `__main__`; a process that is spawned later would run it again."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture
def sql(database_urls):
    """Statements by the owner, who sees and changes everything."""
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.fixture
def church(database, at_work):
    return add_church(database, slug="grace", name="Grace Church", timezone="America/Chicago", actor="test")


@pytest.fixture
def at_work(sql):
    """A worker and a scheduler that were just heard of; without them each page says that nothing is sent."""
    sql(
        "INSERT INTO heartbeats (id, kind, host, pid, started_at, seen_at)"
        " SELECT gen_random_uuid(), kind, 'test', 1, now(), now() + interval '1 hour'"
        " FROM unnest(ARRAY['worker', 'scheduler']) AS kind"
    )


@pytest.fixture
def connected(database, church, sql):
    """The church's location in GoHighLevel."""
    sql(
        "INSERT INTO locations (id, church_id, ghl_id, active, allow_duplicates, checked_at)"
        " VALUES (gen_random_uuid(), :church, :location, true, false, now())",
        church=church,
        location=(location := f"loc{church.hex}"),
    )
    return location


@pytest.fixture
def cards(database, church, connected):
    """Makes cards of the church: `cards(CardStatus.WAITING, first_name="Anna")`."""
    return CardMaker(database, church)


@pytest.fixture
def settings_in_environment(database_urls, redis_url, monkeypatch):
    for name, value in {
        "HUB_DATABASE_URL": database_urls.app,
        "HUB_REDIS_URL": redis_url,
        "HUB_PAGE_REFRESH_SECONDS": "2",
    }.items():
        monkeypatch.setenv(name, value)
    services.container.clear()
    services.outage.clear()
    services.situation.clear()
    services.coordination.clear()
    services._redis.clear()
    yield
    services.container().close()
    services.container.clear()
    services.coordination.clear()
    services._redis.clear()


class StandingClock:
    """Stands until it is told otherwise: how long a test takes shall not decide what a double click is."""

    def __init__(self):
        self.time = datetime.now(UTC) + timedelta(minutes=1)  # not before what PostgreSQL notes meanwhile

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()

    def pass_by(self, **duration):
        self.time += timedelta(**duration)


@pytest.fixture
def clock(settings_in_environment):
    """The clock of the pages, which stands."""
    services.container().clock = (clock := StandingClock())
    return clock


@pytest.fixture
def sign_in(database, church):
    """Signs somebody in and returns the cookie."""

    def sign_in(role=Role.STAFF, *, email="ruth@example.org", church_id=None, ops=False):
        where = {"church_id": church_id or church, "role": role} if role else {}
        add_user(database, email, name="Ruth", ops=ops, actor="test", **where)
        link = create_sign_in_link(database, email, clock=SystemClock(), actor="test")
        return redeem(database, link, user_agent="test", clock=SystemClock())

    return sign_in


@pytest.fixture
def open_page(settings_in_environment, monkeypatch):
    """Runs a page of the hub as the browser with this cookie would; AppTest itself can carry no cookie.

    A page comes through the entry script, so that links to other pages work; `alone`, and where the person's menu
    lacks it, its own script runs by itself and has to look after itself.
    """

    def open_page(cookie=None, script="dashboard/app.py", *, alone=False, **query):
        monkeypatch.setattr(manifest_scanner, "scan_component_manifests", READ_ONCE)
        monkeypatch.setattr(gate, "browser_cookies", lambda: {gate.COOKIE: cookie} if cookie else {})
        entry = script == "dashboard/app.py" or alone
        app = AppTest.from_file(str(ROOT / (script if entry else "dashboard/app.py")), default_timeout=60)
        app.query_params.update(query)
        if entry:
            return app.run()
        app.switch_page(f"../{script}").run()
        if app._page_hash in app._registered_pages or script == HOME:
            return app
        return open_page(cookie, script, alone=True, **query)

    return open_page
