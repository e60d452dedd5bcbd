"""Who is let in, in GoHighLevel's order: token known, Version header, scope, location."""

from datetime import datetime

import orjson

from ghl.simulator import answers
from ghl.simulator.locations import Location
from ghl.simulator.routing import Call, Names, Route
from ghl.simulator.state import State
from ghl.simulator.tokens import SHAPE, Token
from ghl.simulator.wire import Request

VERSIONS = frozenset({"v3", "2023-02-21", "2021-07-28", "2021-04-15"})
"""The gateway takes any of these on every family; only paths and dialects differ."""


def bearer(request: Request) -> str:
    """The token that a request carries, or an empty text."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" else ""


def check_token(value: str, token: Token | None, now: datetime) -> Token:
    """The token, if it is known and has not ended.

    Raises Refusal: 401, in other words for what has no token's shape than for an unknown or ended one.
    """
    if token is None and not SHAPE.match(value):
        raise answers.token_malformed()
    if token is None or not token.works(now):
        raise answers.token_unknown()
    return token


def let_in(request: Request, route: Route, params: dict[str, str], token: Token, state: State) -> Call:
    """The call, ready for its handler. Raises Refusal at the first check that fails."""
    version = request.headers.get("version")
    if version is None:
        raise answers.version_missing()
    if version not in VERSIONS:
        raise answers.version_invalid()
    if token.location_id is None and not route.agency:
        raise answers.agency_token()
    if route.scope not in token.scopes:
        raise answers.scope_missing()
    body = _read_body(request) if route.reads_body else {}
    if route.names is Names.CONTACT:
        # An unknown contact is looked for in the token's own location, and not found there.
        contact = state.find(params["contactId"])
        named = contact.location_id if contact else token.location_id or ""
    elif route.names is Names.TOKEN:
        named = token.location_id or ""
    else:
        named = _named(request, route, params, body)
    return Call(request, params, body, _location(named, token, state), state, v3=version == "v3")


def _read_body(request: Request) -> dict[str, object]:
    try:
        body = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as error:
        raise answers.bad_request("Unexpected token in JSON") from error
    if not isinstance(body, dict):
        raise answers.bad_request("Unexpected token in JSON")
    return body


def _named(request: Request, route: Route, params: dict[str, str], body: dict[str, object]) -> str:
    """The id of the location that path, query or body names. Raises Refusal (422) when it names none."""
    if route.names is Names.PATH:
        return params["locationId"]
    named: object = request.query.get("locationId") if route.names is Names.QUERY else body.get("locationId")
    if named in (None, ""):
        raise answers.unprocessable("locationId should not be empty", "locationId must be a string")
    if not isinstance(named, str):
        raise answers.unprocessable("locationId must be a string")
    return named


def _location(location_id: str, token: Token, state: State) -> Location:
    if token.location_id in (location_id, None) and location_id in state.locations:
        return state.locations[location_id]
    own = state.locations.get(token.location_id or "")
    raise answers.wrong_location(as_401=bool(own and own.settings.wrong_location_as_401))
