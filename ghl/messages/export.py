"""Texts and e-mails as a CSV file: whose, what, where each stands and why. Making one is noted in the change log.

What people wrote comes into cells: one that a spreadsheet would run is made harmless. What the messages said is not in it.
"""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from ghl import audit
from ghl.cards.formulas import harmless
from ghl.cards.view import Cursor
from ghl.db.engine import Database
from ghl.messages.log import LogFilter, LogRow, find, rows

CHUNK = 500
MOST = 200_000
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
HEADER = (
    *("asked for", "by", "card", "name", "to", "what", "words", "state", "why"),
    *("sent", "delivered"),
)


def export_csv(
    database: Database,
    church_id: UUID,
    wanted: LogFilter,
    *,
    actor: str,
    zone: ZoneInfo,
    name_of: Callable[[str], str],
    told: Callable[[LogRow], tuple[str, str, str]],
    most: int = MOST,
) -> Iterator[bytes]:
    """The file piece by piece, newest first. `told` gives the words for kind, state and reason of a message.

    What was handed out is noted, also when the reader goes away.
    """
    yield (BOM + _lines([HEADER])).encode()
    done, more = 0, True
    after: Cursor | None = None
    try:
        while more and done < most:
            with database.church(church_id) as session:
                page = find(session, church_id, wanted, after=after, limit=min(CHUNK, most - done))
                found = rows(session, church_id, page.ids)
            after, more, done = page.last, page.more, done + len(page.ids)
            lines = [_cells(found[id_], zone, name_of, told) for id_ in page.ids if id_ in found]
            yield _lines(lines).encode()
    finally:
        with database.church(church_id) as session:
            audit.record(
                session,
                church_id=church_id,
                actor=actor,
                action="messages.exported",
                facts={"messages": done},
            )


def _cells(
    row: LogRow,
    zone: ZoneInfo,
    name_of: Callable[[str], str],
    told: Callable[[LogRow], tuple[str, str, str]],
) -> tuple[str, ...]:
    kind, state, why = told(row)
    one = row.told
    return (
        _local(one.requested_at, zone),
        name_of(one.requested_by),
        str(row.number),
        row.name,
        row.address,
        kind,
        one.template,
        state,
        why,
        _local(one.sent_at, zone),
        _local(one.delivered_at, zone),
    )


def _local(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else ""


def _lines(lines: list[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in line] for line in lines)
    return text.getvalue()
