"""The whole way of a card, from its save to the contact in the simulator, by real workers."""

from datetime import UTC, datetime, timedelta

import pytest

from ghl.churches import find_church, pause, resume
from ghl.client.throttle import Throttle
from ghl.clock import SystemClock
from tests.support.churches import card_values, save
from tests.support.hub import wait_for


@pytest.fixture
def running(hub):
    hub.start_worker()
    hub.start_sweep()
    return hub


def names(hub, location=None):
    return sorted(contact["firstName"] for contact in hub.contacts(location))


def test_a_new_guest_takes_one_call(running):
    church_id = running.church()
    save(running.database, church_id, *(card_values(n) for n in range(20)))
    running.arrived(church_id, 20)
    assert len(running.contacts()) == 20
    assert running.sim.stats.requests("contacts.create") == 20
    assert running.sim.stats.total == 20


def test_a_new_guest_is_looked_up_first_where_duplicates_are_allowed(running):
    church_id = running.church(duplicates=True)
    save(running.database, church_id, card_values(1))
    running.arrived(church_id, 1)
    assert running.sim.stats.total == 2


def test_a_returning_guest_takes_two_calls_and_keeps_tags_and_name(running):
    church_id = running.church()
    running.sim.state.add_contact(
        running.sim.location_id,
        firstName="Robert",
        lastName="Keller",
        email="bob@example.org",
        tags=["choir", "connect-card"],
    )
    save(
        running.database,
        church_id,
        card_values(1, first_name="Bob", email="bob@example.org", city="Nashville"),
    )
    running.arrived(church_id, 1)
    (contact,) = running.contacts()
    assert contact["firstName"] == "Robert"
    assert contact["city"] == "Nashville"
    assert sorted(contact["tags"]) == ["choir", "connect-card"]
    assert running.sim.stats.total == 2


def test_somebody_elses_contact_is_never_written_to(running):
    church_id = running.church()
    running.sim.state.add_contact(
        running.sim.location_id, firstName="Mary", lastName="Smith", phone="+16155550001"
    )
    before = running.contacts()
    save(running.database, church_id, card_values(1, first_name="John", last_name="Smith", city="Nashville"))
    running.wait_until(church_id, held=1)
    assert running.contacts() == before
    ((cause, facts),) = running.query(church_id, "SELECT cause, facts FROM cards")
    assert cause == "same_person_doubt"
    assert facts["contact_name"] == "Mary Smith"


@pytest.mark.parametrize("duplicates", [False, True])
def test_cards_of_one_person_in_one_batch_make_one_contact_in_order(running, duplicates):
    church_id = running.church(duplicates=duplicates)
    save(
        running.database,
        church_id,
        card_values(1, city="First", notes="1"),
        card_values(1, city="Second", notes="2"),
        card_values(1, city="Third", phone="", notes="3"),
    )
    running.arrived(church_id, 3)
    (contact,) = running.contacts()
    assert contact["city"] == "Third"


def test_an_older_card_that_was_mended_later_only_fills_blanks(running):
    church_id = running.church()
    now = datetime.now(UTC)
    older = card_values(1, city="Old town", address="1 Old Street")
    (parked,) = save(running.database, church_id, older, now=now - timedelta(days=1), review=True)
    save(running.database, church_id, card_values(1, city="New town", notes="newer"), now=now)
    running.wait_until(church_id, synced=1, to_review=1)
    running.query(
        church_id,
        "WITH sent AS (UPDATE outbox SET state = 'due' WHERE card_id = :id)"
        " UPDATE cards SET status = 'waiting' WHERE id = :id RETURNING 1",
        id=parked.id,
    )
    running.arrived(church_id, 2)
    (contact,) = running.contacts()
    assert contact["city"] == "New town"
    assert contact["address1"] == "1 Old Street"


def test_a_card_without_an_address_makes_no_call(running):
    church_id = running.church()
    save(
        running.database, church_id, card_values(1, phone="", email=""), card_values(2, phone="(615) 555-01")
    )
    running.wait_until(church_id, needs_attention=2)
    assert running.sim.stats.total == 0


def test_a_paused_church_waits_and_goes_on(running):
    church_id = running.church()
    pause(running.database, church_id, reason="We change our fields.", actor="pat")
    save(running.database, church_id, card_values(1))
    running.container.waker.wake(church_id)
    other = running.church("hope", location="HOPE")
    save(running.database, other, card_values(2))
    running.arrived(other, 1)
    assert running.standing(church_id) == {"waiting": 1}
    resume(running.database, church_id, actor="pat")
    running.arrived(church_id, 1)


def test_a_refused_token_holds_the_church_and_spends_no_attempt(running):
    church_id = running.church()
    location = running.sim.location_id
    old = running.sim.token(location)
    running.sim.state.revoke_token(old)
    save(running.database, church_id, *(card_values(n) for n in range(30)))
    wait_for(lambda: find_church(running.database, "grace").hold_cause == "token_refused")
    running.wait_until(church_id, waiting=30)
    assert running.query(church_id, "SELECT DISTINCT attempts, system_errors FROM outbox") == [(0, 0)]
    asked = running.sim.stats.total
    assert asked <= 30
    running.sim.state.restore_token(old)
    running.connect("grace", location)
    running.arrived(church_id, 30)
    assert len(running.contacts()) == 30


def test_a_big_church_does_not_delay_a_small_one(running):
    running.sim.set_latency("0.1-0.3")
    big = running.church("big", location="BIG")
    small = running.church("small", location="SMALL")
    save(running.database, big, *(card_values(n) for n in range(300)))
    running.container.waker.wake(big)
    wait_for(lambda: running.standing(big).get("synced", 0) >= 50)
    save(running.database, small, *(card_values(n) for n in range(10)))
    running.container.waker.wake(small)
    running.arrived(small, 10, within=5)
    assert running.standing(big).get("synced", 0) < 300
    assert running.sim.stats.answered_429 == 0


def test_a_new_card_goes_before_a_long_import(running):
    church_id = running.church()
    save(running.database, church_id, *(card_values(n) for n in range(250)), priority=20)
    running.container.waker.wake(church_id)
    wait_for(lambda: running.standing(church_id).get("synced", 0) >= 90)
    (typed,) = save(running.database, church_id, card_values(999))
    running.container.waker.wake(church_id)
    wait_for(
        lambda: (
            running.query(church_id, "SELECT status FROM cards WHERE id = :id", id=typed.id) == [("synced",)]
        )
    )
    assert running.standing(church_id).get("synced", 0) < 250


def test_a_used_up_budget_is_waited_for_without_a_429(running):
    church_id = running.church()
    throttle = Throttle(running.container.redis, clock=SystemClock())
    throttle.take(running.sim.location_id, 97)
    save(running.database, church_id, *(card_values(n) for n in range(6)))
    running.container.waker.wake(church_id)
    wait_for(lambda: running.standing(church_id).get("synced", 0) == 3)
    running.arrived(church_id, 6, within=20)
    assert running.sim.stats.answered_429 == 0


def test_two_workers_share_without_doing_anything_twice(hub):
    church_id = hub.church()
    hub.start_worker()
    hub.start_worker()
    hub.start_sweep()
    for n in range(0, 90, 10):
        save(hub.database, church_id, *(card_values(i) for i in range(n, n + 10)))
        hub.container.waker.wake(church_id)
    hub.arrived(church_id, 90)
    assert len(hub.contacts()) == 90
    assert hub.sim.stats.total == 90


def test_a_stopped_worker_finishes_or_gives_back_what_it_holds(hub):
    hub.sim.set_latency("0.5-1")
    church_id = hub.church()
    worker = hub.start_worker()
    hub.start_sweep()
    save(hub.database, church_id, *(card_values(n) for n in range(150)))
    hub.container.waker.wake(church_id)
    wait_for(lambda: hub.sim.stats.total >= 20)
    worker.stop()
    wait_for(lambda: not hub._workers[0][1].is_alive(), within=10)
    assert "sending" not in hub.standing(church_id)
    assert hub.query(church_id, "SELECT count(*) FROM person_keys") == [(0,)]
    hub.start_worker()
    hub.arrived(church_id, 150, within=40)
    assert len(hub.contacts()) == 150
