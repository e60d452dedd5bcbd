"""When something of consent could be seen in the database, by somebody who looks over and over: committed by then.

A row's own times are the hub's word. These are the driver's: `after` is the look before the one that saw it.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos.installation import Installation

EVERY = 0.25
BEHIND = 300
"""Rows may be seen out of their order: so many of the newest are looked at again."""

EVENTS = text("SELECT id FROM consent_events WHERE id > :after")
DOUBTS = text("SELECT id, state <> 'open' AS decided FROM consent_doubts")


@dataclass(frozen=True)
class Seen:
    """It was committed after the one and before the other moment, in seconds since 1970."""

    after: float
    by: float


class Watch:
    """Looks in a thread of its own from `start` until `finish`."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stop = threading.Event()
        self._looked = time.time()
        self.events: dict[int, Seen] = {}
        self.doubts: dict[str, Seen] = {}
        self.decided: dict[str, Seen] = {}

    def start(self) -> None:
        """Begins to look."""
        self._engine = create_engine(self._installation.postgres.admin_url, pool_size=1)
        self._thread = threading.Thread(target=self._run, name="watch")
        self._thread.start()

    def finish(self) -> None:
        """Looks a last time."""
        self._stop.set()
        self._thread.join()
        self.look()
        self._engine.dispose()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self.look()
            except SQLAlchemyError:
                # What is committed meanwhile is seen later: then less is known of it, and nothing wrong.
                self._engine.dispose()

    def look(self) -> None:
        """One look."""
        began = time.time()
        with self._engine.connect() as connection:
            after = max(self.events, default=0) - BEHIND
            events = connection.execute(EVENTS, {"after": after}).scalars().all()
            doubts: list[Any] = list(connection.execute(DOUBTS).all())
        seen = Seen(self._looked, time.time())
        for event in events:
            self.events.setdefault(event, seen)
        for doubt in doubts:
            self.doubts.setdefault(str(doubt.id), seen)
            if doubt.decided:
                self.decided.setdefault(str(doubt.id), seen)
        self._looked = began
