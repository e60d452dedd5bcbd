"""Whether a card and a contact speak of the same person: one pure rule, its truth table in docs/same-person.md.

A wrong *same* writes one person's data over another's, so whatever is not plain is a doubt, and people
decide it. The rule knows names and addresses only; it looks nothing up.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from nicknames import NickNamer

_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)
"""Letters that Unicode does not take apart into a plain letter and an accent."""


class Verdict(StrEnum):
    """`DIFFERENT` only where nothing ties the two together, so that there is nothing to decide."""

    SAME = "same"
    DOUBT = "doubt"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Person:
    """A name as written; the phone in E.164 and the e-mail in lower case, or None."""

    first_name: str = ""
    last_name: str = ""
    phone: str | None = None
    email: str | None = None


def same_person(card: Person, contact: Person, *, matched: bool = False) -> Verdict:
    """The verdict, the same in both directions.

    `matched` says that GHL itself found the contact by an address of the card, which may be one of the
    contact's further e-mail addresses that its answers do not show.
    """
    phones = card.phone is not None and card.phone == contact.phone
    emails = card.email is not None and card.email == contact.email
    if phones and emails:
        return Verdict.SAME
    if not (phones or emails or matched):
        return Verdict.DIFFERENT
    return Verdict.SAME if _names_agree(card, contact) else Verdict.DOUBT


def same_as_named(card: Person, contact_name: str) -> Verdict:
    """The verdict about a contact that shares an address and of which only the whole name is known.

    GHL's answer to a duplicate gives no more than that. The name agrees where any cut between two of its
    words agrees; a `DOUBT` may turn into `SAME` once the whole contact was read.
    """
    words = contact_name.split()
    first, last = plain_name(card.first_name), plain_name(card.last_name)
    if first + last and first + last == plain_name(contact_name):
        return Verdict.SAME
    if not (first and last):
        return Verdict.DOUBT
    for cut in range(1, len(words)):
        if last != plain_name("".join(words[cut:])):
            continue
        # "Mary Ann van der Berg" may be cut wrongly, so an initial or nickname must stand as one word.
        other = plain_name("".join(words[:cut]))
        if cut == 1 and _first_names_agree(first, other):
            return Verdict.SAME
    return Verdict.DOUBT


def plain_name(name: str) -> str:
    """The name with case, accents, spaces, hyphens, apostrophes and dots ignored; letters and digits alone."""
    folded = unicodedata.normalize("NFD", name).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold().translate(_LETTERS)
    return "".join(sign for sign in folded if sign.isalnum() or _is_vowel_sign(sign))


def _is_vowel_sign(sign: str) -> bool:
    """Marks between Hebrew and Vedic are letters of their script (Hindi vowels, say), not accents."""
    return "\u0590" <= sign <= "\u1cff" and unicodedata.category(sign) in {"Mn", "Mc"}


def _names_agree(card: Person, contact: Person) -> bool:
    first, last = plain_name(card.first_name), plain_name(card.last_name)
    other_first, other_last = plain_name(contact.first_name), plain_name(contact.last_name)
    if not (first + last + other_first + other_last):
        # Neither says a name: the same only if no address speaks against it.
        return not (_differ(card.phone, contact.phone) or _differ(card.email, contact.email))
    if first + last == other_first + other_last:
        # Also where one of them holds the whole name in one field.
        return True
    return bool(last) and last == other_last and _first_names_agree(first, other_first)


def _first_names_agree(one: str, other: str) -> bool:
    if not (one and other):
        return False
    if one == other:
        return True
    if 1 in {len(one), len(other)}:
        return one[0] == other[0]
    return other in _nicknames(one) or one in _nicknames(other)


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


@lru_cache(maxsize=1)
def _namer() -> NickNamer:
    # Reading the library's table takes milliseconds and its content never changes.
    return NickNamer()


@lru_cache(maxsize=4096)
def _nicknames(name: str) -> frozenset[str]:
    return frozenset(_namer().nicknames_of(name))
