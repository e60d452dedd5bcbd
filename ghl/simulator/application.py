"""The simulator without a network: a request comes in, an ending comes out.

Arrival and answer are two steps: between them lies the latency, and the client may be gone when the effect happens.
"""

from dataclasses import dataclass, replace

import orjson

from ghl.simulator import location_routes
from ghl.simulator.answers import Refusal, no_such_path, too_many
from ghl.simulator.contacts import routes as contact_routes
from ghl.simulator.fault_endings import Ending, end_with
from ghl.simulator.faults import Fault, Faults, Kind
from ghl.simulator.gate import bearer, check_token, let_in
from ghl.simulator.hooks.deliveries import Deliveries
from ghl.simulator.hooks.telling import Teller
from ghl.simulator.latency import Latency
from ghl.simulator.limits import RateLimit, Verdict
from ghl.simulator.messages import routes as message_routes
from ghl.simulator.messages.sending import advance
from ghl.simulator.routing import Names, Route, RouteTable
from ghl.simulator.state import State
from ghl.simulator.stats import Stats
from ghl.simulator.tokens import Token
from ghl.simulator.visit_log import NoLog, VisitLog
from ghl.simulator.wire import Request, Response

ROUTES = (*location_routes.ROUTES, *contact_routes.ROUTES, *message_routes.ROUTES)
"""Every endpoint; a further family adds its tuple here."""


@dataclass(slots=True)
class Visit:
    """A request that has arrived and is not answered yet."""

    request: Request
    route: Route | None
    params: dict[str, str]
    location: str
    operation: str
    verdict: Verdict
    fault: Fault | None
    delay: float
    """Seconds until it is to be answered."""
    number: int


class Application:
    """Gate, limits, faults and routes over the state. Each step is done under the state's lock."""

    def __init__(
        self,
        state: State,
        faults: Faults,
        latency: Latency,
        stats: Stats,
        *,
        deliveries: Deliveries,
        log: VisitLog | None = None,
    ) -> None:
        self.state = state
        self.faults = faults
        self.latency = latency
        self.stats = stats
        self.deliveries = deliveries
        self.teller = Teller(state, deliveries)
        self._table = RouteTable(ROUTES)
        self._nobodys_limit = RateLimit()
        self._log = log or NoLog()
        self._visits = 0

    def arrive(self, request: Request) -> Visit:
        """Counts a request, whole, and decides what will come of it; nothing is done yet."""
        with self.state.lock:
            clock = self.state.clock
            at = clock.monotonic()
            route, params = self._table.find(request.method, request.path) or (None, {})
            operation = route.operation if route else "unknown"
            token = self.state.tokens.find(bearer(request))
            location = self._whose(request, route, params, token)
            self.stats.arrived(at, location, operation)
            fault = self.faults.strike(location, operation, request.body, at_the_edge=True)
            limit = self.state.limits.get(location, self._nobodys_limit)
            if token is None or fault is not None or limit is self._nobodys_limit:
                verdict = limit.look(at, clock.now())
            else:
                verdict = limit.take(at, clock.now())
            if fault is None and verdict.allowed:
                fault = self.faults.strike(location, operation, request.body, at_the_edge=False)
            if fault is not None:
                self.stats.fault_fired(fault.kind.value)
            delay = self._delay(location, operation, fault) if verdict.allowed else 0.0
            self._visits += 1
            self._log.arrived(
                self._visits,
                location=location,
                operation=operation,
                request=request,
                contact=params.get("contactId"),
                fault=fault.kind.value if fault else None,
                refused=not verdict.allowed,
            )
            return Visit(request, route, params, location, operation, verdict, fault, delay, self._visits)

    def answer(self, visit: Visit) -> Ending:
        """Does what the request asks for, unless limits or a fault forbid it, and says how to answer."""
        with self.state.lock:
            if not visit.verdict.allowed:
                ending = self._too_many(visit)
            elif visit.fault is not None:
                ending = end_with(visit.fault, lambda: self.perform(visit))
            else:
                ending = Ending(self.perform(visit))
            if ending.response is not None and not ending.from_edge:
                self._dress(visit, ending, ending.response)
            return ending

    def perform(self, visit: Visit) -> Response:
        """The effect and the true answer."""
        request, state = visit.request, self.state
        with state.lock:
            advance(state)
            try:
                if visit.route is None:
                    raise no_such_path(request.method, request.path)
                value = bearer(request)
                token = check_token(value, state.tokens.find(value), state.clock.now())
                status, payload = visit.route.handler(
                    let_in(request, visit.route, visit.params, token, state)
                )
            except Refusal as refusal:
                self._log.performed(visit.number, refusal.status, None)
                return Response(refusal.status, refusal.body)
            self._log.performed(visit.number, status, _contact_of(payload) or visit.params.get("contactId"))
            return Response(status, payload)

    def ended(self, visit: Visit, status: int | None) -> None:
        """The request is over: answered with `status`, or (None) never to be answered."""
        with self.state.lock:
            self.stats.ended(visit.location, status)
            self._log.ended(visit.number, status)

    def _whose(
        self, request: Request, route: Route | None, params: dict[str, str], token: Token | None
    ) -> str:
        """The location whose budget and faults hold for a request; an empty text for nobody's."""
        if token is not None and token.location_id is not None:
            return token.location_id
        named: object = params.get("locationId") or request.query.get("locationId")
        if route is not None and route.names is Names.BODY:
            try:
                body = orjson.loads(request.body)
            except orjson.JSONDecodeError:
                body = None
            named = body.get("locationId") if isinstance(body, dict) else None
        return named if isinstance(named, str) and named in self.state.locations else ""

    def _delay(self, location: str, operation: str, fault: Fault | None) -> float:
        if fault is None:
            return self.latency.seconds(location, operation)
        if fault.kind is Kind.SLOW:
            return self.latency.seconds(location, operation) + (fault.seconds or 6.0)
        return 0.0

    def _too_many(self, visit: Visit) -> Ending:
        response = Response(429, too_many().body)
        known = self.state.locations.get(visit.location)
        if known and known.settings.retry_after_header:
            response.headers["Retry-After"] = str(max(1, round(visit.verdict.retry_after + 0.5)))
        return Ending(response)

    def _dress(self, visit: Visit, ending: Ending, response: Response) -> None:
        """Adds what every answer of GoHighLevel has: rate headers and a trace id."""
        verdict = visit.verdict
        if ending.budget == "burst":
            verdict = replace(verdict, remaining=0)
        elif ending.budget == "daily":
            verdict = replace(verdict, daily_remaining=0)
        if ending.rate_headers:
            response.headers.update(verdict.headers())
        if isinstance(response.payload, dict):
            response.payload = {**response.payload, "traceId": self.state.new_trace_id()}
            known = self.state.locations.get(visit.location)
            if known and known.settings.error_key == "status" and "statusCode" in response.payload:
                code = response.payload.pop("statusCode")
                response.payload = {"status": code, **response.payload}


def _contact_of(payload: dict[str, object]) -> str | None:
    contact = payload.get("contact")
    found = contact.get("id") if isinstance(contact, dict) else None
    return found if isinstance(found, str) else None
