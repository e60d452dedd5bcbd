"""The door to GHL for one location: cheap to make, holds no connection of its own, and decides nothing."""

from collections.abc import Callable

import httpx
from pydantic import SecretStr

from ghl.client.contacts import ContactsResource
from ghl.client.conversations import ConversationsResource
from ghl.client.errors import GHLError
from ghl.client.locations import LocationsResource
from ghl.client.operations import checked_id
from ghl.client.rate_headers import RateHeaders
from ghl.client.retry import RetryPolicy
from ghl.client.transport import Transport
from ghl.clock import Clock

DEADLINE_SECONDS = 5.0
"""The longest a call may take, its repetitions included."""


class GHLClient:
    """Calls of one location with its token, over connections that many clients share.

    `guard` is asked before each request and again before its first byte; it holds the call back by raising
    `NotSentError`. `on_answer` gets the rate headers of each answer with the monotonic time its request left.
    `may_repeat` is asked before a read that met a blip is sent once more, which costs the budget another call
    when the failed one reached GHL. `deadline` in seconds.
    """

    def __init__(
        self,
        *,
        http: httpx.Client,
        base_url: str,
        token: SecretStr,
        location_id: str,
        clock: Clock,
        guard: Callable[[], None] = lambda: None,
        on_answer: Callable[[RateHeaders, float], None] = lambda _headers, _sent_at: None,
        may_repeat: Callable[[GHLError], bool] = lambda _error: True,
        deadline: float = DEADLINE_SECONDS,
        retries: RetryPolicy | None = None,
    ) -> None:
        """Raises ValueError for a location id that can be none."""
        transport = Transport(
            http=http,
            base_url=base_url,
            token=token,
            location_id=checked_id(location_id),
            clock=clock,
            guard=guard,
            on_answer=on_answer,
            may_repeat=may_repeat,
            deadline=deadline,
            retries=retries or RetryPolicy(),
        )
        self.location_id = location_id
        self.cache_key = (base_url.rstrip("/"), location_id)
        self.contacts = ContactsResource(transport)
        self.locations = LocationsResource(transport)
        self.conversations = ConversationsResource(transport)

    def __repr__(self) -> str:
        return f"<GHLClient {self.location_id}>"
