"""A worker process: an RQ listener that hears wake-ups, a dispatcher that delivers, a caretaker beside them."""

import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from types import FrameType

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ghl.config import Settings
from ghl.keys.check import check_keys
from ghl.logging import set_up_logging
from jobs.container import Container, build_container
from jobs.dispatcher.caller import Caller
from jobs.dispatcher.caretaker import Caretaker
from jobs.dispatcher.connections import Connections
from jobs.dispatcher.dispatcher import DESKS, Dispatcher
from jobs.dispatcher.parts import Tools
from jobs.heart import Heart
from jobs.listener import Listener
from jobs.postman import Postman
from jobs.webhooks import Ear

LISTENER_STOPS_WITHIN = 2.0
STOP_WITHIN = 7.0
"""Seconds to finish or give back what is held, longer than any call takes; the supervisor waits ten in all."""

GONE_WITHIN = 9.5

ASK_AGAIN_EVERY = 1.0
"""Seconds between two tries to reach a database that is away."""

log = structlog.get_logger(__name__)


class Worker:
    """The parts of one worker process, started and stopped together."""

    def __init__(self, container: Container) -> None:
        settings, clock = container.settings, container.clock
        assert settings.redis_url
        redis_url = settings.redis_url.get_secret_value()
        name = f"worker-{socket.gethostname().split('.')[0]}-{os.getpid()}"
        self._holder = f"{name}-{secrets.token_hex(4)}"
        self._connections = Connections(threads=settings.worker_threads, clock=clock)
        tools = Tools(
            database=container.database,
            throttle=container.throttle,
            breakers=container.breakers,
            key_ring=container.key_ring,
            clock=clock,
            holder=self._holder,
            jitter=random.random,
        )
        caller = Caller(
            connections=self._connections,
            key_ring=container.key_ring,
            base_url=settings.ghl_base_url,
            clock=clock,
        )
        self._dispatcher = Dispatcher(tools=tools, caller=caller, threads=settings.worker_threads)
        self._caretaker = Caretaker(tools, caller, container.waker.wake)
        self._listener = Listener(redis_url, name=_rq_name(name), on_wake=self._dispatcher.wake)
        self._heart = Heart(container.database, kind="worker", key_ring=container.key_ring)
        self._postman = Postman(
            container.database, container.smtp, public_url=settings.public_url, clock=clock
        )
        self._ear = Ear(container.database, container.waker, clock=clock)
        self.stopping = threading.Event()

    def run(self) -> int:
        """Works until `stop`; returns the exit code, 1 when something held could not be given back in time."""
        caretaker = threading.Thread(
            target=self._caretaker.run, args=(self.stopping,), name="caretaker", daemon=True
        )
        postman = threading.Thread(
            target=self._postman.run, args=(self.stopping,), name="postman", daemon=True
        )
        ear = threading.Thread(target=self._ear.run, args=(self.stopping,), name="ear", daemon=True)
        listener = threading.Thread(target=self._listener.run, name="listener", daemon=True)
        self._dispatcher.start()
        self._heart.start()
        listener.start()
        caretaker.start()
        postman.start()
        ear.start()
        log.info("worker.started", holder=self._holder)
        while not self.stopping.wait(1.0):
            if not self._dispatcher.alive:
                # Without its coordinator the process would hear wake-ups and do nothing: better a new one.
                log.error("worker.dispatcher_died")
                return 1
        # First nothing more is heard: a wake-up that was taken while stopping would be lost until the next sweep.
        self._listener.stop()
        listener.join(LISTENER_STOPS_WITHIN)
        done = self._dispatcher.stop(within=STOP_WITHIN)
        self._heart.stop()
        self._connections.close()
        log.info("worker.stopped", everything_given_back=done)
        return 0 if done else 1

    def stop(self, *_: object) -> None:
        """Asks the worker to stop; from a signal handler or any thread."""
        self.stopping.set()


def run_worker(settings: Settings) -> int:
    """Runs one worker in this process until SIGTERM or SIGINT. Returns the exit code."""
    set_up_logging("worker", level=settings.log_level)
    container = build_container(settings, name="worker", pool_size=DESKS + 4, ask_first=False)
    try:
        worker = Worker(container)
        signal.signal(signal.SIGTERM, worker.stop)
        signal.signal(signal.SIGINT, worker.stop)
        threading.Thread(target=_end_in_any_case, args=(worker,), name="end", daemon=True).start()
        if not keys_are_right(container, worker.stopping):
            return 0
        return worker.run()
    finally:
        container.close()


def keys_are_right(container: Container, stopping: threading.Event) -> bool:
    """Whether the keys are the hub's own, asked as soon as the database answers; False where it never did.

    Raises `KeyRingError`.
    """
    while not stopping.is_set():
        try:
            check_keys(container.database, container.key_ring)
        except SQLAlchemyError as error:
            log.warning("keys.not_checked", error=type(error).__name__)
            stopping.wait(ASK_AGAIN_EVERY)
        else:
            return True
    return False


def _end_in_any_case(worker: Worker) -> None:
    """A server that hangs must not keep a stopped worker: its rows come back when their leases end."""
    worker.stopping.wait()
    time.sleep(GONE_WITHIN)
    log.error("worker.ended_while_stopping")
    os._exit(1)


def run_workers(settings: Settings, processes: int) -> int:
    """Runs several workers as children and starts a dead one again, until SIGTERM or SIGINT.

    Raises `KeyRingError` before any of them is started: each would end for the same reason.
    """
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    container = build_container(settings, name="workers", pool_size=1)
    try:
        if not keys_are_right(container, stop):
            return 0
    finally:
        container.close()
    command = [sys.executable, *sys.argv[:1], "--processes", "1"]
    children = [subprocess.Popen(command) for _ in range(processes)]  # noqa: S603 (our own script)
    while not stop.wait(1.0):
        for place, child in enumerate(children):
            if child.poll() is not None:
                children[place] = subprocess.Popen(command)  # noqa: S603
    for child in children:
        child.terminate()
    return max(child.wait() for child in children)


def _rq_name(name: str) -> str:
    """RQ takes letters, digits, `-` and `_` in names."""
    return "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in name)
