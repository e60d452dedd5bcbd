"""Where somebody is on the page *Prayer requests*: the page that is open, and what their last click came to.

A page is read once, when it is opened, which is noted; while it stays open only its ticks are read again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from dashboard.clicks import Clicked
from dashboard.gate import Viewer
from dashboard.reading import Trouble, guarded
from ghl.cards.prayers import Cursor, Mark, PrayerPage, PrayerRefusedError, mark, marks, open_prayers
from jobs.container import Container

Done = TypeVar("Done")

REFUSED = "Only the prayer team may read this. Nothing was changed."


@dataclass
class Place(Clicked):
    """One visit of the page. `serial` keys its ticks anew, so that leaving the page and coming back opens it anew."""

    trail: list[Cursor] = field(default_factory=list)
    page: PrayerPage | None = field(default=None, repr=False)
    serial: str = field(default_factory=lambda: uuid4().hex[:8])
    complaint: str = ""

    def key(self, card_id: UUID) -> str:
        """The key of a request's tick."""
        return f"prayed_{self.serial}_{card_id.hex}"

    def turn(self, trail: list[Cursor]) -> None:
        """To another page, which is read when it is drawn."""
        self.trail, self.page, self.complaint = trail, None, ""
        self.serial = uuid4().hex[:8]
        self.said.clear()


class Reader:
    """What the page asks of the database for one person, each time with the right as it is then."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer

    def open(self, place: Place) -> PrayerPage | Trouble:
        """The page at this place, noted as opened unless it is open already. Raises `PrayerRefusedError`."""
        if place.page is None:
            before = place.trail[-1] if place.trail else None
            found = self._do(lambda session: open_prayers(session, self._viewer.person, before=before))
            if isinstance(found, Trouble):
                return found
            place.page = found
        return place.page

    def marks(self, page: PrayerPage) -> Mapping[UUID, Mark] | Trouble:
        """Which of its requests were prayed for. Raises `PrayerRefusedError`."""
        ids = [prayer.card_id for prayer in page.prayers]
        return self._do(lambda session: marks(session, self._viewer.person, ids)) if ids else {}

    def mark(self, card_id: UUID, *, prayed: bool) -> str:
        """Ticks or unticks a request; what went wrong, in words, or nothing."""
        try:
            done = self._do(lambda session: mark(session, self._viewer.person, card_id, prayed=prayed))
        except PrayerRefusedError:
            return REFUSED
        if isinstance(done, Trouble):
            return (
                f"That did not work; nothing was changed. If it stays, tell support the number {done.number}."
            )
        return ""

    def _do(self, work: Callable[[Session], Done]) -> Done | Trouble:
        church_id = self._viewer.church.church_id

        def transaction() -> Done:
            with self._hub.database.church(church_id) as session:
                return work(session)

        return guarded(transaction)
