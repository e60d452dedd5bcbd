"""The record of an import: how far it is, whether somebody wants it to stop, and what came of it.

It lies in the database and not in a tab, so that a reload, a closed tab or a sign-out loses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Update, func, insert, select, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.base import table_of
from ghl.db.models import CardImport
from ghl.ids import new_id
from ghl.people.policy import SignedIn

KEPT_FOR = timedelta(days=30)
"""So long refused rows can be downloaded, and an import stands in the list."""
SILENT_FOR = timedelta(minutes=2)
"""An import that was not heard of for so long has ended with its process."""
MOST_LISTED = 20


class ImportRefusedError(PermissionError):
    """Somebody asked for refused rows that they may not read; the message says why in one sentence."""


@dataclass(frozen=True)
class Counts:
    """What became of the rows so far."""

    created: int = 0
    duplicates: int = 0
    refused: int = 0

    @property
    def received(self) -> int:
        """Rows of which it is decided what became of them."""
        return self.created + self.duplicates + self.refused


@dataclass(frozen=True)
class RefusedRows:
    """The refused rows as a file; `prays` where prayer requests stand in it, which few may read."""

    content: bytes = field(repr=False)
    prays: bool


@dataclass(frozen=True)
class ImportView:
    """An import as pages show it. `silent`: it neither ended nor was heard of lately."""

    id: UUID
    name: str = field(repr=False)
    by: str
    started_at: datetime
    ended_at: datetime | None
    begun: bool
    finished: bool
    stop_asked: bool
    silent: bool
    review: bool
    trouble: str
    total: int | None
    counts: Counts
    to_mend: int
    refused_kept: bool
    refused_prays: bool

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.ended_at is not None or self.silent

    def may_read_refused(self, reader: SignedIn) -> bool:
        """Whether this person may have the refused rows: with prayer requests in them, not everybody may."""
        reads = reader.church is not None and reader.church.reads_prayers
        return not self.refused_prays or reads or reader.actor == self.by


def start(
    session: Session,
    church_id: UUID,
    *,
    name: str,
    actor: str,
    now: datetime,
    total: int | None = None,
    review: bool = False,
    to_mend: int = 0,
) -> UUID:
    """Notes that an import begins, and returns its id. A transaction of the church."""
    import_id = new_id()
    session.execute(
        insert(CardImport).values(
            id=import_id,
            church_id=church_id,
            name=name,
            started_by=actor,
            started_at=now,
            total=total,
            review=review,
            to_mend=to_mend,
        )
    )
    return import_id


def go_on(session: Session, church_id: UUID, import_id: UUID, counts: Counts | None = None) -> bool:
    """Notes how far it is, or only that it still waits; returns whether somebody wants it to stop."""
    values: dict[str, object] = {"seen_at": func.now()}
    if counts:
        values |= {"begun": True, **_numbers(counts)}
    return bool(
        session.scalar(
            _change(church_id, import_id).values(**values).returning(table_of(CardImport).c.stop_asked)
        )
    )


def end(
    session: Session,
    church_id: UUID,
    import_id: UUID,
    counts: Counts,
    *,
    now: datetime,
    finished: bool,
    trouble: str = "",
    refused: RefusedRows | None = None,
) -> None:
    """Notes how it ended; only the first end counts."""
    kept = (
        {"refused_rows": refused.content, "refused_until": now + KEPT_FOR, "refused_prays": refused.prays}
        if refused
        else {}
    )
    session.execute(
        _change(church_id, import_id).values(
            ended_at=now, seen_at=func.now(), begun=True, finished=finished, trouble=trouble,
            **_numbers(counts), **kept,
        )
    )  # fmt: skip


def stop(session: Session, church_id: UUID, import_id: UUID, *, actor: str) -> None:
    """Asks an import that is under way to stop after the rows it is busy with; once is enough."""
    asked = table_of(CardImport).c.stop_asked
    wanted = _change(church_id, import_id).where(~asked).values(stop_asked=True)
    if not session.execute(wanted).rowcount:  # type: ignore[attr-defined]
        return
    audit.record(session, church_id=church_id, actor=actor, action="import.stopped", subject=str(import_id))


def close(session: Session, church_id: UUID, import_id: UUID) -> None:
    """Who started it has read what came of it; nothing happens where it is still under way."""
    imports = table_of(CardImport)
    over = imports.c.ended_at.is_not(None) | (imports.c.seen_at < func.now() - SILENT_FOR)
    session.execute(
        update(imports)
        .where(imports.c.church_id == church_id, imports.c.id == import_id, over)
        .values(was_read=True)
    )


def look(session: Session, church_id: UUID, import_id: UUID) -> ImportView | None:
    """The import as it is now."""
    row = session.execute(_views(church_id).where(CardImport.id == import_id)).one_or_none()
    return _view(row) if row else None


def unread(session: Session, church_id: UUID, actor: str, *, now: datetime) -> ImportView | None:
    """The newest import of this person whose end they have not read yet."""
    row = session.execute(
        _views(church_id)
        .where(
            CardImport.started_by == actor,
            ~CardImport.was_read,
            CardImport.started_at > now - KEPT_FOR,
        )
        .order_by(CardImport.started_at.desc())
        .limit(1)
    ).one_or_none()
    return _view(row) if row else None


def latest(
    session: Session, church_id: UUID, *, now: datetime, limit: int = MOST_LISTED
) -> Sequence[ImportView]:
    """The church's imports of the last days, newest first."""
    rows = session.execute(
        _views(church_id)
        .where(CardImport.started_at > now - KEPT_FOR)
        .order_by(CardImport.started_at.desc(), CardImport.id.desc())
        .limit(limit)
    )
    return [_view(row) for row in rows]


def refused_rows(session: Session, reader: SignedIn, import_id: UUID) -> bytes | None:
    """The file of refused rows, None where it is no longer kept. A transaction of the reader's church.

    That somebody took it stands in the change log. Raises `ImportRefusedError`.
    """
    church = reader.church
    if church is None:
        raise ImportRefusedError("Only the church's own team may have this file.")
    found = look(session, church.church_id, import_id)
    if found is None or not found.refused_kept:
        return None
    if not found.may_read_refused(reader):
        raise ImportRefusedError("Prayer requests stand in this file: only the prayer team may have it.")
    content = session.scalar(
        select(CardImport.refused_rows).where(
            CardImport.church_id == church.church_id, CardImport.id == import_id
        )
    )
    audit.record(
        session,
        church_id=church.church_id,
        actor=reader.actor,
        action="import.refused_rows_downloaded",
        subject=str(import_id),
        facts={"rows": found.counts.refused},
    )
    return content


def prune(session: Session, *, now: datetime) -> None:
    """Forgets refused rows that are old; the import itself stays, for its cards. A system transaction."""
    imports = table_of(CardImport)
    session.execute(
        update(imports).where(imports.c.refused_until < now).values(refused_rows=None, refused_until=None)
    )


def _change(church_id: UUID, import_id: UUID) -> Update:
    imports = table_of(CardImport)
    return update(imports).where(
        imports.c.church_id == church_id, imports.c.id == import_id, imports.c.ended_at.is_(None)
    )


def _numbers(counts: Counts) -> dict[str, int]:
    return {"created": counts.created, "duplicates": counts.duplicates, "refused": counts.refused}


def _views(church_id: UUID) -> Select[*tuple[object, ...]]:
    silent: ColumnElement[bool] = CardImport.ended_at.is_(None) & (
        CardImport.seen_at < func.now() - SILENT_FOR
    )
    return select(
        CardImport.id,
        CardImport.name,
        CardImport.started_by,
        CardImport.started_at,
        CardImport.ended_at,
        CardImport.begun,
        CardImport.finished,
        CardImport.stop_asked,
        CardImport.review,
        CardImport.trouble,
        CardImport.total,
        CardImport.created,
        CardImport.duplicates,
        CardImport.refused,
        CardImport.to_mend,
        CardImport.refused_prays,
        CardImport.refused_until.is_not(None).label("refused_kept"),
        silent.label("silent"),
    ).where(CardImport.church_id == church_id)


def _view(row: Row[*tuple[object, ...]]) -> ImportView:
    known = row._asdict()
    counts = Counts(known.pop("created"), known.pop("duplicates"), known.pop("refused"))
    return ImportView(by=known.pop("started_by"), counts=counts, **known)
