"""Connecting a church to GoHighLevel: a token is pasted, tried, and only then sealed, stored and used.

`paste` and `verdict` are pure, `probes` is what is tried, `trials` keeps a token until it was, `switch` decides which
one is used. The why: docs/adr/0012-a-token-on-trial.md. Nothing here opens a socket.
"""

from ghl.connection.probes import CHECKS, check_token
from ghl.connection.switch import (
    Connected,
    ConnectionRefusedByUsError,
    Test,
    TokenRefusedByTestError,
    connect,
)

__all__ = [
    "CHECKS",
    "Connected",
    "ConnectionRefusedByUsError",
    "Test",
    "TokenRefusedByTestError",
    "check_token",
    "connect",
]
