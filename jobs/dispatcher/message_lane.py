"""The messages of one church in this process: each is settled by itself, and decided about directly before it leaves.

Claiming is part of a turn's transaction, after the cards. Everything else has short transactions of its own: while one
of them waits for a stop that is being written, no card waits with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.client.client import DEADLINE_SECONDS
from ghl.client.errors import NotSentError
from ghl.db.availability import is_away
from ghl.delivery.claim import ROW_LEASE_SECONDS
from ghl.delivery.facts import DeliveryFacts
from ghl.delivery.steps import CreateContact
from ghl.ids import new_id
from ghl.messages.claim import claim, free_expired, is_due
from ghl.messages.errand import MessageErrand, Seen, make_contact, see_contact, send, steps
from ghl.messages.prepare import SEEN_FOR_SECONDS, LookAgain, prepare
from ghl.messages.settle import give_back, settle
from jobs.dispatcher.lane import Lane, MakePermit
from jobs.dispatcher.parts import Job

LOOK_EVERY = 1.0
"""Seconds between two looks for due messages while cards are at work: a card's turn costs nothing more."""

MOST_AT_ONCE = 20
"""Messages that a turn decides about or settles: each takes a transaction, and other churches wait for the desk."""

LEAVES_WITHIN = 3.0
"""Seconds in which a marked message leaves, or does not: then it waits again and is decided about anew."""

T = TypeVar("T")

log = structlog.get_logger()


@dataclass
class MessageLane(Lane[MessageErrand]):
    """Messages to send, to look for and to follow."""

    _seen: list[MessageErrand] = field(default_factory=list)
    """Their contact was looked at; they may be decided about."""
    _looked: float = float("-inf")

    @property
    def wanted(self) -> int:
        """How many calls want to be made now; a message that is to be decided about wants its one."""
        return len(self._ready) + len(self._seen)

    @property
    def settles(self) -> bool:
        """Whether something is over and has to be written down."""
        return bool(self._finished)

    def take_back(self, errand: MessageErrand) -> None:
        """Sorts what came back. A marked message that was held back certainly did not leave: it is decided about anew."""
        if errand.sending and not errand.finished:
            errand.fail(NotSentError("held back"))
        if isinstance(errand.outcome, Seen) and not errand.sending:
            errand.seen_at = self.tools.clock.monotonic()
            self._seen.append(errand)
        else:
            super().take_back(errand)

    def settle(self, *, blocked: bool) -> None:
        """Writes what is over, one by one; where nothing may be called, gives back the others. Raises for a database
        that is away: what was not written is written later.
        """
        for errand in self._finished[:MOST_AT_ONCE]:
            self._write(errand, partial(settle, errand=errand, jitter=self.tools.jitter))
            self._finished.remove(errand)
            self.forget(errand)
        waiting = [*self._ready, *self._seen]
        if blocked and waiting:
            with self.tools.database.church(self.church_id) as session:
                give_back(session, waiting)
            for errand in waiting:
                self.forget(errand)
            self._ready.clear()
            self._seen.clear()

    def claim(
        self, session: Session, facts: DeliveryFacts, *, most: int, now: float, busy: bool
    ) -> list[MessageErrand]:
        """Takes due messages, as many as the cards leave calls for; while those are `busy`, not at every turn."""
        if most < 1 or (busy and now - self._looked < LOOK_EVERY):
            return []
        self._looked = now
        rows = claim(
            session,
            self.church_id,
            token=new_id(),
            most=min(most, MOST_AT_ONCE),
            credential_id=facts.credential_id,
        )
        at = self.tools.clock.now()
        return [MessageErrand(facts, steps(row, now=at), now + ROW_LEASE_SECONDS, row=row) for row in rows]

    def free_expired(self, session: Session) -> None:
        """Takes back messages whose worker died."""
        free_expired(session, self.church_id)

    def is_due(self, session: Session) -> bool:
        """Whether something is to be done with a message now."""
        self._looked = float("-inf")
        return is_due(session, self.church_id)

    def waits_for(self) -> bool:
        """Whether messages are on their way, or wait to be written down."""
        return bool(self.in_flight)

    def drop_lost(self, facts: DeliveryFacts | None) -> None:
        """The same for those whose contact was looked at."""
        super().drop_lost(facts)
        self._seen = [one for one in self._seen if self._keeps(one, facts)]

    def decide(self, most: int, permit: MakePermit) -> list[Job]:
        """Asks the consent log about up to `most` messages, each in a transaction of its own. A yes leaves at once,
        or the contact that it needs is made first.

        Never raises for a database that is away.
        """
        jobs: list[Job] = []
        while self._seen and len(jobs) < min(most, MOST_AT_ONCE):
            errand = self._seen.pop(0)
            if not self._freshly_seen(errand):
                self._see_again(errand)
                continue
            fresh = partial(self._freshly_seen, errand)
            work = partial(prepare, errand=errand, ring=self.tools.key_ring, freshly_seen=fresh)
            try:
                write = self._write(errand, work)
            except SQLAlchemyError as error:
                log.warning("turn.database_away", church_id=str(self.church_id), error=type(error).__name__)
                self._seen.insert(0, errand)
                break
            if write is None:
                self.forget(errand)
                continue
            if isinstance(write, LookAgain):
                self._see_again(errand)
                continue
            if isinstance(write, CreateContact):
                errand.plan, until = make_contact(errand.row, write), self._lease_of(errand)
            else:
                errand.plan, until = send(write), self._until(errand)
                errand.sending = True
            errand.outcome = None
            self._begin(errand)
            jobs.append(Job(errand, permit(until)))
        return jobs

    def abandon(self) -> None:
        """Lets go of everything; what is marked as sending is looked up when its lease ends."""
        super().abandon()
        self._seen.clear()

    @staticmethod
    def _lease_of(errand: MessageErrand) -> Callable[[], float]:
        return lambda: errand.lease_until

    def _until(self, errand: MessageErrand) -> Callable[[], float]:
        """A marked message is ours to send for a moment only: a stop that was written meanwhile must not wait for it."""
        latest = self.tools.clock.monotonic() + LEAVES_WITHIN + DEADLINE_SECONDS
        return lambda: min(errand.lease_until, latest)

    def _freshly_seen(self, errand: MessageErrand) -> bool:
        """Whether GoHighLevel's answer about the contact is young enough."""
        age = self.tools.clock.monotonic() - errand.seen_at
        return age <= SEEN_FOR_SECONDS - LEAVES_WITHIN - DEADLINE_SECONDS

    def _see_again(self, errand: MessageErrand) -> None:
        """GoHighLevel is asked about the contact once more."""
        errand.plan, errand.outcome = see_contact(errand.row), None
        self._begin(errand)
        super().take_back(errand)

    def _write(self, errand: MessageErrand, work: Callable[[Session], T]) -> T | None:
        """One message that cannot be written down is left to the end of its lease; the others go on."""
        try:
            with self.tools.database.church(self.church_id) as session:
                return work(session)
        except Exception as error:
            if isinstance(error, SQLAlchemyError) and is_away(error):
                raise
            log.exception("message.not_written", church_id=str(self.church_id), **errand.subject)
            return None
