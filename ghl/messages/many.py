"""Asking for the onboarding messages of many cards: foreseen first, then a few cards in a transaction. Safe to do twice."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.cards.actions import Chosen, Done, DryRun
from ghl.cards.find import find, until_then
from ghl.cards.view import CardPage
from ghl.clock import Clock
from ghl.consent.reasons import Reason
from ghl.db.availability import is_conflict
from ghl.db.engine import Database
from ghl.messages.ask import foresee_onboarding, send_onboarding
from ghl.messages.asked import Asked, AskedOutcome
from ghl.statuses import Channel, MessageState

CHUNK = 50
"""Cards a transaction: it holds the locks of their addresses, and an opt-out waits for milliseconds."""

MOST = 1_000
"""Cards at once. More than a church's volunteers of a season are a filter that somebody forgot."""

MOST_CONFLICTS = 5

log = structlog.get_logger(__name__)


class MessageAction(StrEnum):
    """What is sent for many cards at once."""

    ONBOARDING = "send_onboarding"


_LEFT: Mapping[AskedOutcome, str] = {
    AskedOutcome.ALREADY_SENT: "already sent",
    AskedOutcome.ALREADY_WAITING: "already on its way",
    AskedOutcome.NO_ADDRESS: "no phone number that works",
    AskedOutcome.NO_TEMPLATE: "no published words",
    AskedOutcome.NOT_ALLOWED: "may not be sent",
    AskedOutcome.TOO_OLD: "too old",
}
_NO_EMAIL = "no e-mail address that works"
_GONE: Mapping[MessageState | None, str] = {
    MessageState.SENDING: "already on its way",
    MessageState.UNSURE: "nobody knows yet whether it went out",
    MessageState.FAILED: "sent before, and not accepted",
}
_MAY_NOT: Mapping[str, str] = {
    Reason.STOPPED: "asked for no more",
    Reason.SAID_NO: "said no on a card",
    Reason.STILL_BLOCKED: "still blocked in GoHighLevel",
    Reason.NOT_ASKED: "no yes",
    Reason.TAKEN_BACK: "the yes was taken back",
    Reason.OTHER_PURPOSE: "said yes to something else",
    Reason.NO_WORDING: "the card doesn't say to which words",
    Reason.NUMBER_UNCHECKED: "the number was corrected, and nobody has looked yet",
    Reason.UNDER_AGE: "under 18, no yes of a parent",
    Reason.GUARDIAN_UNKNOWN: "under 18, no phone of a parent",
    Reason.DOUBT: "may have asked for no more",
}


def why_left(one: Asked) -> str:
    """Why a message does not go, in few words: `text: already sent`."""
    words = _LEFT[one.outcome]
    if one.outcome is AskedOutcome.NOT_ALLOWED:
        words = _MAY_NOT.get(one.reason or "", words)
    elif one.outcome is AskedOutcome.NO_ADDRESS and one.channel is Channel.EMAIL:
        words = _NO_EMAIL
    elif one.outcome is AskedOutcome.ALREADY_SENT:
        words = _GONE.get(one.state, words)
    return f"{'text' if one.channel is Channel.SMS else 'e-mail'}: {words}" if one.channel else words


def foresee(database: Database, church_id: UUID, chosen: Chosen, *, clock: Clock) -> DryRun:
    """How many cards would get something, and why the other messages would not go."""
    going, left = 0, Counter[str]()
    for session, ids in _transactions(database, church_id, chosen):
        some, why = _counted(foresee_onboarding(session, church_id, ids, now=clock.now()))
        going, left = going + len(some), left + why
    return DryRun(going, dict(left.most_common()))


def send_to_all(
    database: Database,
    church_id: UUID,
    chosen: Chosen,
    *,
    actor: str,
    clock: Clock,
    total: int,
    progress: Callable[[int, int], None] = lambda _dealt_with, _total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Done:
    """Asks for every chosen card, `CHUNK` in a transaction. What was asked for stays when it is stopped or broken off.

    `progress` gets the cards dealt with and all of them. Raises what the database raises where nothing was done yet.
    """
    done, left, dealt_with, broken = 0, Counter[str](), 0, False
    chunks = _chunks(database, church_id, chosen)
    for ids in chunks:
        if stop():
            break
        try:
            asked = _ask(database, church_id, ids, actor=actor, clock=clock)
        except SQLAlchemyError as error:
            if not dealt_with:
                raise
            log.warning("bulk messages broken off", church_id=str(church_id), error=type(error).__name__)
            broken = True
            break
        some, why = _counted(asked)
        done, left, dealt_with = done + len(some), left + why, dealt_with + len(ids)
        progress(dealt_with, max(total, dealt_with))
    return Done(done, dict(left.most_common()), (), broken)


def _ask(database: Database, church_id: UUID, ids: list[UUID], *, actor: str, clock: Clock) -> list[Asked]:
    """One transaction, begun again where it stood in another's way: the keys make that safe."""
    for turn in range(MOST_CONFLICTS):
        try:
            with database.church(church_id) as session:
                return send_onboarding(session, church_id, ids, actor=actor, now=clock.now())
        except SQLAlchemyError as error:
            if not is_conflict(error) or turn == MOST_CONFLICTS - 1:
                raise
    raise AssertionError("not reached")


def _transactions(
    database: Database, church_id: UUID, chosen: Chosen
) -> Iterator[tuple[Session, list[UUID]]]:
    for ids in _chunks(database, church_id, chosen):
        with database.church(church_id) as session:
            yield session, ids


def _chunks(database: Database, church_id: UUID, chosen: Chosen) -> Iterator[list[UUID]]:
    """The chosen cards, at most `MOST`, a few at a time; those of a filter are read page by page."""
    if chosen.wanted is None:
        ids = list(dict.fromkeys(chosen.ids))[:MOST]
        for start in range(0, len(ids), CHUNK):
            yield ids[start : start + CHUNK]
        return
    after, read, more = until_then(chosen.until), 0, True
    while more and read < MOST:
        with database.church(church_id) as session:
            page: CardPage = find(
                session, church_id, chosen.wanted, after=after, limit=min(CHUNK, MOST - read)
            )
        if not page.ids:
            return
        yield list(page.ids)
        after, read, more = page.last, read + len(page.ids), page.more


def _counted(asked: list[Asked]) -> tuple[set[UUID | None], Counter[str]]:
    """The cards that get something, and why the other messages do not go."""
    some = {one.card_id for one in asked if one.outcome is AskedOutcome.QUEUED}
    return some, Counter(why_left(one) for one in asked if one.outcome is not AskedOutcome.QUEUED)
