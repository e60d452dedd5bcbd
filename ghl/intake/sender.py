"""Who a request comes from, as far as it can be known: address and program, in forms the database takes.

The address is the other end of the connection, or what a proxy says that the settings name; never more.
"""

import ipaddress

from starlette.requests import Request

MAX_AGENT = 300


def address_of(request: Request) -> str | None:
    """The sender's address, or None."""
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return None
    return str(address).partition("%")[0]


def agent_of(request: Request) -> str | None:
    """The sender's program as it names itself, bounded, or None."""
    given = request.headers.get("user-agent", "")
    return "".join(sign for sign in given if sign.isprintable())[:MAX_AGENT] or None


def network_of(address: str) -> str:
    """The address; of IPv6 the first 64 bits, because one machine has all of the rest (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
