"""What has to be told to whom and when, with GoHighLevel's repetitions. No network: `courier` asks what is due.

A hub that answers 429 is asked six times more, ten minutes apart; after a 5xx or no answer the waits double, for three
days (GoHighLevel's webhook guide, help 155000007071). A workflow's webhook is tried four times in all.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from threading import Condition
from typing import Any

import orjson

from ghl.simulator.contacts.showing import timestamp
from ghl.simulator.hooks.bodies import Body
from ghl.simulator.hooks.listening import Listener, Order
from ghl.simulator.hooks.signing import HEADER, sign

KEPT = 5_000
"""Deliveries that are remembered; the oldest go first."""

MOST_429 = 6
WAIT_429 = 600.0
FIRST_WAIT = 10.0
LONGEST_WAIT = 6 * 3600.0
GIVE_UP_AFTER = timedelta(days=3)
WORKFLOW_TRIES = 4


@dataclass(slots=True)
class Delivery:
    """One event on its way to one listener."""

    id: str
    listener: Listener
    kind: str
    body: bytes
    headers: dict[str, str]
    due: float
    """Monotonic seconds of the simulator's clock."""

    made_at: datetime
    tries: int = 0
    answered: list[int | None] = field(default_factory=list)
    """Statuses; None: no answer."""

    over: bool = False

    def show(self) -> dict[str, Any]:
        """As JSON."""
        told = {
            name: value for name, value in asdict(self).items() if name not in {"listener", "body", "headers"}
        }
        return {
            **told,
            "url": self.listener.url,
            "location": self.listener.location_id,
            "event": orjson.loads(self.body),
        }


class Deliveries:
    """All deliveries. May be used from any thread."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.changed = Condition()
        self._due: list[tuple[float, int, Delivery]] = []
        self._kept: deque[Delivery] = deque(maxlen=KEPT)
        self._made = 0
        self._out = 0

    def add(
        self,
        listener: Listener,
        bodies: Sequence[Body],
        *,
        at: float,
        now: datetime,
        times: int | None = None,
        late: tuple[float, float] | None = None,
        order: Order = "given",
    ) -> list[Delivery]:
        """Has events told, `at` monotonic seconds at the earliest. By default as the listener's habits are."""
        habits = listener.habits
        span = habits.late if late is None else late
        made = [
            self._make(listener, event, at=at, now=now)
            for body in bodies
            for event in [self._sealed(listener, body, now)]
            for _ in range(habits.times if times is None else times)
        ]
        if order == "shuffled":
            self._random.shuffle(made)
        elif order == "reversed":
            made.reverse()
        with self.changed:
            for one in made:
                one.due = at + self._random.uniform(*span)
                self._kept.append(one)
                self._push(one)
            self.changed.notify_all()
        return made

    def take(self, monotonic: float) -> Delivery | None:
        """The next one that is due, to be told now; whoever takes it says `ended`."""
        with self.changed:
            if not self._due or self._due[0][0] > monotonic:
                return None
            self._out += 1
            return heappop(self._due)[2]

    def ended(self, delivery: Delivery, status: int | None, *, monotonic: float, now: datetime) -> None:
        """It was answered with `status`, or (None) not at all; it may be told again later."""
        with self.changed:
            self._out -= 1
            delivery.tries += 1
            delivery.answered.append(status)
            wait = self._wait(delivery, status, now)
            if wait is None:
                delivery.over = True
            else:
                delivery.due = monotonic + wait * delivery.listener.habits.pace
                self._push(delivery)
            self.changed.notify_all()

    def waiting(self, monotonic: float) -> int:
        """How many are due by now, or being told."""
        with self.changed:
            return self._out + sum(1 for due, _, _ in self._due if due <= monotonic)

    def all(self) -> list[dict[str, Any]]:
        """Those that are remembered, oldest first, as JSON."""
        with self.changed:
            return [one.show() for one in self._kept]

    def _wait(self, delivery: Delivery, status: int | None, now: datetime) -> float | None:
        """Seconds until the next try; None: there is none."""
        if status is not None and status != 429 and status < 500:
            return None
        if not delivery.listener.is_app and delivery.tries >= WORKFLOW_TRIES:
            return None
        if status == 429 and delivery.listener.is_app:
            refused = delivery.answered.count(429)
            return None if refused > MOST_429 else WAIT_429 + self._random.uniform(0, 60)
        if now - delivery.made_at >= GIVE_UP_AFTER:
            return None
        return float(min(FIRST_WAIT * 2 ** (delivery.tries - 1), LONGEST_WAIT))

    def _push(self, delivery: Delivery) -> None:
        self._made += 1
        heappush(self._due, (delivery.due, self._made, delivery))

    def _make(self, listener: Listener, event: Body, *, at: float, now: datetime) -> Delivery:
        body = orjson.dumps(event)
        headers = {"Content-Type": "application/json"}
        delivery_id = self._uuid()
        if listener.secret is None:
            headers |= {HEADER: sign(body), "deliveryId": delivery_id, "User-Agent": "LeadConnector"}
        else:
            headers |= {listener.header: listener.secret, "User-Agent": "axios/0.21.4"}
        return Delivery(delivery_id, listener, str(event.get("type", "Workflow")), body, headers, at, now)

    def _sealed(self, listener: Listener, body: Body, now: datetime) -> Body:
        """An app's event with what GoHighLevel puts around it; told again it has the same `webhookId`."""
        if listener.secret is not None:
            return body
        return {
            **body,
            "timestamp": body.get("timestamp") or timestamp(now),
            "webhookId": body.get("webhookId") or self._uuid(),
            "appId": "simulatorApp000000000001",
            "versionId": "simulatorApp000000000001",
        }

    def _uuid(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
