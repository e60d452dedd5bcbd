"""What both pages at the desk have in common: who types, where their desk stands, and the words after a save."""

from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard import gate, services
from dashboard.desk.typed import Typist
from dashboard.formatting import one_line
from dashboard.gate import Viewer
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble, guarded
from ghl.causes import CauseCode, sentence
from ghl.statuses import CardStatus
from jobs.container import Container

NO_NAME = "a card without a name"


class DeskPage:
    """A page for one person at one church; it holds nothing but the way to their desk in this tab."""

    kind: str

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        person, church = viewer.person, viewer.church
        self._hub = hub
        self._viewer = viewer
        self._zone = ZoneInfo(church.timezone)
        self._typist = Typist(church.church_id, person.user_id, person.actor, self._zone)
        self._place = f"{self.kind}_{person.user_id}_{church.church_id}"

    def _may(self) -> bool:
        """Whether this person may change something at this moment; counts as use of the session."""
        return not isinstance(gate.acting(self._viewer, *WRITERS), gate.Refused)

    def _now(self) -> datetime:
        return self._hub.clock.now()

    def _wake(self) -> None:
        self._hub.background_waker.wake(self._typist.church_id)

    def _what_follows(self, status: CardStatus, cause: str | None, facts: dict[str, str]) -> str:
        """What becomes of a card that was saved, in a sentence that ends with a space; empty where it simply goes."""
        if status is CardStatus.NEEDS_ATTENTION:
            return f"It needs attention: {sentence(cause or '', facts)} You can mend it later. "
        if status is CardStatus.TO_REVIEW:
            return "It waits for review. "
        if status is CardStatus.DISMISSED:
            return "It stays set aside and is not sent. "
        if status is CardStatus.HELD:
            return "It stays kept back and is not sent. " if cause == CauseCode.HELD_BY_STAFF else ""
        return "It goes to GoHighLevel later. Nothing to do. " if self._goes_later(status) else ""

    def _goes_later(self, status: CardStatus) -> bool:
        """Whether the card waits here for longer than a moment."""
        if status is not CardStatus.WAITING:
            return False
        situation = guarded(lambda: services.situation(self._typist.church_id))
        return isinstance(situation, Trouble) or situation.delayed


def whole_name(first: object, last: object) -> str:
    """A visitor's name on one line, for `st.text`."""
    return one_line(f"{first or ''} {last or ''}".strip(), 80) or NO_NAME
