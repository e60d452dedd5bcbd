"""The ramp of a church's number as it is stored: how many texts may leave now, and on which level it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from ghl.db.models import Message, MessagingSettings
from ghl.messages.pace import DAY, RAMP, TOP_LEVEL, Pace, Ramp, pace
from ghl.statuses import Channel

MOST_LOOKED_AT = 2 * max(RAMP)

BEGUN = text(
    """
    INSERT INTO messaging_settings AS s (church_id, ramp_level, ramp_since, changed_by, changed_at)
    VALUES (:church, :level, :since, 'system', now())
    ON CONFLICT (church_id) DO UPDATE SET ramp_level = :level, ramp_since = :since
    """
)


def room_for_texts(session: Session, church_id: UUID, *, now: datetime) -> Pace:
    """How many texts the church's number may send now. A number that climbed is written down as such."""
    stored = session.execute(
        select(MessagingSettings.ramp_level, MessagingSettings.ramp_since).where(
            MessagingSettings.church_id == church_id
        )
    ).one_or_none()
    ramp = Ramp(stored.ramp_level, stored.ramp_since) if stored else Ramp()
    if ramp.level >= TOP_LEVEL:
        return Pace(ramp, None)
    # Those that are marked count. One that was taken up and is not yet is asked about again before it is.
    since = min(ramp.since or now, now - DAY)
    sent = session.scalars(
        select(Message.sending_at)
        .where(Message.church_id == church_id, Message.channel == Channel.SMS, Message.sending_at >= since)
        .order_by(Message.sending_at.desc())
        .limit(MOST_LOOKED_AT)
    ).all()
    found = pace(ramp, [at for at in sent if at is not None], now)
    if found.ramp != ramp:
        session.execute(
            update(MessagingSettings)
            .where(MessagingSettings.church_id == church_id)
            .values(ramp_level=found.ramp.level, ramp_since=found.ramp.since)
        )
    return found


def begin(session: Session, church_id: UUID, ramp: Ramp, *, now: datetime) -> None:
    """The first text of a number: its level begins now."""
    if ramp.since is None and ramp.level < TOP_LEVEL:
        session.execute(BEGUN, {"church": church_id, "level": ramp.level, "since": now})


def texts_of_the_day(session: Session, church_id: UUID, *, now: datetime) -> int:
    """How many texts left in the last 24 hours."""
    return (
        session.scalar(
            select(func.count()).where(
                Message.church_id == church_id, Message.channel == Channel.SMS, Message.sending_at > now - DAY
            )
        )
        or 0
    )
