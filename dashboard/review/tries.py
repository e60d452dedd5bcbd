"""Trying something for a desk: the answer, or on the desk why there is none. What was typed stays; nothing is drawn."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from dashboard.desk.typed import Typist
from dashboard.reading import Trouble, guarded
from dashboard.review import reviewing, words
from dashboard.review.desk import Desk
from dashboard.review.reviewing import OnTheDesk, TakenError
from dashboard.seat import Seat
from ghl.cards.correct import CardChangedError, CorrectionError
from ghl.cards.fields import CardFieldsError

Answer = TypeVar("Answer")


class Tries:
    """What one reviewer tries with cards that others may take, save or deal with at the same moment."""

    def __init__(self, seat: Seat, typist: Typist) -> None:
        self._seat = seat
        self._typist = typist

    def change(self, desk: Desk, change: Callable[[], Answer]) -> Answer | None:
        """What `change` gives, or None with the reason on the desk."""
        desk.trouble, desk.problems = None, {}
        try:
            done = guarded(change)
        except TakenError as error:
            self._taken(desk, error)
        except CardChangedError:
            self._met(desk)
        except CorrectionError as error:
            desk.problems = {"card": f"{error}"}
        except CardFieldsError as error:
            desk.refuse(error)
        else:
            if not isinstance(done, Trouble):
                return done
            desk.trouble = done.number
        return None

    def open(self, desk: Desk, card_id: UUID) -> OnTheDesk | None:
        """The card, reserved where it is to be reviewed; or None with the reason on the desk."""
        try:
            found = guarded(
                lambda: reviewing.this_card(
                    self._seat.database,
                    self._typist,
                    card_id,
                    now=self._seat.now(),
                    settled=desk.settled,
                )
            )
        except TakenError as error:
            desk.tell(words.not_to_be_had(error, self._seat.name))
            return None
        if isinstance(found, Trouble):
            desk.trouble = found.number
            return None
        return found

    def open_number(self, desk: Desk, number: int) -> OnTheDesk | None:
        """The church's card with this number, likewise; None as well where there is none."""
        card_id = guarded(lambda: reviewing.number_to_card(self._seat.database, self._typist, number))
        return self.open(desk, card_id) if isinstance(card_id, UUID) else None

    def lost(self, desk: Desk, card_id: UUID) -> None:
        """Somebody else has taken the card, or somebody has dealt with it: the desk says who."""
        found = guarded(lambda: reviewing.who_has(self._seat.database, self._typist, card_id))
        if isinstance(found, Trouble):
            desk.trouble = found.number
        else:
            self._taken(desk, found)

    def _met(self, desk: Desk) -> None:
        found = self.open(desk, desk.at_hand.card.id) if desk.at_hand else None
        if found:
            desk.meet(found.card)

    def _taken(self, desk: Desk, error: TakenError) -> None:
        desk.taken_by = words.taken(error, me=self._typist.actor, named=self._seat.name)
        desk.anew()
