"""What somebody typed into the search, as terms that a card must all meet. Pure; it knows no database.

A term is a word, a phone number in any format, a piece of an e-mail address, or a card's number.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from ghl.cards.values import clean
from ghl.cards.words import digits_of, plain_words

MOST_SIGNS = 100
MOST_TERMS = 6
"""What is typed beyond these bounds is not looked for: nobody remembers seven words of a card."""

SUBSTRING_FROM = 3
"""Shorter words are looked for where a word begins: every card has an `an` somewhere."""

MOST_NUMBER_DIGITS = 18
"""A card's number is a bigint."""

_CARD_NUMBER = re.compile(r"#\s*([0-9]{1,18})(?![0-9])")
_BARE_NUMBER = re.compile(r"[0-9]+")
_TRUNK = re.compile(r"\(0\)|\btel:", re.IGNORECASE)
_PHONE_SIGNS = frozenset("0123456789+()[]./")
_ENDS = ",;:!?\"'()[]<>"
_ADDRESS_SIGNS = frozenset("@.-_+'")
_LIKE = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


@dataclass(frozen=True)
class Term:
    """One of `patterns` is in the card's search words (LIKE, wildcards of the query escaped), or it has `number`.

    A term without either is found on no card.
    """

    patterns: tuple[str, ...] = field(default=(), repr=False)
    number: int | None = None


def read_terms(typed: str) -> tuple[Term, ...]:
    """The terms in what was typed. Empty for a blank query; signs alone make one term that no card meets."""
    text = _TRUNK.sub(" ", unicodedata.normalize("NFKC", clean(typed[: 10 * MOST_SIGNS]))[:MOST_SIGNS])
    found: list[Term] = []
    rest = 0
    for number in _CARD_NUMBER.finditer(text):
        found += _words(text[rest : number.start()])
        found.append(Term(number=int(number[1])))
        rest = number.end()
    found += _words(text[rest:])
    if not found and typed.strip():
        return (Term(),)
    return tuple(dict.fromkeys(found))[:MOST_TERMS]


def _words(text: str) -> list[Term]:
    """The terms of text without a `#`; words that look like a phone number and stand together are one number."""
    found: list[Term] = []
    run: list[str] = []
    for word in [*text.split(), ""]:
        if word and all(sign in _PHONE_SIGNS or unicodedata.category(sign) == "Pd" for sign in word):
            run.append(word)
            continue
        if any(sign.isdigit() for part in run for sign in part):
            found.append(_number(run))
        run = []
        if term := _word(word):
            found.append(term)
    return found


def _number(run: list[str]) -> Term:
    """A card's number, a phone number or a piece of one."""
    written = "".join(sign for part in run for sign in part if sign.isdigit())
    digits = digits_of(written)
    number = None
    if len(run) == 1 and _BARE_NUMBER.fullmatch(run[0]) and digits == written:
        number = int(digits) if len(digits) <= MOST_NUMBER_DIGITS else None
    if len(written) < SUBSTRING_FROM:
        return Term(number=int(written)) if digits else Term()
    if len(written) > len(digits):
        # The zeros of somebody who dials at home or abroad stand before the number; those within it stay.
        return Term((f"%{written}%", *(f"% {'_' * code}{_home(digits)}%" for code in range(4))))
    return Term((f"%{digits}%",), number)


def _home(digits: str) -> str:
    """Without the 011 that Americans dial before a country code; the zeros are gone already."""
    return digits[2:] if digits.startswith("11") and len(digits) > 12 else digits


def _word(word: str) -> Term | None:
    """A word, or None where nothing of it can be looked for."""
    plain = plain_words(word)
    patterns = [_pattern(plain)] if plain else []
    address = word.casefold().strip(_ENDS)
    if address != plain and _ADDRESS_SIGNS & set(address) and any(sign.isalnum() for sign in address):
        # An e-mail address is stored as it is, with its dots.
        patterns.append(_pattern(address))
    return Term(tuple(patterns)) if patterns else None


def _pattern(word: str) -> str:
    beginning = " " if len(word) < SUBSTRING_FROM else ""
    return f"%{beginning}{word.translate(_LIKE)}%"
