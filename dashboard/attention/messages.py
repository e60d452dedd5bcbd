"""The texts and e-mails on *Needs attention*: which groups and rows are open, and what was asked of a whole group.

Groups and rows keep the order they had when the page was opened; a refresh changes what they say, by key and id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from dashboard import gate, services
from dashboard.clicks import Clicked
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble, guarded
from ghl.attention import messages
from ghl.attention.messages import Foreseen, MessageGroup
from ghl.cards.view import Cursor
from ghl.db.engine import Database
from ghl.messages import log
from ghl.messages.log import LogPage, LogRow

FEW = 6
"""So few are shown at once; more are folded away until somebody asks for them."""


@dataclass
class Place:
    """Where somebody is in one group: the pages gone through, and the page that is open."""

    trail: list[Cursor] = field(default_factory=list)
    page: LogPage | None = None

    def older(self) -> None:
        """The next page. Pressed where there is none, nothing happens."""
        if self.page and self.page.last and self.page.more:
            self.trail.append(self.page.last)
            self.page = None

    def newer(self) -> None:
        """The page before. Pressed on the first, nothing happens."""
        if self.trail:
            self.trail.pop()
            self.page = None

    def again(self) -> None:
        """The first page, as it is now."""
        self.trail, self.page = [], None


@dataclass
class MessagesDesk(Clicked):
    """One visit of the page. `plan` is what sending the group `asked` again would do; `told` what came of it."""

    shown: dict[str, MessageGroup] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    asked: str = ""
    plan: Foreseen | None = None
    told: dict[str, str] = field(default_factory=dict)
    complaint: str = ""
    loaded: bool = False
    few: bool = False

    def place(self, key: str) -> Place:
        """Where somebody is in this group."""
        return self.places.setdefault(key, Place())

    def refresh(self, found: Sequence[MessageGroup]) -> None:
        """What the groups say now. None moves or vanishes; new ones come at the end."""
        now = {group.key: group for group in found if group.count}
        if not self.loaded:
            self.few, self.loaded = sum(group.count for group in now.values()) <= FEW, True
        kept = {key: now.get(key) or replace(group, count=0) for key, group in self.shown.items()}
        news = sorted((one for key, one in now.items() if key not in kept), key=lambda one: -one.count)
        self.shown = kept | {group.key: group for group in news}


def look(
    database: Database, church_id: UUID, desk: MessagesDesk, opened: Callable[[MessageGroup], bool]
) -> Mapping[UUID, LogRow]:
    """What the groups and the rows that are open say now, in one short transaction."""
    with database.church(church_id) as session:
        desk.refresh(messages.groups(session, church_id))
        ids: list[UUID] = []
        for group in filter(opened, desk.shown.values()):
            place = desk.place(group.key)
            if place.page is None:
                after = place.trail[-1] if place.trail else None
                place.page = messages.page(session, church_id, group.cause, after=after)
            ids += place.page.ids
        return log.rows(session, church_id, ids)


@dataclass(frozen=True)
class GroupHands:
    """What the buttons of a group do. Each click asks anew who it is, commits first, and counts once."""

    viewer: gate.Viewer
    desk: MessagesDesk

    def go(self, key: str, step: str) -> None:
        """Newer, older, or the list of a group as it is now."""
        gate.used()
        getattr(self.desk.place(key), step)()

    def foresee(self, group: MessageGroup) -> None:
        """Finds out what sending all of this group again would do; nothing is sent."""
        person, hub, desk = gate.acting(self.viewer, *WRITERS), services.container(), self.desk
        if isinstance(person, gate.Refused):
            desk.complaint = person.why
            return
        church_id, now = person.church.church_id, hub.clock.now()

        def look_ahead() -> Foreseen:
            with hub.database.church(church_id) as session:
                return messages.foresee(session, church_id, group.cause, now=now)

        plan = guarded(look_ahead)
        if isinstance(plan, Trouble):
            desk.complaint = f"That didn't work; nothing was changed. Tell support the number {plan.number}."
        else:
            desk.complaint, desk.asked, desk.plan = "", group.key, plan

    def never_mind(self) -> None:
        """The question is closed, and nothing done."""
        gate.used()
        self.desk.asked, self.desk.plan = "", None

    def confirm(self) -> None:
        """The answer is yes. A second press finds no question any more."""
        person, hub, desk = gate.acting(self.viewer, *WRITERS), services.container(), self.desk
        plan, key = desk.plan, desk.asked
        if plan is None:
            return
        if isinstance(person, gate.Refused):
            desk.complaint = person.why
            return
        church_id, now = person.church.church_id, hub.clock.now()

        def transaction() -> messages.SentAgain:
            with hub.database.church(church_id) as session:
                return messages.send_many_again(
                    session, church_id, plan.ids, actor=person.person.actor, now=now
                )

        done = guarded(transaction)
        if isinstance(done, Trouble):
            desk.complaint = f"That didn't work; nothing was changed. Tell support the number {done.number}."
            return
        desk.asked, desk.plan, desk.complaint = "", None, ""
        moved = f" {done.moved} had moved on meanwhile." if done.moved else ""
        desk.told[key] = f"{done.going} on the way. Each is asked about once more before it leaves.{moved}"
        services.wake(church_id)
