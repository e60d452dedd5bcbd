"""The words by which people look for a card, in one plain form for what is stored and for what is asked. Pure."""

import re
import unicodedata

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
        "'": "",
        "\N{RIGHT SINGLE QUOTATION MARK}": "",
        ".": "",
    }
)
_BETWEEN = re.compile(r"[^\w@+]+")
MOST_SEARCHED = 400
"""Characters of a card that can be found; a name of 10,000 signs need not be found by its last one."""


def plain_words(text: str) -> str:
    """Lower case without accents, apostrophes and dots, words apart by one space: `O'Neill-Díaz` is `oneill diaz`."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    kept = "".join(sign for sign in folded if unicodedata.category(sign) != "Mn")
    return " ".join(_BETWEEN.sub(" ", kept).split())


def digits_of(text: str) -> str:
    """The digits of a phone number in any format, without the zeros that only a caller at home dials."""
    return "".join(sign for sign in text if sign.isdigit() and sign.isascii()).lstrip("0")


def searchable(*, first_name: str, last_name: str, email: str, phone: str) -> str:
    """What is stored of a card for the search: each word with a space before it, so that beginnings are found.

    `phone` and `email` as they are sent, or as written where they are wrong: those are looked for most.
    """
    address = " ".join(email.casefold().split())
    parts = (plain_words(f"{first_name} {last_name}"), address, digits_of(phone))
    return f" {' '.join(part for part in parts if part)}"[:MOST_SEARCHED]
