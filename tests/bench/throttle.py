"""The throttle under a backlog: several processes want more than the budget, and a server of its own counts.

The server is a UDP socket whose datagrams the kernel stamps as they arrive, so that a busy machine that runs the
counting process late cannot hide or invent a burst.
"""

import multiprocessing
import random
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

from ghl.client.throttle import INTERVAL_SECONDS, SEND_WITHIN_SECONDS, Grant, Throttle
from ghl.clock import SystemClock
from ghl.redis import connect_redis
from tests.support.servers import valkey_server

LOCATION = "location-under-load"
_STAMP = getattr(socket, "SO_TIMESTAMPNS", 35)
_STOP = b"stop"


@dataclass(frozen=True)
class Figures:
    arrivals: int
    max_in_10s: int
    """Most arrivals in any rolling 10 s; GHL allows 100."""
    used_of_100: float
    """Calls per 10 s once the first window is full: how soon, on average, call n + 100 follows call n."""
    used_of_100_in_time: float
    """The same without the time by which processes woke or sent too late: what the throttle itself uses."""
    late_ms: float
    """How much later than told a process woke, plus how long a call held its place before it was renewed; on
    average. That is a busy machine (and the lateness put in below), no matter of the throttle."""
    renewed: int
    given_back: int


class OffClock(SystemClock):
    """A machine whose clocks are wrong by some minutes."""

    def __init__(self, minutes: float) -> None:
        self._off = timedelta(minutes=minutes)

    def now(self) -> datetime:
        return super().now() + self._off

    def monotonic(self) -> float:
        return super().monotonic() + self._off.total_seconds()


def run(*, seconds: float = 60.0, processes: int = 4, minutes_off: float = 5.0) -> Figures:
    """Hammers for `seconds` with `processes`; the clock of the last one is `minutes_off` minutes ahead."""
    context = multiprocessing.get_context("spawn")
    with valkey_server() as url:
        reader, writer = context.Pipe(duplex=False)
        server = context.Process(target=_count, args=(writer,), daemon=True)
        server.start()
        port = reader.recv()
        results = context.SimpleQueue()
        hammers = [
            context.Process(
                target=_hammer,
                kwargs={
                    "url": url,
                    "port": port,
                    "seconds": seconds,
                    "minutes_off": minutes_off if number == processes - 1 else 0.0,
                    "seed": number,
                    "results": results,
                },
                daemon=True,
            )
            for number in range(processes)
        ]
        for hammer in hammers:
            hammer.start()
        counts = [results.get() for _ in hammers]
        late = sum(woke for _, _, woke, _ in counts) / processes
        for hammer in hammers:
            hammer.join(10)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(_STOP, ("127.0.0.1", port))
        arrivals = sorted(reader.recv())
        server.join(10)
    late += sum(held for _, _, _, held in counts) / len(arrivals)
    return Figures(
        arrivals=len(arrivals),
        max_in_10s=most_in(arrivals, INTERVAL_SECONDS),
        used_of_100=used_of_100(arrivals),
        used_of_100_in_time=used_of_100(arrivals, late=late),
        late_ms=late * 1000,
        renewed=sum(renewed for renewed, _, _, _ in counts),
        given_back=sum(given_back for _, given_back, _, _ in counts),
    )


def most_in(times: list[float], seconds: float) -> int:
    """The most of `times` (sorted) that lie within any `seconds`, both ends included."""
    most = first = 0
    for last, end in enumerate(times):
        while end - times[first] > seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def used_of_100(
    times: list[float], limit: int = 100, seconds: float = INTERVAL_SECONDS, late: float = 0.0
) -> float:
    """How many calls go in `seconds`: the mean time from one call to the one `limit` later, less `late`, tells it."""
    gaps = [later - earlier - late for earlier, later in zip(times, times[limit:], strict=False)]
    return limit * seconds * len(gaps) / sum(gaps)


def _count(writer: Connection) -> None:
    """A server that only notes when each datagram arrived."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, _STAMP, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        server.bind(("127.0.0.1", 0))
        writer.send(server.getsockname()[1])
        times: list[float] = []
        while True:
            data, extra, _, _ = server.recvmsg(16, 128)
            if data == _STOP:
                break
            seconds, nanoseconds = struct.unpack("qq", extra[0][2])
            times.append(seconds + nanoseconds / 1e9)
        writer.send(times)


def _hammer(
    *,
    url: str,
    port: int,
    seconds: float,
    minutes_off: float,
    seed: int,
    results: "multiprocessing.SimpleQueue",
) -> None:
    """Wants more than there is all the time; sends late now and then, and gives back some of what it was granted."""
    clock = OffClock(minutes_off)
    chance = random.Random(seed)
    redis = connect_redis(url)
    throttle = Throttle(redis, clock=clock)
    given_back = 0
    late: list[float] = []
    batches: list[Future[tuple[int, float]]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire, ThreadPoolExecutor(16) as senders:
        wire.connect(("127.0.0.1", port))

        def send(grant: Grant, calls: int, delay: float) -> tuple[int, float]:
            time.sleep(delay)
            sent = [_send(clock.monotonic, throttle, grant, wire) for _ in range(calls)]
            return sum(times for times, _ in sent), sum(held for _, held in sent)

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            grant = throttle.take(LOCATION, chance.randint(1, 8))
            if not grant.granted:
                late.append(_late(min(grant.wait_seconds, max(end - time.monotonic(), 0.0))))
                continue
            keep = grant.granted - (chance.random() < 0.1)
            given_back += throttle.give_back(LOCATION, grant, grant.granted - keep)
            # As late as a grant allows, and once later: a slow connection, a busy machine.
            delay = chance.uniform(0.0, 0.14) if chance.random() < 0.3 else 0.0
            batches.append(senders.submit(send, grant, keep, delay if batches else 0.18))
    redis.close()
    sent = [batch.result() for batch in batches]
    # The first calls have none before them to which the time would be too long.
    held = sum(seconds for _, seconds in sent[1:])
    results.put((sum(times for times, _ in sent), given_back, sum(late) / len(late), held))


def _late(seconds: float) -> float:
    """Sleeps, and returns how much too long."""
    began = time.monotonic()
    time.sleep(seconds)
    return time.monotonic() - began - seconds


def _send(
    monotonic: Callable[[], float], throttle: Throttle, grant: Grant, wire: socket.socket
) -> tuple[int, float]:
    """Sends one call of `grant` in time, with a new grant where it is late.

    Returns how many renewals it took, and how many seconds the call held its place before them.
    """
    now = monotonic()
    if now < grant.expires_at:
        wire.send(b"call")
        return 0, 0.0
    held = now - (grant.expires_at - SEND_WITHIN_SECONDS)
    again = throttle.renew(LOCATION, grant)
    times, more = _send(monotonic, throttle, again, wire) if again.granted else (0, 0.0)
    return 1 + times, held + more


if __name__ == "__main__":
    print(run())
