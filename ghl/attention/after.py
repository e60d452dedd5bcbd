"""What came after: cards that a trouble left behind and that may go now that it is over, and what was mended last."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl.attention.groups import MOST_COUNTED, Group
from ghl.attention.wanted import WAITS_FOR_PEOPLE, Wanted, of_causes
from ghl.causes import Over, cause
from ghl.db.models import AuditEntry, Card, Credential

LOOKED_THROUGH = 2_000
"""Entries of the change log that are looked through for the last one that mended a card."""

SET_ASIDE = "card.dismissed"
MENDED = ("card.sent_again", "card.corrected", "card.released", SET_ASIDE, "card.decided")


@dataclass(frozen=True)
class Offer:
    """A trouble that is over, and the cards that it left behind, at most a few more than `MOST_COUNTED`."""

    over: Over
    wanted: Wanted
    count: int


@dataclass(frozen=True)
class Resolved:
    """What was mended or set aside last: the card, by whom and when. The name is a visitor's text."""

    number: int
    set_aside: bool
    at: datetime
    actor: str
    name: str = field(repr=False)


def offers(session: Session, church_id: UUID, found: Sequence[Group]) -> list[Offer]:
    """The troubles that are over among these groups. A church's transaction."""
    offered = []
    moments: dict[Over, datetime | None] = {}
    by_trouble: dict[Over, list[Group]] = {}
    for group in found:
        over = cause(group.cause).over_when if group.cause else "never"
        if over != "never":
            by_trouble.setdefault(over, []).append(group)
    for over, groups in by_trouble.items():
        moments[over] = (
            _last_arrival(session, church_id) if over == "others arrive" else _connected(session, church_id)
        )
        since = moments[over]
        wanted = Wanted(causes=tuple(sorted(group.cause for group in groups)), before=since)
        if since is not None and (count := _count(session, church_id, wanted)):
            offered.append(Offer(over, wanted, count))
    return offered


def last_resolved(session: Session, church_id: UUID) -> Resolved | None:
    """The card that somebody mended, decided about or set aside last. A church's transaction."""
    newest = (
        select(AuditEntry.id, AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.subject)
        .where(AuditEntry.church_id == church_id)
        .order_by(AuditEntry.id.desc())
        .limit(LOOKED_THROUGH)
        .subquery()
    )
    entry = session.execute(
        select(newest.c.at, newest.c.actor, newest.c.subject, newest.c.action)
        .where(newest.c.action.in_(MENDED))
        .order_by(newest.c.id.desc())
        .limit(1)
    ).one_or_none()
    card = (
        entry
        and session.execute(
            select(Card.number, Card.first_name, Card.last_name).where(
                Card.church_id == church_id, Card.id == UUID(entry.subject)
            )
        ).one_or_none()
    )
    if not (entry and card):
        return None
    name = f"{card.first_name} {card.last_name}".strip()
    return Resolved(card.number, entry.action == SET_ASIDE, entry.at, entry.actor, name)


def _last_arrival(session: Session, church_id: UUID) -> datetime | None:
    return session.scalars(
        select(func.max(Card.synced_at)).where(Card.church_id == church_id, Card.synced_at.is_not(None))
    ).one()


def _connected(session: Session, church_id: UUID) -> datetime | None:
    return session.scalars(
        select(func.max(Credential.created_at)).where(
            Credential.church_id == church_id, Credential.state == "current"
        )
    ).one()


def _count(session: Session, church_id: UUID, wanted: Wanted) -> int:
    some = (
        select(Card.id)
        .where(Card.church_id == church_id, WAITS_FOR_PEOPLE, of_causes(wanted.causes))
        .where(Card.status_changed_at < wanted.before)
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    return session.scalars(select(func.count()).select_from(some)).one()
