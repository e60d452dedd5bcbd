"""Which messages change next, over all locations: one list, so that a request costs the same with one and with hundreds."""

from datetime import datetime
from heapq import heappop, heappush

from ghl.simulator.messages.record import Message


class Agenda:
    """Messages by the time of their next change. A message that changed meanwhile is there again with its new time."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, str, str]] = []

    def put(self, message: Message) -> None:
        """Notes when the message changes next, if it does."""
        if message.next_at is not None:
            heappush(self._due, (message.next_at, message.location_id, message.id))

    def take(self, now: datetime) -> tuple[datetime, str, str] | None:
        """Time, location and message of the next change until `now`, taken off the list."""
        return heappop(self._due) if self._due and self._due[0][0] <= now else None

    def next_at(self) -> datetime | None:
        """When the next change is."""
        return self._due[0][0] if self._due else None
