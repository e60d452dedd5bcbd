"""One person's visit of one card's page, which all its parts share: what they read, and whose change it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard import gate, services
from dashboard.card.place import Place
from dashboard.card.work import Desk, Told
from dashboard.gate import Viewer
from dashboard.navigation import WRITERS
from ghl.cards.review import who_is_on
from ghl.cards.story import CardInFull, card_in_full
from ghl.cards.why import Outage
from ghl.people.names import name_of
from ghl.statuses import CardStatus
from jobs.container import Container


class Circumstances(NamedTuple):
    """The card, whether GoHighLevel answers, and the names of the team."""

    card: CardInFull | None
    outage: Outage | None
    names: Mapping[str, str]


@dataclass(frozen=True)
class Visit:
    """Who looks at which card. What it reads may raise: a part asks through `guarded`."""

    hub: Container
    viewer: Viewer
    place: Place

    @property
    def church_id(self) -> UUID:
        """The church that the page was drawn for."""
        return self.viewer.church.church_id

    @property
    def zone(self) -> ZoneInfo:
        """The church's clock."""
        return ZoneInfo(self.viewer.church.timezone)

    @property
    def writes(self) -> bool:
        """Whether the page was drawn for somebody who may change the card."""
        return self.viewer.church.role in WRITERS

    def now(self) -> datetime:
        """What time it is."""
        return self.hub.clock.now()

    def look(self) -> CardInFull | None:
        """The card as it is now, read once for all parts of the page that ask at the same moment."""
        now = self.now()
        if seen := self.place.seen(now):
            return seen[0]
        with self.hub.database.church(self.church_id) as session:
            card = card_in_full(session, self.church_id, self.place.number)
        self.place.saw(now, card)
        return card

    def circumstances(self) -> Circumstances:
        """All that says where the card stands."""
        return Circumstances(self.look(), services.outage(self.church_id), services.names(self.church_id))

    def reviewer(self, card: CardInFull, names: Mapping[str, str]) -> str:
        """The name of who has the card open for review at this moment; empty where nobody has, or it is oneself."""
        if card.state.status is not CardStatus.TO_REVIEW:
            return ""
        with self.hub.database.church(self.church_id) as session:
            by = who_is_on(session, self.church_id, [card.id]).get(card.id)
        return "" if by is None or by == self.viewer.person.user_id else name_of(f"user:{by}", names)

    def at_work(self, card_id: UUID) -> Desk | None:
        """The person at work, if they still may; otherwise says so. Called before each change."""
        self.place.look_again()
        self.place.anew = True
        acting = gate.acting(self.viewer, *WRITERS)
        if isinstance(acting, gate.Refused):
            self.say(Told(good=False, text=acting.why))
            return None
        return Desk(self.hub, acting, card_id)

    def say(self, told: Told) -> None:
        """Keeps what a click came to, until the next one."""
        self.place.say(told, self.now())
