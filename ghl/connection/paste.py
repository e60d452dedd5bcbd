"""What somebody pasted as a location id and a token: cleaned, checked, and a likely mistake called by its name.

Pure, and asked before anything is sent. No sentence repeats what was pasted: it may be a secret of another kind.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

TOKEN = re.compile(r"pit-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A Private Integration Token: `pit-` and a UUID (reference: GHL's Private Integrations)."""
TOKEN_LENGTH = 40

LOCATION_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
LOOKS_LIKE_LOCATION = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9]{15,30}")
"""Ids of GoHighLevel are about 20 letters and digits, mixed."""

JWT = re.compile(r"eyJ[\w-]*(\.[\w-]*){0,2}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CLIENT_ID = re.compile(r"[0-9a-f]{24}-[0-9a-z]{6,12}", re.IGNORECASE)

MOST_SIGNS = 4_000
"""More than any key has: what is longer is somebody's clipboard, and is not looked through."""

_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_AROUND = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb<>,;"
_UNSEEN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
_LABEL = re.compile(r"(authorization|bearer|token|location id)(\s*:\s*|\s+)", re.IGNORECASE)

SHOWN_ONCE = (
    "GoHighLevel shows it once, when you make or rotate it: in your church's own account, under Settings, "
    "Private Integrations"
)
WHERE_LOCATION = "In GoHighLevel it stands under Settings, Business Profile"


@dataclass(frozen=True)
class Pasted:
    """A location id and a token that may be one, cleaned."""

    location_id: str
    token: SecretStr = field(repr=False)

    @property
    def last4(self) -> str:
        """All of the token that anybody sees again."""
        return self.token.get_secret_value()[-4:]


class PasteError(ValueError):
    """It cannot be what it should be. `problems` says by field (`location`, `token`) what it looks like instead."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def read_paste(location: str, token: str) -> Pasted:
    """What was pasted, cleaned of what copying adds. Raises `PasteError`."""
    location, token = clean(location), clean(token)
    told = {"location": _location_problem(location), "token": _token_problem(token)}
    problems = {name: problem for name, problem in told.items() if problem}
    if problems:
        raise PasteError(problems)
    return Pasted(location, SecretStr(token))


def clean(pasted: str) -> str:
    """Without white space, quotes, `Bearer` and signs nobody sees; with plain hyphens."""
    text = _UNSEEN.sub(" ", pasted[: MOST_SIGNS + 1]).strip().translate(_DASHES)
    while True:
        before = text
        text = text.strip(f" {_AROUND}")
        if found := _LABEL.match(text):
            text = text[found.end() :]
        if text == before:
            return text.replace(" ", "")


def looks_like_token(pasted: str) -> bool:
    """Whether it is a token, or a part of one: nothing that may stand where everybody can read it."""
    return clean(pasted).lower().startswith("pit-")


def _token_problem(token: str) -> str:
    if TOKEN.fullmatch(token):
        return ""
    if not token:
        return f"The token is missing. {SHOWN_ONCE}."
    if len(token) > MOST_SIGNS:
        return f"This is far too long for a token: one has {TOKEN_LENGTH} signs and begins with pit-."
    if token.lower().startswith("pit-"):
        return _cut_off(token)
    if JWT.fullmatch(token):
        return (
            "This is an API key or an access token of another kind (it begins with eyJ), perhaps your agency's. "
            f"A Private Integration Token begins with pit-. {SHOWN_ONCE}."
        )
    if UUID.fullmatch(token):
        return (
            "This looks like an app's client secret, or like a token without its beginning pit-. "
            f"Copy the token as a whole. {SHOWN_ONCE}."
        )
    if CLIENT_ID.fullmatch(token):
        return (
            "This looks like an app's client id. The hub needs no app: "
            f"it needs a Private Integration Token, which begins with pit-. {SHOWN_ONCE}."
        )
    if LOOKS_LIKE_LOCATION.fullmatch(token):
        return (
            "This looks like a location id; it belongs in the other field. "
            f"A token begins with pit-. {SHOWN_ONCE}."
        )
    return f"This is no Private Integration Token: one begins with pit-. {SHOWN_ONCE}."


def _cut_off(token: str) -> str:
    if len(token) < TOKEN_LENGTH:
        missing = TOKEN_LENGTH - len(token)
        return (
            f"The token is cut off: {missing} of its {TOKEN_LENGTH} signs {'is' if missing == 1 else 'are'} missing. "
            "Copy it again, from its first to its last sign."
        )
    if len(token) > TOKEN_LENGTH:
        return (
            f"There is something behind the token: it has {TOKEN_LENGTH} signs, and here are {len(token)}. "
            "Copy it again, alone."
        )
    return (
        "The token holds a sign that no token has: after pit- come only the digits 0 to 9, "
        "the small letters a to f, and hyphens. Copy it again instead of typing it."
    )


def _location_problem(location: str) -> str:
    if not location:
        return f"The location id is missing. {WHERE_LOCATION}."
    if location.lower().startswith("pit-"):
        return f"This is the token; it belongs in the other field. {WHERE_LOCATION}."
    if "/location/" in location:
        return (
            "This is an address. The location id is the part of it after /location/, up to the next slash: "
            "copy that part alone."
        )
    if not LOCATION_ID.fullmatch(location):
        return f"A location id holds letters and digits only. {WHERE_LOCATION}."
    return ""
