"""What a person decided about a list: where each column goes, and what holds for all its cards. Pure.

A plan turns the rows of a file into rows that `parse_card` reads. It makes up nothing: a blank stays blank,
and an answer about messages that is neither a yes nor a no is never taken for one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from ghl.cards.columns import FULL_NAME
from ghl.cards.dates import DateOrder, date_order, written_date
from ghl.cards.fields import COLUMNS, MAX_ANSWERS, MAX_QUESTION, YES_NO
from ghl.cards.list_file import ListFile
from ghl.cards.refused import WHY_COLUMN
from ghl.cards.suggest import KEEP, LEAVE, SEVERAL
from ghl.cards.table import RawRow, Row, cut_full_name, filled, unreadable
from ghl.cards.values import ValueProblemError, clean, read_yes_no

DATES = ("birthday", "visit_date", "consent_at")
CONSENTS = ("sms_consent", "email_consent")
NUMBERS = ("phone", "guardian_phone", "postal_code")
WHERE_QUESTION = "Where they said yes"
"""The question under which a card keeps how somebody said yes: on paper, in a form."""
MAX_MEANINGS = 12
"""Different words of a yes-or-no column that a person is asked about; a column with more is another one."""
MAX_WORD = 200

NOTHING = frozenset(
    ("-", "--", "---", "\N{EN DASH}", "—", "n/a", "n.a.", "na", "#n/a", "none", "null", "nil", "?", "unknown")
)
"""What people write into a cell to leave it blank."""
_BLANK_WHERE = frozenset((*YES_NO, *DATES, *NUMBERS, "email"))
"""Fields in which those words stand for nothing; anywhere else they may be meant (Na is a name)."""
_SCIENTIFIC = re.compile(r"\d[.,]?\d*[eE]\+?\d{1,2}")


@dataclass(frozen=True)
class ListPlan:
    """Decisions about a list. `targets` has one for each column: a field, `FULL_NAME`, `KEEP` or `LEAVE`.

    `meanings` says what a word in a yes-or-no column stands for: True, False, or None for blank. `wording` and
    `where` say to what, and where, people said yes; they go on the cards with a yes that do not say it.
    """

    headings: tuple[str, ...] = field(repr=False)
    targets: tuple[str, ...]
    order: DateOrder = DateOrder.MONTH_FIRST
    meanings: Mapping[str, bool | None] = field(default_factory=dict)
    service: str = ""
    campus: str = ""
    visit_date: date | None = None
    wording: str = field(default="", repr=False)
    where: str = ""

    def doubled(self) -> dict[str, tuple[str, ...]]:
        """Fields to which more than one column goes, though only one can, with the columns' names."""
        going = Counter(target for target in self.targets if target not in {KEEP, LEAVE, *SEVERAL})
        return {
            target: tuple(
                name for name, other in zip(self.headings, self.targets, strict=True) if other == target
            )
            for target, count in going.items()
            if count > 1
        }

    def names_somebody(self) -> bool:
        """Whether any column can tell who a card is about."""
        return not {"first_name", "last_name", FULL_NAME, "phone", "email"}.isdisjoint(self.targets)

    def too_many_answers(self) -> bool:
        """Whether more columns are kept than a card has room for, beside where somebody said yes."""
        return self.targets.count(KEEP) >= MAX_ANSWERS

    def heading_of(self, name: str) -> str:
        """The list's own name of the column behind a field, or the field's name where none goes to it."""
        looked_for = {name} | ({FULL_NAME} if name in {"first_name", "last_name"} else set())
        return next(
            (
                heading
                for heading, target in zip(self.headings, self.targets, strict=True)
                if target in looked_for
            ),
            name,
        )

    def questions(self) -> tuple[str | None, ...]:
        """For each kept column the question it is an answer to; None for the others."""
        taken = {column.casefold() for column in (*COLUMNS, FULL_NAME, WHERE_QUESTION)}
        found: list[str | None] = []
        for heading, target in zip(self.headings, self.targets, strict=True):
            found.append(_question(heading, taken) if target == KEEP else None)
        return tuple(found)

    def rows(self, raws: Sequence[RawRow], *, today: date) -> "PlannedRows":
        """The rows as cards will say it."""
        return PlannedRows(self, raws, today)


class PlannedRows:
    """The rows of a list under a plan; each walk over them reads them anew, so none is held twice."""

    def __init__(self, plan: ListPlan, raws: Sequence[RawRow], today: date) -> None:
        self._plan = plan
        self._raws = raws
        self._today = today
        self._names = [
            question or target for question, target in zip(plan.questions(), plan.targets, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._raws)

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, self._raws)

    def _row(self, raw: RawRow) -> Row:
        columns = len(self._plan.headings)
        if problem := unreadable(raw, columns):
            return Row(raw.number, problem=problem)
        values: dict[str, object] = {}
        for place, cell in enumerate(raw.cells[:columns]):
            target = self._plan.targets[place]
            if target == LEAVE or not filled(cell):
                continue
            value = self._value(target, cell)
            if filled(value):
                self._put(values, self._names[place], value)
        cut_full_name(values)
        for name in ("service", "campus", "visit_date"):
            value = getattr(self._plan, name)
            if value and name not in values and values:
                values[name] = value
        return Row(raw.number, values, added=self._added(values))

    def _value(self, target: str, cell: object) -> object:
        if isinstance(cell, str):
            if target in _BLANK_WHERE and clean(cell[:MAX_WORD]).casefold() in NOTHING:
                return None
            if target in YES_NO:
                return self._meant(cell)
            if target == "interests" and ";" not in cell:
                return re.sub(r",|\n", ";", cell)
        if target in NUMBERS:
            return whole_number(cell)
        if target in DATES:
            return written_date(cell, self._plan.order, today=self._today, past=target != "visit_date")
        return cell

    def _meant(self, cell: str) -> object:
        word = word_of(cell)
        return self._plan.meanings.get(word, cell)

    def _put(self, values: dict[str, object], name: str, value: object) -> None:
        if name in values and name in SEVERAL:
            values[name] = f"{values[name]}{';' if name == 'interests' else chr(10)}{value}"
        else:
            values.setdefault(name, value)

    def _added(self, values: Mapping[str, object]) -> dict[str, object]:
        if not any(says_yes(values.get(name)) for name in CONSENTS):
            return {}
        added: dict[str, object] = {}
        if self._plan.wording and not values.get("consent_wording"):
            added["consent_wording"] = self._plan.wording
        if self._plan.where and WHERE_QUESTION not in values:
            added[WHERE_QUESTION] = self._plan.where
        return added


def unclear_words(opened: ListFile, targets: Sequence[str]) -> Counter[str]:
    """The words in yes-or-no columns that are neither, as written in small letters, with how many there are.

    At most one more than `MAX_MEANINGS`: then some column is no yes-or-no column.
    """
    found: Counter[str] = Counter()
    for place, target in enumerate(targets):
        if target not in YES_NO:
            continue
        for cell in opened.column(place):
            word = word_of(cell) if isinstance(cell, str) else ""
            if not word or word in NOTHING or (len(found) > MAX_MEANINGS and word not in found):
                continue
            try:
                read_yes_no(word)
            except ValueProblemError:
                found[word] += 1
    return found


def order_of_dates(opened: ListFile, targets: Sequence[str]) -> tuple[DateOrder, bool]:
    """Whether months or days come first in the dates of a list, and whether the list itself decides it."""
    values = [
        value for place, target in enumerate(targets) if target in DATES for value in opened.column(place)
    ]
    return date_order(values)


def shortened_numbers(opened: ListFile, targets: Sequence[str]) -> int:
    """Phone numbers of which a spreadsheet has thrown digits away (6.16E+09)."""
    return sum(
        isinstance(cell, str)
        and _SCIENTIFIC.fullmatch(clean(cell[:MAX_WORD])) is not None
        and whole_number(cell) == cell
        for place, target in enumerate(targets)
        if target in {"phone", "guardian_phone"}
        for cell in opened.column(place)
    )


def whole_number(cell: object) -> object:
    """A phone number or postal code that a spreadsheet took for a number, as the digits it was.

    `6155550142.0` and `6.155550142E+09` are whole; `6.16E+09` has lost digits and stays, to be mended.
    """
    if not isinstance(cell, str) or len(cell) > MAX_WORD:
        return cell
    text = clean(cell)
    if re.fullmatch(r"'[+\d(][\d\s().+\-]*", text):  # Excel's own mark for text
        text = text[1:]
    if re.fullmatch(r"\d{4,15}\.0+", text):
        return text.partition(".")[0]
    if _SCIENTIFIC.fullmatch(text):
        try:
            number = Decimal(text.replace(",", "."))
        except InvalidOperation:
            return cell
        _, _, exponent = number.as_tuple()
        if isinstance(exponent, int) and -6 < exponent <= 0 and number == number.to_integral_value():
            return str(int(number))
        return cell
    return text


def word_of(cell: str) -> str:
    """A cell of a yes-or-no column as it is compared."""
    return clean(cell[:MAX_WORD]).casefold()


def says_yes(value: object) -> bool:
    """Whether a cell is a yes; what cannot be read is none."""
    try:
        return read_yes_no(value) is True
    except ValueProblemError:
        return False


def _question(heading: str, taken: set[str]) -> str:
    """The heading as a question no other column has, within the bounds of a question's length."""
    question = clean(heading) or WHY_COLUMN
    if len(question) > MAX_QUESTION:
        question = f"{question[: MAX_QUESTION - 1].rstrip()}…"
    unique, number = question, 1
    while unique.casefold() in taken:
        number += 1
        unique = f"{question[: MAX_QUESTION - 6].rstrip()} ({number})"
    taken.add(unique.casefold())
    return unique
