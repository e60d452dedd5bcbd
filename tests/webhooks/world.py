"""A hub that hears GoHighLevel: simulator, intake, a worker with its ear, and the housekeeper's tasks around stops."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.clock import SystemClock
from ghl.intake.webhooks import WebhookDoors
from ghl.simulator.control_client import SimulatorControl
from ghl.simulator.server import SimulatorServer
from ghl.statuses import CardSource, Channel
from ghl.webhooks.secrets import new_secret
from ghl.webhooks.signature import read_keys
from jobs.webhooks import telling
from tests.intake.conftest import Intake, running
from tests.support.hub import TestHub, running_hub, wait_for
from tests.support.telling import EMAIL, PHONE, stopped

MARY = {
    "first_name": "Mary",
    "last_name": "Smith",
    "phone": PHONE,
    "email": EMAIL,
    "sms_consent": "yes",
    "email_consent": "yes",
    "consent_wording": "Yes",
}


@dataclass
class World:
    """What a test touches."""

    hub: TestHub
    intake: Intake
    church: UUID
    location: str
    _housekeeper: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def sim(self) -> SimulatorServer:
        return self.hub.sim

    @property
    def control(self) -> SimulatorControl:
        return self.sim.control

    def quiet(self) -> None:
        """Ends the housekeeper: what it does is left to the test."""
        self._stop.set()
        if self._housekeeper is not None:
            self._housekeeper.join(10)

    def app(self, **habits: Any) -> None:
        """An app of the church, whose signed events come to us."""
        self.control.app_hook(self.location, f"{self.intake.url}/webhooks/ghl", **habits)

    def workflow(self, **habits: Any) -> str:
        """A workflow of the church, with its secret."""
        with self.hub.database.church(self.church) as session:
            secret = new_secret(session, self.church, actor="test").get_secret_value()
        [(public_id,)] = self.rows("SELECT public_id FROM churches")
        self.control.workflow_hook(
            self.location, f"{self.intake.url}/webhooks/workflow/{public_id}", secret, **habits
        )
        return secret

    def card(self, **changes: Any) -> str:
        """A card that goes to GoHighLevel; the id of its contact there."""
        card = NewCard(parse_card(MARY | changes), CardSource.TYPED, recorded_by="user:1")
        with self.hub.database.church(self.church) as session:
            [saved] = save_cards(session, self.church, [card], now=SystemClock().now())
        self.hub.container.waker.wake(self.church)

        def there() -> Any:
            found = self.rows(
                "SELECT contact_id FROM cards WHERE id = :id AND status = 'synced'", id=saved.id
            )
            return found[0][0] if found else None

        return str(wait_for(there, what="the card in GoHighLevel"))

    def stopped(self, channel: Channel = Channel.SMS, address: str = PHONE) -> bool:
        return stopped(self.hub.database, self.church, channel, address)

    def rows(self, sql: str, **values: object) -> list[Any]:
        return self.hub.query(self.church, sql, **values)

    def dnd(self, contact_id: str) -> dict[str, Any]:
        shown = next(one for one in self.hub.contacts(self.location) if one["id"] == contact_id)
        return {name.lower(): one["status"] for name, one in (shown.get("dndSettings") or {}).items()}

    def events(self) -> list[Any]:
        return self.rows("SELECT type, state, facts, cause FROM webhook_events ORDER BY id")

    def handled(self, count: int) -> list[Any]:
        """Waits until so many events are over."""

        def over() -> Any:
            found = self.events()
            done = [one for one in found if one.state != "waiting"]
            return found if len(done) >= count else None

        return list(wait_for(over, what=f"{count} events, but {self.events()}"))


@contextmanager
def heard_world(urls: Any, redis_url: str) -> Iterator[World]:
    with SimulatorServer() as sim, running_hub(urls, redis_url, sim) as hub:
        church = hub.church("grace")
        keys = read_keys(sim.control.public_key().encode())
        with running(hub.database, webhooks=WebhookDoors(keys)) as intake:
            world = World(hub, intake, church, sim.location_id)
            hub.start_worker()
            hub.start_sweep()
            tasks = [task for task in telling(hub.container) if "stops" in task.name]
            world._housekeeper = threading.Thread(target=_housekeep, args=(world, tasks), daemon=True)
            world._housekeeper.start()
            try:
                yield world
            finally:
                world.quiet()


def _housekeep(world: World, tasks: list[Any]) -> None:
    while not world._stop.wait(0.1):
        for task in tasks:
            task.run()
