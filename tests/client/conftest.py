"""The pooled HTTP client that the tests of this folder share for the length of a test."""

from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest

from ghl.client.client import GHLClient
from ghl.client.pool import make_http_client
from tests.support.clients import ghl_client


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with make_http_client() as client:
        yield client


@pytest.fixture
def connect(http: httpx.Client) -> Callable[..., GHLClient]:
    """`connect(url, **options)` is a client for that server."""
    return partial(ghl_client, http)
