"""The routes of webhooks: who sent it is proved, the event is stored as it came, and answered. Jobs do the rest."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ghl.clock import Clock
from ghl.db.availability import is_away
from ghl.db.engine import Database
from ghl.guard.door import Door, TooManyError
from ghl.intake.body import read_body
from ghl.intake.problems import FieldError, Problem, ProblemError
from ghl.intake.threads import BusyError, Threads
from ghl.intake.wrong_keys import WrongKeys
from ghl.statuses import WebhookSource
from ghl.webhooks.counts import Outcome, Tally
from ghl.webhooks.event import MAX_BODY, BrokenEventError, Event, read_app_event, read_workflow_event
from ghl.webhooks.receive import KnownPlaces, keep
from ghl.webhooks.secrets import Hook, KnownHooks
from ghl.webhooks.signature import ED25519_HEADER, RSA_HEADER, PublicKeys, read_keys, signed_by

WRITE_SECONDS = 1.0
"""How long counts stay in memory."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class WebhookDoors:
    """Who may tell us anything: `keys` sign app webhooks; `door` counts wrong secrets for all processes together."""

    keys: PublicKeys = field(default_factory=read_keys)
    door: Callable[[Threads], Door] | None = None


class Webhooks:
    """`POST /webhooks/ghl` and `POST /webhooks/workflow/{public id}`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        threads: Threads,
        doors: WebhookDoors,
        body_seconds: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._threads = threads
        self._keys = doors.keys
        self._door = doors.door(threads) if doors.door else None
        self._body_seconds = body_seconds
        self._places = KnownPlaces(database, clock)
        self._hooks = KnownHooks(database, clock)
        self._wrong = WrongKeys(clock)
        self._tally = Tally(database, clock)

    def routes(self) -> list[Route]:
        """Both routes."""
        return [
            Route("/webhooks/ghl", self.app_event, methods=["POST"]),
            Route("/webhooks/workflow/{public_id}", self.workflow_event, methods=["POST"]),
        ]

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """While this is open counts are written once a second, and a last time at its end."""
        task = asyncio.create_task(self._write_counts())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._write_once()

    async def app_event(self, request: Request) -> Response:
        """An event of GoHighLevel's own, signed over its bytes: 200, whatever is done about it later."""
        source = WebhookSource.APP
        body = await self._body(request, source)
        signer = signed_by(
            body,
            ed25519=request.headers.getlist(ED25519_HEADER),
            rsa=request.headers.getlist(RSA_HEADER),
            keys=self._keys,
        )
        if signer is None:
            self._tally.add(source, Outcome.WRONG_SIGNATURE)
            raise ProblemError(Problem.SIGNATURE_WRONG)
        event = self._read(
            source, lambda: read_app_event(body, delivery_id=request.headers.get("deliveryid"))
        )
        return await self._answer(request, source, self._keep_app, event, body, signer)

    async def workflow_event(self, request: Request) -> Response:
        """What a church's workflow says. The church is the address's, once its secret is shown."""
        source = WebhookSource.WORKFLOW
        hook, which = await self._let_in(request)
        request.state.log["church_id"] = str(hook.church_id)
        body = await self._body(request, source)
        event = self._read(source, lambda: read_workflow_event(body, now=self._clock.now()))
        if event.location_id is None:
            self._tally.add(source, Outcome.MALFORMED)
            raise _broken("The id of the location is missing.", "location.id")
        if event.location_id != hook.location_id:
            self._tally.add(source, Outcome.OTHER_LOCATION)
            raise ProblemError(Problem.OTHER_LOCATION)
        return await self._answer(request, source, self._keep_workflow, event, body, hook, which)

    def _keep_app(self, event: Event, body: bytes, signer: str) -> tuple[Outcome, UUID | None]:
        church_id = self._places.church_of(event.location_id) if event.location_id else None
        if church_id is None:
            return Outcome.UNKNOWN_LOCATION, None
        return keep(self._database, church_id, WebhookSource.APP, event, body, signed_by=signer), church_id

    def _keep_workflow(
        self, event: Event, body: bytes, hook: Hook, which: str
    ) -> tuple[Outcome, UUID | None]:
        kept = keep(
            self._database,
            hook.church_id,
            WebhookSource.WORKFLOW,
            event,
            body,
            signed_by=f"secret:{which}",
        )
        return kept, hook.church_id

    async def _answer(
        self,
        request: Request,
        source: WebhookSource,
        keep_it: Callable[..., tuple[Outcome, UUID | None]],
        *args: object,
    ) -> Response:
        try:
            outcome, church_id = await self._threads.run(keep_it, *args)
        except Exception as error:
            if isinstance(error, BusyError) or is_away(error):
                self._tally.add(source, Outcome.AWAY)
            raise
        self._tally.add(source, outcome)
        request.state.log["outcome"] = str(outcome)
        if church_id is not None:
            request.state.log["church_id"] = str(church_id)
        # The same answer for a location that nobody here has: GoHighLevel has nothing to send again.
        return JSONResponse({"status": "received"})

    async def _let_in(self, request: Request) -> tuple[Hook, str]:
        public_id = request.path_params["public_id"]
        given = request.headers.getlist("x-hub-secret")
        secret = given[0] if len(given) == 1 else ""
        found = self._hooks.remembered(public_id, secret)
        if found is None:
            found = await self._looked_up(public_id, secret, request.client.host if request.client else "")
        if found is None:
            self._tally.add(WebhookSource.WORKFLOW, Outcome.WRONG_SECRET)
            raise ProblemError(Problem.SECRET_WRONG)
        return found

    async def _looked_up(self, public_id: str, secret: str, address: str) -> tuple[Hook, str] | None:
        # Many churches' workflows come from GoHighLevel's few addresses: a right secret is never kept waiting.
        known = self._hooks.was_good(public_id, secret)
        if not known and (wait := self._wrong.wait_seconds(address)):
            self._too_many(wait)
        try:
            if known or self._door is None:
                found = await self._threads.run(self._hooks.look, public_id, secret)
            else:
                found = await self._door.try_from(
                    address, lambda: self._threads.run(self._hooks.look, public_id, secret)
                )
        except TooManyError as error:
            self._too_many(error.seconds)
        if found is None:
            self._wrong.add(address)
        return found

    def _too_many(self, seconds: int) -> None:
        self._tally.add(WebhookSource.WORKFLOW, Outcome.WRONG_SECRET)
        raise ProblemError(Problem.TOO_MANY_WRONG_KEYS, headers={"Retry-After": str(seconds)})

    async def _body(self, request: Request, source: WebhookSource) -> bytes:
        try:
            return await read_body(request, most=MAX_BODY, seconds=self._body_seconds)
        except ProblemError as error:
            if error.problem is Problem.TOO_LARGE:
                self._tally.add(source, Outcome.TOO_LARGE)
                raise ProblemError(
                    Problem.TOO_LARGE, "An event has at most 256 KiB.", headers=error.headers
                ) from None
            raise

    def _read(self, source: WebhookSource, read: Callable[[], Event]) -> Event:
        try:
            return read()
        except BrokenEventError as error:
            self._tally.add(source, Outcome.MALFORMED)
            raise _broken(str(error), error.field) from None

    async def _write_counts(self) -> None:
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self._write_once()

    async def _write_once(self) -> None:
        try:
            await self._threads.run(self._tally.write)
        except (SQLAlchemyError, BusyError) as error:
            # They are still counted, and written when the database is back.
            log.info("counts not written", error=type(error).__name__)


def _broken(message: str, field_name: str) -> ProblemError:
    errors = [FieldError(field_name, message)] if field_name else []
    return ProblemError(Problem.EVENT_INVALID, message, errors=errors)
