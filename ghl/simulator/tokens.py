"""Private Integration Tokens: who may do what, rotation with its 7-day overlap, revoking. Fake tokens only."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

OVERLAP = timedelta(days=7)
"""How long the old token still works after *Rotate and expire this token later* (GoHighLevel help 155000003054)."""

SHAPE = re.compile(r"pit-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
FAKE_PREFIX = "pit-0000"

ALL_SCOPES = frozenset(
    {
        "contacts.readonly",
        "contacts.write",
        "conversations.readonly",
        "conversations/message.readonly",
        "conversations/message.write",
        "locations.readonly",
        "locations/customFields.readonly",
        "locations/tags.readonly",
        "users.readonly",
        "workflows.readonly",
    }
)


class RealTokenError(ValueError):
    """A token that does not look fake was given to the simulator; it says nothing of the token itself."""

    def __init__(self) -> None:
        super().__init__(f"The simulator takes fake tokens only: {FAKE_PREFIX}…, 40 characters in all.")


def check_fake(token: str) -> str:
    """Returns `token` when it has the shape of a fake one.

    Raises RealTokenError: otherwise, so that nobody types a church's real token into a demo.
    """
    if not (token.startswith(FAKE_PREFIX) and SHAPE.match(token)):
        raise RealTokenError
    return token


def fake_token(number: int) -> str:
    """The `number`th fake token, always the same."""
    return f"{FAKE_PREFIX}0000-0000-4000-8000-{number:012x}"


@dataclass(slots=True)
class Token:
    """One token: of one location, or of the whole agency when `location_id` is None."""

    value: str
    location_id: str | None
    scopes: frozenset[str] = ALL_SCOPES
    expires_at: datetime | None = None

    def works(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at


class Tokens:
    """All tokens by value. Times come in; nothing here looks at a clock."""

    def __init__(self) -> None:
        self._by_value: dict[str, Token] = {}

    def add(self, token: Token) -> Token:
        """Keeps `token`, in place of one with the same value.

        Raises RealTokenError: it does not look fake.
        """
        check_fake(token.value)
        self._by_value[token.value] = token
        return token

    def find(self, value: str) -> Token | None:
        """The token of that value, expired ones included."""
        return self._by_value.get(value)

    def rotate(self, old: str, new: str, *, now: datetime, expire_now: bool = False) -> tuple[Token, Token]:
        """The old token, which works on for 7 days or ends at once, and a new one with the same rights.

        Raises KeyError: `old` is not known.
        """
        before = self._by_value[old]
        after = self.add(Token(new, before.location_id, before.scopes))
        before.expires_at = now if expire_now else now + OVERLAP
        return before, after

    def revoke(self, value: str, *, now: datetime) -> Token:
        """Ends a token at once. Raises KeyError when it is not known."""
        token = self._by_value[value]
        token.expires_at = now
        return token

    def restore(self, value: str) -> Token:
        """Takes back a revocation or a rotation's end. Raises KeyError when the token is not known."""
        token = self._by_value[value]
        token.expires_at = None
        return token

    def all(self) -> list[Token]:
        return list(self._by_value.values())
