"""What of a card goes to GHL, and in which form. Prayer requests and notes never do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ghl.cards.addresses import read_addresses
from ghl.cards.fields import CardFields
from ghl.cards.person import Person
from ghl.delivery.steps import Attention

SOURCE = "Connect card"
"""GHL shows it as the contact's source; it is set when a contact is made, and never changed."""

_CARD_TAG = "connect-card"
_FIRST_TIME_TAG = "first-time guest"
_VOLUNTEER_TAG = "volunteer"


@dataclass(frozen=True, repr=False)
class OutgoingCard:
    """A card ready to go: phone in E.164 and e-mail in lower case, or None; blank text is `""`.

    `custom_fields` is keyed by the ids of the church's own fields in GHL. `written_at` orders a person's cards.
    """

    written_at: datetime
    first_name: str = ""
    last_name: str = ""
    phone: str | None = None
    email: str | None = None
    address1: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    date_of_birth: date | None = None
    tags: tuple[str, ...] = ()
    source: str = SOURCE
    custom_fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Whom the card speaks of."""
        return Person(self.first_name, self.last_name, self.phone, self.email)

    @property
    def name(self) -> str:
        """The whole name, for a sentence."""
        return f"{self.first_name} {self.last_name}".strip()


def outgoing(
    fields: CardFields,
    region: str,
    *,
    written_at: datetime,
    source: str = SOURCE,
    custom_fields: Mapping[str, Any] | None = None,
) -> OutgoingCard | Attention:
    """What goes of these fields, or why none may go: a wrong address is mended first, never dropped in silence.

    `region` is the church's country, for phone numbers without a country code.
    """
    addresses = read_addresses(fields, region)
    if addresses.cause is not None:
        return Attention(addresses.cause, addresses.facts)
    return OutgoingCard(
        written_at=written_at,
        first_name=fields.first_name,
        last_name=fields.last_name,
        phone=addresses.phone,
        email=addresses.email,
        address1=fields.address,
        city=fields.city,
        state=fields.state,
        postal_code=fields.postal_code,
        date_of_birth=fields.birthday,
        tags=tags_for(fields),
        source=source,
        custom_fields=dict(custom_fields or {}),
    )


def tags_for(fields: CardFields) -> tuple[str, ...]:
    """The tags a card brings, in lower case as GHL keeps them, none twice; their number is that of the interests."""
    tags = [_CARD_TAG]
    if fields.first_time:
        tags.append(_FIRST_TIME_TAG)
    if fields.volunteer:
        tags.append(_VOLUNTEER_TAG)
    tags += [" ".join(interest.lower().split()) for interest in fields.interests]
    return tuple(dict.fromkeys(tag for tag in tags if tag))
