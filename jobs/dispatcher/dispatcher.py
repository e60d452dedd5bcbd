"""Coordinates a process's churches: who gets a turn, how many of the shared threads, and when it all stops.

One thread decides; turns run on a few desk threads, calls on many. It knows no SQL and no HTTP.
"""

import heapq
import itertools
import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from jobs.dispatcher.caller import Caller
from jobs.dispatcher.church_run import ChurchRun
from jobs.dispatcher.elsewhere_run import ElsewhereRun
from jobs.dispatcher.inquiry import Inquiry, Replied
from jobs.dispatcher.parts import Job, Stepped, Tools, Turned

DESKS = 3
"""Turns at once: they wait for PostgreSQL most of the time. Each holds slots while it runs, so not too many."""

FEWEST_SLOTS = 32
"""A turn costs a transaction: it is worth many calls, also when many churches share the threads. A slot that
a church has no card for is free again as soon as its turn is over."""

SETTLE_AFTER = 0.02
SETTLE_AFTER_WHEN_BUSY = 0.1
BUSY_CHURCHES = 8
"""What came back is settled together a moment later; with many churches at work the moment is longer."""

log = structlog.get_logger()

Run = ChurchRun | ElsewhereRun
Key = tuple[UUID, bool]
"""A church's seat: of its deliveries, or of what it asks in another way."""


@dataclass(frozen=True)
class _Wake:
    church_id: UUID


@dataclass(frozen=True)
class _Turned:
    run: Run
    turned: Turned
    slots: int


@dataclass(frozen=True)
class _Back:
    run: Run
    brought: Stepped | Replied


@dataclass(frozen=True)
class _Stop:
    pass


@dataclass
class _Seat:
    """A church's place in the coordinator. `due_at` is when its next turn is wanted."""

    run: Run
    due_at: float = 0.0
    turning: bool = False
    woken: bool = False
    queued: int = field(default=-1)


class Dispatcher:
    """Delivers for the churches that it is woken for, until it is stopped."""

    def __init__(self, *, tools: Tools, caller: Caller, threads: int) -> None:
        self._tools = tools
        self._caller = caller
        self._threads = threads
        self._free = threads
        self._turning = 0
        self._events: queue.SimpleQueue[_Wake | _Turned | _Back | _Stop] = queue.SimpleQueue()
        self._seats: dict[Key, _Seat] = {}
        self._agenda: list[tuple[float, int, Key]] = []
        self._numbers = itertools.count()
        self._stopping = False
        self._desks = ThreadPoolExecutor(DESKS, thread_name_prefix="turn")
        self._calls = ThreadPoolExecutor(threads, thread_name_prefix="call")
        self._thread = threading.Thread(target=self._coordinate, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begins to coordinate, in a thread of its own."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the coordinator still runs; it never ends by itself before `stop`."""
        return self._thread.is_alive()

    def wake(self, church_id: UUID) -> None:
        """Something may be due for the church; from any thread."""
        self._events.put(_Wake(church_id))

    def stop(self, *, within: float) -> bool:
        """Finishes the calls that are out, gives back the rest, and returns whether all of it was done in time."""
        self._events.put(_Stop())
        self._thread.join(within)
        if self._thread.is_alive():
            # It still tries; what it holds comes back by itself when the process is gone.
            return False
        self._desks.shutdown()
        self._calls.shutdown()
        return True

    # -- the coordinator's own thread ------------------------------------------------------------------

    def _coordinate(self) -> None:
        while not (self._stopping and not self._seats):
            self._handle_events()
            self._give_turns()

    def _handle_events(self) -> None:
        """Waits for something to happen, at most until the next turn is due, then takes all there is."""
        try:
            event = self._events.get(timeout=self._patience())
            while True:
                self._handle(event)
                event = self._events.get_nowait()
        except queue.Empty:
            return

    def _patience(self) -> float:
        if not self._agenda or self._turning >= DESKS:
            return 1.0
        return min(max(self._agenda[0][0] - self._tools.clock.monotonic(), 0.0), 1.0)

    def _handle(self, event: _Wake | _Turned | _Back | _Stop) -> None:
        match event:
            case _Wake(church_id):
                self._woken(church_id)
            case _Back(run, brought):
                self._free += 1
                seat = self._seats.get(_key(run))
                # A run that was given up after a mistake has no seat: its rows come back when their leases end.
                if seat is not None and seat.run is run:
                    run.put(brought)
                    self._want_turn(seat, self._settle_after())
            case _Turned():
                self._turned(event)
            case _Stop():
                self._stopping = True
                for seat in self._seats.values():
                    self._want_turn(seat, 0.0)

    def _woken(self, church_id: UUID, *, elsewhere: bool = False) -> None:
        if self._stopping:
            return
        seat = self._seats.get((church_id, elsewhere))
        if seat is None:
            run = (ElsewhereRun if elsewhere else ChurchRun)(church_id, self._tools)
            seat = self._seats[_key(run)] = _Seat(run)
        seat.woken = seat.turning
        self._want_turn(seat, 0.0)

    def _turned(self, event: _Turned) -> None:
        seat = self._seats[_key(event.run)]
        seat.turning = False
        self._turning -= 1
        self._free += event.slots - len(event.turned.jobs)
        for job in event.turned.jobs:
            self._submit(event.run, job)
        if event.turned.elsewhere:
            self._woken(event.run.church_id, elsewhere=True)
        if event.turned.finished and not seat.woken:
            del self._seats[_key(event.run)]
            return
        wait = 0.0 if seat.woken else event.turned.wait
        if self._stopping:
            wait = min(wait, SETTLE_AFTER_WHEN_BUSY)
        seat.woken = False
        self._want_turn(seat, wait)

    def _want_turn(self, seat: _Seat, delay: float) -> None:
        """Puts the church on the agenda, or moves it forward."""
        due_at = self._tools.clock.monotonic() + delay
        if seat.queued >= 0 and seat.due_at <= due_at:
            return
        seat.due_at, seat.queued = due_at, next(self._numbers)
        heapq.heappush(self._agenda, (due_at, seat.queued, _key(seat.run)))

    def _give_turns(self) -> None:
        """Gives a turn to each church whose time has come, in the order in which they asked."""
        now = self._tools.clock.monotonic()
        while self._turning < DESKS and self._agenda and self._agenda[0][0] <= now:
            _, number, key = heapq.heappop(self._agenda)
            seat = self._seats.get(key)
            if seat is None or seat.queued != number:
                continue
            seat.queued = -1
            if seat.turning:
                seat.woken = True
                continue
            self._begin_turn(seat)

    def _begin_turn(self, seat: _Seat) -> None:
        slots = 0 if self._stopping else self._fair_share()
        self._free -= slots
        self._turning += 1
        seat.turning = True
        future = self._desks.submit(seat.run.turn, slots, stopping=self._stopping)
        future.add_done_callback(lambda done: self._events.put(self._as_turned(seat.run, done, slots)))

    def _as_turned(self, run: Run, done: "Future[Turned]", slots: int) -> _Turned:
        error = done.exception()
        if error is None:
            return _Turned(run, done.result(), slots)
        # A mistake of ours in one church must not stop the others, nor the church: it begins anew.
        log.error("turn.crashed", church_id=str(run.church_id), exc_info=error)
        run.abandon()
        return _Turned(run, Turned(finished=True), slots)

    def _fair_share(self) -> int:
        share = max(FEWEST_SLOTS, self._threads // max(len(self._seats), 1))
        return max(min(self._free, share), 0)

    def _settle_after(self) -> float:
        if self._free == 0 or len(self._seats) <= BUSY_CHURCHES:
            return SETTLE_AFTER
        return SETTLE_AFTER_WHEN_BUSY

    def _submit(self, run: Run, job: Job | Inquiry) -> None:
        def work() -> None:
            brought: Stepped | Replied = job.unanswered()
            try:
                brought = self._caller.work(job)
            finally:
                # Whatever happened, the thread is free again.
                self._events.put(_Back(run, brought))

        self._calls.submit(work)


def _key(run: Run) -> Key:
    return run.church_id, run.elsewhere
