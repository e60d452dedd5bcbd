"""GoHighLevel's "do not text" of one contact, read as what it means for us; and where it and our log differ. Pure.

`active` and `permanent` both mean that nothing may be sent. Whether a person wanted that is another question: a carrier
marks dead numbers the same way, and so do we when we bring a stop there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ghl.cards.email import EmailError, normal_email
from ghl.cards.phone import PhoneError, e164
from ghl.client.models import Contact
from ghl.statuses import Channel, DifferenceKind

API_NAMES: Mapping[Channel, str] = {Channel.SMS: "SMS", Channel.EMAIL: "Email"}
"""What GoHighLevel calls our channels."""

OURS = "Church Connect Hub: asked for no more messages"
"""Beside what we set there, so that we know it again: it is no new wish of the person."""

CARRIER = "TWILIO_ERROR_CODE"
"""A carrier's mark for a number that cannot be reached; it may be lifted again by itself."""


@dataclass(frozen=True, repr=False)
class There:
    """A contact as GoHighLevel has it now. `blocks`: nothing may be sent. `stops`: because somebody wanted it so."""

    contact_id: str
    gone: bool = False
    addresses: Mapping[Channel, str] = field(default_factory=dict)
    blocks: frozenset[Channel] = frozenset()
    stops: frozenset[Channel] = frozenset()


@dataclass(frozen=True, repr=False)
class Difference:
    """One thing about one contact that we and GoHighLevel see differently. `address` is the one it is about."""

    contact_id: str
    channel: Channel
    kind: DifferenceKind
    address: str | None


def there_of(contact: Contact, *, region: str) -> There:
    """The contact in our terms. A number that is none counts as no number."""
    addresses: dict[Channel, str] = {}
    if (phone := phone_of(contact.phone, region=region)) is not None:
        addresses[Channel.SMS] = phone
    if (email := email_of(contact.email)) is not None:
        addresses[Channel.EMAIL] = email
    blocks = frozenset(channel for channel, name in API_NAMES.items() if contact.blocks(name))
    stops = frozenset(channel for channel in blocks if contact.dnd or _wanted(contact, channel))
    return There(contact.id, addresses=addresses, blocks=blocks, stops=stops)


def differences(
    there: There, known: Mapping[Channel, str], stopped: Collection[tuple[Channel, str]]
) -> list[Difference]:
    """Where they differ. `known` are the addresses that our cards gave the contact, `stopped` those that said stop here."""
    found: list[Difference] = []
    for channel in Channel:
        ours, theirs = known.get(channel), there.addresses.get(channel)
        if there.gone:
            if ours is not None:
                found.append(Difference(there.contact_id, channel, DifferenceKind.GONE, ours))
            continue
        if ours is not None and theirs is not None and ours != theirs:
            found.append(Difference(there.contact_id, channel, DifferenceKind.OTHER_NUMBER, ours))
        if theirs is None:
            continue
        stopped_here = (channel, theirs) in stopped
        if stopped_here and channel not in there.blocks:
            found.append(Difference(there.contact_id, channel, DifferenceKind.STOPPED_HERE, theirs))
        if not stopped_here and channel in there.stops:
            found.append(Difference(there.contact_id, channel, DifferenceKind.STOPPED_THERE, theirs))
    return found


def _wanted(contact: Contact, channel: Channel) -> bool:
    setting = contact.dnd_settings.get(API_NAMES[channel].lower())
    if setting is None or not setting.blocks:
        return False
    if (setting.status or "").lower() == "permanent":
        return True
    message = setting.message or ""
    return not message.startswith((OURS, CARRIER))


def phone_of(given: str | None, *, region: str) -> str | None:
    """A number as GoHighLevel writes it, in E.164; None where it is none."""
    try:
        return e164(given, region=region) if given else None
    except PhoneError:
        return None


def email_of(given: str | None) -> str | None:
    """An e-mail address as we compare them; None where it is none."""
    try:
        return normal_email(given) if given else None
    except EmailError:
        return None
