"""Until when a message still makes sense: its template's *send within*, measured from the card's date. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def too_late_at(
    send_within_hours: int | None, *, visit_date: date | None, received_at: datetime, zone: str
) -> datetime | None:
    """After this it is not sent any more; None where it always makes sense.

    A card that comes in on the day of the visit counts from then; one that comes in later from the end of that day.
    """
    if send_within_hours is None:
        return None
    begins = received_at
    if visit_date is not None:
        begins = min(received_at, _end_of(visit_date, zone))
    return begins + timedelta(hours=send_within_hours)


def _end_of(day: date, zone: str) -> datetime:
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        place = ZoneInfo("UTC")
    try:
        return datetime.combine(day + timedelta(days=1), time(), place).astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
