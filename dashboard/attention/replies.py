"""Replies that may be a stop, on top of *Needs attention*: which are shown, and what the answer to one came to.

They keep their order while the page is open: one that is decided stays where it is and says so.
"""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from dashboard import gate, services
from dashboard.clicks import Clicked
from dashboard.consent.desk import Desk
from dashboard.navigation import WRITERS
from ghl.consent import ask, by_hand
from ghl.consent.by_hand import Doubt
from ghl.db.engine import Database
from ghl.db.models import Church

DECIDED = "Decided"


@dataclass(frozen=True, repr=False)
class Reply:
    """One reply, with the names on the cards that have its address. Both are people's words."""

    doubt: Doubt
    names: tuple[str, ...] = ()


@dataclass
class RepliesDesk(Clicked):
    """One visit of the page. `waiting` are the replies that are still open, `told` what an answer came to."""

    shown: dict[UUID, Reply] = field(default_factory=dict, repr=False)
    waiting: frozenset[UUID] = frozenset()
    count: int = 0
    region: str = "US"
    told: dict[UUID, str] = field(default_factory=dict, repr=False)
    complaint: str = ""

    @property
    def more(self) -> bool:
        """Whether there are replies that are not shown yet."""
        return self.count > len(self.waiting)


def look(database: Database, church_id: UUID, desk: RepliesDesk) -> None:
    """What waits to be read now, in one short transaction. None moves or vanishes; new ones come at the end."""
    with database.church(church_id) as session:
        found, _ = by_hand.open_doubts(session, church_id)
        desk.count = by_hand.count_doubts(session, church_id)
        desk.waiting = frozenset(doubt.id for doubt in found)
        if news := [doubt for doubt in found if doubt.id not in desk.shown]:
            desk.region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
        for doubt in news:
            names = ask.names_at(session, church_id, doubt.channel, doubt.address)
            desk.shown[doubt.id] = Reply(doubt, names)


@dataclass(frozen=True)
class ReplyHands:
    """What the two buttons of a reply do. Each click asks anew who it is, commits first, and counts once."""

    viewer: gate.Viewer
    desk: RepliesDesk

    def decide(self, doubt_id: UUID, stop: bool) -> None:
        """What the reply meant."""
        person, hub, desk = gate.acting(self.viewer, *WRITERS), services.container(), self.desk
        if isinstance(person, gate.Refused):
            desk.complaint = person.why
            return
        if not desk.click(doubt_id, DECIDED, now=hub.clock.now()):
            return
        told = Desk(hub, person).decide(doubt_id, stop=stop)
        if not told.good:
            desk.said.pop(doubt_id, None)
            desk.complaint = told.text
            return
        desk.told[doubt_id], desk.complaint = told.text, ""
        services.wake(person.church.church_id)
