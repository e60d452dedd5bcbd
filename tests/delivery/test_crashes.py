"""Processes that die, Redis that forgets, PostgreSQL that restarts: nothing is lost and nobody is there twice."""

import random
import signal

from tests.support.churches import card_values, save
from tests.support.database import postgres_server
from tests.support.hub import running_hub, wait_for
from tests.support.servers import restartable_valkey


def test_workers_killed_at_any_moment_lose_and_double_nothing(hub):
    """Kill -9 again and again, at moments spread over claim, call and settle."""
    hub.sim.set_latency("0-0.3")
    dice = random.Random(7)
    forbidden = hub.church("forbidden", location="FORBIDDEN")
    allowed = hub.church("allowed", location="ALLOWED", duplicates=True)
    hub.start_sweep()
    for church_id in (forbidden, allowed):
        save(hub.database, church_id, *(card_values(n) for n in range(60)))
    for target in (10, 35, 70, 110):
        worker = hub.start_worker_process()
        wait_for(lambda target=target: hub.sim.stats.total >= target)
        wait_for(lambda: dice.random() < 0.2)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    hub.start_worker_process()
    for church_id, location in ((forbidden, "FORBIDDEN"), (allowed, "ALLOWED")):
        hub.arrived(church_id, 60, within=75)
        people = [contact["email"] for contact in hub.contacts(location)]
        assert sorted(people) == sorted(f"anna{n}@example.org" for n in range(60))
        assert hub.query(church_id, "SELECT count(*) FROM attempts WHERE outcome IS NULL") == [(0,)]
        assert hub.query(church_id, "SELECT count(*) FROM person_keys") == [(0,)]
    assert hub.sim.stats.answered_429 == 0


def test_redis_emptied_stopped_and_started_loses_nothing(database_urls, sim):
    with restartable_valkey() as valkey, running_hub(database_urls, valkey.url, sim) as hub:
        sim.set_latency("0.05-0.2")
        church_id = hub.church()
        hub.start_worker()
        hub.start_sweep()
        save(hub.database, church_id, *(card_values(n) for n in range(40)))
        wait_for(lambda: sim.stats.total >= 10)
        hub.container.redis.flushall()
        save(hub.database, church_id, *(card_values(n) for n in range(40, 60)))
        wait_for(lambda: sim.stats.total >= 45)
        valkey.stop()
        save(hub.database, church_id, *(card_values(n) for n in range(60, 70)))
        wait_for(lambda: "sending" not in hub.standing(church_id))
        valkey.start()
        hub.arrived(church_id, 70, within=60)
        assert len(hub.contacts()) == 70


def test_postgresql_restarted_under_work_loses_and_doubles_nothing(redis_url, sim):
    with (
        postgres_server() as server,
        server.fresh_database() as urls,
        running_hub(urls, redis_url, sim) as hub,
    ):
        sim.set_latency("0.05-0.3")
        church_id = hub.church()
        hub.start_worker()
        hub.start_sweep()
        save(hub.database, church_id, *(card_values(n) for n in range(80)))
        for seen in (15, 45):
            wait_for(lambda seen=seen: sim.stats.total >= seen)
            server.stop("immediate")
            server.start()
        hub.arrived(church_id, 80, within=75)
        people = [contact["email"] for contact in hub.contacts()]
        assert sorted(people) == sorted(f"anna{n}@example.org" for n in range(80))
