"""What the page *Import a list* takes: a list of 5,000 rows looked at, of which 1,000 are there already, and saved."""

import csv
import io
import tempfile
import time
from pathlib import Path
from typing import Any

from ghl.cards.import_preview import preview
from ghl.cards.importing import import_table
from ghl.cards.list_file import ListFile, open_list
from ghl.cards.list_plan import ListPlan
from ghl.cards.suggest import suggest
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from jobs.supervisor.postgres import EmbeddedPostgres

HEADINGS = ("First name", "Last name", "Cell", "E-mail", "May we text you?", "Birthday", "Shirt")


def run(rows: int = 5_000) -> dict[str, Any]:
    """Seconds to open, to preview and to save so many rows."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
    ):
        upgrade(postgres.admin_url, postgres.app_url)
        database = Database(postgres.app_url)
        try:
            return _measured(database, rows)
        finally:
            database.close()


def _measured(database: Database, rows: int) -> dict[str, Any]:
    clock = SystemClock()
    now = clock.now()
    church = add_church(database, slug="grace", name="Grace", timezone="America/Chicago", actor="bench")

    def save(file: ListFile) -> None:
        made = _plan(file)
        import_table(
            database,
            church,
            made.rows(file.rows, today=now.date()),
            source_name="list.csv",
            actor="bench",
            clock=clock,
            on_saved=lambda _church: None,
            heading_of=made.heading_of,
        )

    save(open_list(_content(rows // 5)))
    begun = time.perf_counter()
    file = open_list(_content(rows))
    opened = time.perf_counter()
    made = _plan(file)
    shown = preview(
        database, church, made.rows(file.rows, today=now.date()), now=now, heading_of=made.heading_of
    )
    looked = time.perf_counter()
    assert (shown.new, shown.here) == (rows - rows // 5, rows // 5)
    save(file)
    saved = time.perf_counter()
    return {
        "opened": f"{opened - begun:.2f} s",
        "preview": f"{looked - opened:.2f} s",
        "saved": f"{saved - looked:.1f} s",
    }


def _plan(file: ListFile) -> ListPlan:
    columns = suggest(file.headings, [file.values(place) for place in range(len(file.headings))])
    return ListPlan(file.headings, tuple(one.target for one in columns))


def _content(rows: int) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(
        [
            HEADINGS,
            *(
                (f"Anna{n}", "Keller", f"(615) 555-{n:04}", f"anna{n}@example.org", "yes", "2/28/1990", "M")
                for n in range(rows)
            ),
        ]
    )
    return out.getvalue().encode()
