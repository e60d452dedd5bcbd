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
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

from ghl.client.throttle import INTERVAL_SECONDS, Grant, Throttle
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
        for hammer in hammers:
            hammer.join(10)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(_STOP, ("127.0.0.1", port))
        arrivals = sorted(reader.recv())
        server.join(10)
    return Figures(
        arrivals=len(arrivals),
        max_in_10s=most_in(arrivals, INTERVAL_SECONDS),
        used_of_100=used_of_100(arrivals),
        renewed=sum(renewed for renewed, _ in counts),
        given_back=sum(given_back for _, given_back in counts),
    )


def most_in(times: list[float], seconds: float) -> int:
    """The most of `times` (sorted) that lie within any `seconds`, both ends included."""
    most = first = 0
    for last, end in enumerate(times):
        while end - times[first] > seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def used_of_100(times: list[float], limit: int = 100, seconds: float = INTERVAL_SECONDS) -> float:
    """How many calls go in `seconds`: the mean time from one call to the one `limit` later tells it."""
    gaps = [later - earlier for earlier, later in zip(times, times[limit:], strict=False)]
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
    """Wants more than there is, sends late now and then, and gives back some of what it was granted."""
    clock = OffClock(minutes_off)
    chance = random.Random(seed)
    redis = connect_redis(url)
    throttle = Throttle(redis, clock=clock)
    renewed = given_back = 0
    first = True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect(("127.0.0.1", port))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            grant = throttle.take(LOCATION, chance.randint(1, 40))
            if not grant.granted:
                time.sleep(min(grant.wait_seconds, max(end - time.monotonic(), 0.0)))
                continue
            keep = grant.granted - (chance.random() < 0.1)
            given_back += throttle.give_back(LOCATION, grant, grant.granted - keep)
            if first or chance.random() < 0.3:
                # As late as a grant allows, and sometimes later: a slow connection, a busy machine.
                time.sleep(0.18 if first else chance.uniform(0.0, 0.2))
            first = False
            for _ in range(keep):
                renewed += _send(clock.monotonic, throttle, grant, wire)
    redis.close()
    results.put((renewed, given_back))


def _send(monotonic: Callable[[], float], throttle: Throttle, grant: Grant, wire: socket.socket) -> int:
    """Sends one call of `grant` in time, with a new grant where it is late; returns how many renewals it took."""
    if monotonic() < grant.expires_at:
        wire.send(b"call")
        return 0
    again = throttle.renew(LOCATION, grant)
    return 1 + (_send(monotonic, throttle, again, wire) if again.granted else 0)


if __name__ == "__main__":
    print(run())  # noqa: T201 - a script that prints its figures
