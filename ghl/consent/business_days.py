"""The ten business days within which a stop has to be obeyed everywhere (47 CFR 64.1200(a)(10)). Pure.

Business days are Monday to Friday without the holidays of the United States' federal government (5 U.S.C. 6103).
"""

from datetime import date, timedelta

DAYS = 10


def due_on(asked: date) -> date:
    """The tenth business day after the one on which it was asked."""
    day, left = asked, DAYS
    while left:
        day += timedelta(days=1)
        left -= is_business_day(day)
    return day


def days_left(due: date, today: date) -> int:
    """How many business days are left after today, up to and with the last one; none once that is over."""
    return sum(
        is_business_day(today + timedelta(days=ahead)) for ahead in range(1, max((due - today).days, 0) + 1)
    )


def is_business_day(day: date) -> bool:
    """Whether offices work on that day."""
    return day.weekday() < 5 and day not in _holidays(day.year) | _holidays(day.year + 1)


def _holidays(year: int) -> set[date]:
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    # One that falls on a weekend is kept on the working day beside it.
    kept = {day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)) for day in fixed}
    mondays = [_nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _nth(year, 9, 0, 1), _nth(year, 10, 0, 2)]
    memorial = max(day for week in (4, 5) if (day := _nth(year, 5, 0, week)).month == 5)
    return {*kept, *mondays, memorial, _nth(year, 11, 3, 4)}


def _nth(year: int, month: int, weekday: int, week: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (week - 1))
