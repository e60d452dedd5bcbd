"""GHL clients for tests: a token that must never show up anywhere, and no waits between repetitions."""

from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from hypothesis import HealthCheck, settings
from pydantic import SecretStr

from ghl.client import errors
from ghl.client.client import GHLClient
from ghl.client.models import ContactWrite
from ghl.client.retry import RetryPolicy
from ghl.clock import SystemClock

T = TypeVar("T")

TOKEN = "pit-00000000-1111-4222-8333-444444444444"
LOCATION = "ve9EPM428h8vShlRW1KT"
ANN = ContactWrite(first_name="Ann", last_name="Lee", phone="+16155550100", email="ann@example.org")
CONTACT = {"contact": {"id": "c1", "firstName": "Ann"}}


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties: a busy machine is no finding."""


def ghl_client(http: httpx.Client, url: str, **options: Any) -> GHLClient:
    """A client for the server at `url`, with a generous deadline unless told otherwise."""
    arguments: dict[str, Any] = {
        "http": http,
        "base_url": url,
        "token": SecretStr(TOKEN),
        "location_id": LOCATION,
        "clock": SystemClock(),
        "deadline": 5.0,
        "retries": RetryPolicy.immediate(),
    }
    return GHLClient(**{**arguments, **options})


def outcome(call: Callable[[], T]) -> T | errors.GHLError:
    """What a call gives, or the client's error it raises; any other exception passes."""
    try:
        return call()
    except errors.GHLError as error:
        return error
