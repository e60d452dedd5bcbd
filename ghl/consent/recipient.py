"""Who is written to because of a card: its person, or the parent or guardian of one who is not of age. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ghl.cards.addresses import Addresses
from ghl.cards.fields import CardFields
from ghl.cards.person import plain_name
from ghl.consent.reasons import Reason
from ghl.statuses import Channel

OF_AGE = 18


@dataclass(frozen=True, repr=False)
class Recipient:
    """Who gets the message, under the name by which the log has their answer.

    `child` is the name of the one that it is about, where a guardian is written to; `name` is then the guardian's own,
    as the card writes it.
    """

    address: str
    person: str
    child: str | None = None
    name: str = ""


def recipients(
    fields: CardFields, addresses: Addresses, *, now: datetime
) -> Mapping[Channel, Recipient | Reason]:
    """By channel who is written to, or why nobody is. A channel without an address is left out.

    Nobody under 18 is written to without the yes of a parent or guardian. Texts then go to the guardian's phone.
    """
    person = named(fields)
    if not is_minor(fields, now=now):
        given = {Channel.SMS: addresses.phone, Channel.EMAIL: addresses.email}
        return {channel: Recipient(address, person) for channel, address in given.items() if address}
    found: dict[Channel, Recipient | Reason] = {}
    agreed = fields.guardian_consent is True
    if not agreed and (addresses.phone or addresses.guardian):
        found[Channel.SMS] = Reason.UNDER_AGE
    elif agreed and addresses.guardian:
        name = fields.guardian_name
        found[Channel.SMS] = Recipient(addresses.guardian, plain_name(name), child=person, name=name)
    elif agreed and addresses.phone:
        found[Channel.SMS] = Reason.GUARDIAN_UNKNOWN
    if addresses.email:
        found[Channel.EMAIL] = Recipient(addresses.email, person) if agreed else Reason.UNDER_AGE
    return found


def is_minor(fields: CardFields, *, now: datetime) -> bool:
    """Whether the card says so, by its birthday or by the answer to *18 or older*. Nothing said: of age."""
    return fields.adult is False or (fields.birthday is not None and _is_young(fields.birthday, now))


def named(fields: CardFields) -> str:
    """The card's person as the log of consent has them."""
    return f"{plain_name(fields.first_name)} {plain_name(fields.last_name)}".strip()


def _is_young(birthday: date, now: datetime) -> bool:
    # Of age only when the day has begun everywhere: no place is further behind than 12 hours.
    today = (now - timedelta(hours=12)).date()
    years = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    return years < OF_AGE
