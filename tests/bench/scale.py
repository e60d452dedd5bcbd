"""What the queries of pages and workers take in a full installation: a million cards, 200 churches.

Each figure is the median and p95 of repeated runs in the biggest church (200,000 cards), without drawing.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ghl.cards.counts import counts
from ghl.cards.view import Cursor, newest, rows
from ghl.churches import find_church
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from ghl.delivery.claim import claim, due_churches
from ghl.ids import new_id
from ghl.statuses import CardStatus
from jobs.supervisor.postgres import EmbeddedPostgres
from tests.support.database import DatabaseUrls
from tests.support.filling import fill


def run(cards: int = 1_000_000, churches: int = 200) -> dict[str, Any]:
    """Milliseconds of each query, p50 and p95."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
    ):
        urls = DatabaseUrls(postgres.admin_url, postgres.app_url)
        upgrade(urls.admin, urls.app)
        fill(urls, cards=cards, churches=churches)
        database = Database(urls.app)
        try:
            return {name: _measured(question) for name, question in questions(database).items()}
        finally:
            database.close()


def questions(database: Database) -> dict[str, Callable[[], object]]:
    """What is asked, each in a transaction of its own."""
    church_id = find_church(database, "church-1").id
    now = datetime.now(UTC)

    with database.church(church_id) as session:
        deep = newest(session, church_id, limit=50_000).last

    def page(status: CardStatus | None = None, after: Cursor | None = None) -> object:
        with database.church(church_id) as session:
            found = newest(session, church_id, after=after, status=status)
            return rows(session, church_id, found.ids, now=now)

    def tiles() -> object:
        with database.church(church_id) as session:
            return counts(session, church_id)

    def sweep() -> object:
        with database.system() as session:
            return due_churches(session)

    def claiming() -> object:
        with database.church(church_id) as session:
            claimed = claim(session, church_id, token=new_id(), most=100)
            assert claimed
            session.rollback()
            return claimed

    return {
        "first page": page,
        "page 2,000": lambda: page(after=deep),
        "needs attention": lambda: page(CardStatus.NEEDS_ATTENTION),
        "tiles": tiles,
        "sweep of all churches": sweep,
        "claim of 100": claiming,
    }


def _measured(question: Callable[[], object], times: int = 40) -> str:
    question()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        question()
        took.append((time.perf_counter() - begun) * 1000)
    return f"p50 {statistics.median(took):.1f} ms, p95 {statistics.quantiles(took, n=20)[-1]:.1f} ms"
