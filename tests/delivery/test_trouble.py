"""One thing that is wrong (a card, a token, a key, a dead connection) stops itself alone, and nothing else."""

import threading

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from ghl.churches import find_church, pause
from ghl.client.models import Location
from ghl.clock import SystemClock
from ghl.connection.paste import read_paste
from ghl.connection.switch import store
from ghl.crypto import new_key_line
from ghl.db.engine import Database
from ghl.delivery.claim import claim, due_churches
from ghl.delivery.facts import load_facts
from ghl.delivery.settle import hold
from ghl.ids import new_id
from ghl.simulator.assembly import furnish
from jobs.dispatcher import card_lane
from jobs.dispatcher.church_run import ChurchRun
from jobs.dispatcher.parts import Stepped, Tools
from jobs.dispatcher.permit import HeldBackError, Permit
from jobs.worker import Worker
from tests.support.churches import card_values, save
from tests.support.hub import wait_for


def church_run_of(hub, church_id, database=None):
    parts = hub.container
    tools = Tools(
        database=database or hub.database,
        throttle=parts.throttle,
        breakers=parts.breakers,
        key_ring=parts.key_ring,
        clock=SystemClock(),
        holder="me",
        jitter=lambda: 0.0,
    )
    return ChurchRun(church_id, tools)


def facts_of(hub, church_id):
    with hub.database.church(church_id) as session:
        return load_facts(session, church_id)


def broken_commit(*_args, **_more):
    raise OperationalError("COMMIT", {}, Exception("server closed the connection"))


def test_a_name_that_the_database_cannot_keep_stops_no_card(hub):
    church_id = hub.church()
    hub.sim.state.add_contact(
        hub.sim.location_id,
        firstName="Anna1",
        lastName="Keller\0",
        **{name: card_values(1)[name] for name in ("phone", "email")},
    )
    hub.start_worker()
    hub.start_sweep()
    save(hub.database, church_id, *(card_values(n) for n in range(1, 8)))
    wait_for(lambda: hub.standing(church_id).get("synced", 0) >= 6)
    wait_for(lambda: "sending" not in hub.standing(church_id))


def test_a_mistake_of_ours_about_one_card_stops_no_other(hub, monkeypatch):
    church_id = hub.church()
    real = card_lane.conclude

    def broken(session, delivery, **how):
        if delivery.row.fields["first_name"] == "Anna1":
            raise KeyError("a mistake of ours")
        return real(session, delivery, **how)

    monkeypatch.setattr(card_lane, "conclude", broken)
    hub.start_worker()
    hub.start_sweep()
    save(hub.database, church_id, *(card_values(n) for n in range(1, 6)))
    wait_for(lambda: hub.standing(church_id).get("synced", 0) == 4)
    save(hub.database, church_id, card_values(77))
    wait_for(lambda: hub.standing(church_id).get("synced", 0) == 5)


def test_a_turn_that_was_rolled_back_makes_no_lease_longer(hub, monkeypatch):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1))
    run = church_run_of(hub, church_id)
    (job,) = run.turn(10).jobs
    job.errand.lease_until -= 13
    before = job.errand.lease_until
    monkeypatch.setattr(run, "_claim", broken_commit)
    run.turn(10)
    assert job.errand.lease_until == before


def test_an_old_delivery_of_a_row_does_not_end_the_new_one(hub):
    church_id = hub.church(duplicates=True)
    save(hub.database, church_id, card_values(1))
    run = church_run_of(hub, church_id)
    (old,) = run.turn(10).jobs
    hub.query(church_id, "UPDATE outbox SET leased_until = now() - interval '1 s' RETURNING 1")
    run._looked_for_expired = float("-inf")
    (new,) = run.turn(10).jobs
    old.errand.crash()
    run.put(Stepped(old.errand))
    assert not run.turn(10).finished
    assert list(run.cards.in_flight.values()) == [new.errand]


def test_a_new_location_ends_the_old_token_at_once(hub):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1))
    old = facts_of(hub, church_id)
    furnish(hub.sim.state, "NEWLOC")
    hub.connect("grace", "NEWLOC")
    with hub.database.church(church_id) as session:
        assert claim(session, church_id, token=new_id(), most=5, credential_id=old.credential_id) == []
        assert not hold(session, church_id, old.credential_id, cause="token_refused")


def test_an_old_tokens_refusal_never_wins_over_a_token_stored_meanwhile(hub):
    church_id = hub.church()
    old = facts_of(hub, church_id)
    started = threading.Event()

    def refuse():
        with hub.database.church(church_id) as session:
            started.set()
            hold(session, church_id, old.credential_id, cause="token_refused")

    thread = threading.Thread(target=refuse)
    with hub.database.church(church_id) as session:
        store(
            session,
            hub.container.key_ring,
            church_id,
            pasted=read_paste(hub.sim.location_id, hub.sim.token()),
            seen=Location(id=hub.sim.location_id, allow_duplicate_contact=False),
            actor="test",
        )
        thread.start()
        started.wait(5)
        # The refusal now waits for the church's row, or comes after it: it must see the new token either way.
        thread.join(0.3)
    thread.join()
    assert find_church(hub.database, "grace").hold_cause is None


def test_a_church_held_for_a_missing_scope_goes_on_when_it_was_ticked(hub):
    church_id = hub.church()
    with hub.database.church(church_id) as session:
        hold(session, church_id, load_facts(session, church_id).credential_id, cause="scope_missing")
    hub.query(church_id, "UPDATE locations SET checked_at = now() - interval '10 minutes' RETURNING 1")
    save(hub.database, church_id, card_values(1))
    hub.start_worker()
    hub.start_sweep()
    hub.arrived(church_id, 1)


def test_a_worker_without_the_key_sends_and_blames_no_card(hub):
    church_id = hub.church()
    good = hub.settings
    hub.settings = good.model_copy(update={"encryption_keys": SecretStr(new_key_line(2))})
    hub.start_worker()
    hub.start_sweep()
    hub.settings = good
    save(hub.database, church_id, *(card_values(n) for n in range(5)))
    hub.container.waker.wake(church_id)
    wait_for(
        lambda: hub.query(church_id, "SELECT 1 FROM delivery_leases WHERE holder IS NULL AND until > now()")
    )
    assert hub.standing(church_id) == {"waiting": 5}
    hub.start_worker()
    hub.arrived(church_id, 5, within=90)
    assert hub.query(church_id, "SELECT DISTINCT deaths FROM outbox") == [(0,)]


def test_one_token_that_does_not_open_keeps_no_other_breaker_open(hub):
    ids = {location: hub.church(location.lower(), location=location) for location in ("AAA", "BBB")}
    hub.query(ids["AAA"], "UPDATE credentials SET key_version = 9 RETURNING 1")
    breakers = hub.container.breakers
    for location in ids:
        breakers.record(location, successes=0, system_errors=5)
        breakers.request_test(location)
    hub.start_worker()
    wait_for(lambda: breakers.gate("BBB").closed)


def test_paused_churches_do_not_keep_others_from_being_read(hub):
    old = "UPDATE locations SET checked_at = now() - interval '2 days' RETURNING 1"
    for n in range(21):
        paused = hub.church(f"p{n}", location=f"P{n}")
        hub.query(paused, old)
        pause(hub.database, paused, reason="Summer", actor="test")
    live = hub.church("live", location="LIVE")
    hub.query(live, old)
    worker = Worker(hub.container)
    worker._caretaker.refresh_stale()
    worker._connections.close()
    assert hub.query(live, "SELECT checked_at > now() - interval '1 minute' FROM locations") == [(True,)]


def test_a_dead_workers_row_of_a_paused_church_is_freed(hub):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1))
    with hub.database.church(church_id) as session:
        claim(session, church_id, token=new_id(), most=1, lease_seconds=-1)
    pause(hub.database, church_id, reason="We change our fields.", actor="test")
    hub.start_worker()
    hub.start_sweep()
    hub.wait_until(church_id, waiting=1)


def test_a_card_behind_an_older_one_is_not_asked_for_all_the_time(hub):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1, notes="old"), card_values(1, notes="new"))
    hub.query(
        church_id,
        "UPDATE outbox SET due_at = now() + interval '10 min' WHERE id = (SELECT min(id) FROM outbox) RETURNING 1",
    )
    run = church_run_of(hub, church_id)
    assert run.turn(10).finished
    with hub.database.system() as session:
        assert due_churches(session) == []
        assert due_churches(session, resting=True) == [church_id]


def test_a_dead_connection_pauses_a_church_for_a_moment_only(hub, database_urls):
    church_id = hub.church()
    database = Database(database_urls.app, name="victim", ask_first=False)
    with database.church(church_id) as session:
        session.execute(text("SELECT 1"))
    owner = create_engine(database_urls.admin)
    with owner.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'victim'"
            )
        )
    owner.dispose()
    save(hub.database, church_id, card_values(1))
    run = church_run_of(hub, church_id, database)
    run.turn(10)

    def due_again():
        with hub.database.system() as session:
            return due_churches(session)

    wait_for(due_again, within=5)
    database.close()


@pytest.mark.parametrize("late", [0, 10])
def test_a_late_call_is_given_back_once(hub, late):
    throttle = hub.container.throttle
    grant = throttle.take("L", 60)
    throttle.rate_limited("L", 1.0, daily=False)
    wait_for(lambda: SystemClock().monotonic() > grant.expires_at)
    for _ in range(late):
        permit = Permit(
            grant=grant,
            location_id="L",
            throttle=throttle,
            clock=SystemClock(),
            lease_until=lambda: float("inf"),
            open_transactions=lambda: 0,
            call_seconds=5,
        )
        with pytest.raises(HeldBackError):
            permit.check()
        permit.give_back()
    assert throttle.usage("L").ours == 60 - late


def test_nothing_is_sent_while_a_transaction_is_open(hub):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1))
    (job,) = church_run_of(hub, church_id).turn(10).jobs
    with hub.database.system(), pytest.raises(RuntimeError, match="transaction is open"):
        job.permit.check()
    job.permit.check()
