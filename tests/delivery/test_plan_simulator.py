"""The plan through the real client against the simulator: the same promises over real connections."""

from collections.abc import Iterator
from itertools import count

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from ghl.client.client import GHLClient
from ghl.client.models import Contact
from ghl.client.pool import make_http_client
from ghl.client.retry import RetryPolicy
from ghl.clock import SystemClock
from ghl.delivery.plan import Call, Delivered, Reply
from ghl.delivery.steps import AddTags, CreateContact, FindDuplicate, GetContact, UpdateContact
from ghl.simulator.contacts.showing import show_contact
from ghl.simulator.server import SimulatorServer
from tests.support.parish import NAMES, Delivery, addresses, card

KINDS = [
    "cut_after",
    "cut_before",
    "server_error",
    "html_error",
    "broken_json",
    "empty_200",
    "no_id",
    "created_but_422",
]
PEOPLE = st.sampled_from(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(addresses(name)))
)
CARDS = st.lists(st.tuples(PEOPLE, st.integers(0, 9)), min_size=1, max_size=6)


class Simulated:
    """One fresh location of the simulator, behind the real client."""

    numbers = count()

    def __init__(self, sim: SimulatorServer, http: httpx.Client, *, allow: bool) -> None:
        self._sim = sim
        self.location = f"loc{next(self.numbers):05d}"
        token = sim.state.add_location(self.location, allow_duplicate_contact=allow, burst_limit=100_000)
        self._client = GHLClient(
            http=http,
            base_url=sim.url,
            token=SecretStr(token),
            location_id=self.location,
            clock=SystemClock(),
            deadline=2.0,
            retries=RetryPolicy.immediate(),
        )
        self.calls: list[Call] = []
        self.troubles: list[str | None] = []

    def answer(self, call: Call) -> Reply:
        kind = self.troubles.pop() if self.troubles else None
        if kind == "created_but_422" and not isinstance(call, CreateContact):
            kind = None
        if kind:
            self._sim.faults.add(kind, location=self.location, times=1)
        try:
            return self._made(call)
        finally:
            self._sim.faults.clear()

    def _made(self, call: Call) -> Reply:
        self.calls.append(call)
        contacts = self._client.contacts
        match call:
            case CreateContact(write):
                return contacts.create(write)
            case FindDuplicate(phone, email):
                return contacts.find_duplicate(phone=phone, email=email)
            case GetContact(contact_id):
                return contacts.get(contact_id)
            case UpdateContact(contact_id, write):
                return contacts.update(contact_id, write)
            case AddTags(contact_id, tags):
                return contacts.add_tags(contact_id, tags)

    def shown(self) -> list[Contact]:
        with self._sim.state.lock:
            kept = list(self._sim.state.stores[self.location])
        return [Contact.model_validate(show_contact(one, v3=False)) for one in kept]


@pytest.fixture(scope="module")
def sim() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with make_http_client() as client:
        yield client


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), cards=CARDS, allow=st.booleans())
def test_nobody_is_there_twice(sim, http, data, cards, allow):
    ghl = Simulated(sim, http, allow=allow)
    delivery = Delivery(ghl, allow)
    for number, ((name, pair), day) in enumerate(cards):
        ghl.troubles = data.draw(st.lists(st.sampled_from([None, None, *KINDS]), max_size=5))
        delivery.deliver(card(name, pair, number, day))
    delivery.check_arrived()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("allow", [False, True])
def test_trouble_with_a_create(sim, http, kind, allow):
    """Whether the contact was made or not, in the end it is there once."""
    ghl = Simulated(sim, http, allow=allow)
    ghl.troubles = [kind] if not allow else [kind, None]
    outcome = Delivery(ghl, allow).deliver(card(NAMES[0], ("+16155550300", "own0@example.org"), 1, 1))
    assert isinstance(outcome, Delivered)
    assert [one.id for one in ghl.shown()] == [outcome.contact_id]
    assert len(ghl.calls) > (2 if allow else 1), "the trouble did come"


@pytest.mark.parametrize(("allow", "calls"), [(False, 1), (True, 2)])
def test_calls_for_a_new_guest(sim, http, allow, calls):
    ghl = Simulated(sim, http, allow=allow)
    outcome = Delivery(ghl, allow).deliver(card(NAMES[0], ("+16155550300", "own0@example.org"), 1, 1))
    assert isinstance(outcome, Delivered)
    assert len(ghl.calls) == calls


@pytest.mark.parametrize("allow", [False, True])
def test_calls_for_a_returning_guest(sim, http, allow):
    ghl = Simulated(sim, http, allow=allow)
    pair = ("+16155550300", "own0@example.org")
    first = Delivery(ghl, allow).deliver(card(NAMES[0], pair, 1, 1))
    ghl.calls.clear()
    again = Delivery(ghl, allow, remembers=False).deliver(card(NAMES[0], pair, 1, 2))
    assert again.contact_id == first.contact_id
    assert len(ghl.calls) == 2
