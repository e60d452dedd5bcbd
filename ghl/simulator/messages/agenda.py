"""Which messages change next, over all locations: one list, so that a request costs the same with one and with hundreds."""

from datetime import datetime
from heapq import heappop, heappush

from ghl.simulator.messages.record import Message


class Agenda:
    """Messages by the time of their next change. A message that changed meanwhile is there again with its new time."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, str, str]] = []
        self._noted = 0

    def put(self, message: Message) -> None:
        """Notes when the message changes next, if it does."""
        if message.next_at is not None:
            # The number keeps those of one moment in their order.
            self._noted += 1
            heappush(self._due, (message.next_at, self._noted, message.location_id, message.id))

    def take(self, now: datetime) -> tuple[datetime, str, str] | None:
        """Time, location and message of the next change until `now`, taken off the list."""
        if not self._due or self._due[0][0] > now:
            return None
        at, _, location_id, message_id = heappop(self._due)
        return at, location_id, message_id

    def next_at(self) -> datetime | None:
        """When the next change is."""
        return self._due[0][0] if self._due else None
