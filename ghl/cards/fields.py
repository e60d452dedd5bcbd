"""What a card says: its fields, their bounds, and how JSON or a row of a table becomes one.

Every problem is told at once, by field, in plain words. A phone number or e-mail address that is wrong is
no problem here: the card is saved, and staff mend it under *Needs attention*. Prayer requests come out
apart, because they are stored apart and never leave.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from ghl.cards.values import (
    ValueProblemError,
    clean,
    read_answer,
    read_date,
    read_list,
    read_text,
    read_yes_no,
)

LENGTHS: Mapping[str, int] = {
    "first_name": 100,
    "last_name": 100,
    "email": 320,
    "phone": 64,
    "address": 250,
    "city": 100,
    "state": 100,
    "postal_code": 20,
    "service": 100,
    "campus": 100,
    "notes": 4000,
    "consent_wording": 2000,
    "guardian_name": 200,
    "guardian_phone": 64,
}
"""The longest text of each field, in characters. The wrong address of a card is kept too, hence 320 and 64."""

LINES = frozenset({"notes", "consent_wording", "prayer_request"})
YES_NO = ("first_time", "sms_consent", "email_consent", "adult", "guardian_consent", "volunteer")
MAX_PRAYER = 4000
MAX_INTERESTS = 30
MAX_INTEREST = 100
MAX_ANSWERS = 60
MAX_QUESTION = 100
MAX_ANSWER = 2000
MAX_COLUMNS = 200
"""Columns in all; those without an answer count here, and not as answers."""
EARLIEST_BIRTHDAY = date(1900, 1, 1)
EARLIEST_DAY = date(2000, 1, 1)
LAST_DAY = date(2100, 12, 31)


class CardFields(BaseModel):
    """What the card says, without the prayer request. Blank text is `""`; a blank yes/no or date is None."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_name: str = Field("", max_length=LENGTHS["first_name"])
    last_name: str = Field("", max_length=LENGTHS["last_name"])
    email: str = Field("", max_length=LENGTHS["email"], description="As written; checked when it is sent.")
    phone: str = Field("", max_length=LENGTHS["phone"], description="As written; checked when it is sent.")
    address: str = Field("", max_length=LENGTHS["address"])
    city: str = Field("", max_length=LENGTHS["city"])
    state: str = Field("", max_length=LENGTHS["state"])
    postal_code: str = Field("", max_length=LENGTHS["postal_code"])
    birthday: date | None = None
    visit_date: date | None = None
    service: str = Field("", max_length=LENGTHS["service"])
    campus: str = Field("", max_length=LENGTHS["campus"])
    first_time: bool | None = None
    interests: tuple[str, ...] = Field((), max_length=MAX_INTERESTS)
    notes: str = Field("", max_length=LENGTHS["notes"])
    sms_consent: bool | None = Field(None, description="Blank is not no, and nothing is assumed.")
    email_consent: bool | None = Field(None, description="Blank is not no, and nothing is assumed.")
    consent_wording: str = Field("", max_length=LENGTHS["consent_wording"])
    consent_at: date | None = Field(None, description="The day the card was signed.")
    adult: bool | None = None
    guardian_name: str = Field("", max_length=LENGTHS["guardian_name"])
    guardian_phone: str = Field("", max_length=LENGTHS["guardian_phone"])
    guardian_consent: bool | None = None
    volunteer: bool | None = None
    custom_answers: Mapping[str, str] = Field(
        default_factory=dict, max_length=MAX_ANSWERS, description="Answers to the church's own questions."
    )


COLUMNS = (*(name for name in CardFields.model_fields if name != "custom_answers"), "prayer_request")
"""The names a way in may use; every other name is one of the church's own questions."""


@dataclass(frozen=True)
class ParsedCard:
    """A card that may be saved; the prayer request goes to its own, more guarded place."""

    fields: CardFields
    prayer_request: str = dataclasses.field(default="", repr=False)


@dataclass(frozen=True)
class FieldProblem:
    """One problem. `value_excerpt` is for the person who sent the card; it never goes to a log."""

    field: str
    message: str
    value_excerpt: str | None = dataclasses.field(default=None, repr=False)


class CardFieldsError(ValueError):
    """The card cannot be saved as it is. `problems` has every reason; the text names fields, not values."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


def parse_card(values: Mapping[str, object], *, today: date | None = None) -> ParsedCard:
    """The card in `values`, keyed by `COLUMNS`; other names are the church's own questions.

    With `today` a birthday or signature in the future is a problem too; a day of grace is for time zones.
    Raises `CardFieldsError`.
    """
    problems: list[FieldProblem] = []
    parsed = {name: _read(name, values.get(name), read, problems) for name, read in _readers(today).items()}
    prayer = parsed.pop("prayer_request") or ""
    answers = _answers(values, problems)
    if all(parsed[name] == "" for name in ("first_name", "last_name", "phone", "email")):
        problems.append(FieldProblem("card", "The card has no name, no phone and no e-mail."))
    if problems:
        raise CardFieldsError(tuple(problems))
    return ParsedCard(CardFields.model_validate({**parsed, "custom_answers": answers}), str(prayer))


def _readers(today: date | None) -> dict[str, Callable[[object], object]]:
    tomorrow = today + timedelta(days=1) if today else LAST_DAY
    return {
        **{name: partial(read_text, most=most, lines=name in LINES) for name, most in LENGTHS.items()},
        **dict.fromkeys(YES_NO, read_yes_no),
        "interests": partial(read_list, most=MAX_INTERESTS, each=MAX_INTEREST),
        "birthday": partial(read_date, earliest=EARLIEST_BIRTHDAY, latest=tomorrow),
        "visit_date": partial(read_date, earliest=EARLIEST_DAY, latest=LAST_DAY),
        "consent_at": partial(read_date, earliest=EARLIEST_DAY, latest=tomorrow),
        "prayer_request": partial(read_text, most=MAX_PRAYER, lines=True),
    }


def _read(
    name: str, value: object, read: Callable[[object], object], problems: list[FieldProblem]
) -> object | None:
    """The value read, or None and one more problem: the next field is read all the same."""
    try:
        return read(value)
    except ValueProblemError as problem:
        problems.append(FieldProblem(name, problem.message, _excerpt(value)))
        return None


def _answers(values: Mapping[str, object], problems: list[FieldProblem]) -> dict[str, str]:
    found: dict[str, str] = {}
    if len(values) > MAX_COLUMNS:
        problems.append(FieldProblem("card", f"There are {len(values)} columns; {MAX_COLUMNS} fit."))
        return found
    for name in sorted(values.keys() - set(COLUMNS)):
        question = clean(name[: 4 * MAX_QUESTION])
        answer = _read(question[:MAX_QUESTION], values[name], partial(read_answer, most=MAX_ANSWER), problems)
        if not answer:
            continue
        if not question:
            problems.append(
                FieldProblem("card", "An answer stands without a question: the column has no name.")
            )
        elif len(question) > MAX_QUESTION:
            problems.append(
                FieldProblem(question[:40], f"A question's name is too long; {MAX_QUESTION} fit.")
            )
        elif question in found:
            problems.append(FieldProblem(question, "This question is there twice."))
        else:
            found[question] = str(answer)
    if len(found) > MAX_ANSWERS:
        problems.append(
            FieldProblem("card", f"There are {len(found)} answers to own questions; {MAX_ANSWERS} fit.")
        )
    return found


def _excerpt(value: object) -> str | None:
    """The beginning of the value, so that whoever sent the card finds it; lists and such are left out."""
    if isinstance(value, str):
        return clean(value[:200])[:40] or None
    if isinstance(value, float | date):
        return str(value)
    return None
