"""A browser's way to the identity provider and back. All of it lies in one short-lived cookie of that browser.

The cookie's secret gives the nonce and the PKCE verifier; it never leaves the browser and the hub. The state that goes
through the provider's address is only ever taken from the browser whose cookie knows it. Pure decisions.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from ghl.people.landing import own_path

LIFE = timedelta(minutes=10)
"""As long as somebody may take at the provider: a password, a telephone for the second step."""

SKEW = timedelta(seconds=90)
"""How far the clocks of the provider and of several web processes may differ."""

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
TAG = 8


@dataclass(frozen=True)
class Flow:
    """One sign-in under way. `next_path` is the page of ours it ends on."""

    state: str = field(repr=False)
    secret: str = field(repr=False)
    begun_at: datetime
    next_path: str

    @property
    def cookie_name(self) -> str:
        """Part of the cookie's name: two tabs that sign in at once do not take each other's."""
        return tag_of(self.state)

    @property
    def cookie_value(self) -> str:
        """What the browser keeps."""
        landing = base64.urlsafe_b64encode(self.next_path.encode()).decode().rstrip("=")
        return ".".join((self.secret, _hash(self.state), str(int(self.begun_at.timestamp())), landing))

    @property
    def nonce(self) -> str:
        """Goes through the provider into the ID token, which so belongs to this browser."""
        return _derived(self.secret, "nonce")

    @property
    def verifier(self) -> str:
        """PKCE: who shows it to the provider is who began (RFC 7636)."""
        return _derived(self.secret, "verifier")

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier at the beginning."""
        return str(create_s256_code_challenge(self.verifier))


def begin(next_path: str, *, now: datetime) -> Flow:
    """A new way there and back."""
    return Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(32), now, own_path(next_path))


def resume(state: str, cookie: str, *, now: datetime) -> Flow | None:
    """The flow that this browser began with this state, while it lasts; None for anything else."""
    parts = cookie.split(".")
    if len(parts) != 4 or not TOKEN.fullmatch(state) or not TOKEN.fullmatch(parts[0]):
        return None
    secret, state_hash, begun, landing = parts
    if not hmac.compare_digest(_hash(state).encode(), state_hash.encode("ascii", "replace")):
        return None
    if not re.fullmatch(r"[0-9]{1,12}", begun) or not re.fullmatch(r"[A-Za-z0-9_-]{0,700}", landing):
        return None
    age = now.timestamp() - int(begun)
    if not -SKEW.total_seconds() <= age <= LIFE.total_seconds():
        return None
    try:
        next_path = base64.urlsafe_b64decode(landing + "=" * (-len(landing) % 4)).decode()
    except ValueError:
        return None
    return Flow(state, secret, now - timedelta(seconds=age), own_path(next_path))


def tag_of(state: str) -> str:
    """The first signs of a state, by which its cookie is found."""
    return state[:TAG]


def _derived(secret: str, what: str) -> str:
    return (
        base64.urlsafe_b64encode(hmac.digest(secret.encode(), what.encode(), "sha256")).decode().rstrip("=")
    )


def _hash(state: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(state.encode()).digest()).decode().rstrip("=")
