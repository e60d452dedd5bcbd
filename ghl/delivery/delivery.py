"""A claimed card on its way."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from ghl.client.client import GHLClient
from ghl.client.models import Contact
from ghl.delivery.claim import ClaimedRow
from ghl.delivery.errand import Errand
from ghl.delivery.perform import perform
from ghl.delivery.plan import Call, CreateContact, Outcome, Reply

Plan = Generator[Call, Reply, Outcome]


@dataclass(eq=False)
class Delivery(Errand[Call, Reply, Outcome]):
    """A card's row and the plan of its calls."""

    row: ClaimedRow = field(kw_only=True)

    @property
    def subject(self) -> dict[str, str]:
        """The card."""
        return {"card_id": str(self.row.card_id)}

    def perform(self, client: GHLClient, call: Call) -> Reply:
        """Makes one call of the plan."""
        return perform(client, call)

    def seen(self, call: Call, reply: Reply | None) -> dict[str, Any]:
        """Of a create, which contact it made."""
        made = isinstance(call, CreateContact) and isinstance(reply, Contact)
        return {"contact_id": reply.id} if made and isinstance(reply, Contact) else {}
