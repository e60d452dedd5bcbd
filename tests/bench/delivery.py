"""How fast cards arrive: real worker processes, a durable PostgreSQL, the simulator with its real limits.

Each figure is what the simulator saw: arrivals at its socket, and contacts in its store.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from ghl.db.migrate import upgrade
from ghl.heartbeat import alive
from ghl.simulator.server import SimulatorServer
from jobs.supervisor.postgres import EmbeddedPostgres
from tests.support.churches import card_values, save
from tests.support.database import DatabaseUrls
from tests.support.hub import TestHub, running_hub, wait_for
from tests.support.servers import valkey_server


@contextmanager
def bench_hub(workers: int) -> Iterator[TestHub]:
    """A hub with so many worker processes, warm: each has delivered something already."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
        valkey_server() as redis_url,
        SimulatorServer(locations=("WARM",)) as sim,
    ):
        urls = DatabaseUrls(postgres.admin_url, postgres.app_url)
        upgrade(urls.admin, urls.app)
        with running_hub(urls, redis_url, sim) as hub:
            for _ in range(workers):
                hub.start_worker_process()
            warm = hub.church("warm", location="WARM")
            save(hub.database, warm, *(card_values(n) for n in range(20)))
            hub.container.waker.wake(warm)
            hub.arrived(warm, 20, within=60)
            wait_for(lambda: _alive(hub) == workers)
            yield hub


def first_call(samples: int = 40) -> dict[str, Any]:
    """From the save to the first call's arrival, with nothing else to do."""
    with bench_hub(1) as hub:
        church_id = hub.church("idle", location="IDLE")
        took = []
        for n in range(samples):
            seen = hub.sim.stats.requests("contacts.create", "IDLE")
            begun = time.monotonic()
            save(hub.database, church_id, card_values(n))
            hub.container.waker.wake(church_id)
            while hub.sim.stats.requests("contacts.create", "IDLE") == seen:
                time.sleep(0.001)
            took.append(time.monotonic() - begun)
            hub.arrived(church_id, n + 1)
        return {"p50 s": _percentile(took, 0.5), "p95 s": _percentile(took, 0.95)}


def new_guests(cards: int = 200) -> dict[str, Any]:
    """New guests of one church, 0.5 to 2 s a call."""
    with bench_hub(1) as hub:
        hub.sim.set_latency("0.5-2")
        church_id = hub.church("guests", location="GUESTS")
        hub.start_sweep(every=1.0)
        begun = time.monotonic()
        _save_and_wake(hub, church_id, range(cards))
        hub.arrived(church_id, cards, within=60)
        return {
            "seconds": round(time.monotonic() - begun, 2),
            "contacts": len(hub.contacts("GUESTS")),
            "calls a guest": len(hub.sim.stats.arrivals("GUESTS")) / cards,
            "429": hub.sim.stats.answered_429,
        }


def small_behind_big() -> dict[str, Any]:
    """Ten cards of a small church behind 600 of a big one."""
    with bench_hub(1) as hub:
        hub.sim.set_latency("0.5-2")
        big = hub.church("big", location="BIG")
        small = hub.church("small", location="SMALL")
        hub.start_sweep(every=1.0)
        _save_and_wake(hub, big, range(600))
        wait_for(lambda: hub.sim.stats.arrivals("BIG"))
        begun = time.monotonic()
        _save_and_wake(hub, small, range(10))
        hub.arrived(small, 10, within=60)
        return {"seconds": round(time.monotonic() - begun, 2), "429": hub.sim.stats.answered_429}


def many_churches(churches: int = 200, cards: int = 3) -> dict[str, Any]:
    """Many churches with a few cards each, 0.5 to 2 s a call, two workers."""
    with bench_hub(2) as hub:
        ids = [hub.church(f"church-{n}", location=f"MANY{n}") for n in range(churches)]
        hub.sim.set_latency("0.5-2")
        for church_id in ids:
            save(hub.database, church_id, *(card_values(n) for n in range(cards)))
        begun = time.monotonic()
        hub.start_sweep(every=1.0)
        for church_id in ids:
            hub.container.waker.wake(church_id)
        _all_arrived(hub, [f"MANY{n}" for n in range(churches)], cards)
        seconds = time.monotonic() - begun
        for church_id in ids:
            hub.arrived(church_id, cards)
        return {"seconds": round(seconds, 2), "429": hub.sim.stats.answered_429}


def throughput(churches: int = 100, cards: int = 60) -> dict[str, Any]:
    """Calls a second with many churches, 20 to 60 ms a call, two workers."""
    with bench_hub(2) as hub:
        ids = [hub.church(f"church-{n}", location=f"FAST{n}") for n in range(churches)]
        hub.sim.set_latency("0.02-0.06")
        for church_id in ids:
            save(hub.database, church_id, *(card_values(n) for n in range(cards)))
        begun = time.monotonic()
        hub.start_sweep(every=1.0)
        for church_id in ids:
            hub.container.waker.wake(church_id)
        _all_arrived(hub, [f"FAST{n}" for n in range(churches)], cards)
        seconds = time.monotonic() - begun
        for church_id in ids:
            hub.arrived(church_id, cards)
        return {
            "calls/s": round(churches * cards / seconds),
            "seconds": round(seconds, 2),
            "429": hub.sim.stats.answered_429,
        }


def emptied(churches: int = 100, cards: int = 100) -> dict[str, Any]:
    """Redis emptied with 10,000 cards waiting: until each church is called again, and until the last card went."""
    with bench_hub(2) as hub:
        ids = [hub.church(f"church-{n}", location=f"EMPTY{n}") for n in range(churches)]
        locations = [f"EMPTY{n}" for n in range(churches)]
        hub.sim.set_latency("0.02-0.06")
        for church_id in ids:
            save(hub.database, church_id, *(card_values(n) for n in range(cards)))
        waiting = sum(hub.standing(church_id).get("waiting", 0) for church_id in ids)
        hub.container.redis.flushall()
        begun = time.monotonic()
        # No wake-up was told of any card: only what stands in PostgreSQL brings them out.
        hub.start_sweep(every=1.0)
        wait_for(lambda: all(hub.sim.stats.arrivals(one) for one in locations), within=120)
        called = time.monotonic() - begun
        _all_arrived(hub, locations, cards)
        gone = time.monotonic() - begun
        for church_id in ids:
            hub.arrived(church_id, cards)
        return {
            "cards": waiting,
            "seconds until each church is called": round(called, 2),
            "until the last card": round(gone, 2),
            "contacts": sum(hub.sim.state.count(one) for one in locations),
            "429": hub.sim.stats.answered_429,
        }


def budget(workers: int, cards: int = 400) -> dict[str, Any]:
    """How much of 100 calls in 10 s a church with a backlog uses."""
    with bench_hub(workers) as hub:
        hub.sim.set_latency("0.2-0.8")
        church_id = hub.church("backlog", location="BACKLOG")
        hub.start_sweep(every=1.0)
        _save_and_wake(hub, church_id, range(cards))
        hub.arrived(church_id, cards, within=90)
        arrivals = hub.sim.stats.arrivals("BACKLOG")
        # From the first call to the first one of the last hundred: the end of the backlog is left out.
        used = (len(arrivals) - 100) / (arrivals[-100] - arrivals[0]) * 10
        return {
            "used of 100": round(used, 1),
            "most in any 10 s": hub.sim.stats.max_in_window("BACKLOG", 10),
            "429": hub.sim.stats.answered_429,
        }


def _save_and_wake(hub: TestHub, church_id: UUID, numbers: range) -> None:
    values = [card_values(n) for n in numbers]
    for start in range(0, len(values), 200):
        save(hub.database, church_id, *values[start : start + 200])
        hub.container.waker.wake(church_id)


def _all_arrived(hub: TestHub, locations: list[str], cards: int) -> None:
    wait_for(lambda: all(len(hub.sim.stats.arrivals(one)) >= cards for one in locations), within=120)
    wait_for(lambda: all(hub.sim.state.count(one) >= cards for one in locations), within=30)


def _alive(hub: TestHub) -> int:
    with hub.database.system() as session:
        return alive(session, "worker")


def _percentile(seconds: list[float], share: float) -> float:
    return round(statistics.quantiles(seconds, n=100)[round(share * 100) - 1], 3)
