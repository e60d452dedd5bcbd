"""How the routes of signing in answer: somebody is in, tried too often, or the database is away."""

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import RedirectResponse, Response

from dashboard.cookies import Cookies
from dashboard.plain_page import said
from ghl.guard.door import TooManyError
from ghl.people.landing import HOME
from ghl.people.links import Entry


def landed(cookies: Cookies, entry: Entry, *, stays: bool) -> Response:
    """Somebody is in: the cookie, and on to the page they asked for."""
    answer = RedirectResponse(entry.next_path or HOME, status_code=303)
    cookies.give_session(answer, entry.cookie, stays=stays)
    answer.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    return answer


def too_many(error: TooManyError, title: str) -> Response:
    """Somebody tried wrong ones too often."""
    minutes = max(1, round(error.seconds / 60))
    answer = said(
        title,
        f"Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again. A link that is good still works now.",
        status=429,
    )
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def trouble(error: SQLAlchemyError, text: str) -> Response:
    """The database does not answer."""
    structlog.get_logger(__name__).error("sign-in not possible", error=type(error).__name__)
    answer = said("We can't sign you in right now", text, status=503)
    answer.headers["Retry-After"] = "60"
    return answer
