"""What is written on a card and what of it goes to GoHighLevel, as lines of words. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeAlias

from dashboard.components.card_form import LABELS
from dashboard.formatting import one_line
from ghl.cards.addresses import read_addresses
from ghl.cards.fields import CardFields
from ghl.cards.phone import shown
from ghl.cards.story import CardInFull
from ghl.causes import CAUSES, CauseCode, sentence
from ghl.delivery.outgoing import OutgoingCard, outgoing, tags_for
from ghl.statuses import CardStatus

Line: TypeAlias = tuple[str, str]
"""A label of ours, and a value that may be a visitor's text. An own question of the church has no label of ours."""

NAMES: Mapping[str, str] = {
    **LABELS,
    "interests": "Interests",
    "sms_consent": "May we text?",
    "email_consent": "May we e-mail?",
    "consent_wording": "Words beside the boxes",
    "guardian_phone": "Phone of parent or guardian",
    "guardian_consent": "Does the guardian agree?",
}
"""What a field is called where it is told of and not typed."""

BLANK = "(blank)"

GOES = frozenset(
    {
        *("first_name", "last_name", "phone", "email", "address", "city", "state", "postal_code", "birthday"),
        *("first_time", "volunteer", "interests"),
    }
)
"""Fields that go to GoHighLevel; the last three as tags."""

HEADINGS: Mapping[CardStatus, str] = {
    CardStatus.SYNCED: "What went to GoHighLevel",
    CardStatus.DISMISSED: "What would go to GoHighLevel",
}

LEFT_OUT: Mapping[str, str] = {"phone": "Phone", "email": "E-mail", "tags": "Tags"}
"""What a delivery may leave out on purpose, by the line that tells of it."""

DOUBTS = frozenset(
    {
        CauseCode.SAME_PERSON_DOUBT,
        CauseCode.TWO_PEOPLE_MATCH,
        CauseCode.PHONE_ON_OTHER_CONTACT,
        CauseCode.EMAIL_ON_OTHER_CONTACT,
        # Somebody else, it was said; but that leaves the card without an address, so it may be thought over.
        CauseCode.NO_ADDRESS_OF_ITS_OWN,
    }
)
"""Causes that ask whether somebody in GoHighLevel is the person on the card."""


WRONG_FIELD: Mapping[str, str] = {code: entry.fields[0] for code, entry in CAUSES.items() if entry.fields}
"""The field that is to be mended, by the cause that asks for it."""


@dataclass(frozen=True)
class Going:
    """What goes, a line a field; why nothing does yet, if so; and what stays here."""

    heading: str
    problem: str = field(default="", repr=False)
    lines: tuple[Line, ...] = field(default=(), repr=False)
    stays: tuple[str, ...] = field(default=(), repr=False)


def name_of_field(field_: str) -> str:
    """A field's words; a name that is no field is one of the church's own questions, and foreign text."""
    return NAMES.get(field_, field_)


def written(fields: CardFields) -> tuple[Line, ...]:
    """What stands on the card, in the order of a paper card; what was left blank is left out."""
    lines = [
        (NAMES[name], in_words(getattr(fields, name))) for name in NAMES if name in CardFields.model_fields
    ]
    return tuple((label, value) for label, value in lines if value)


def answers(fields: CardFields) -> tuple[Line, ...]:
    """The church's own questions and their answers; both are foreign text."""
    return tuple(fields.custom_answers.items())


def in_words(value: object) -> str:
    """A field's value as people read it; a blank is empty."""
    match value:
        case bool():
            return "Yes" if value else "No"
        case date():
            return f"{value:%b} {value.day}, {value.year}"
        case tuple():
            return ", ".join(str(one) for one in value)
        case None:
            return ""
        case _:
            return str(value)


def going(card: CardInFull) -> Going:
    """What of the card goes to GoHighLevel, in the form in which it goes, and what stays here."""
    fields, region = card.fields, card.region
    addresses = read_addresses(fields, region)
    problem = sentence(addresses.cause, addresses.facts) if addresses.cause else ""
    if card.state.cause == CauseCode.NO_ADDRESS_OF_ITS_OWN:
        problem = problem or sentence(card.state.cause, card.state.facts)
    # A wrong address is mended before anything goes; all the rest can be told already.
    right = {
        "phone": fields.phone if addresses.phone else "",
        "email": fields.email if addresses.email else "",
    }
    sent = outgoing(fields.model_copy(update=right), region, written_at=card.received_at)
    lines = _lines(sent, region) if isinstance(sent, OutgoingCard) else ()
    return Going(
        heading=HEADINGS.get(card.state.status, "What goes to GoHighLevel"),
        problem=problem,
        lines=_as_it_went(card, lines) if card.state.status is CardStatus.SYNCED else lines,
        stays=_stays(card),
    )


def _as_it_went(card: CardInFull, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines without what was left out on purpose, and with the name that the contact kept."""
    left_out = str(card.state.facts.get("left_out", ""))
    gone = {label for key, label in LEFT_OUT.items() if key in left_out.split(", ")}
    contact = card.contacts.get(card.contact_id or "")
    kept = contact.name if contact and contact.name.casefold() != card.name.casefold() else ""
    went = tuple(
        (label, kept or value) if label == "Name" else (label, value)
        for label, value in lines
        if label not in gone
    )
    return went + tuple((label, "Left out: it is somebody else's") for label in sorted(gone - {"Tags"}))


def _lines(sent: OutgoingCard, region: str) -> tuple[Line, ...]:
    lines = (
        ("Name", sent.name),
        ("Phone", shown(sent.phone, region) if sent.phone else ""),
        ("E-mail", sent.email or ""),
        ("Address", sent.address1),
        ("City", sent.city),
        ("State", sent.state),
        ("ZIP or postal code", sent.postal_code),
        ("Birthday", in_words(sent.date_of_birth)),
        ("Tags", ", ".join(sent.tags)),
        *((name, in_words(value)) for name, value in sent.custom_fields.items()),
    )
    return tuple((label, value) for label, value in lines if value)


def _stays(card: CardInFull) -> tuple[str, ...]:
    """Names of what never leaves the hub; the church's own questions are named as they stand on the card."""
    fields = card.fields
    told = [
        NAMES[name]
        for name in NAMES
        if name in CardFields.model_fields and name not in GOES and in_words(getattr(fields, name))
    ]
    told += ["Prayer request"] if card.has_prayer else []
    told += ["Notes of your team"] if card.notes else []
    return (*(one.rstrip("?") for one in told), *fields.custom_answers)


@dataclass(frozen=True)
class Doubt:
    """Somebody in GoHighLevel who may be the person on the card, with what is known of them.

    `has` is the address that led there, in a word. `gone`: GoHighLevel has just said that there is no such contact.
    """

    contact_id: str
    name: str = field(repr=False)
    lines: tuple[Line, ...] = field(default=(), repr=False)
    first_name: str = field(default="", repr=False)
    has: str = ""
    gone: bool = False

    @property
    def called(self) -> str:
        """What to call them on a button; empty where nobody knows their name."""
        return self.first_name or self.name


def doubts(card: CardInFull) -> tuple[Doubt, ...]:
    """Whom to decide about, one or two people; none where nothing is asked."""
    state, facts = card.state, card.state.facts
    if state.cause not in DOUBTS or state.status not in {CardStatus.HELD, CardStatus.NEEDS_ATTENTION}:
        return ()
    asked = [(facts.get("contact_id"), facts.get("contact_name"), facts.get("field"))]
    if state.cause == CauseCode.TWO_PEOPLE_MATCH:
        asked.append((facts.get("other_id"), facts.get("other_name"), "e-mail"))
    return tuple(
        _doubt(contact_id, name or "", has or "", card) for contact_id, name, has in asked if contact_id
    )


def _doubt(contact_id: str, name: str, has: str, card: CardInFull) -> Doubt:
    """What GoHighLevel showed lately of a contact of ours; of any other the name, and what led there."""
    contact = card.contacts.get(contact_id)
    if contact is None:
        lines: tuple[Line, ...] = (("Name", name), ("Has", f"the {has} of this card" if has else ""))
        return Doubt(contact_id, name, _filled(lines), has=has)
    name = contact.name or name
    phone = shown(contact.phone, card.region) if contact.phone else ""
    lines = (("Name", name), ("Phone", phone), ("E-mail", contact.email or ""))
    return Doubt(contact_id, name, _filled(lines), contact.first_name, has)


def as_it_is(doubt: Doubt, answer: Mapping[str, Any], card: CardInFull, day: Callable[[str], str]) -> Doubt:
    """The same person as GoHighLevel has them now, beside what the card says. `day` writes a moment as a day."""
    found = next((one for one in answer.get("contacts", ()) if one.get("id") == doubt.contact_id), None)
    if found is None:
        return doubt
    if found.get("gone"):
        return replace(doubt, gone=True)
    first, last = str(found.get("first_name") or ""), str(found.get("last_name") or "")
    phone, own = str(found.get("phone") or ""), dict(on_the_card(card))
    lines = (
        ("Name", f"{first} {last}".strip()),
        ("Phone", shown(phone, card.region) if phone else ""),
        ("E-mail", str(found.get("email") or "")),
        ("Address", str(found.get("address") or "")),
        ("Tags", ", ".join(found.get("tags") or ())),
        ("Added", day(str(found.get("added_at") or ""))),
    )
    told = tuple((label, f"{value or BLANK}{_same(label, value, own)}") for label, value in lines)
    return replace(doubt, name=f"{first} {last}".strip() or doubt.name, first_name=first, lines=told)


def _same(label: str, value: str, own: Mapping[str, str]) -> str:
    """Says where both say the same: the eye need not compare digits."""
    if label not in COMPARED or not value:
        return ""
    return " (the same)" if value.casefold() == own.get(label, "").casefold() else ""


COMPARED = frozenset({"Name", "Phone", "E-mail", "Address"})


def on_the_card(card: CardInFull) -> tuple[Line, ...]:
    """The same things of the card, to stand beside a contact."""
    fields = card.fields
    addresses = read_addresses(fields, card.region)
    phone = shown(addresses.phone, card.region) if addresses.phone else fields.phone
    town = " ".join(part for part in (fields.state, fields.postal_code) if part)
    address = ", ".join(part for part in (fields.address, fields.city, town) if part)
    lines = (
        ("Name", card.name),
        ("Phone", phone),
        ("E-mail", addresses.email or fields.email),
        ("Address", address),
        ("Tags", ", ".join(tags_for(fields))),
    )
    return _filled(lines)


def left_without(card: CardInFull, asked: Sequence[Doubt]) -> tuple[str, str]:
    """What the card goes without if it is somebody else, in words, and what follows from that."""
    addresses = read_addresses(card.fields, card.region)
    taken = {"phone" if doubt.has == "phone" else "e-mail" for doubt in asked}
    own = {word for word, value in (("phone", addresses.phone), ("e-mail", addresses.email)) if value} - taken
    without = " and ".join(word for word in ("phone", "e-mail") if word in taken)
    who = one_line(card.fields.first_name or card.name, 40) or "This person"
    if not own:
        return without, f"{who} then has no phone or e-mail of their own: the card waits until one is added."
    if own == {"e-mail"}:
        return without, f"{who} gets e-mail, no texts."
    return without, f"{who} goes with the phone alone."


def _filled(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line[1])
