"""The thread of a worker that sends e-mails with sign-in links as soon as they are asked for.

It looks once a second, so that nothing has to be told through Redis; a mail is a row, and survives whoever dies. Several
postmen share the work. What a mail says and who gets one is decided in `ghl.people.mails`.
"""

import threading
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.mail import SmtpServer, send
from ghl.people.mails import send_due

EVERY_SECONDS = 1.0
AWAY_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Postman:
    """Sends until it is stopped. Without a mail server, or without the dashboard's address, it has nothing to do."""

    def __init__(
        self, database: Database, server: SmtpServer | None, *, public_url: str, clock: Clock
    ) -> None:
        self._database = database
        self._server = server
        self._public_url = public_url
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Works in the calling thread until `stop` is set."""
        if self._server is None:
            return
        if not self._public_url:
            log.warning("no mail is sent: HUB_PUBLIC_URL is not set")
            return
        while not stop.wait(self._turn()):
            pass

    def _turn(self) -> float:
        """One look; how many seconds the next one may wait."""
        assert self._server is not None
        try:
            looked_at = send_due(
                self._database,
                partial(send, self._server),
                public_url=self._public_url,
                clock=self._clock,
            )
        except SQLAlchemyError as error:
            log.info("postman waits for the database", error=type(error).__name__)
            return AWAY_SECONDS
        except Exception:
            # One mail must not end the postman of all; it comes up again when its lease is over.
            log.exception("postman failed")
            return AWAY_SECONDS
        return 0.0 if looked_at else EVERY_SECONDS
