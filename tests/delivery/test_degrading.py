"""Servers away, emptied or restarted under load: saving goes on or says when to come back, and work is found again."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ghl.redis import connect_redis
from jobs.wake import BackgroundWaker, Waker
from tests.intake.conftest import make_sender, running
from tests.support.churches import card_values, save
from tests.support.database import postgres_server
from tests.support.hub import running_hub, wait_for
from tests.support.servers import restartable_valkey


@pytest.mark.parametrize("way", ["stop", "freeze"])
def test_a_save_needs_no_redis(database, way):
    """Stopped or hanging: the card is saved as quickly as ever, and goes out when Redis is back."""
    with restartable_valkey() as valkey:
        client = connect_redis(valkey.url)
        waker = BackgroundWaker(Waker(client))
        with running(database, on_saved=waker.wake) as intake:
            grace = make_sender(database, "grace")
            assert intake.send(grace, card_values(0)).status_code == 202
            getattr(valkey, way)()
            began = time.monotonic()
            answers = [intake.send(grace, card_values(n)) for n in range(1, 11)]
            assert [answer.status_code for answer in answers] == [202] * 10
            assert (time.monotonic() - began) / 10 < 0.5
        waker.close()
        client.close()


def test_redis_emptied_while_cards_wait_is_filled_from_postgresql(hub):
    """Every church with waiting cards is called again, those that no wake-up told of as well."""
    churches = {hub.church(f"church-{n}", location=f"LOC{n}"): f"LOC{n}" for n in range(8)}
    for church_id in churches:
        save(hub.database, church_id, *(card_values(n) for n in range(25)))
        hub.container.waker.wake(church_id)
    hub.container.redis.flushall()
    began = time.monotonic()
    hub.start_worker()
    hub.start_sweep(every=1.0)
    for church_id in churches:
        hub.arrived(church_id, 25, within=45)
    assert time.monotonic() - began < 45
    assert all(len(hub.contacts(location)) == 25 for location in churches.values())


def test_postgresql_restarted_under_load_loses_no_accepted_card(redis_url, sim):
    """Senders hear 202, or 503 and when to come back; intake, worker and pages recover by themselves."""
    with (
        postgres_server() as server,
        server.fresh_database() as urls,
        running_hub(urls, redis_url, sim) as hub,
        running(hub.database, on_saved=hub.container.background_waker.wake) as intake,
    ):
        sim.set_latency("0.05-0.2")
        hub.start_worker_process()
        hub.start_sweep()
        grace = make_sender(hub.database, "grace")
        hub.connect("grace", sim.location_id)
        accepted, answers = [], []
        done = False

        def send(sender: int) -> None:
            number = sender
            while not done:
                try:
                    answer = intake.send(grace, card_values(number))
                except httpx.TransportError:
                    continue
                answers.append(answer)
                if answer.status_code == 202:
                    accepted.append(number)
                    number += 4
                # About what a busy Sunday brings.
                time.sleep(0.05)

        with ThreadPoolExecutor(4) as senders:
            sending = [senders.submit(send, n) for n in range(4)]
            for mode in ("fast", "immediate"):
                before = len(accepted)
                wait_for(lambda before=before: len(accepted) >= before + 15)
                server.stop(mode)
                refused = sum(answer.status_code == 503 for answer in answers)
                wait_for(lambda refused=refused: sum(a.status_code == 503 for a in answers) > refused)
                server.start()
            before = len(accepted)
            wait_for(lambda: len(accepted) >= before + 10)
            done = True
            for future in sending:
                future.result()
        away = [answer for answer in answers if answer.status_code != 202]
        assert {answer.status_code for answer in away} == {503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in away)
        hub.arrived(grace.church_id, len(accepted), within=75)
        people = sorted(contact["email"] for contact in hub.contacts())
        assert people == sorted(f"anna{n}@example.org" for n in accepted)


def test_a_worker_that_is_stopped_while_ghl_hangs_gives_back_what_it_holds(hub):
    church_id = hub.church()
    hub.start_sweep()
    hub.sim.faults.add("hang", effect=True)
    save(hub.database, church_id, *(card_values(n) for n in range(12)))
    worker = hub.start_worker_process()
    wait_for(lambda: hub.sim.stats.total >= 4)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert "sending" not in hub.standing(church_id)
    assert hub.query(church_id, "SELECT count(*) FROM person_keys") == [(0,)]
    assert hub.query(church_id, "SELECT count(*) FROM attempts WHERE outcome IS NULL") == [(0,)]
    assert hub.query(church_id, "SELECT holder FROM delivery_leases") == [(None,)]
    hub.sim.faults.clear()
    hub.container.breakers.request_test(hub.sim.location_id)
    hub.start_worker_process()
    hub.arrived(church_id, 12, within=60)
    assert len(hub.contacts()) == 12
