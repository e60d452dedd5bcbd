"""The routes `/sign-in` and `/sign-out`: plain pages without Streamlit, because only they can set a cookie.

Opening a link changes nothing: mail scanners open every address they see. The button on the page does.
"""

import html
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.cookies import Cookies
from dashboard.doors import MAILS, Doors, address_of, run_from
from dashboard.landed import landed, too_many, trouble
from dashboard.oidc import OIDC_PATH, OidcRoutes
from dashboard.plain_page import form, from_another_site, page, said
from ghl.guard.door import TooManyError
from ghl.people import sessions
from ghl.people.errors import LinkNotValidError
from ghl.people.landing import own_path
from ghl.people.links import SIGN_IN_PATH, Entry, use_up
from ghl.people.mails import ask_for_link
from ghl.people.oidc.provider import Provider
from jobs.container import Container

SIGN_OUT_PATH = "/sign-out"
MAIL_PATH = f"{SIGN_IN_PATH}/mail"
MAX_FORM = 2_048
"""Bytes of a form; ours hold one token of 43 signs, or an address and a path."""

STAY = (
    '<p><label><input type="checkbox" name="stay" value="1"> Stay signed in on this computer '
    "after the browser is closed. Not on a computer that others use.</label></p>"
)

ADDRESS = (
    '<label class="field">Your e-mail address'
    '<input type="email" name="email" autocomplete="email" required maxlength="254"></label>'
)


def sign_in_routes(
    container: Callable[[], Container],
    *,
    cookies: Cookies,
    doors: Doors,
    provider: Provider | None = None,
    mails: bool = False,
) -> list[Route]:
    """The routes. `provider`: people may sign in with an account there. `mails`: a mail server is set."""
    routes = SignInRoutes(
        container, cookies, doors, provider_name=provider.name if provider else "", mails=mails
    )
    found = [
        Route(SIGN_IN_PATH, routes.sign_in, methods=["GET", "HEAD", "POST"]),
        Route(SIGN_OUT_PATH, routes.sign_out, methods=["GET", "HEAD", "POST"]),
    ]
    if mails:
        found.append(Route(MAIL_PATH, routes.mail, methods=["POST"]))
    if provider is not None:
        found += OidcRoutes(container, cookies, doors, provider).routes()
    return found


class SignInRoutes:
    """Signing in by a link, asking for one, and signing out."""

    def __init__(
        self,
        container: Callable[[], Container],
        cookies: Cookies,
        doors: Doors,
        *,
        provider_name: str,
        mails: bool,
    ) -> None:
        self._container = container
        self._cookies = cookies
        self._doors = doors
        self._provider_name = provider_name
        self._mails = mails

    async def sign_in(self, request: Request) -> Response:
        """The page with the ways in, the page of a link, and its button."""
        if request.method != "POST":
            token = request.query_params.get("t", "")
            return (
                _link_page(token) if token else self._ways_in(own_path(request.query_params.get("next", "")))
            )
        if from_another_site(request):
            return said("This came from another site", "Open your sign-in link itself.", status=403)
        fields = await _form(request)
        token, agent = fields.get("t", ""), request.headers.get("user-agent", "")
        hub, had = self._container(), self._cookies.session_of(request)

        def look() -> Entry | None:
            try:
                return use_up(hub.database, token, user_agent=agent, clock=hub.clock, instead_of=had)
            except LinkNotValidError:
                return None

        try:
            entry = await self._doors.of("link").try_from(
                address_of(request), lambda: run_from(request, hub, look)
            )
        except TooManyError as error:
            return too_many(error, "Too many links that don't work")
        except SQLAlchemyError as error:
            return trouble(error, "Your link stays good. Try again in a minute.")
        if entry is None:
            return said(
                "This link doesn't work any more",
                "It was used already or is older than 15 minutes. Ask for a new one.",
                again=SIGN_IN_PATH,
                label="Other ways to sign in",
                status=403,
            )
        return landed(self._cookies, entry, stays=fields.get("stay") == "1")

    async def mail(self, request: Request) -> Response:
        """Notes that somebody wants a link by e-mail. It takes and answers the same for every address."""
        if from_another_site(request):
            return said("This came from another site", "Nothing was sent.", again=SIGN_IN_PATH, status=403)
        fields = await _form(request)
        typed, next_path = fields.get("email", ""), fields.get("next", "")
        hub = self._container()

        try:
            await self._doors.of("mail", MAILS).ask_from(address_of(request))
            await run_in_threadpool(ask_for_link, hub.database, typed, next_path=next_path, clock=hub.clock)
        except TooManyError as error:
            return too_many(error, "Too many e-mails were asked for from here")
        except SQLAlchemyError as error:
            return trouble(error, "No e-mail was sent. Try again in a minute.")
        return said(
            "Look into your mailbox",
            "If this address may sign in here, an e-mail with a link is on its way. It takes about a minute.",
            "The link works once, for 15 minutes. Nothing there? Look into the spam folder, or ask an admin of your "
            "church whether they added this address.",
        )

    async def sign_out(self, request: Request) -> Response:
        """Ends the session in every tab and takes the cookie."""
        if request.method != "POST":
            return page("Sign out?", form(SIGN_OUT_PATH, "Sign out"))
        if from_another_site(request):
            return said("This came from another site", "You are still signed in.", status=403)
        hub = self._container()
        try:
            had = self._cookies.session_of(request)
            await run_from(request, hub, lambda: sessions.sign_out(hub.database, had, clock=hub.clock))
        except SQLAlchemyError as error:
            return trouble(error, "You are still signed in. Try again in a minute.")
        answer = said(
            "You are signed out", "To come back, sign in again.", again=SIGN_IN_PATH, label="Sign in"
        )
        self._cookies.take_session(answer)
        return answer

    def _ways_in(self, next_path: str) -> Response:
        ways = []
        if self._provider_name:
            query = f"?{urlencode({'next': next_path})}" if next_path else ""
            label = html.escape(f"Sign in with {self._provider_name}")
            ways.append(f'<p><a class="button" href="{html.escape(OIDC_PATH + query)}">{label}</a></p>')
        if self._mails:
            text = "<p>We send you a link. It works once, for 15 minutes.</p>"
            hidden = {"next": next_path} if next_path else {}
            ways.append(text + form(MAIL_PATH, "E-mail me a link", inside=ADDRESS, hidden=hidden))
        else:
            ways.append(
                "<p>Open the sign-in link you were given. It works once, for 15 minutes.</p>"
                "<p>No link? An admin of your church, or whoever looks after this hub, makes you one.</p>"
            )
        return page("Sign in", *ways)


def _link_page(token: str) -> Response:
    text = "<p>One click, and you are in. The link works once, for 15 minutes.</p>"
    return page(
        "Church Connect Hub", text + form(SIGN_IN_PATH, "Sign in", inside=STAY, hidden={"t": token[:200]})
    )


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM:
            return {}
    fields = parse_qs(body.decode("ascii", errors="replace"))
    return {name: values[0] for name, values in fields.items()}
