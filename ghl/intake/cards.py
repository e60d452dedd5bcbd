"""The routes of the cards API: from a request to what the reception needs, and back to an answer."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ghl.cards.fields import CardFieldsError
from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.intake.body import check_type, parse_object, read_body
from ghl.intake.gate import Gate
from ghl.intake.idempotency import FORM, KeyReusedError
from ghl.intake.problems import FieldError, Problem, ProblemError
from ghl.intake.receive import Reception, Sent
from ghl.intake.sender import address_of, agent_of
from ghl.intake.standing import Standing, standing_of
from ghl.intake.threads import Threads
from ghl.sources import Source

MAX_BODY = 64 * 1024
"""A card whose every field is full has at most 57 KiB of UTF-8; the church's own questions have the rest, and
an ordinary card is below 2 KiB."""
JSON = "application/json"


class Cards:
    """`POST /api/v1/cards` and `GET /api/v1/cards/{id}`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        on_saved: Callable[[UUID], None],
        *,
        gate: Gate,
        threads: Threads,
        body_seconds: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._reception = Reception(database, clock, on_saved)
        self._gate = gate
        self._threads = threads
        self._body_seconds = body_seconds

    def routes(self) -> list[Route]:
        """The routes under `/api/v1`."""
        return [
            Route("/api/v1/cards", self.create_card, methods=["POST"]),
            Route("/api/v1/cards/{id}", self.read_card, methods=["GET"]),
        ]

    async def create_card(self, request: Request) -> Response:
        """Saves one card: 202 with where it stands, and where to ask again."""
        source = await self._gate.source_of(request)
        check_type(request)
        key = _idempotency_key(request)
        values = parse_object(await read_body(request, most=MAX_BODY, seconds=self._body_seconds))
        sent = Sent(values, key, address_of(request), agent_of(request))
        try:
            received = await self._threads.run(self._reception.receive, source, sent)
        except CardFieldsError as error:
            errors = [FieldError(problem.field, problem.message) for problem in error.problems]
            raise ProblemError(Problem.CARD_INVALID, errors=errors) from None
        except KeyReusedError:
            raise ProblemError(Problem.KEY_REUSED) from None
        request.state.log.update(card_id=str(received.card_id), replayed=received.replayed)
        headers = {"Location": f"/api/v1/cards/{received.card_id}"}
        if received.replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(received.answer.body, received.answer.status, headers, JSON)

    async def read_card(self, request: Request) -> Response:
        """Where a card stands and why; 404 for a card of another church as for one that never was."""
        source = await self._gate.source_of(request)
        try:
            card_id = UUID(request.path_params["id"])
        except ValueError:
            raise ProblemError(Problem.NOT_FOUND) from None
        standing = await self._threads.run(self._standing, source, card_id)
        if standing is None:
            raise ProblemError(Problem.NOT_FOUND)
        request.state.log["card_id"] = str(card_id)
        return Response(orjson.dumps(_told(standing)), media_type=JSON)

    def _standing(self, source: Source, card_id: UUID) -> Standing | None:
        with self._database.church(source.church_id) as session:
            return standing_of(session, source.church_id, card_id, now=self._clock.now())


def _idempotency_key(request: Request) -> str | None:
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not FORM.fullmatch(given[0]):
        raise ProblemError(
            Problem.BAD_REQUEST,
            "Idempotency-Key takes 1 to 255 visible ASCII signs without spaces, such as a UUID, once.",
            errors=[
                FieldError("Idempotency-Key", "It is too long, empty, doubled, or has other signs in it.")
            ],
        )
    return given[0]


def _told(standing: Standing) -> Mapping[str, Any]:
    return {
        "id": str(standing.id),
        "number": standing.number,
        "status": str(standing.status),
        "why": standing.why,
        "tries": standing.tries,
        "attempts": standing.attempts,
        "received_at": standing.received_at,
        "next_try_at": standing.next_try_at,
        "synced_at": standing.synced_at,
    }
