"""The words of the consent boxes, by version. A version is only ever added: it is the proof of what people read."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ghl.churches import ChurchNotFoundError
from ghl.db.models import CardForm as CardFormRow
from ghl.db.models import Church, ConsentWording
from ghl.statuses import Channel

OLD_PAGE = timedelta(days=1)
"""How long a page may stay open while its words are replaced, and still be sent."""
NO_VERSION = 2**31 - 1
"""What PostgreSQL counts versions with ends here."""
HUB = "hub"
"""Who made the default words."""


@dataclass(frozen=True)
class Wording:
    """The words of one box, exactly as people see them."""

    channel: Channel
    version: int
    text: str
    hash: bytes
    created_by: str
    created_at: datetime


def default_words(channel: Channel, *, name: str, privacy_url: str = "", terms_url: str = "") -> str:
    """The words of a church that wrote none of its own; links that it has not are left out."""
    name = " ".join(name.split())
    if channel is Channel.EMAIL:
        return f"Yes, {name} may e-mail me."
    links = [f"{page}: {url}" for page, url in (("Privacy", privacy_url), ("Terms", terms_url)) if url]
    words = (
        f"Yes, {name} may text me at the number above about my visit, volunteering and church events."
        " About 4 messages a month. Message and data rates may apply. Reply STOP to stop, HELP for help."
        " I can be a guest or member without agreeing."
    )
    return " ".join((words, " · ".join(links))).strip()


def current_wordings(session: Session, church_id: UUID) -> Mapping[Channel, Wording]:
    """The newest words of each box; a church without any gets the default ones as version 1.

    A transaction of the church. Raises `ChurchNotFoundError`.
    """
    found = {channel: newest(session, church_id, channel) for channel in Channel}
    missing = [channel for channel, known in found.items() if known is None]
    if missing:
        _add_defaults(session, church_id, missing)
        found |= {channel: newest(session, church_id, channel) for channel in missing}
    return {channel: known for channel, known in found.items() if known is not None}


def wording(
    session: Session, church_id: UUID, channel: Channel, version: int | None = None
) -> Wording | None:
    """The words of this version, or the newest; None for a version that this church never had."""
    if version is None:
        return current_wordings(session, church_id)[channel]
    if not 0 < version < NO_VERSION:
        return None
    row = session.scalars(
        select(ConsentWording).where(
            ConsentWording.church_id == church_id,
            ConsentWording.channel == channel,
            ConsentWording.version == version,
        )
    ).one_or_none()
    return _read(row) if row else None


def shown_lately(
    session: Session, church_id: UUID, channel: Channel, version: int, *, now: datetime
) -> Wording | None:
    """The words of a version that a page may still show: the newest, or one replaced less than a day ago."""
    if not 0 < version < NO_VERSION:
        return None
    rows = session.scalars(
        select(ConsentWording)
        .where(
            ConsentWording.church_id == church_id,
            ConsentWording.channel == channel,
            ConsentWording.version.in_([version, version + 1]),
        )
        .order_by(ConsentWording.version)
    ).all()
    if not rows or rows[0].version != version or (rows[1:] and rows[1].created_at < now - OLD_PAGE):
        return None
    return _read(rows[0])


def wording_history(session: Session, church_id: UUID, channel: Channel, *, most: int = 50) -> list[Wording]:
    """The versions of one box's words, newest first."""
    rows = session.scalars(
        select(ConsentWording)
        .where(ConsentWording.church_id == church_id, ConsentWording.channel == channel)
        .order_by(ConsentWording.version.desc())
        .limit(most)
    )
    return [_read(row) for row in rows]


def newest(session: Session, church_id: UUID, channel: Channel) -> Wording | None:
    """The newest words of a box, or None where nobody needed any so far."""
    return next(iter(wording_history(session, church_id, channel, most=1)), None)


def add_version(
    session: Session,
    church_id: UUID,
    channel: Channel,
    text: str,
    *,
    version: int,
    actor: str,
    now: datetime | None = None,
) -> bool:
    """Adds a version; one that is there already stays as it is, and the answer is False."""
    made = {"created_at": now} if now else {}
    added = session.execute(
        insert(ConsentWording)
        .values(
            church_id=church_id,
            channel=channel,
            version=version,
            wording=text,
            wording_hash=hashlib.sha256(text.encode()).digest(),
            created_by=actor,
            **made,
        )
        .on_conflict_do_nothing()
        .returning(ConsentWording.version)
    )
    return added.first() is not None


def _add_defaults(session: Session, church_id: UUID, channels: list[Channel]) -> None:
    row = session.execute(
        select(Church.name, CardFormRow.legal_name, CardFormRow.privacy_url, CardFormRow.terms_url)
        .outerjoin(CardFormRow, CardFormRow.church_id == Church.id)
        .where(Church.id == church_id)
    ).one_or_none()
    if row is None:
        raise ChurchNotFoundError("There is no such church.")
    for channel in channels:
        text = default_words(
            channel,
            name=row.legal_name or row.name,
            privacy_url=row.privacy_url or "",
            terms_url=row.terms_url or "",
        )
        add_version(session, church_id, channel, text, version=1, actor=HUB)


def _read(row: ConsentWording) -> Wording:
    return Wording(
        Channel(row.channel),
        row.version,
        row.wording,
        bytes(row.wording_hash),
        row.created_by,
        row.created_at,
    )
