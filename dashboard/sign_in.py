"""The routes `/sign-in` and `/sign-out`: plain pages without Streamlit, because only they can set a cookie.

Opening a link changes nothing: mail scanners open every address they see. The button on the page does.
"""

import html
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from urllib.parse import parse_qs, urlsplit

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.gate import COOKIE
from dashboard.headers import script_hash
from dashboard.whence import sender
from ghl.people import sessions
from ghl.people.errors import LinkNotValidError
from ghl.people.links import SIGN_IN_PATH, redeem
from ghl.people.policy import SESSION_LIFE
from jobs.container import Container

P = ParamSpec("P")
T = TypeVar("T")

SIGN_OUT_PATH = "/sign-out"
MAX_FORM = 2_048
"""Bytes of a form; ours holds one token of 43 signs."""

# A second click must not use the link up behind the first one's back.
ONCE = (
    "document.querySelector('form').addEventListener('submit',function(e){"
    "if(this.dataset.sent){e.preventDefault()}this.dataset.sent=1})"
)

STYLE = """
:root{color-scheme:light dark;--page:#fff;--text:#1d2433;--line:#c9ced8;--main:#1f5fbf}
@media(prefers-color-scheme:dark){:root{--page:#0e1117;--text:#fafafa;--line:#464b57;--main:#3573d1}}
body{margin:0;background:var(--page);color:var(--text);font:18px/1.5 system-ui,sans-serif}
main{max-width:26rem;margin:12vh auto;padding:1.5rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}
section{border:1px solid var(--line);border-radius:.75rem;padding:1.5rem}
p{margin:0 0 1rem}p:last-child{margin:0}
button{font:inherit;font-weight:600;width:100%;padding:.7rem 1rem;border:0;border-radius:.5rem;
background:var(--main);color:#fff;cursor:pointer}
button:focus-visible{outline:3px solid var(--text);outline-offset:2px}
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Church Connect Hub</title><style>{style}</style></head>
<body><main><h1>{title}</h1><section>{body}</section></main>{script}</body></html>"""

STAY = (
    '<p><label><input type="checkbox" name="stay" value="1"> Stay signed in on this computer '
    "after the browser is closed. Not on a computer that others use.</label></p>"
)

FORM = """<form method="post" action="{path}">{field}<button type="submit">{label}</button></form>"""

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src '{script_hash(ONCE)}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def sign_in_routes(container: Callable[[], Container], *, https: bool) -> list[Route]:
    """The two routes. `https`: the cookie goes over encrypted connections only."""

    async def sign_in(request: Request) -> Response:
        if request.method != "POST":
            return _sign_in_page(request.query_params.get("t", ""))
        if _from_another_site(request):
            return _said("This came from another site", "Open your sign-in link itself.", status=403)
        form = await _form(request)
        token = form.get("t", "")
        agent = request.headers.get("user-agent", "")
        try:
            hub = container()
            enter = _coming_from(request, hub, redeem)
            cookie = await run_in_threadpool(enter, hub.database, token, user_agent=agent, clock=hub.clock)
        except LinkNotValidError as error:
            return _said("This link doesn't work any more", str(error), status=403)
        except SQLAlchemyError as error:
            return _trouble(error)
        stays = form.get("stay") == "1"
        return _with_cookie(RedirectResponse("/", status_code=303), cookie, https=https, stays=stays)

    async def sign_out(request: Request) -> Response:
        if request.method != "POST":
            return _page("Sign out?", FORM.format(path=SIGN_OUT_PATH, field="", label="Sign out"))
        if _from_another_site(request):
            return _said("This came from another site", "You are still signed in.", status=403)
        try:
            hub = container()
            leave = _coming_from(request, hub, sessions.sign_out)
            await run_in_threadpool(leave, hub.database, request.cookies.get(COOKIE), clock=hub.clock)
        except SQLAlchemyError as error:
            return _trouble(error)
        answer = _said("You are signed out", "To come back, open a new sign-in link.")
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=https)
        return answer

    return [
        Route(SIGN_IN_PATH, sign_in, methods=["GET", "HEAD", "POST"]),
        Route(SIGN_OUT_PATH, sign_out, methods=["GET", "HEAD", "POST"]),
    ]


def _coming_from(request: Request, hub: Container, act: Callable[P, T]) -> Callable[P, T]:
    """The same, with the browser's address noted in the change log. It runs in a thread of its own for that long."""
    connected = request.client.host if request.client else None
    address = sender(connected, request.headers.get("x-forwarded-for", ""), hub.settings.trusted_proxies)

    def acting(*args: P.args, **kwargs: P.kwargs) -> T:
        hub.database.come_from(address or "dashboard")
        return act(*args, **kwargs)

    return acting


def _sign_in_page(token: str) -> Response:
    if not token:
        return _said("Sign in", "Open the sign-in link you were given. It works once, for 15 minutes.")
    field = f'<input type="hidden" name="t" value="{html.escape(token[:200])}">'
    field += STAY
    text = "<p>One click, and you are in. The link works once, for 15 minutes.</p>"
    return _page("Church Connect Hub", text + FORM.format(path=SIGN_IN_PATH, field=field, label="Sign in"))


def _said(title: str, text: str, *, status: int = 200) -> Response:
    return _page(title, f"<p>{html.escape(text)}</p>", status=status)


def _page(title: str, body: str, *, status: int = 200) -> Response:
    script = f"<script>{ONCE}</script>" if "<form" in body else ""
    text = PAGE.format(title=html.escape(title), style=STYLE, body=body, script=script)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def _trouble(error: SQLAlchemyError) -> Response:
    structlog.get_logger(__name__).error("sign-in not possible", error=type(error).__name__)
    answer = _said(
        "We can't sign you in right now", "Your link stays good. Try again in a minute.", status=503
    )
    answer.headers["Retry-After"] = "60"
    return answer


def _with_cookie(answer: Response, cookie: str, *, https: bool, stays: bool) -> Response:
    """Ends with the browser unless somebody asked for more: Sunday's computer is shared.

    The session's row ends by itself all the same, unused or after a week.
    """
    age = int(SESSION_LIFE.total_seconds()) if stays else None
    answer.set_cookie(COOKIE, cookie, max_age=age, httponly=True, samesite="lax", secure=https, path="/")
    answer.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    return answer


def _from_another_site(request: Request) -> bool:
    """Whether another site sent this form, to sign its own person in here, or ours out.

    Browsers say so in Sec-Fetch-Site, over HTTPS and on loopback; elsewhere Origin names the sender, which
    after our own page's `no-referrer` is `null`.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc != request.headers.get("host")


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM:
            return {}
    fields = parse_qs(body.decode("ascii", errors="replace"))
    return {name: values[0] for name, values in fields.items()}
