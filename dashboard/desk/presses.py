"""Whether a press was meant for what is on the desk, or is the second half of a double press of the one before."""

from dataclasses import dataclass
from time import monotonic

DOUBLE_PRESS = 0.7
"""Seconds within which a second press belongs to the first; nobody looks at a card in less."""


@dataclass
class Presses:
    """Counts from the moment at which something new was drawn: a slow machine leaves nobody less time to look."""

    _since: float | None = None

    def anew(self) -> None:
        """Something else comes onto the desk, and nobody has seen it yet."""
        self._since = None

    def drawn(self) -> None:
        """It is on the screen now."""
        if self._since is None:
            self._since = monotonic()

    def unseen(self) -> bool:
        """Whether nobody can have meant this press. Each such press begins the time again: a key may be held down."""
        if self._since is not None and monotonic() - self._since >= DOUBLE_PRESS:
            return False
        if self._since is not None:
            self._since = monotonic()
        return True
