"""The state of one pybreaker breaker, kept in Redis and shared by all processes.

pybreaker's own Redis storage takes the client's clock, logs a Redis failure and goes on as if closed, and lets two
processes overwrite each other's step. Here each step is one script that moves from an expected state or not at all.
"""

from collections.abc import Callable
from datetime import datetime

from pybreaker import CircuitBreaker, CircuitBreakerListener, CircuitBreakerState, CircuitBreakerStorage


class NotMovedError(Exception):
    """Another process has moved the breaker before; its step stands."""


class SharedState(CircuitBreakerStorage):
    """One breaker's state; counting and the time it opened are the scripts' business, by Redis's clock."""

    def __init__(self, name: str, read: Callable[[], str], move: Callable[[str], bool]) -> None:
        """`read` returns the state; `move` goes to a state and returns whether that was still possible."""
        super().__init__(name)
        self._read = read
        self._move = move

    @property
    def state(self) -> str:
        return self._read()

    @state.setter
    def state(self, state: str) -> None:
        if not self._move(state):
            raise NotMovedError(self.name)

    @property
    def counter(self) -> int:
        return 0

    @property
    def success_counter(self) -> int:
        return 0

    @property
    def opened_at(self) -> datetime | None:
        return None

    @opened_at.setter
    def opened_at(self, datetime: datetime) -> None:
        """Nothing: pybreaker brings this machine's time, the script writes Redis's."""


class NotesListener(CircuitBreakerListener):
    """Remembers the changes pybreaker tells of, for it tells of them before they are written."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str]] = []

    def state_change(
        self,
        cb: CircuitBreaker,  # noqa: ARG002 - pybreaker's signature
        old_state: CircuitBreakerState | None,
        new_state: CircuitBreakerState,
    ) -> None:
        if old_state is not None and old_state.name != new_state.name:
            self.changes.append((old_state.name, new_state.name))
