"""From which address of the network a browser speaks, for the change log. Pure.

A proxy says so in a header that anybody can send: it counts only where the connection comes from a proxy that the
settings name.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

LOOPBACK = "127.0.0.1"


def sender(connected: str | None, forwarded: str, trusted: str) -> str | None:
    """The browser's address; None where it is on this machine, or cannot be known.

    `connected` is the other end of the connection (None: this machine), `forwarded` the header `X-Forwarded-For`.
    """
    networks = [ip_network(one.strip(), strict=False) for one in trusted.split(",") if _is_network(one)]
    here = _address(connected or LOOPBACK)
    hops = [address for one in reversed(forwarded.split(",")) if (address := _address(one))]
    while here is not None and hops and any(here in network for network in networks):
        here = hops.pop(0)
    return None if here is None or here.is_loopback else str(here)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None


def _is_network(text: str) -> bool:
    try:
        ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True
