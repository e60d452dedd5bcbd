"""Every fault of the simulator, while cards are delivered: in the end each person is there exactly once."""

import pytest

from ghl.simulator.assembly import furnish
from tests.support.churches import card_values, save
from tests.support.hub import wait_for

FAULTS = {
    "outage": {"times": 2},
    "server_error": {"times": 1},
    "html_error": {"times": 1},
    "cloudflare": {"times": 1},
    "hang": {"times": 1, "effect": True},
    "slow": {"times": 1, "seconds": 5.5},
    "drip_header": {"times": 1, "seconds": 0.2},
    "drip_body": {"times": 1, "seconds": 0.2},
    "cut_before": {"times": 2},
    "cut_after": {"times": 1},
    "cut_in_body": {"times": 1},
    "late_effect": {"times": 1, "seconds": 7},
    "created_but_422": {"times": 1},
    "burst_429": {"times": 2, "seconds": 1},
    "broken_json": {"times": 1},
    "empty_200": {"times": 1},
    "no_id": {"times": 1},
}


def test_every_fault_ends_with_each_person_once(hub):
    """One church a fault and setting, all at once. The fault strikes the create of the first cards."""
    hub.start_worker()
    hub.start_sweep()
    churches = {}
    for kind, how in FAULTS.items():
        for duplicates in (False, True):
            name = f"{kind.replace('_', '-')}-{'allowed' if duplicates else 'forbidden'}"
            location = name.replace("-", "")
            furnish(hub.sim.state, location)
            churches[name] = (hub.church(name, location=location, duplicates=duplicates), location)
            hub.sim.faults.add(kind, location=location, operation="contacts.create", **how)
    for church_id, _ in churches.values():
        save(hub.database, church_id, *(card_values(n, city="Nashville") for n in range(3)))
        hub.container.waker.wake(church_id)
    for name, (church_id, location) in churches.items():
        hub.wait_until(church_id, within=75, synced=3)
        people = [contact["email"] for contact in hub.contacts(location)]
        assert sorted(people) == [f"anna{n}@example.org" for n in range(3)], name
        assert all(contact["city"] == "Nashville" for contact in hub.contacts(location)), name
        attempts = hub.query(church_id, "SELECT DISTINCT attempts FROM outbox")
        assert attempts == [(0,)], f"{name} spent attempts on what says nothing about the card"
    assert set(hub.sim.stats.faults_fired()) == set(FAULTS)


def test_an_outage_of_all_stops_the_calls_and_heals_by_itself(hub):
    """The breaker opens, cards are safe, nothing but tests goes out, and all arrive when it is over."""
    church_id = hub.church()
    hub.start_worker()
    hub.start_sweep()
    fault = hub.sim.faults.add("html_error")
    save(hub.database, church_id, *(card_values(n) for n in range(30)))
    hub.container.waker.wake(church_id)
    wait_for(lambda: not hub.container.breakers.gate(hub.sim.location_id).closed)
    wait_for(lambda: hub.standing(church_id) == {"waiting": 30})
    asked = hub.sim.stats.requests("contacts.create")
    save(hub.database, church_id, card_values(100))
    hub.container.waker.wake(church_id)
    wait_for(lambda: hub.query(church_id, "SELECT holder FROM delivery_leases") == [(None,)])
    assert hub.sim.stats.requests("contacts.create") == asked
    hub.sim.faults.clear(fault.id)
    hub.container.breakers.request_test(hub.sim.location_id)
    hub.arrived(church_id, 31)
    assert len(hub.contacts()) == 31
    assert hub.sim.stats.requests("locations.get") >= 1


def test_a_church_whose_location_alone_fails_does_not_stop_the_others(hub):
    broken = hub.church("broken", location="BROKEN")
    fine = hub.church("fine", location="FINE")
    hub.start_worker()
    hub.start_sweep()
    hub.sim.faults.add("server_error", location="BROKEN")
    save(hub.database, broken, *(card_values(n) for n in range(20)))
    hub.container.waker.wake(broken)
    wait_for(lambda: not hub.container.breakers.gate("BROKEN").closed)
    save(hub.database, fine, *(card_values(n) for n in range(20)))
    hub.container.waker.wake(fine)
    hub.arrived(fine, 20)
    assert hub.standing(broken) == {"waiting": 20}


@pytest.mark.parametrize("kind", ["phone", "email"])
def test_what_ghl_refuses_needs_a_person_and_says_which_field(hub, kind):
    church_id = hub.church()
    hub.start_worker()
    hub.sim.state.change_location(hub.sim.location_id, strict_phones=True)
    hub.sim.state.add_contact(
        hub.sim.location_id, firstName="Mary", lastName="Other", **{kind: card_values(1)[kind]}
    )
    hub.sim.state.add_contact(
        hub.sim.location_id,
        firstName="Anna1",
        lastName="Keller",
        **{other: card_values(1)[other] for other in {"phone", "email"} - {kind}},
    )
    save(hub.database, church_id, card_values(1))
    hub.container.waker.wake(church_id)
    hub.wait_until(church_id, held=1)
    assert len(hub.contacts()) == 2
