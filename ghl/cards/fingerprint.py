"""Whether two cards are the same card, and which person a decision is remembered for, as hashes.

The hashes are made of personal data: they are kept and erased like it, and never logged.
"""

import hashlib
import json

from ghl.cards.email import EmailError, normal_email
from ghl.cards.fields import ParsedCard
from ghl.cards.person import Person, plain_name
from ghl.cards.phone import PhoneError, e164

_NAMES = ("first_name", "last_name", "guardian_name")
_PHONES = ("phone", "guardian_phone")


def fingerprint(card: ParsedCard, *, region: str = "US") -> bytes:
    """SHA-256 (32 bytes) of all that the card says, in one form; compared within one church only.

    The same: the same file imported again, the same form sent twice, the same paper typed by two people with
    other capitals, spaces, accents in names, other ways to write a phone number, or interests in another
    order. Not the same: any other word, day, service, tick or prayer request, because then something would be
    lost. How and when a card came in does not count: a list imported again next week is still the same list.
    """
    written = card.fields.model_dump(mode="json")
    for name in _NAMES:
        written[name] = plain_name(written[name])
    for name in _PHONES:
        written[name] = _phone(written[name], region)
    written["email"] = _email(written["email"])
    written["interests"] = sorted(_loosely(interest) for interest in card.fields.interests)
    written["custom_answers"] = {_loosely(k): _loosely(v) for k, v in card.fields.custom_answers.items()}
    written["prayer_request"] = _loosely(card.prayer_request)
    canonical = {
        name: _loosely(value) if isinstance(value, str) else value for name, value in written.items()
    }
    said = {name: value for name, value in canonical.items() if value not in ("", None, [], {})}
    return _digest(said)


def person_key(person: Person) -> str:
    """The person a decision about a contact is remembered for, as 64 hex digits.

    A whole name is enough: only contacts with one of the card's addresses are asked about, and a new phone
    must not bring an old question back. Without a whole name the addresses count too.
    """
    first, last = plain_name(person.first_name), plain_name(person.last_name)
    if first and last:
        return _digest([first, last]).hex()
    return _digest([first, last, person.phone or "", person.email or ""]).hex()


def _digest(value: object) -> bytes:
    written = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).digest()


def _loosely(text: str) -> str:
    return " ".join(text.casefold().split())


def _phone(typed: str, region: str) -> str:
    try:
        return e164(typed, region)
    except PhoneError:
        return "".join(typed.split())


def _email(typed: str) -> str:
    try:
        return normal_email(typed)
    except EmailError:
        return "".join(typed.split())
