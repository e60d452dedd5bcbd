"""What this process holds of one kind of work of a church: what is with a thread, what wants its next call, what is over.

`ChurchRun` calls a lane at each step of a turn. A lane changes its own memory after the commit only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from ghl.delivery.claim import ROW_LEASE_SECONDS
from ghl.delivery.errand import Errand
from ghl.delivery.facts import DeliveryFacts
from ghl.delivery.settle import renew
from jobs.dispatcher.parts import Job, Tools
from jobs.dispatcher.permit import Permit

ErrandT = TypeVar("ErrandT", bound=Errand[Any, Any, Any])

MakePermit = Callable[[Callable[[], float]], Permit]
"""A permit for one call of the turn's grant, given how long what it is for is ours."""

RENEW_WHEN_LEFT = 12.0
"""Row leases are renewed while they still last for a whole call and the time between two turns."""

log = structlog.get_logger()


@dataclass
class Lane(Generic[ErrandT]):
    """Errands of one church, by their rows in the outbox."""

    church_id: UUID
    tools: Tools
    in_flight: dict[int, ErrandT] = field(default_factory=dict)
    _ready: list[ErrandT] = field(default_factory=list)
    _finished: list[ErrandT] = field(default_factory=list)

    @property
    def wanted(self) -> int:
        """How many calls want to be made now."""
        return len(self._ready)

    def take_back(self, errand: ErrandT) -> None:
        """Sorts what came back: finished, or to be called again."""
        (self._finished if errand.finished else self._ready).append(errand)

    def renew(self, session: Session, now: float) -> list[tuple[ErrandT, float]]:
        """Makes the leases of what is on its way longer: until when each lasts, once this is committed."""
        finished = set(self._finished)
        held = [one for one in self.in_flight.values() if one not in finished]
        if not any(one.lease_until - now < RENEW_WHEN_LEFT for one in held):
            return []
        kept = renew(session, [one.row for one in held])
        # A row that is no longer ours is not called any more: its permit sees the end of the lease.
        return [(one, now + ROW_LEASE_SECONDS if one.row.id in kept else 0.0) for one in held]

    def hold(self, errands: Sequence[ErrandT]) -> None:
        """What was claimed is ours now; each has its first call ready, or is over already."""
        for errand in errands:
            self.in_flight[errand.row.id] = errand
            self._begin(errand)
            (self._finished if errand.finished else self._ready).append(errand)

    def drop_lost(self, facts: DeliveryFacts | None) -> None:
        """Lets go of what is no longer ours, and parts with strangers: the church was connected anew."""
        self._ready = [one for one in self._ready if self._keeps(one, facts)]

    def start(self, most: int, permit: MakePermit) -> list[Job]:
        """Turns up to `most` calls of the grant into jobs, in the order in which they became ready."""
        going, self._ready = self._ready[: max(most, 0)], self._ready[max(most, 0) :]
        return [Job(one, permit(lambda one=one: one.lease_until)) for one in going]  # type: ignore[misc]

    def forget(self, errand: ErrandT) -> None:
        """The row may meanwhile be with a later errand of this very process."""
        if self.in_flight.get(errand.row.id) is errand:
            del self.in_flight[errand.row.id]

    def abandon(self) -> None:
        """Lets go of everything: the rows come back by themselves when their leases end."""
        self.in_flight.clear()
        self._ready.clear()
        self._finished.clear()

    def _keeps(self, errand: ErrandT, facts: DeliveryFacts | None) -> bool:
        """What was begun goes on with the new token where the location is the same: the old one may end any moment.
        With another location it is left to the end of its lease.
        """
        if errand.lease_until > 0:
            if facts is not None and errand.facts.credential_id == facts.credential_id:
                return True
            if facts is not None and errand.facts.location_id == facts.location_id:
                errand.facts = facts
                return True
        self.forget(errand)
        return False

    def _begin(self, errand: ErrandT) -> None:
        try:
            errand.start()
        except Exception:
            # A mistake of ours in one of them must not stop its church.
            log.exception("errand.crashed", church_id=str(self.church_id), **errand.subject)
            errand.crash()
