"""Carries deliveries to whoever listens, in a thread of its own: one after the other, on this machine only."""

from threading import Event, Thread

import httpx

from ghl.clock import Clock
from ghl.simulator.hooks.deliveries import Deliveries, Delivery
from ghl.simulator.messages.sending import advance
from ghl.simulator.state import State

ANSWER_SECONDS = 5.0
LOOK_EVERY = 0.05
"""Seconds between two looks at the simulator's clock, which may be one that a test moves."""


class Courier:
    """Sends between `start` and `stop`; it also keeps messages moving while nobody asks about them."""

    def __init__(self, state: State, deliveries: Deliveries) -> None:
        self._state = state
        self._deliveries = deliveries
        self._clock: Clock = state.clock
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """From now on what is due goes out."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, name="simulator-courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nothing goes out any more once this returns."""
        self._stopping.set()
        with self._deliveries.changed:
            self._deliveries.changed.notify_all()
        if self._thread is not None:
            self._thread.join(ANSWER_SECONDS + 1)

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=ANSWER_SECONDS) as client:
            while not self._stopping.is_set():
                with self._state.lock:
                    advance(self._state)
                delivery = self._deliveries.take(self._clock.monotonic())
                if delivery is not None:
                    self._tell(client, delivery)
                    continue
                with self._deliveries.changed:
                    if not self._stopping.is_set():
                        self._deliveries.changed.wait(LOOK_EVERY)

    def _tell(self, client: httpx.Client, delivery: Delivery) -> None:
        status: int | None = None
        try:
            status = client.post(
                delivery.listener.url, content=delivery.body, headers=delivery.headers
            ).status_code
        except httpx.HTTPError:
            # Nobody there, or no answer: it is told again later.
            status = None
        self._deliveries.ended(delivery, status, monotonic=self._clock.monotonic(), now=self._clock.now())
