"""The routes to the identity provider and back. They end in the hub's own session, or on a plain page that says why not.

Nothing of the provider's answer is kept: no token, however large, goes into a cookie or a table.
"""

from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.cookies import Cookies
from dashboard.doors import Doors, address_of, run_from
from dashboard.landed import landed, too_many, trouble
from dashboard.plain_page import said
from ghl.guard.door import TooManyError
from ghl.people.identities import Turned, TurnedAway, enter, use_state
from ghl.people.landing import own_path
from ghl.people.links import SIGN_IN_PATH, Entry
from ghl.people.oidc.flow import LIFE, TOKEN, Flow, begin, resume, tag_of
from ghl.people.oidc.provider import AnswerRefusedError, Provider, ProviderAwayError
from jobs.container import Container

OIDC_PATH = f"{SIGN_IN_PATH}/account"
CALLBACK_PATH = f"{OIDC_PATH}/back"
MAX_CODE = 8_192

log = structlog.get_logger(__name__)

Outcome = Entry | TurnedAway


class OidcRoutes:
    """There, and back."""

    def __init__(
        self, container: Callable[[], Container], cookies: Cookies, doors: Doors, provider: Provider
    ) -> None:
        self._container = container
        self._cookies = cookies
        self._doors = doors
        self._provider = provider

    def routes(self) -> list[Route]:
        """The two routes."""
        return [
            Route(OIDC_PATH, self.there, methods=["GET"]),
            Route(CALLBACK_PATH, self.back, methods=["GET"]),
        ]

    async def there(self, request: Request) -> Response:
        """Sends the browser to the provider."""
        flow = begin(own_path(request.query_params.get("next", "")), now=self._container().clock.now())
        try:
            address = await self._provider.address(flow)
        except ProviderAwayError as error:
            return self._away(error)
        answer = RedirectResponse(address, status_code=303)
        self._cookies.give_flow(
            answer, flow.cookie_name, flow.cookie_value, seconds=int(LIFE.total_seconds())
        )
        answer.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        return answer

    async def back(self, request: Request) -> Response:
        """Takes what the browser brings back, once, and only from the browser that was sent."""
        state = request.query_params.get("state", "")
        try:
            answer = await self._doors.of("account").try_from(
                address_of(request), lambda: self._brought_back(request, state)
            )
        except TooManyError as error:
            answer = too_many(error, "Too many sign-ins that didn't work")
        except ProviderAwayError as error:
            answer = self._away(error)
        except SQLAlchemyError as error:
            answer = trouble(error, "Try again in a minute.")
        if answer is None:
            answer = _again("This sign-in can't be used", "It was used already, or it took too long.")
        if TOKEN.fullmatch(state):
            self._cookies.take_flow(answer, tag_of(state))
        return answer

    async def _brought_back(self, request: Request, state: str) -> Response | None:
        """The answer, or None for what nobody was sent for: that is a wrong try."""
        query, hub = request.query_params, self._container()
        cookie = request.cookies.get(self._cookies.flow(tag_of(state)), "")
        flow = resume(state, cookie, now=hub.clock.now())
        if flow is None or not await run_in_threadpool(use_state, hub.database, flow, clock=hub.clock):
            log.info("sign-in refused", why="state")
            return None
        if "error" in query or not query.get("code"):
            # What the provider says of it is for nobody here; mostly somebody pressed Cancel.
            return _again(
                "You were not signed in", f"Signing in with {self._provider.name} was not finished."
            )
        outcome = await self._outcome(request, flow)
        if isinstance(outcome, Entry):
            return landed(self._cookies, outcome, stays=False)
        return _turned_away(outcome, self._provider.name) if outcome else None

    async def _outcome(self, request: Request, flow: Flow) -> Outcome | None:
        query, hub = request.query_params, self._container()
        try:
            who = await self._provider.redeem(
                flow, code=query["code"][:MAX_CODE], issuer=query.get("iss", "")
            )
        except AnswerRefusedError as error:
            log.warning("sign-in refused", why=error.code)
            return None
        come_in = partial(
            enter,
            hub.database,
            who,
            next_path=flow.next_path,
            user_agent=request.headers.get("user-agent", ""),
            clock=hub.clock,
            instead_of=self._cookies.session_of(request),
        )
        return await run_from(request, hub, come_in)

    def _away(self, error: ProviderAwayError) -> Response:
        log.warning("identity provider away", why=error.code)
        answer = _again(
            f"{self._provider.name} doesn't answer",
            "We can't sign you in with it right now. Try again in a minute, or take another way in.",
            status=503,
        )
        answer.headers["Retry-After"] = "60"
        return answer


def _turned_away(outcome: TurnedAway, name: str) -> Response:
    if outcome.why is Turned.UNKNOWN:
        return _again(
            "You are not in a team here yet",
            f"{name} knows you, and this hub does not. Ask an admin of your church to add you on the page Team, with the "
            "e-mail address of this account.",
        )
    if outcome.why is Turned.NOT_VERIFIED:
        return _again(
            "Your e-mail address is not confirmed",
            f"{name} does not say that the e-mail address of this account is yours. Confirm it there, or ask whoever "
            "looks after this hub.",
        )
    return _again(
        "This is another account",
        f"Somebody with your e-mail address signed in with another {name} account before. Take that one, or ask whoever "
        "looks after this hub.",
    )


def _again(title: str, text: str, *, status: int = 403) -> Response:
    return said(title, text, again=SIGN_IN_PATH, status=status)
