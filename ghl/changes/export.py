"""The change log as a CSV file: what the page shows, in words, and the codes beside them. Itself a change that is noted.

Names come from people: a cell that a spreadsheet would run is made harmless.
"""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.formulas import harmless
from ghl.changes.log import Change, Place, Wanted, read
from ghl.changes.words import from_where, sentence
from ghl.db.engine import Database

CHUNK = 1000
MOST = 200_000
"""Entries in one file, the newest: a spreadsheet takes a million rows, and a browser's memory is the page's."""

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
HEADER = ("when", "who", "what", "from where", "entry", "action", "on", "details")


def export_csv(
    database: Database,
    church_id: UUID | None,
    wanted: Wanted,
    *,
    actor: str,
    zone: ZoneInfo,
    name_of: Callable[[str], str],
    it_of: Callable[[Change], str],
    most: int = MOST,
) -> Iterator[bytes]:
    """The file piece by piece, newest entry first. What was handed out is noted, also when the reader goes away."""
    yield (BOM + _lines([HEADER])).encode()
    done = 0
    after: Place | None = None
    more = True
    try:
        while more and done < most:
            with _log_of(database, church_id) as session:
                page = read(session, church_id, wanted, after=after, limit=min(CHUNK, most - done))
            if page.entries:
                after = page.entries[-1].place
            more, done = page.more, done + len(page.entries)
            yield _lines([_cells(one, zone, name_of, it_of) for one in page.entries]).encode()
    finally:
        with _log_of(database, church_id) as session:
            audit.record(
                session,
                church_id=church_id,
                actor=actor,
                action="changes.exported",
                facts={"entries": done},
            )


def _log_of(database: Database, church_id: UUID | None) -> AbstractContextManager[Session]:
    return database.system() if church_id is None else database.church(church_id)


def _cells(
    one: Change, zone: ZoneInfo, name_of: Callable[[str], str], it_of: Callable[[Change], str]
) -> tuple[str, ...]:
    return (
        _local(one.at, zone),
        name_of(one.actor),
        sentence(one.action, it=it_of(one), facts=one.facts),
        from_where(one.origin),
        str(one.id),
        one.action,
        one.subject or "",
        orjson.dumps(one.facts, option=orjson.OPT_SORT_KEYS).decode() if one.facts else "",
    )


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _lines(lines: list[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in line] for line in lines)
    return text.getvalue()
