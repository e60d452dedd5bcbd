"""Stops that GoHighLevel does not have while their ten business days run out: who is to be told of them, and when."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl.consent.business_days import days_left
from ghl.consent.opt_outs import OPEN
from ghl.db.models import Church, OptOut
from ghl.statuses import StopWarned

NEAR_DAYS = 3
"""So many business days before the last one people are told, so that somebody can still do it by hand."""

FAR = timedelta(days=10)
"""No three business days take longer."""


class Word(StrEnum):
    """What is to be told now."""

    NEAR = "near"
    OVERDUE = "overdue"
    OVER = "over"


@dataclass(frozen=True)
class Pressing:
    """So many stops whose last day comes or is over, and the first of those days."""

    stops: int
    due_on: date
    overdue: bool


def pressing(days: Mapping[date, int], *, today: date) -> Pressing | None:
    """What presses of the stops that are not confirmed, by their last day. Pure."""
    near = {day: stops for day, stops in days.items() if days_left(day, today) <= NEAR_DAYS}
    if not near:
        return None
    first = min(near)
    return Pressing(sum(near.values()), first, first < today)


def next_word(now: Pressing | None, told: StopWarned | None) -> Word | None:
    """What is to be told, if anything: once that it comes, once that it is overdue, once that it is over. Pure."""
    if now is None:
        return Word.OVER if told else None
    if now.overdue:
        return Word.OVERDUE if told is not StopWarned.OVERDUE else None
    return Word.NEAR if told is None else None


def of_church(session: Session, church_id: UUID, *, today: date) -> Pressing | None:
    """What presses in one church. A transaction of the church."""
    rows = session.execute(
        select(OptOut.due_on, func.count())
        .where(OptOut.church_id == church_id, OptOut.state.in_(OPEN), OptOut.due_on <= today + FAR)
        .group_by(OptOut.due_on)
    )
    return pressing({row[0]: row[1] for row in rows.all()}, today=today)


def of_all(session: Session, *, now: datetime) -> dict[UUID, Pressing]:
    """What presses in each church, by its own clock. A system transaction."""
    rows = session.execute(
        select(OptOut.church_id, Church.timezone, OptOut.due_on, func.count())
        .join(Church, Church.id == OptOut.church_id)
        .where(OptOut.state.in_(OPEN), OptOut.due_on <= (now + FAR).date(), Church.removing_at.is_(None))
        .group_by(OptOut.church_id, Church.timezone, OptOut.due_on)
    )
    days: dict[tuple[UUID, str], dict[date, int]] = defaultdict(dict)
    for church_id, zone, day, stops in rows:
        days[church_id, zone][day] = stops
    found = {church_id: pressing(of_it, today=_today(now, zone)) for (church_id, zone), of_it in days.items()}
    return {church_id: one for church_id, one in found.items() if one is not None}


def _today(now: datetime, zone: str) -> date:
    try:
        return now.astimezone(ZoneInfo(zone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return now.astimezone(UTC).date()
