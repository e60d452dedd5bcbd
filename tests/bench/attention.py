"""*Needs attention* at 100,000 cards in one church of a million, beside 100: opened, filtered, foreseen, retried."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text
from streamlit.testing.v1 import AppTest

from dashboard import gate, services
from dashboard.web import ROOT
from ghl.attention import groups, retries
from ghl.attention.wanted import Wanted
from ghl.churches import find_church
from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from ghl.db.url import database_url
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.users import add_user
from ghl.statuses import CardSource, Role
from jobs.supervisor.postgres import EmbeddedPostgres
from tests.support.database import DatabaseUrls
from tests.support.filling import COUNTS, fill
from tests.support.servers import valkey_server

RUNS = 20
EMAIL = "ruth@example.org"
CAUSES = ("phone_refused", "email_refused", "refused_by_ghl", "refused_alone", "crashed_three_times",
          "gave_up_after_72_hours", "tries_used_up", "unknown", "phone_kept_different", "phone_invalid")  # fmt: skip

STOP_SOME = """
WITH chosen AS (
    SELECT id, row_number() OVER (ORDER BY received_at) AS n FROM cards
    WHERE church_id = (SELECT id FROM churches WHERE slug = 'church-1')
    ORDER BY received_at LIMIT :cards
)
UPDATE cards SET status = 'needs_attention', cause = (CAST(:causes AS text[]))[1 + CAST(chosen.n % 10 AS int)]
FROM chosen WHERE cards.id = chosen.id
"""
PARK = """
UPDATE outbox SET state = 'parked' FROM cards
WHERE cards.id = outbox.card_id AND cards.status = 'needs_attention' AND outbox.state <> 'parked'
"""


def run(cards: int = 1_000_000, stopped: int = 100_000) -> dict[str, Any]:
    """Milliseconds of each at `stopped` cards, p50 and p95, and beside it p50 at 100 cards of a small hub."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
        valkey_server() as redis_url,
    ):
        small = _measured(postgres, "small", redis_url, cards=1_000, churches=10, stopped=100)
        big = _measured(postgres, "big", redis_url, cards=cards, churches=200, stopped=stopped)
    return {
        name: f"p50 {statistics.median(took):.1f} ms, p95 {_p95(took):.1f} ms"
        f" (at 100 cards {statistics.median(small[name]):.1f} ms)"
        for name, took in big.items()
    }


def _measured(
    postgres: EmbeddedPostgres, name: str, redis_url: str, *, cards: int, churches: int, stopped: int
) -> dict[str, list[float]]:
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
    _stop(urls, stopped)
    database = Database(urls.app)
    try:
        church = find_church(database, "church-1")
        add_user(database, EMAIL, name="Ruth", church_id=church.id, role=Role.ADMIN, actor="bench")
        os.environ |= {"HUB_DATABASE_URL": urls.app, "HUB_REDIS_URL": redis_url}
        took = _queries(database)
        took |= _pages(database)
        return took
    finally:
        database.close()


def _stop(urls: DatabaseUrls, stopped: int) -> None:
    engine = create_engine(database_url(urls.admin))
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(STOP_SOME), {"cards": stopped, "causes": list(CAUSES)})
        connection.execute(text(PARK))
        connection.execute(text("DELETE FROM card_counts"))
        connection.execute(text(COUNTS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    engine.dispose()


def _queries(database: Database) -> dict[str, list[float]]:
    church_id, clock = find_church(database, "church-1").id, SystemClock()
    narrow = Wanted(sources=(CardSource.FORM,), services=("9:00 am",))

    def asked(ask: Callable[..., object], *values: object) -> Callable[[], object]:
        def question() -> object:
            with database.church(church_id) as session:
                return ask(session, church_id, *values)

        return question

    def begin() -> None:
        """From the answer in the dialog to the first cards in the queue."""
        with database.church(church_id) as session:
            plan = retries.foresee(session, church_id, Wanted())
            retries.start(
                session, church_id, plan, token=str(time.monotonic_ns()), actor="bench", now=clock.now()
            )
        retries.advance(database, church_id, now=clock.now())

    took = {
        "groups": _timed(asked(groups.groups, Wanted())),
        "groups, filtered": _timed(asked(groups.groups, narrow)),
        "foreseen, all": _timed(asked(retries.foresee, Wanted())),
        "foreseen, filtered": _timed(asked(retries.foresee, narrow)),
        "asked for, first cards queued": _timed(begin, 1),
        "one step of the housekeeper": _timed(lambda: retries.advance(database, church_id, now=clock.now())),
    }
    took["asked for, first cards queued"] *= 2
    return took


def _pages(database: Database) -> dict[str, list[float]]:
    services.container.clear()
    link = create_sign_in_link(database, EMAIL, clock=SystemClock(), actor="bench")
    cookie = redeem(database, link, user_agent="bench", clock=SystemClock())
    gate.browser_cookies = lambda: {gate.COOKIE: cookie}
    took: dict[str, list[float]] = {}
    for name, query in {
        "page opened": {},
        "page, one cause": {"cause": "tries_used_up"},
        "page, source and service": {"source": "form", "service": "9:00 am"},
    }.items():
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
        app.query_params.update(query)
        app.run()
        app.switch_page(str(ROOT / "pages" / "attention.py"))
        app.run()
        assert not app.exception, (name, app.exception)
        took[name] = _timed(app.run)
    services.container().close()
    services.container.clear()
    return took


def _timed(ask: Callable[[], object], times: int = RUNS) -> list[float]:
    if times > 1:
        ask()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begun) * 1000)
    return took


def _p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]
