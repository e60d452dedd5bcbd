"""The simulator stays on its machine: it neither listens elsewhere nor tells anybody elsewhere anything."""

import ipaddress


class NotLoopbackError(ValueError):
    """The simulator was asked to listen where others could reach it, or to speak to another machine."""

    def __init__(self) -> None:
        super().__init__("The simulator stays on this machine: use 127.0.0.1.")


def check_loopback(host: str) -> str:
    """The loopback address that `host` is. Raises NotLoopbackError for any address that others could reach."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise NotLoopbackError from error
    if not address.is_loopback:
        raise NotLoopbackError
    return host


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, as nobody else can reach it."""
    try:
        check_loopback(host)
    except NotLoopbackError:
        return False
    return True
