"""The cards of one church in this process: settled together and claimed together, in the transaction of a turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.db.availability import is_away
from ghl.delivery.claim import ROW_LEASE_SECONDS, claim
from ghl.delivery.conclude import Conclusion, conclude, give_back
from ghl.delivery.delivery import Delivery
from ghl.delivery.facts import DeliveryFacts, note_use
from ghl.delivery.prepare import prepare
from ghl.delivery.settle import hold, settle
from ghl.ids import new_id
from ghl.support import tell_support
from jobs.dispatcher.lane import Lane

NOTE_USE_EVERY = 60.0

log = structlog.get_logger()


@dataclass
class CardLane(Lane[Delivery]):
    """Deliveries of cards."""

    _noted_use: tuple[UUID | None, float] = (None, 0.0)

    @property
    def settles(self) -> bool:
        """Whether something is over and has to be written down."""
        return bool(self._finished)

    def settle(self, session: Session, *, blocked: bool) -> None:
        """Writes what is finished; where nothing may be called, gives back what was not called as well."""
        now = self._now(session)
        concluded = [self._conclude(session, delivery, now) for delivery in self._finished]
        conclusions = [one for one in concluded if one is not None]
        if blocked:
            conclusions += [give_back(delivery) for delivery in self._ready]
        if not conclusions:
            return
        try:
            with session.begin_nested():
                settle(session, self.church_id, [one.settlement for one in conclusions])
        except SQLAlchemyError as error:
            if is_away(error):
                raise
            self._settle_singly(session, conclusions)
        for one in conclusions:
            if "support" in one.settlement.facts and one.settlement.cause:
                tell_support(self.church_id, one.settlement.row.card_id, one.settlement.cause)
            if one.hold_church:
                hold(session, self.church_id, one.credential_id, cause=one.hold_church)

    def note_use(self, session: Session, now: float) -> None:
        """Keeps when the token was last let in, at most once a minute: a screen says it by the day."""
        answered = {one.facts.credential_id for one in self._finished if one.outcome is not None}
        for credential_id in answered:
            noted, at = self._noted_use
            if noted != credential_id or now - at >= NOTE_USE_EVERY:
                self._noted_use = (credential_id, now)
                note_use(session, credential_id)

    def claim(self, session: Session, facts: DeliveryFacts, *, most: int, now: float) -> list[Delivery]:
        """Takes due cards; each becomes a delivery that was not started yet."""
        claimed = claim(session, self.church_id, token=new_id(), most=most, credential_id=facts.credential_id)
        if not claimed:
            return []
        return prepare(session, facts, claimed, lease_until=now + ROW_LEASE_SECONDS)

    def waits_for(self, *, blocked: bool) -> bool:
        """Whether deliveries are still on their way after what this turn settles or gives back."""
        gone = {*self._finished, *(self._ready if blocked else ())}
        return any(delivery not in gone for delivery in self.in_flight.values())

    def committed(self, *, blocked: bool) -> None:
        """What was settled and given back is no longer ours."""
        if blocked:
            self._finished += self._ready
            self._ready.clear()
        for delivery in self._finished:
            self.forget(delivery)
        self._finished.clear()

    def _settle_singly(self, session: Session, conclusions: Sequence[Conclusion]) -> None:
        """One delivery cannot be written down: it alone is left to the end of its lease, the others are settled."""
        for one in conclusions:
            try:
                with session.begin_nested():
                    settle(session, self.church_id, [one.settlement])
            except SQLAlchemyError as error:
                if is_away(error):
                    raise
                card = str(one.settlement.row.card_id)
                log.exception("delivery.not_settled", church_id=str(self.church_id), card_id=card)

    def _now(self, session: Session) -> datetime:
        """The database's time where somebody met an error: how long an outage lasts is told across machines."""
        if any(delivery.error for delivery in self._finished):
            return session.execute(select(func.now())).scalar_one()
        return self.tools.clock.now()

    def _conclude(self, session: Session, delivery: Delivery, now: datetime) -> Conclusion | None:
        """What follows from a delivery; None after a mistake of ours, which leaves it to the end of its lease."""
        try:
            return conclude(session, delivery, now=now, jitter=self.tools.jitter)
        except SQLAlchemyError:
            raise
        except Exception:
            card = str(delivery.row.card_id)
            log.exception("delivery.crashed", church_id=str(self.church_id), card_id=card)
            return None
