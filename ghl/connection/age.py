"""How old a token is, and when its admins are reminded. Pure. GoHighLevel advises a new one every 90 days."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Urgency = Literal["soon", "this week", "now"]

REMINDERS: tuple[tuple[int, Urgency], ...] = ((90, "now"), (85, "this week"), (75, "soon"))
"""From so many days on, the most urgent first."""


@dataclass(frozen=True)
class Reminder:
    """What an admin is told of a token that gets old."""

    days: int
    urgency: Urgency

    @property
    def text(self) -> str:
        """One sentence, and that it costs nothing."""
        do = {
            "soon": "Change it within two weeks",
            "this week": "Change it this week",
            "now": "Change it now: GoHighLevel advises a new one every 90 days",
        }[self.urgency]
        end = "it takes 5 minutes and loses nothing."
        return f"Your GoHighLevel token is {self.days} days old. {do}{'; ' if ':' in do else ': '}{end}"


def days_old(created_at: datetime, now: datetime) -> int:
    """Whole days; a clock that is behind makes no token younger than new."""
    return max((now - created_at).days, 0)


def reminder(created_at: datetime, now: datetime) -> Reminder | None:
    """What is due at this age, if anything is."""
    days = days_old(created_at, now)
    for from_day, urgency in REMINDERS:
        if days >= from_day:
            return Reminder(days, urgency)
    return None
