"""Where somebody is on the page *May we text?*, and what a press of theirs comes to. It draws nothing.

Who was found is fixed by the search; a refresh asks only what holds for them now, so nothing moves under a pointer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import services
from dashboard.asker import Asker
from dashboard.consent.asking import Told as AskedTold
from dashboard.consent.asking import asker_of, worth_asking
from dashboard.consent.asking import told as told_of
from dashboard.consent.words import MESSAGES, address_of, recorded
from dashboard.gate import NOT_ALLOWED, Refused, Viewer, did_not_work
from dashboard.reading import Trouble, guarded
from ghl.consent import ask, by_hand, ledger
from ghl.consent.ask import Found, Person
from ghl.consent.brought import brought
from ghl.consent.by_hand import Doubt, How
from ghl.consent.lines import Pair
from ghl.db.models import Church
from ghl.statuses import Channel
from jobs.container import Container

Done = TypeVar("Done")

ONE_PRESS = timedelta(seconds=1)
"""Two presses within this time are one."""


@dataclass(frozen=True)
class Told:
    """What the last press came to."""

    good: bool
    text: str


@dataclass
class Place:
    """One tab's visit: what was looked for, who was found, whose stop is being recorded (by card, for a family shares one)."""

    words: str = field(default="", repr=False)
    card_ids: tuple[UUID, ...] = ()
    pair: Pair | None = field(default=None, repr=False)
    more: bool = False
    searched: bool = False
    asking: tuple[int | None, Pair] | None = field(default=None, repr=False)
    told: Told | None = field(default=None, repr=False)
    pressed_at: datetime | None = None
    askers: dict[UUID, Asker] = field(default_factory=dict, repr=False)

    def found(self, words: str, found: Found) -> None:
        """Another search."""
        self.words, self.searched, self.asking, self.told = words, bool(words.strip()), None, None
        self.card_ids = tuple(one.card_id for one in found.people if one.card_id)
        self.pair = next((one.pairs[0] for one in found.people if one.card_id is None), None)
        self.more = found.more
        self.askers = {}

    def twice(self, now: datetime) -> bool:
        """Whether this is the second half of a double click."""
        double = self.pressed_at is not None and now - self.pressed_at < ONE_PRESS
        self.pressed_at = now
        return double


@dataclass(frozen=True, repr=False)
class Shot:
    """What the page says at one moment. `told` is what came of asking GoHighLevel, by card."""

    people: tuple[Person, ...]
    doubts: tuple[Doubt, ...]
    more_doubts: bool
    region: str
    told: Mapping[UUID, AskedTold] = field(default_factory=dict)


class Desk:
    """What the page asks of the database for one person of the team."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._zone = ZoneInfo(viewer.church.timezone)

    def search(self, words: str) -> Found | Trouble:
        """Who these words mean."""
        return self._do(
            lambda session: ask.people(session, self._church_id, words, now=self._hub.clock.now())
        )

    def look(self, place: Place) -> Shot | Trouble:
        """What holds now for those who were found, and what has to be read. GoHighLevel is asked once about each of
        them for whom our own log says yes.
        """
        told = {card_id: self._asked(asker) for card_id, asker in place.askers.items()}

        def read(session: Session) -> Shot:
            there = {card_id: one.there for card_id, one in told.items()}
            now = self._hub.clock.now()
            people = ask.again(session, self._church_id, place.card_ids, place.pair, there=there, now=now)
            doubts, more = by_hand.open_doubts(session, self._church_id)
            return Shot(people, tuple(doubts), more, self._region(session), told)

        shot = self._do(read)
        if isinstance(shot, Trouble):
            return shot
        for one in shot.people:
            if one.card_id is not None and one.card_id not in told and worth_asking(one):
                told[one.card_id] = self._asked(asker_of(place.askers, one.card_id))
        return shot

    def ask_anew(self, place: Place, card_id: UUID) -> None:
        """Asks GoHighLevel again about one of them."""
        asker_of(place.askers, card_id).ask(self._church_id, actor=self._viewer.person.actor)

    def _asked(self, asker: Asker) -> AskedTold:
        asked = asker.about(self._church_id, asker.params, actor=self._viewer.person.actor)
        return told_of(asked, services.situation(self._church_id), now=self._hub.clock.now())

    def stop(self, channel: Channel, address: str, how: How, note: str) -> Told:
        """Records a stop, and says what follows."""

        def record(session: Session) -> str:
            made = by_hand.record_by_hand(
                session,
                self._church_id,
                channel=channel,
                address=address,
                how=how,
                note=note,
                actor=self._viewer.person.actor,
                now=self._hub.clock.now(),
            )
            return recorded(
                channel,
                address_of(channel, address, self._region(session)),
                made.brought,
                already=made.stopped.already,
                on_its_way=made.stopped.on_its_way,
                zone=self._zone,
            )

        return self._told(self._do(record))

    def decide(self, doubt_id: UUID, *, stop: bool) -> Told:
        """What a reply meant, and what follows."""

        def record(session: Session) -> str:
            decided = ledger.decide_doubt(
                session,
                self._church_id,
                doubt_id,
                stop=stop,
                actor=self._viewer.person.actor,
                now=self._hub.clock.now(),
            )
            if decided is None:
                return "Somebody has decided about this reply already. Nothing was changed."
            channel, address = decided.channel, decided.address
            shown = address_of(channel, address, self._region(session))
            if decided.stopped is not None:
                return recorded(
                    channel,
                    shown,
                    brought(session, self._church_id, [(channel, address)]).get((channel, address)),
                    already=decided.stopped.already,
                    on_its_way=decided.stopped.on_its_way,
                    zone=self._zone,
                )
            left = f" {decided.let_go} that waited for this can leave now." if decided.let_go else ""
            return f"Noted: this was no stop. {MESSAGES[channel].capitalize()} to {shown} may go on.{left}"

        return self._told(self._do(record))

    def _told(self, came: str | Trouble) -> Told:
        if isinstance(came, Trouble):
            return Told(good=False, text=did_not_work(came).why)
        return Told(good=True, text=came)

    def _region(self, session: Session) -> str:
        return session.scalars(select(Church.region).where(Church.id == self._church_id)).one()

    def _do(self, work: Callable[[Session], Done]) -> Done | Trouble:
        def transaction() -> Done:
            with self._hub.database.church(self._church_id) as session:
                return work(session)

        return guarded(transaction)


def refused(why: Refused = NOT_ALLOWED) -> Told:
    """A press by somebody who may not."""
    return Told(good=False, text=why.why)
