"""Who listens to a location, and how badly the simulator shall tell them."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import httpx

from ghl.simulator.loopback import NotLoopbackError, check_loopback

EVENTS = (
    "ContactUpdate",
    "ContactDelete",
    "ContactDndUpdate",
    "ContactTagUpdate",
    "InboundMessage",
    "OutboundMessage",
    "LCEmailStats",
)
"""What an app subscribes to, unless it says otherwise."""

TRIGGERS = ("dnd", "replied")
"""What a church's workflow starts at: *Contact DND* and *Customer Replied*."""

Order = Literal["given", "reversed", "shuffled"]


@dataclass(frozen=True, slots=True)
class Habits:
    """How a listener is told: so many times each, so much later, and in which order what is told at once."""

    times: int = 1
    late: tuple[float, float] = (0.0, 0.0)
    """Seconds, from and to; what is late by chance comes out of order."""

    pace: float = 1.0
    """How long the waits before a repetition are: 1 as long as GoHighLevel's, 0.01 a hundred times shorter."""

    def __post_init__(self) -> None:
        """Raises ValueError for what no habit can be."""
        if self.times < 1 or len(self.late) != 2 or not 0 <= self.late[0] <= self.late[1] or self.pace <= 0:
            raise ValueError("times is 1 or more, late is two numbers of seconds, pace is above 0")


@dataclass(frozen=True, slots=True)
class Listener:
    """An app (`secret` is None: what it gets is signed) or a church's workflow (it shows its secret, unsigned)."""

    location_id: str
    url: str
    secret: str | None = None
    header: str = "X-Hub-Secret"
    about: tuple[str, ...] = ()
    """Event types of an app, triggers of a workflow."""

    habits: Habits = field(default_factory=Habits)

    @property
    def is_app(self) -> bool:
        return self.secret is None


def listener_from(fields: dict[str, Any]) -> Listener:
    """A listener as the control API and the journal tell of it.

    Raises ValueError or TypeError: an address that is not on this machine, or what no listener has.
    """
    values = dict(fields)
    url = httpx.URL(str(values.get("url", "")))
    if url.scheme != "http":
        raise NotLoopbackError
    check_loopback(url.host)
    known = TRIGGERS if values.get("secret") is not None else EVENTS
    about = tuple(values.pop("about", None) or known)
    if values.get("secret") is not None and not set(about) <= set(TRIGGERS):
        raise ValueError(f"A workflow starts at {' or '.join(TRIGGERS)}.")
    habits = dict(values.pop("habits", None) or {})
    if "late" in habits:
        late = habits["late"]
        habits["late"] = tuple(late) if isinstance(late, list | tuple) else (late, late)
    return Listener(**values, about=about, habits=Habits(**habits))


def shown(listener: Listener) -> dict[str, Any]:
    """A listener as JSON."""
    return asdict(listener)
