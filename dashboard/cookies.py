"""Names and properties of the hub's cookies. A cookie is shared by all ports of a host; these names are not."""

import hashlib
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from ghl.config import Settings
from ghl.people.policy import SESSION_LIFE

HOST_ONLY = "__Host-"
"""A browser takes a cookie of such a name from this very host alone, over HTTPS, for all paths (RFC 6265bis)."""


class Cookies:
    """The cookies of one installation. Two hubs on one machine have different databases, and so different names."""

    def __init__(self, settings: Settings) -> None:
        self._https = settings.public_url.startswith("https://")
        prefix = HOST_ONLY if self._https else ""
        self._session = f"{prefix}hub_session_{_installation(settings)}"
        self._flow = f"{prefix}hub_flow_{_installation(settings)}"

    @property
    def session(self) -> str:
        """The name of the cookie that holds a session's secret."""
        return self._session

    def flow(self, tag: str) -> str:
        """The name of the cookie of one sign-in under way at the identity provider."""
        return f"{self._flow}_{tag}"

    def give_session(self, answer: Response, secret: str, *, stays: bool) -> None:
        """Ends with the browser unless somebody asked for more: Sunday's computer is shared.

        The session's row ends by itself all the same, unused or after a week.
        """
        age = int(SESSION_LIFE.total_seconds()) if stays else None
        self._give(answer, self._session, secret, age)

    def take_session(self, answer: Response) -> None:
        """Takes the cookie back."""
        self._take(answer, self._session)

    def give_flow(self, answer: Response, tag: str, value: str, *, seconds: int) -> None:
        """Lays a sign-in that begins into the browser. Lax, for it has to come back from another site."""
        self._give(answer, self.flow(tag), value, seconds)

    def take_flow(self, answer: Response, tag: str) -> None:
        """Takes it out again."""
        self._take(answer, self.flow(tag))

    def session_of(self, request: Request) -> str | None:
        """The session's secret that a browser shows."""
        return request.cookies.get(self._session)

    def _give(self, answer: Response, name: str, value: str, age: int | None) -> None:
        answer.set_cookie(
            name, value, max_age=age, path="/", httponly=True, samesite="lax", secure=self._https
        )

    def _take(self, answer: Response, name: str) -> None:
        answer.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=self._https)


def _installation(settings: Settings) -> str:
    """A few signs that differ between installations on one machine, and are the same for all web processes of one."""
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port}{parts.path}?{parts.query}"
    return hashlib.sha256(where.encode()).hexdigest()[:8]
