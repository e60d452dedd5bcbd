"""The client against the simulator: each call, each fault, and whether the client's claim about the effect is true."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

import httpx
import pytest
from pydantic import SecretStr

from ghl.client import errors
from ghl.client.client import GHLClient
from ghl.client.models import ContactWrite
from ghl.simulator.server import SimulatorServer
from tests.support.clients import ANN, ghl_client, outcome

DEADLINE = 0.5  # seconds, where a call is to fail for want of time


@pytest.fixture
def sim() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture
def client_of(http: httpx.Client, sim: SimulatorServer) -> Callable[..., GHLClient]:
    """`client_of(**options)` is a client for the simulator's first location."""
    return partial(ghl_client, http, sim.url, token=SecretStr(sim.token()), location_id=sim.location_id)


@pytest.fixture
def client(client_of: Callable[..., GHLClient]) -> GHLClient:
    return client_of()


def test_a_contact_from_first_to_last(sim: SimulatorServer, client: GHLClient) -> None:
    field = client.locations.custom_fields()[0]
    made = client.contacts.create(
        ANN.model_copy(
            update={"tags": ("Choir",), "date_of_birth": date(1990, 9, 25), "source": "connect card"}
        )
    )
    client.contacts.add_tags(made.id, ["First Time"])
    client.contacts.update(
        made.id, ContactWrite(city="Nashville", custom_fields={field.id: field.options or "yes"})
    )
    kept = client.contacts.get(made.id)
    assert (kept.first_name, kept.phone, kept.email, kept.city) == ("Ann", ANN.phone, ANN.email, "Nashville")
    assert set(kept.tags) == {"choir", "first time"}
    assert kept.date_of_birth == date(1990, 9, 25)
    assert kept.source == "connect card"
    assert client.contacts.find_duplicate(phone=ANN.phone) == kept
    assert client.contacts.find_duplicate(email="nobody@example.org") is None
    assert not kept.blocks("SMS")


def test_a_second_create_names_the_first_contact(sim: SimulatorServer, client: GHLClient) -> None:
    sim.state.change_location(sim.location_id, allow_duplicate_contact=False)
    assert client.locations.get().allow_duplicate_contact is False
    made = client.contacts.create(ANN)
    error = outcome(lambda: client.contacts.create(ANN))
    assert isinstance(error, errors.DuplicateContactError)
    assert error.contact_id == made.id
    assert error.trace_id


def test_a_location_tells_its_settings(client: GHLClient, sim: SimulatorServer) -> None:
    location = client.locations.get()
    assert location.id == sim.location_id
    assert location.timezone
    assert location.country
    assert client.locations.custom_fields()
    assert isinstance(client.locations.tags(), tuple)


def test_refusals_of_the_gate(client_of: Callable[..., GHLClient], sim: SimulatorServer) -> None:
    sim.state.add_location("otherLocation0000001")
    narrow = SecretStr(sim.state.add_token(sim.location_id, scopes=["locations.readonly"]))
    agency = SecretStr(sim.state.add_token(None))
    unknown = SecretStr("pit-00000000-0000-4000-8000-999999999999")
    assert isinstance(outcome(client_of(token=unknown).locations.get), errors.TokenRefusedError)
    wrong = outcome(client_of(location_id="otherLocation0000001").locations.get)
    assert isinstance(wrong, errors.WrongLocationError)
    unticked = outcome(lambda: client_of(token=narrow).contacts.get("c1"))
    assert isinstance(unticked, errors.ScopeMissingError)
    agencys = outcome(lambda: client_of(token=agency).contacts.get("c1"))
    assert isinstance(agencys, errors.AgencyTokenError)
    gone = outcome(lambda: client_of().contacts.get("neverWas00000000001"))
    assert isinstance(gone, errors.NotFoundError)


SILENT = ["hang", "drip_header", "cut_before", "cut_after", "late_effect"]
GARBLED = ["drip_body", "cut_in_body", "broken_json", "empty_200", "no_id", "cloudflare"]


@pytest.mark.parametrize("kind", SILENT)
def test_no_answer_is_unsure_within_the_deadline(
    kind: str, sim: SimulatorServer, client_of: Callable[..., GHLClient]
) -> None:
    client_of().locations.get()  # the connection is there already
    sim.faults.add(kind)
    started = time.monotonic()
    error = outcome(lambda: client_of(deadline=DEADLINE).contacts.create(ANN))
    assert time.monotonic() - started < 3
    assert isinstance(error, errors.AnswerLostError)
    assert error.unsure


@pytest.mark.parametrize("kind", GARBLED)
def test_garbled_answers_are_unsure(
    kind: str, sim: SimulatorServer, client_of: Callable[..., GHLClient]
) -> None:
    client_of().locations.get()
    sim.faults.add(kind)
    error = outcome(lambda: client_of(deadline=DEADLINE).contacts.create(ANN))
    assert isinstance(error, errors.UnreadableAnswerError)
    assert error.unsure


@pytest.mark.parametrize("kind", ["server_error", "html_error"])
@pytest.mark.parametrize("effect", [True, False])
def test_5xx_is_unsure_and_rightly_so(
    kind: str, *, effect: bool, sim: SimulatorServer, client: GHLClient
) -> None:
    sim.faults.add(kind, effect=effect)
    error = outcome(lambda: client.contacts.create(ANN))
    assert isinstance(error, errors.ServerError)
    assert error.unsure
    assert sim.state.count() == int(effect)


@pytest.mark.parametrize("kind", ["refuse", "burst_429", "daily_429", "token_refused"])
def test_what_claims_to_have_had_no_effect_had_none(
    kind: str, sim: SimulatorServer, client: GHLClient
) -> None:
    sim.faults.add(kind)
    error = outcome(lambda: client.contacts.create(ANN))
    assert isinstance(error, errors.GHLError)
    assert error.certainly_not_sent
    assert not error.unsure
    sim.faults.clear()
    assert sim.state.count() == 0


def test_a_422_that_created_is_unsure(sim: SimulatorServer, client: GHLClient) -> None:
    sim.faults.add("created_but_422")
    error = outcome(lambda: client.contacts.create(ANN))
    assert isinstance(error, errors.InvalidRequestError)
    assert error.unsure
    assert sim.state.count() == 1


@pytest.mark.parametrize(("kind", "daily"), [("burst_429", False), ("daily_429", True)])
def test_429_tells_which_limit(kind: str, *, daily: bool, sim: SimulatorServer, client: GHLClient) -> None:
    sim.faults.add(kind, seconds=7)
    error = outcome(lambda: client.contacts.create(ANN))
    assert isinstance(error, errors.RateLimitedError)
    assert error.daily is daily
    assert error.retry_after == 7.0


def test_thirty_two_threads_share_one_client(sim: SimulatorServer, client: GHLClient) -> None:
    ids: list[str] = []

    def work(number: int) -> None:
        for turn in range(3):
            write = ContactWrite(first_name="P", phone=f"+1615555{number:02}{turn:02}")
            ids.append(client.contacts.create(write).id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 96
    assert sim.state.count() == 96
