"""Where each column of somebody's list most likely belongs. A suggestion only: a person looks before it counts.

Unlike `match_columns` it never refuses and also knows names that are nearly right.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from rapidfuzz import fuzz, process

from ghl.cards.columns import FULL_NAME, known_names, plain, prays
from ghl.cards.values import clean

KEEP = "keep"
"""The column stays an answer to a question of the church's own."""
LEAVE = "leave"
"""The column is not read."""

SEVERAL = frozenset({"prayer_request", "notes", "interests"})
"""Fields that may come from several columns: their texts go together."""

NEAR = 88
"""Of 100. `Emai Adress` has 95 to `E-mail address`, `Phone type` 84 to `Phone`."""
LONGEST_NEAR = 80
"""Signs of a name that is compared loosely; a longer one is a question and rarely a name."""
SEEN = 40
"""Values of a column that are looked at."""

_IDS = re.compile(
    r"(?:(?:person|people|breeze|remote|household|family|profile|member|record|row|response|submission|unique|"
    r"external)?(?:id|ids|uuid|guid))|row|rownumber|no|nr|number|lastupdated|updatedat|dateadded|createdat|gravatar"
    r"|avatar|photo|whyitwasrefused"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]{2,}")
_PHONE = re.compile(r"\+?[\d\s().\-]{10,20}")
_NOT_NEAR = frozenset(
    plain(name)
    for name in (
        "phone type", "home phone type", "email status", "address type", "state of mind", "last visit",
        "spouse name", "spouse first name", "spouse last name", "spouse email", "spouse phone",
        "emergency contact name", "emergency contact phone", "emergency contact", "first language",
        "child first name", "child last name", "child name", "child birthday", "middle name", "maiden name",
        "nickname", "preferred name", "user name", "username", "family name id", "referred by name",
        "church name", "home church", "previous church name", "emergency phone", "service type", "city of birth",
    )
)  # fmt: skip
"""Names that look like one of ours and mean something else, in lists that churches have."""
_OTHERS = ("spouse", "child", "kid", "emergency", "partner", "husband", "wife", "mother", "father", "friend")


class How(StrEnum):
    """How sure a suggestion is."""

    NAME = "name"
    NEAR = "near"
    VALUES = "values"
    NONE = "none"


@dataclass(frozen=True)
class Suggestion:
    """Where a column goes: one of `COLUMNS`, `FULL_NAME`, `KEEP` or `LEAVE`; and by what we think so."""

    target: str
    how: How


def suggest(headings: Sequence[str], values: Sequence[Sequence[object]]) -> tuple[Suggestion, ...]:
    """A suggestion for each column. `values` are the first values of each, blank ones left out.

    No field is suggested twice, but those of `SEVERAL`. A column without a value is left out, and so are the
    numbers by which other programs know a person.
    """
    columns = _Columns([clean(heading[:1000]) for heading in headings], values)
    columns.leave_out()
    for names in known_names():
        columns.take(How.NAME, partial(_called, names))
    columns.take(How.NAME, lambda name, _values: "prayer_request" if prays(name) else None)
    columns.take(How.NEAR, _near)
    columns.take(How.VALUES, _by_values)
    return columns.suggestions()


def _called(names: Mapping[str, str], name: str, _values: Sequence[object]) -> str | None:
    return names.get(plain(name))


class _Columns:
    """The columns of a list while a place for each is looked for."""

    def __init__(self, names: Sequence[str], values: Sequence[Sequence[object]]) -> None:
        self._names = names
        self._values = values
        self._found: dict[int, Suggestion] = {}

    def leave_out(self) -> None:
        """Leaves out what says nothing about a person."""
        for place, name in enumerate(self._names):
            if not self._values[place] or _IDS.fullmatch(plain(name)):
                self._found[place] = Suggestion(LEAVE, How.NAME)

    def take(self, how: How, find: Callable[[str, Sequence[object]], str | None]) -> None:
        """A place for each column that has none yet, if `find` knows one that is free."""
        for place, name in enumerate(self._names):
            target = None if place in self._found else find(name, self._values[place])
            taken = {suggestion.target for suggestion in self._found.values()}
            if target and (target not in taken or target in SEVERAL):
                self._found[place] = Suggestion(target, how)

    def suggestions(self) -> tuple[Suggestion, ...]:
        """One for each column, in their order."""
        targets = {suggestion.target for suggestion in self._found.values()}
        whole_not_needed = {"first_name", "last_name"} <= targets
        return tuple(
            Suggestion(LEAVE, How.NAME) if suggestion.target == FULL_NAME and whole_not_needed else suggestion
            for suggestion in (
                self._found.get(place, Suggestion(KEEP, How.NONE)) for place in range(len(self._names))
            )
        )


def _near(name: str, values: Sequence[object]) -> str | None:
    """The field whose name is nearly this one, if its values could be such ones."""
    if not 3 <= len(name) <= LONGEST_NEAR or plain(name) in _NOT_NEAR or _about_others(name):
        return None
    match = process.extractOne(_words(name), _WORDY.keys(), scorer=fuzz.token_sort_ratio, score_cutoff=NEAR)
    target = _WORDY[match[0]] if match else _asked(name)
    if target in {"phone", "guardian_phone"} and not _mostly(_PHONE, values):
        return None
    if target == "email" and not _mostly(_EMAIL, values):
        return None
    return target


def _by_values(name: str, values: Sequence[object]) -> str | None:
    return "email" if _mostly(_EMAIL, values) and not _about_others(name) else None


def _asked(name: str) -> str | None:
    """What a form's question such as `What is your first name?` asks for."""
    asked = f" {_words(name)} "
    if not any(f" {word} " in asked for word in ("your", "you", "you're", "youre", "please")):
        return None
    for words, target in (
        (("first name",), "first_name"),
        (("last name", "surname"), "last_name"),
        (("full name", "your name"), FULL_NAME),
        (
            ("phone number", "cell phone", "mobile number", "cell number", "your phone", "mobile phone"),
            "phone",
        ),
        (("email", "e mail"), "email"),
        (("birthday", "date of birth", "birthdate"), "birthday"),
        (("zip",), "postal_code"),
    ):
        if any(f" {part} " in asked for part in words) and not (target == "email" and " text " in asked):
            return target
    return None


def _mostly(form: re.Pattern[str], values: Sequence[object]) -> bool:
    texts = [clean(str(value)[:400]) for value in values[:SEEN]]
    fitting = sum(form.fullmatch(text.lstrip("'").removesuffix(".0")) is not None for text in texts)
    return bool(texts) and fitting >= 0.6 * len(texts)


def _about_others(name: str) -> bool:
    return any(word in name.casefold() for word in _OTHERS)


def _words(name: str) -> str:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[^\w]+|_", " ", apart).casefold().split())


_WORDY: Mapping[str, str] = {
        "first name": "first_name", "given name": "first_name", "last name": "last_name",
        "family name": "last_name", "surname": "last_name", "full name": FULL_NAME,
        "email": "email", "e mail": "email", "email address": "email", "e mail address": "email",
        "phone": "phone", "phone number": "phone", "mobile": "phone", "mobile phone": "phone",
        "mobile number": "phone", "cell phone": "phone", "cell phone number": "phone", "telephone": "phone",
        "address": "address", "street address": "address", "mailing address": "address",
        "home address": "address", "city": "city", "state": "state", "zip code": "postal_code",
        "postal code": "postal_code", "birthday": "birthday", "date of birth": "birthday",
        "birth date": "birthday", "visit date": "visit_date", "date of visit": "visit_date",
        "service time": "service", "campus": "campus", "first time": "first_time",
        "first time guest": "first_time", "first time visitor": "first_time", "first visit": "first_time",
        "interests": "interests", "interested in": "interests", "comments": "notes", "notes": "notes",
        "text consent": "sms_consent", "sms consent": "sms_consent", "may we text you": "sms_consent",
        "can we text you": "sms_consent", "ok to text": "sms_consent", "text opt in": "sms_consent",
        "sms opt in": "sms_consent", "email consent": "email_consent", "may we email you": "email_consent",
        "can we email you": "email_consent", "ok to email": "email_consent", "email opt in": "email_consent",
        "guardian name": "guardian_name", "parent name": "guardian_name",
        "parent guardian name": "guardian_name", "guardian phone": "guardian_phone",
        "parent guardian phone": "guardian_phone",
}  # fmt: skip
"""What a name is compared with: names as people write them, word by word."""
