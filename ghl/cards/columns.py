"""Column names of other people's lists, matched to the hub's own; what is unknown stays a church's own question.

Nothing here reads a file.
"""

from collections.abc import Mapping, Sequence

from ghl.cards.fields import COLUMNS
from ghl.cards.values import clean

FULL_NAME = "full_name"
"""A column with the whole name in it; `split_name` cuts it in two."""

_ALIASES: Mapping[str, str] = {
    alias: column
    for column, aliases in {
        "first_name": "first givenname forename fname",
        "last_name": "last surname familyname lname",
        FULL_NAME: "name fullname",
        "email": "emailaddress mail",
        "phone": "phonenumber mobile mobilephone mobilenumber cell cellphone cellnumber telephone tel",
        "address": "streetaddress street address1 addressline1 homeaddress mailingaddress",
        "city": "town",
        "state": "province",
        "postal_code": "zip zipcode postcode",
        "birthday": "birthdate dateofbirth dob",
        "visit_date": "dateofvisit visited servicedate",
        "service": "servicetime",
        "campus": "site",
        "first_time": "firsttimeguest firsttimevisitor firstvisit newguest",
        "interests": "interest interestedin",
        "prayer_request": "prayer prayers prayerrequests prayerneeds howcanwepray howcanweprayforyou",
        "notes": "note comment comments remarks",
        "sms_consent": "smsoptin textconsent maywetext maywetextyou oktotext okaytotext",
        "email_consent": "emailoptin mayweemail mayweemailyou oktoemail okaytoemail",
        "consent_wording": "consenttext",
        "consent_at": "consentdate datesigned signedon",
        "adult": "over18 18orolder isadult",
        "guardian_name": "guardian parent parentname parentorguardian",
        "guardian_phone": "parentphone",
        "guardian_consent": "parentconsent guardianpermission parentpermission",
        "volunteer": "wantstovolunteer wouldliketovolunteer interestedinvolunteering",
    }.items()
    for alias in aliases.split()
}

_PARTICLES = frozenset(
    (
        "van",
        "von",
        "der",
        "den",
        "de",
        "da",
        "di",
        "del",
        "della",
        "la",
        "le",
        "st",
        "ter",
        "ten",
        "bin",
        "dos",
        "du",
    )
)
"""Words that belong to the last name when they stand before it (van der Berg, de la Cruz)."""
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
"""Words that belong to the last name when they stand after it."""


class ColumnsError(ValueError):
    """The columns of a table cannot be told apart; the message is a sentence for people."""


def match_columns(names: Sequence[str]) -> tuple[str, ...]:
    """For each name the hub's own column, or the name itself as a church's own question; `""` stays `""`.

    Case, spaces, underscores and signs do not matter. Where `Phone` and `Mobile` both stand, the exact name
    wins and the other is kept as a question. Only `prayer_request` may come back more than once: whatever
    speaks of prayer is one, so that none becomes an ordinary answer that may be sent on. Raises `ColumnsError` where two names are the same.
    """
    cleaned = [clean(name) for name in names]
    exact = {_plain(column): column for column in (*COLUMNS, FULL_NAME)}
    taken: set[str] = set()
    matched: dict[int, str] = {}
    for aliases in (exact, _ALIASES):
        for place, name in enumerate(cleaned):
            column = aliases.get(_plain(name)) or ("prayer_request" if _prays(name) else None)
            if not name or place in matched or column is None:
                continue
            if column not in taken or column == "prayer_request":
                taken.add(column)
                matched[place] = column
            elif _plain(name) == _plain(column):
                raise ColumnsError(f"Two columns are called {name}. Rename one of them.")
    result: list[str] = []
    for place, name in enumerate(cleaned):
        column = matched.get(place, name)
        if column and place not in matched and column.casefold() in {other.casefold() for other in result}:
            raise ColumnsError(f"Two columns are called {name}. Rename one of them.")
        result.append(column)
    return tuple(result)


def names_somebody(columns: Sequence[str]) -> bool:
    """Whether a row under these columns can tell who it is about."""
    return not {"first_name", "last_name", FULL_NAME, "phone", "email"}.isdisjoint(columns)


def split_name(name: str) -> tuple[str, str]:
    """First and last name of a whole name: `Lee, Ann` at the comma, else before the last word.

    Words such as *van der* go with the last name. One word alone is a first name.
    """
    last, comma, first = name.partition(",")
    if comma and first.strip() and _plain(first) not in _SUFFIXES:
        return first.strip(), last.strip()
    words = name.replace(",", " ").split()
    cut = max(len(words) - 1, min(len(words), 1))
    if cut > 1 and _plain(words[-1]) in _SUFFIXES:
        cut -= 1
    while cut > 1 and _plain(words[cut - 1]) in _PARTICLES:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _prays(name: str) -> bool:
    return "pray" in name.casefold()
