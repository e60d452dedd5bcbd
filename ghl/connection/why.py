"""Why one call of a token's test was refused, where nothing more is known than that call. Pure."""

from ghl.client.errors import AgencyTokenError, GHLError, NotFoundError, TokenRefusedError, WrongLocationError
from ghl.connection.verdict import AGENCY, LOCATION, REFUSED


def why_not(error: GHLError) -> str:
    """A sentence or two, for people."""
    match error:
        case TokenRefusedError():
            return REFUSED
        case AgencyTokenError():
            return AGENCY
        case WrongLocationError() | NotFoundError():
            return LOCATION
        case _ if error.system_error:
            return "GoHighLevel isn't answering, so the token could not be tested. Nothing was changed. Try again."
        case _:
            return error.user_message
