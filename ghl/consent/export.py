"""The consent log as a CSV file, as the page's filter leaves it. Itself noted in the change log.

People wrote what stands in it: a cell that a spreadsheet would run is made harmless.
"""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC
from uuid import UUID
from zoneinfo import ZoneInfo

from ghl import audit
from ghl.cards.formulas import harmless
from ghl.consent.lines import Said
from ghl.consent.log import Place, Wanted, page
from ghl.db.engine import Database

CHUNK = 1000
MOST = 200_000
"""Lines in one file, the newest: a spreadsheet takes a million rows, and a browser's memory is the page's."""

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
HEADER = (
    *("when", "when (UTC)", "channel", "address", "person", "said", "purpose", "signed", "source", "card"),
    *(
        "words",
        "words SHA-256",
        "words version",
        "recorded by",
        "IP",
        "browser",
        "note",
        "for child",
        "entry",
    ),
)


def export_csv(
    database: Database,
    church_id: UUID,
    wanted: Wanted,
    *,
    actor: str,
    zone: ZoneInfo,
    name_of: Callable[[str], str],
    most: int = MOST,
) -> Iterator[bytes]:
    """The file piece by piece, newest line first. What was handed out is noted, also when the reader goes away."""
    yield (BOM + _lines([HEADER])).encode()
    done = 0
    after: Place | None = None
    more = True
    try:
        while more and done < most:
            with database.church(church_id) as session:
                found = page(session, church_id, wanted, after=after, limit=min(CHUNK, most - done))
            after, more, done = found.last, found.more, done + len(found.lines)
            yield _lines([_cells(one, zone, name_of) for one in found.lines]).encode()
    finally:
        with database.church(church_id) as session:
            audit.record(
                session,
                church_id=church_id,
                actor=actor,
                action="consent.exported",
                facts={"entries": done},
            )


def _cells(one: Said, zone: ZoneInfo, name_of: Callable[[str], str]) -> tuple[str, ...]:
    return (
        f"{one.recorded_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        f"{one.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        one.channel,
        one.address,
        one.name,
        one.kind,
        one.purpose,
        f"{one.signed_at.astimezone(UTC):%Y-%m-%d}" if one.signed_at else "",
        one.source,
        str(one.number or ""),
        one.wording or "",
        one.wording_hash.hex() if one.wording_hash else "",
        one.wording_version or "",
        name_of(one.recorded_by),
        one.ip or "",
        one.user_agent or "",
        one.note or "",
        one.child_name,
        str(one.id),
    )


def _lines(lines: list[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in line] for line in lines)
    return text.getvalue()
