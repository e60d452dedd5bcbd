"""What a correction changes in the contact that the card is in: pure, from the card before and now.

Only what was corrected is written, so that what staff changed in GHL meanwhile stays; all of it where GHL kept the
card otherwise than it was written, so that nothing of it stands there for certain. A value is taken off only
where it is the card's own, and it still stands there.
"""

from collections.abc import Mapping
from typing import Any

from ghl.cards.person import Person, Verdict, plain_name, same_person
from ghl.client.models import Contact, ContactWrite
from ghl.delivery.known import Past, person_of
from ghl.delivery.outgoing import OutgoingCard

ADDRESSES = ("phone", "email")
FIELDS = (*ADDRESSES, "address1", "city", "state", "postal_code", "date_of_birth")
"""What of a card a contact has under the same name, but for its name and its tags."""


def renamed(card: OutgoingCard, past: Past) -> bool:
    """Whether the name on the card was corrected."""
    return any((one.first_name, one.last_name) != (card.first_name, card.last_name) for one in past.earlier)


def taken_off(card: OutgoingCard, past: Past) -> frozenset[str]:
    """The fields that the card said and says no more, so that what stands there has to be read."""
    return frozenset(
        name for name in FIELDS if not getattr(card, name) and any(getattr(one, name) for one in past.earlier)
    )


def is_still(contact: Contact, card: OutgoingCard, past: Past, region: str) -> bool:
    """Whether the contact that the card went into still is that person, or has become somebody else in GHL."""
    shown = person_of(contact, region)
    return any(
        same_person(one.person, shown) != Verdict.DIFFERENT or _names_agree(one, contact)
        for one in (card, *past.earlier)
    )


def is_another_name(contact: Contact, card: OutgoingCard, past: Past, *, older: bool) -> bool:
    """Whether the corrected name is another one than that of a contact which is not this card's alone."""
    return (
        (older or not past.made)
        and renamed(card, past)
        and bool(contact.first_name or contact.last_name)
        and not _names_agree(card, contact)
    )


def changes(
    card: OutgoingCard, past: Past, contact: Contact | None, region: str, *, older: bool
) -> ContactWrite:
    """What is written to the contact that the card is in already.

    `contact` is needed where `taken_off` or `renamed` say so, or where the card is `older` than another one of
    this contact: then only what is blank there, or the card's own, is changed.
    """
    write: dict[str, Any] = {name: _changed(name, card, past) for name in FIELDS}
    write["custom_fields"] = _changed_answers(card, past)
    if contact is None:
        return ContactWrite(**write)
    stands = _standing(contact, region)
    for name in FIELDS:
        if write[name] and older and stands[name] and not _is_own(name, stands, past):
            write[name] = None
    if older:
        write["custom_fields"] = {
            field: value
            for field, value in write["custom_fields"].items()
            if not contact.custom_fields.get(field)
            or contact.custom_fields[field] in [one.custom_fields.get(field) for one in past.earlier]
        }
    cleared = clears(card, past, contact, region, older=older)
    for name in ADDRESSES:
        # Whoever loses one address keeps the other: without any GHL could not tell who it is.
        other = ADDRESSES[1 - ADDRESSES.index(name)]
        if name in cleared and not write[other] and (not stands[other] or other in cleared):
            write[other] = getattr(card, other)
    nameless = not (contact.first_name or contact.last_name)
    if nameless or (renamed(card, past) and old_name_stands(contact, past)):
        write |= {"first_name": card.first_name or None, "last_name": card.last_name or None}
    return ContactWrite(**write, cleared=cleared)


def clears(card: OutgoingCard, past: Past, contact: Contact, region: str, *, older: bool) -> frozenset[str]:
    """The fields to empty: taken off the card, and still standing there as the card said them."""
    stands = _standing(contact, region)
    return frozenset(
        name
        for name in taken_off(card, past)
        if _is_own(name, stands, past)
        and stands[name] not in past.backed
        and (name in ADDRESSES or not older)
    )


def wrong(card: OutgoingCard, past: Past, contact: Contact, region: str, *, older: bool) -> frozenset[str]:
    """The addresses to empty where the card goes to another contact from now on; the last one stays."""
    stands = _standing(contact, region)
    gone = frozenset(
        name
        for name in ADDRESSES
        if getattr(card, name) != stands[name]
        and _is_own(name, stands, past)
        and stands[name] not in past.backed
        and not older
    )
    return gone if any(stands[name] and name not in gone for name in ADDRESSES) else frozenset()


def old_name_stands(contact: Contact, past: Past) -> bool:
    """Whether the contact is called what the card called the person before it was corrected."""
    shown = plain_name(f"{contact.first_name or ''}{contact.last_name or ''}")
    return shown in {plain_name(one.first_name + one.last_name) for one in past.earlier}


def _changed(name: str, card: OutgoingCard, past: Past) -> Any:
    value = getattr(card, name)
    news = not past.arrived or any(getattr(one, name) != value for one in past.earlier)
    return value if value and news else None


def _changed_answers(card: OutgoingCard, past: Past) -> Mapping[str, Any]:
    return {
        field: value
        for field, value in card.custom_fields.items()
        if not past.arrived or any(one.custom_fields.get(field) != value for one in past.earlier)
    }


def _standing(contact: Contact, region: str) -> dict[str, Any]:
    """What the contact says, in the form in which cards say it."""
    shown = person_of(contact, region)
    return {name: getattr(contact, name) for name in FIELDS} | {"phone": shown.phone, "email": shown.email}


def _is_own(name: str, stands: Mapping[str, Any], past: Past) -> bool:
    value = stands[name]
    return bool(value) and any(_plain(getattr(one, name)) == _plain(value) for one in past.earlier)


def _plain(value: object) -> object:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def _names_agree(card: OutgoingCard, contact: Contact) -> bool:
    """Whether card and contact are called the same, by the rule's own words, whatever their addresses."""
    shown = Person(contact.first_name or "", contact.last_name or "")
    return same_person(Person(card.first_name, card.last_name), shown, matched=True) == Verdict.SAME
