"""What Home says: what came in, where it stands, what to do next. Reading, and words that follow from numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard.formatting import number, when
from dashboard.periods import begins
from dashboard.situation import Situation
from ghl.cards import view
from ghl.cards.find import period_counts
from ghl.cards.oldest import oldest
from ghl.cards.view import CardRow
from ghl.db.engine import Database
from ghl.messages.counts import Together, together
from ghl.statuses import CardStatus, Role

NEED_PEOPLE = (CardStatus.TO_REVIEW, CardStatus.NEEDS_ATTENTION, CardStatus.HELD)
ON_THE_WAY = (CardStatus.WAITING, CardStatus.SENDING)


@dataclass(frozen=True)
class Overview:
    """Home at one moment: the cards of the period by status, and the one that waits longest, if any does."""

    at: datetime
    counts: Mapping[CardStatus, int]
    oldest: CardRow | None = None
    messages: Together | None = None


def overview(
    database: Database,
    church_id: UUID,
    period: str | None,
    *,
    now: datetime,
    zone: ZoneInfo,
    known: Situation,
    reader: Role,
) -> Overview:
    """Home's numbers in one short transaction. Without a `period` all cards count."""
    with database.church(church_id) as session:
        counts = (
            period_counts(session, church_id, begins(period, now=now, zone=zone)) if period else known.counts
        )
        messages = together(session, church_id, begins(period, now=now, zone=zone) if period else None)
        longest = oldest(session, church_id, CardStatus.WAITING)
        rows = view.rows(
            session,
            church_id,
            [longest] if longest else [],
            now=now,
            state=known.state,
            outage=known.outage,
            when=partial(when, now=now, zone=zone),
            reader=reader,
        )
    return Overview(now, counts, rows[0] if rows else None, messages)


def in_one_sentence(
    counts: Mapping[CardStatus, int],
    period: str | None,
    *,
    everything: Mapping[CardStatus, int] | None = None,
    messages: int = 0,
    replies: int = 0,
    reader: Role = Role.STAFF,
) -> str:
    """`62 cards came in. 53 are in GoHighLevel. 9 need you.`, or that all is done, or that nothing came yet.

    `everything` are the counts of all cards: those that need somebody from before the period are not kept quiet.
    `messages` are the texts and e-mails that need somebody, `replies` those that may be a stop. `reader` is a role: a viewer is not told to do what they may not do.
    """
    whom = "your team" if reader is Role.VIEWER else "you"
    since = SINCE.get(period, "")
    total = sum(counts.values())
    older = _need(everything or counts) - _need(counts)
    if older > 0:
        nothing = f"{number(older)} older {_cards(older)} {'needs' if older == 1 else 'need'} {whom}."
    elif messages:
        some = "text or e-mail needs" if messages == 1 else "texts and e-mails need"
        nothing = f"{number(messages)} {some} {whom}."
    else:
        nothing = "" if replies else f"Nothing is waiting for {whom}."
    read = (
        f"{number(replies)} {'reply' if replies == 1 else 'replies'} may be a stop and "
        f"{'needs' if replies == 1 else 'need'} {whom}."
    )
    if replies:
        nothing = f"{nothing} {read}".strip()
    if not total:
        return f"No card came in{since or ' yet'}.{f' {nothing}' if older > 0 or replies else ''}"
    arrived, aside = counts[CardStatus.SYNCED], counts[CardStatus.DISMISSED]
    need = _need(counts)
    on_the_way = sum(counts[status] for status in ON_THE_WAY)
    if not need and not on_the_way and arrived:
        whole = "The one card" if total == 1 else f"All {number(total)} cards"
        where = "in GoHighLevel" if not aside else "in GoHighLevel or set aside"
        return f"{whole}{FROM.get(period, '')} {_are(total)} {where}. {nothing}"
    sentences = [f"{number(total)} {_cards(total)} came in{since}."]
    sentences.append(
        f"{number(arrived)} {_are(arrived)} in GoHighLevel." if arrived else "None is in GoHighLevel yet."
    )
    if on_the_way:
        sentences.append(f"{number(on_the_way)} {_are(on_the_way)} on the way.")
    sentences.append(f"{number(need)} {'needs' if need == 1 else 'need'} {whom}." if need else nothing)
    if need and older > 0:
        sentences.append(f"So {'does' if older == 1 else 'do'} {number(older)} older {_cards(older)}.")
    if need and replies:
        sentences.append(read)
    return " ".join(sentences)


SINCE: Mapping[str | None, str] = {
    "sunday": " since Sunday",
    "7days": " in the last 7 days",
    "30days": " in the last 30 days",
}
FROM: Mapping[str | None, str] = {
    "sunday": " since Sunday",
    "7days": " of the last 7 days",
    "30days": " of the last 30 days",
}


def _need(counts: Mapping[CardStatus, int]) -> int:
    return sum(counts[status] for status in NEED_PEOPLE)


def _cards(count: int) -> str:
    return "card" if count == 1 else "cards"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
