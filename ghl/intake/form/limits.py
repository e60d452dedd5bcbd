"""How many cards are taken: far more than a Sunday brings, far fewer than fill a database. In this process alone.

A church sits behind one address: 300 people write in ten minutes and all get through. What is over a limit is not
lost; the form comes back filled in, with the request to send it again in a minute.
"""

from uuid import UUID

from ghl.clock import Clock
from ghl.intake.buckets import Buckets
from ghl.intake.sender import network_of

ADDRESS_FREE, ADDRESS_AN_HOUR = 400, 400
"""Of one church and address: a whole service at once, and the next one an hour later."""
CHURCH_FREE, CHURCH_AN_HOUR = 2000, 200
"""Of one church: whatever comes from however many addresses, at most some 6,800 cards in a day."""
HOUR = 3600.0
UNKNOWN_FREE, UNKNOWN_SECONDS_EACH = 40, 3.0
"""Looks for forms that are not known yet, of one address: each costs the database a question."""


class Limits:
    """Counts saved cards by church, and by church and address. Used from the event loop alone.

    An address counts for one church only: behind a proxy that nobody named in the settings all churches would share
    it, and one busy church would lock out the others.
    """

    def __init__(self, clock: Clock, *, address_free: int = ADDRESS_FREE) -> None:
        self._addresses = Buckets(clock, free=address_free, seconds_each=HOUR / ADDRESS_AN_HOUR)
        self._churches = Buckets(clock, free=CHURCH_FREE, seconds_each=HOUR / CHURCH_AN_HOUR)

    def wait_seconds(self, church_id: UUID, address: str) -> int:
        """Whole seconds until the next card is taken; 0 when it is now."""
        return max(
            self._addresses.wait_seconds(_name(church_id, address)),
            self._churches.wait_seconds(str(church_id)),
        )

    def add(self, church_id: UUID, address: str) -> None:
        """Counts a card."""
        self._addresses.add(_name(church_id, address))
        self._churches.add(str(church_id))


class Looks:
    """Counts looks for forms that are not known yet, by address. Used from the event loop alone.

    Ids are too long to be found by trying; this keeps the trying from taking the threads that cards are saved by.
    """

    def __init__(self, clock: Clock) -> None:
        self._addresses = Buckets(clock, free=UNKNOWN_FREE, seconds_each=UNKNOWN_SECONDS_EACH)

    def wait_seconds(self, address: str) -> int:
        """Whole seconds until this address may look again; 0 when it may now."""
        return self._addresses.wait_seconds(network_of(address))

    def add(self, address: str) -> None:
        """Counts a look, before it is known what it finds: many at once are many."""
        self._addresses.add(network_of(address))


def _name(church_id: UUID, address: str) -> str:
    return f"{church_id} {network_of(address)}"
