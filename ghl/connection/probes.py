"""What a token has to be able to do, one call each: reading, and writing to a contact that nobody can be.

A location that can be read proves little: an agency's token reads it and nothing else. Each probe names the box that
has to be ticked for it in GoHighLevel. It only calls through the client it is handed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType

from ghl.client.client import GHLClient
from ghl.client.errors import AnswerError
from ghl.client.messages import MessageWrite
from ghl.client.models import ContactWrite, Location

PROBE_EMAIL = "probe@connection-test.invalid"
"""An address that can belong to nobody (RFC 2606), for the look-up that proves the contact scope."""

NOBODY = "connectionTest00Nobody"
"""A contact id that GoHighLevel never gives out: its own have 20 signs."""

REACHED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})
"""What GoHighLevel answers about such a contact when it let us in."""


@dataclass(frozen=True)
class Probe:
    """One thing that a token is tried for. `box` is the name of the scope in GoHighLevel's list, `scope` its code.

    `of_nobody`: it is about a contact that is not there, so that a "not found" says that the token may.
    """

    name: str
    does: str
    box: str
    scope: str
    call: Callable[[GHLClient], object]
    of_nobody: bool = False

    def run(self, client: GHLClient) -> Location | None:
        """Tries it; returns the location where that was read. Raises `GHLError` where the token may not."""
        try:
            answer = self.call(client)
        except AnswerError as error:
            if self.of_nobody and error.status in REACHED:
                return None
            raise
        return answer if isinstance(answer, Location) else None


def _read_messages(client: GHLClient) -> object:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    return client.conversations.export(
        contact_id=NOBODY, channel="SMS", start=day, end=day.replace(day=2), limit=10
    )


_ALL = (
    Probe(
        "location",
        "Read your church's account",
        "View Locations",
        "locations.readonly",
        lambda client: client.locations.get(),
    ),
    Probe(
        "fields",
        "Read your custom fields",
        "View Custom Fields",
        "locations/customFields.readonly",
        lambda client: client.locations.custom_fields(),
    ),
    Probe(
        "contacts",
        "Look for a contact",
        "View Contacts",
        "contacts.readonly",
        lambda client: client.contacts.find_duplicate(email=PROBE_EMAIL),
    ),
    Probe(
        "write_contacts",
        "Add and change contacts",
        "Edit Contacts",
        "contacts.write",
        # Nothing is sent: if somebody had this id after all, nothing of theirs would change.
        lambda client: client.contacts.update(NOBODY, ContactWrite()),
        of_nobody=True,
    ),
    Probe(
        "conversations",
        "Look for a conversation",
        "View Conversations",
        "conversations.readonly",
        lambda client: client.conversations.search(NOBODY, limit=1),
        of_nobody=True,
    ),
    Probe(
        "messages",
        "Read what became of a text or e-mail",
        "View Conversation Messages",
        "conversations/message.readonly",
        _read_messages,
        of_nobody=True,
    ),
    Probe(
        "write_messages",
        "Send a text or e-mail",
        "Edit Conversation Messages",
        "conversations/message.write",
        lambda client: client.conversations.send(
            MessageWrite(type="SMS", contact_id=NOBODY, message="Connection test")
        ),
        of_nobody=True,
    ),
)

PROBES: Mapping[str, Probe] = MappingProxyType({probe.name: probe for probe in _ALL})
"""Every probe by its name, in the order in which they are shown."""

CHECKS: tuple[Callable[[GHLClient], object], ...] = (PROBES["fields"].call, PROBES["contacts"].call)
"""What deliveries need beside the location itself, one call each."""


def check_token(client: GHLClient) -> Location:
    """Reads what deliveries need: the location, its fields, and a contact look-up. Raises `GHLError`."""
    location = client.locations.get()
    for check in CHECKS:
        check(client)
    return location
