"""The change log at a million entries: sealing, checking in bounded memory, the page, and what a sealed log costs a save."""

import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import create_engine, make_url, text

from ghl.chain.seal import seal
from ghl.changes.log import Place, Wanted, actors, read
from ghl.churches import add_church
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from jobs.supervisor.postgres import EmbeddedPostgres
from tests.support.churches import card_values, save

ENTRIES = """
INSERT INTO audit_entries (church_id, at, actor, action, subject, facts, origin)
SELECT CASE WHEN n % 50 = 0 THEN NULL ELSE CAST(:church AS uuid) END, now() - (:entries - n) * interval '30 seconds',
       'user:' || n % 40, (ARRAY['card.held', 'card.noted', 'card.corrected', 'card.reviewed'])[1 + n % 4],
       md5((n % 200000)::text), '{"fields": ["phone", "email"]}', '192.0.2.1'
FROM generate_series(1, :entries) AS n
"""

VERIFY = """
import resource, sys, time
from ghl.chain.verify import verify
from ghl.db.engine import Database
database = Database(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = time.perf_counter()
reports = verify(database)
took = time.perf_counter() - begun
assert all(report.good for report in reports), reports
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(f"{took:.1f} s, {grown} MB more memory than before it began")
"""


def run(entries: int = 1_000_000) -> dict[str, str]:
    """Figures by name."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
    ):
        upgrade(postgres.admin_url, postgres.app_url)
        database = Database(postgres.app_url)
        try:
            return _figures(database, postgres.admin_url, postgres.app_url, entries)
        finally:
            database.close()


def _figures(database: Database, admin: str, app: str, entries: int) -> dict[str, str]:
    church_id = add_church(database, slug="grace", name="Grace", timezone="UTC", actor="bench")
    engine = create_engine(make_url(admin))
    with engine.begin() as connection:
        # The church was added before all that is filled in: an entry that goes back in time is told.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE audit_entries SET at = at - interval '20 years'"))
        connection.execute(text(ENTRIES), {"church": church_id, "entries": entries})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) audit_entries"))
    begun = time.perf_counter()
    sealed = 0
    while done := seal(database, most=5000, batches=100):
        sealed += done
    took = time.perf_counter() - begun
    idle = _milliseconds(lambda: seal(database), 20)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) audit_seals"))
    engine.dispose()
    verified = subprocess.run(
        [sys.executable, "-c", VERIFY, app], capture_output=True, text=True, check=True, timeout=600
    )
    found = {
        "sealed": f"{sealed:,} in {took:.0f} s ({sealed / took:,.0f} a second)",
        "a turn with nothing to seal": f"{idle:.1f} ms",
        "hub audit verify": verified.stdout.strip(),
    }
    middle = Place(datetime.now(UTC), entries)

    def ask(wanted: Wanted, after: Place | None = None) -> Callable[[], object]:
        def question() -> object:
            with database.church(church_id) as session:
                return read(session, church_id, wanted, after=after)

        return question

    def who() -> object:
        with database.church(church_id) as session:
            return actors(session, church_id)

    for name, question in {
        "newest page": ask(Wanted()),
        "one kind": ask(Wanted(actions=("card.held",))),
        "three kinds": ask(Wanted(actions=("card.held", "card.noted", "form.changed"))),
        "one person": ask(Wanted(actor="user:7"), middle),
        "one person, a kind they never did": ask(Wanted(actor="user:7", actions=("form.changed",))),
        "who": who,
    }.items():
        found[name] = f"{_milliseconds(question, 20):.1f} ms"
    found["a save of one card"] = f"{_saves(database, church_id):.2f} ms (median of 300)"
    found["memory of this process"] = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    return found


def _saves(database: Database, church_id: UUID) -> float:
    numbers = itertools.count(1)
    return _milliseconds(lambda: save(database, church_id, card_values(next(numbers))), 300)


def _milliseconds(question: Callable[[], object], times: int) -> float:
    question()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        question()
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)
