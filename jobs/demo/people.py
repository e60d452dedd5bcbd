"""The cards of the demo church, read from `cards.csv`: invented people with the mix-ups of real ones.

`way` is how a card came in, `week` on which Sunday (0 the one before last, 1 the last; `now` is of the last Sunday and
comes in today, `today` is of today: messages go to who was here lately), `aside` why it is set aside, `hold` why it is
kept back, `other` whom it is not though they share an address. Some of them meet the faults of `world`.
"""

import csv
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from itertools import groupby
from zoneinfo import ZoneInfo

from ghl.cards.fields import COLUMNS

SUNDAY = 6
WORDING = (
    "Yes, Grace Church may text me about my visit. Message and data rates may apply. Reply STOP at any time."
)
"""What the paper card says beside the box for texts."""

WORDING_TODAY = (
    "Yes, Grace Church may text and e-mail me about my visit and about helping. Message and data rates may apply."
    " Reply STOP to stop, HELP for help."
)
"""What the new paper card says beside its boxes."""

HANDED_IN = time(10, 20)
"""When the ushers bring the cards of the first service."""


@dataclass(frozen=True)
class DemoCard:
    """One line of the file. `values` are what `parse_card` takes."""

    way: str
    week: str
    values: dict[str, object] = field(repr=False)
    aside: str = ""
    hold: str = ""
    other: str = ""


@dataclass(frozen=True)
class Pile:
    """Cards that came in together, and when."""

    way: str
    received_at: datetime
    cards: tuple[DemoCard, ...]


def read_cards() -> list[DemoCard]:
    """All cards, in the order in which they came in."""
    text = files("jobs.demo").joinpath("cards.csv").read_text(encoding="utf-8")
    return [
        DemoCard(
            way=row["way"],
            week=row["week"],
            values={name: value for name, value in row.items() if name in COLUMNS and value},
            aside=row["aside"],
            hold=row["hold"],
            other=row["other"],
        )
        for row in csv.DictReader(text.splitlines())
    ]


def piles(cards: list[DemoCard], *, opened: datetime, now: datetime, timezone: str) -> list[Pile]:
    """The cards in piles, oldest first, each with its days filled in.

    The days hang on when the demo church was `opened` and not on today: filled again another day, every card
    is the same card, and none is added twice.
    """
    zone = ZoneInfo(timezone)
    today = opened.astimezone(zone).date()
    last = today - timedelta(days=(today.weekday() - SUNDAY - 1) % 7 + 1)
    days = {"0": last - timedelta(days=7), "1": last, "now": last, "today": today}
    found: list[Pile] = []
    for (week, way), group in groupby(sorted(cards, key=_place), key=lambda card: (card.week, card.way)):
        day = days[week]
        at = datetime.combine(day, HANDED_IN, zone).astimezone(UTC) + timedelta(minutes=7 * len(found))
        dated = tuple(_dated(card, day) for card in group)
        found.append(Pile(way, now if week in {"now", "today"} else at, dated))
    return found


def _place(card: DemoCard) -> tuple[str, str]:
    # "0" < "1" < "now" < "today": earlier Sundays first, the ways of a Sunday in a fixed order.
    return card.week, card.way


def _dated(card: DemoCard, day: date) -> DemoCard:
    values = {**card.values, "visit_date": day.isoformat()}
    if "sms_consent" in values:
        values |= {
            "consent_wording": WORDING_TODAY if card.week == "today" else WORDING,
            "consent_at": day.isoformat(),
        }
    return replace(card, values=values)
