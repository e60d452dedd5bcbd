"""What both pages at the desk have in common: who types there, and the words after a save. It draws nothing."""

from uuid import UUID

from dashboard import services
from dashboard.desk.typed import Typist
from dashboard.formatting import one_line
from dashboard.reading import Trouble, guarded
from dashboard.seat import Seat
from ghl.causes import CauseCode, sentence
from ghl.statuses import CardStatus

NO_NAME = "a card without a name"


def typist_at(seat: Seat) -> Typist:
    """Who sits there, as one who types."""
    person = seat.viewer.person
    return Typist(seat.church_id, person.user_id, person.actor, seat.zone)


def what_follows(church_id: UUID, status: CardStatus, cause: str | None, facts: dict[str, str]) -> str:
    """What becomes of a card that was saved, in a sentence that ends with a space; empty where it simply goes."""
    if status is CardStatus.NEEDS_ATTENTION:
        return f"It needs attention: {sentence(cause or '', facts)} You can mend it later. "
    if status is CardStatus.TO_REVIEW:
        return "It waits for review. "
    if status is CardStatus.DISMISSED:
        return "It stays set aside and is not sent. "
    if status is CardStatus.HELD:
        return "It stays kept back and is not sent. " if cause == CauseCode.HELD_BY_STAFF else ""
    return "It goes to GoHighLevel later. Nothing to do. " if goes_later(church_id, status) else ""


def goes_later(church_id: UUID, status: CardStatus) -> bool:
    """Whether a card that stands so waits here for longer than a moment."""
    if status is not CardStatus.WAITING:
        return False
    situation = guarded(lambda: services.situation(church_id))
    return isinstance(situation, Trouble) or situation.delayed


def whole_name(first: object, last: object) -> str:
    """A visitor's name on one line, for `st.text`."""
    return one_line(f"{first or ''} {last or ''}".strip(), 80) or NO_NAME
