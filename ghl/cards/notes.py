"""What staff note about a card, for each other. Notes are only ever added, and never leave the hub."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.values import ValueProblemError, read_text
from ghl.db.models import Card, CardNote

LONGEST_NOTE = 4000
SAME_CLICK = timedelta(seconds=10)
"""So long the same words by the same person are one click that came twice; later they are another call."""

MOST_NOTES = 200
"""Notes that are listed, the newest; nobody reads more of one card."""


class NoteError(ValueError):
    """The note cannot be kept; the message says why in one sentence."""


@dataclass(frozen=True)
class Note:
    """A note as it was written. `by` is an actor."""

    id: int
    text: str = field(repr=False)
    by: str
    at: datetime


def add_note(
    session: Session, church_id: UUID, card_id: UUID, text: str, *, actor: str, now: datetime
) -> Note:
    """Keeps a note with the card. A transaction of the church. Raises `NoteError`.

    The very same words by the same person right after each other are one note: a double click writes once.
    """
    try:
        written = read_text(text, most=LONGEST_NOTE, lines=True)
    except ValueProblemError as problem:
        raise NoteError(problem.message) from problem
    if not written:
        raise NoteError("Write something first.")
    # The card's row is locked, so that of two clicks at once the second sees what the first wrote.
    card = session.execute(
        select(Card.id).where(Card.church_id == church_id, Card.id == card_id).with_for_update(key_share=True)
    ).one_or_none()
    if card is None:
        raise NoteError("There is no such card.")
    last = next(iter(notes_of(session, church_id, card_id, limit=1)), None)
    if last and (last.by, last.text) == (actor, written) and abs(now - last.at) <= SAME_CLICK:
        return last
    note_id = session.execute(
        insert(CardNote)
        .values(church_id=church_id, card_id=card_id, text=written, written_by=actor, written_at=now)
        .returning(CardNote.id)
    ).scalar_one()
    audit.record(session, church_id=church_id, actor=actor, action="card.noted", subject=str(card_id))
    return Note(note_id, written, actor, now)


def notes_of(session: Session, church_id: UUID, card_id: UUID, *, limit: int = MOST_NOTES) -> list[Note]:
    """The card's notes, newest first. A transaction of the church."""
    rows = session.execute(
        select(CardNote.id, CardNote.text, CardNote.written_by, CardNote.written_at)
        .where(CardNote.church_id == church_id, CardNote.card_id == card_id)
        .order_by(CardNote.id.desc())
        .limit(limit)
    )
    return [Note(row.id, row.text, row.written_by, row.written_at) for row in rows]
