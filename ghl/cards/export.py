"""Cards as a CSV file that Excel opens: what is written on them, where they stand and why. Never a prayer request.

Who may export is for the caller to ask: viewers may not. A cell that a spreadsheet would take for a formula begins
with an apostrophe, because visitors wrote it.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.actions import Chosen
from ghl.cards.fields import COLUMNS
from ghl.cards.find import count_every, find, until_then
from ghl.cards.formulas import harmless
from ghl.cards.view import CardRow, Cursor, church_state, rows
from ghl.cards.why import ChurchState
from ghl.db.engine import Database
from ghl.db.models import Card, CardRevision
from ghl.statuses import CardStatus

CHUNK = 500
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""By it Excel knows that the file is UTF-8."""

LONGEST_CELL = 32_000
"""Excel breaks a cell of more than 32,767 signs into the next rows."""

WRITTEN = tuple(name for name in COLUMNS if name != "prayer_request")
HEADER = ("number", "status", "why", "received", *WRITTEN, "answers")
"""`received` is in the church's time; `answers` are those to the church's own questions, a line each."""


def export_csv(
    database: Database,
    church_id: UUID,
    chosen: Chosen,
    *,
    actor: str,
    now: datetime,
    zone: ZoneInfo,
    names: Mapping[str, str],
    labels: Mapping[CardStatus, str],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[bytes]:
    """The file, piece by piece, newest card first; of the cards never more than `CHUNK` are held here.

    `names` are those of the team by actor, `labels` the statuses as screens call them. `progress` gets the cards
    written and all of them. What was handed out is recorded at the end, also when the reader goes away before.
    """
    yield (BOM + _lines([HEADER])).encode()
    done = 0
    try:
        for found, total in _chunks(database, church_id, chosen, now=now, zone=zone, names=names):
            lines = _lines([_cells(row, fields, zone=zone, labels=labels) for row, fields in found])
            done += len(found)
            progress(done, max(done, total))
            yield lines.encode()
    finally:
        with database.church(church_id) as session:
            audit.record(
                session, church_id=church_id, actor=actor, action="card.exported", facts={"cards": done}
            )


def _chunks(
    database: Database,
    church_id: UUID,
    chosen: Chosen,
    *,
    now: datetime,
    zone: ZoneInfo,
    names: Mapping[str, str],
) -> Iterator[tuple[list[tuple[CardRow, Mapping[str, Any]]], int]]:
    """The cards with what is written on them, some at a time, and how many there are in all."""
    after, ids, total = until_then(chosen.until), list(dict.fromkeys(chosen.ids)), len(set(chosen.ids))
    state: ChurchState | None = None
    more = True
    while more:
        with database.church(church_id) as session:
            if state is None:
                state = church_state(session, church_id)
                if chosen.wanted is not None:
                    total = count_every(session, church_id, chosen.wanted, until=chosen.until).total()
            part, after, ids, more = _next(session, church_id, chosen, after, ids)
            shown = rows(
                session,
                church_id,
                part,
                now=now,
                state=state,
                when=lambda at: _local(at, zone),
                names=names,
            )
            written = _written(session, church_id, part)
        yield [(row, written.get(row.id, {})) for row in shown], total


def _next(
    session: Session, church_id: UUID, chosen: Chosen, after: Cursor | None, ids: list[UUID]
) -> tuple[Sequence[UUID], Cursor | None, list[UUID], bool]:
    if chosen.wanted is None:
        return ids[:CHUNK], None, ids[CHUNK:], len(ids) > CHUNK
    page = find(session, church_id, chosen.wanted, after=after, limit=CHUNK)
    return page.ids, page.last, [], page.more


def _written(session: Session, church_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """What stands on the cards, by their newest revision."""
    found = session.execute(
        select(Card.id, CardRevision.fields)
        .join(CardRevision, (CardRevision.card_id == Card.id) & (CardRevision.no == Card.revision))
        .where(Card.church_id == church_id, Card.id.in_(ids))
    )
    return {row.id: row.fields for row in found}


def _cells(
    row: CardRow, fields: Mapping[str, Any], *, zone: ZoneInfo, labels: Mapping[CardStatus, str]
) -> list[str]:
    answers = fields.get("custom_answers") or {}
    return [
        str(row.number),
        labels[row.status],
        row.why,
        _local(row.received_at, zone),
        *(_plainly(fields.get(name)) for name in WRITTEN),
        "\n".join(f"{question}: {answer}" for question, answer in sorted(answers.items())),
    ]


def _plainly(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return "; ".join(str(one) for one in value)
        case _:
            return str(value)


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _lines(lines: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_cell(cell) for cell in line] for line in lines)
    return text.getvalue()


def _cell(text: str) -> str:
    return harmless(text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…")
