"""A thread that says every few seconds that its process lives, while it does."""

import os
import socket
import threading
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ghl.crypto import KeyRing
from ghl.db.engine import Database
from ghl.heartbeat import BEAT_SECONDS, beat, end, newest_key
from ghl.ids import new_id
from ghl.keys.check import right_versions

log = structlog.get_logger()


class Heart:
    """Beats from `start` to `stop`. A database that is away is tried again at the next beat.

    A process with a `key_ring` tells which keys it has, and takes in a new one as soon as any process works with it,
    unless its own of that number is another one.
    """

    def __init__(self, database: Database, *, kind: str, key_ring: KeyRing | None = None) -> None:
        self._database = database
        self._kind = kind
        self._key_ring = key_ring
        self._id = new_id()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def start(self) -> None:
        """Beats once now, then in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stops beating and signs off."""
        self._stop.set()
        self._thread.join(2)
        try:
            with self._database.system() as session:
                end(session, self._id)
        except SQLAlchemyError as error:
            log.warning("heart.not_signed_off", error=type(error).__name__)

    def _run(self) -> None:
        while True:
            try:
                self._beat()
            except SQLAlchemyError as error:
                log.warning("heart.missed", error=type(error).__name__)
            if self._stop.wait(BEAT_SECONDS):
                return

    def _beat(self) -> None:
        ring = self._key_ring
        newest = self._tell()
        if ring and newest > ring.newest:
            self._look_again(ring)
            if ring.newest >= newest:
                # Who changes to the new key waits for nothing else.
                self._tell()

    def _look_again(self, ring: KeyRing) -> None:
        try:
            ring.look_again(right=partial(right_versions, self._database))
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 (its message is not for the log)
            # However a source is broken: a process that works must not count as gone for it.
            log.warning("keys.not_read_again", error=type(error).__name__)

    def _tell(self) -> int:
        """Says that the process lives; the newest key that any process has worked with, where it has keys itself."""
        ring = self._key_ring
        with self._database.system() as session:
            beat(
                session,
                self._id,
                kind=self._kind,
                host=socket.gethostname(),
                pid=os.getpid(),
                key_versions=ring.versions if ring else None,
            )
            return newest_key(session) if ring else 0
