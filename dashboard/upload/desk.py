"""Where somebody is with their list: the file, what they decided, what came of it. It draws and saves nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import IntEnum
from uuid import UUID, uuid4

from dashboard.clicks import OneClick
from dashboard.upload.words import TARGETS, UNCLEAR
from ghl.cards.dates import DateOrder
from ghl.cards.fields import MAX_ANSWERS
from ghl.cards.import_preview import Preview
from ghl.cards.list_file import ListFile, open_list
from ghl.cards.list_plan import (
    MAX_MEANINGS,
    ListPlan,
    order_of_dates,
    shortened_numbers,
    unclear_words,
)
from ghl.cards.refused import is_refused_file
from ghl.cards.suggest import LEAVE, How, Suggestion, suggest

LONGEST_NAME = 200
REMEMBERED = 10
"""Lists whose columns are remembered in a tab."""


class Step(IntEnum):
    """The steps in their order; the page shows one at a time."""

    CHOOSE = 0
    COLUMNS = 1
    CHECK = 2
    SAVE = 3


@dataclass
class Choices:
    """What a person decided about a list; remembered for the next list with the same columns."""

    targets: dict[str, str]
    order: DateOrder | None = None
    meanings: dict[str, bool | str | None] = field(default_factory=dict)
    service: str = ""
    campus: str = ""
    visit_date: date | None = None
    wording: str = field(default="", repr=False)
    where: str = ""
    no_words: bool = False
    review: bool = False


@dataclass(frozen=True)
class Facts:
    """What the list says under the columns as they are matched now."""

    order: DateOrder
    order_sure: bool
    dates: tuple[str, ...] = field(repr=False)
    unclear: Mapping[str, int] = field(repr=False)
    shortened: int = 0


def new_form() -> str:
    """A name for the fields of one list."""
    return f"list{uuid4().hex[:10]}"


@dataclass
class Desk:
    """One list on its way. `form` names its fields on the page, so that the next list has new ones."""

    click: OneClick
    form: str = field(default_factory=new_form)
    step: Step = Step.CHOOSE
    name: str = field(default="", repr=False)
    content: bytes = field(default=b"", repr=False)
    opened: ListFile | None = field(default=None, repr=False)
    trouble: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    again: bool = False
    choices: Choices = field(default_factory=lambda: Choices({}))
    remembered: dict[tuple[str, ...], Choices] = field(default_factory=dict, repr=False)
    shown: Preview | None = field(default=None, repr=False)
    shown_for: ListPlan | None = field(default=None, repr=False)
    refused: bytes = field(default=b"", repr=False)
    facts: Facts | None = field(default=None, repr=False)
    facts_for: tuple[str, ...] = ()
    import_id: UUID | None = None

    def open(
        self,
        name: str,
        content: bytes,
        *,
        sheet: str | None = None,
        encoding: str | None = None,
        header: int | None = None,
    ) -> None:
        """Opens a file and suggests where its columns go. Raises `TableError`; then nothing has changed."""
        opened = open_list(content, sheet=sheet, encoding=encoding, header=header)
        self.form, self.name, self.content, self.opened = new_form(), name[:LONGEST_NAME], content, opened
        self.trouble = ""
        self.go(Step.COLUMNS)
        self.shown = self.shown_for = self.facts = self.import_id = None
        self.facts_for = ()
        places = range(len(opened.headings))
        self.suggestions = suggest(opened.headings, [opened.values(place) for place in places])
        before = self.remembered.get(_columns(opened))
        self.again = before is not None
        if before is None:
            suggested = {str(place): suggestion.target for place, suggestion in enumerate(self.suggestions)}
            self.choices = Choices(suggested)
        else:
            self.choices = replace(before, targets=dict(before.targets), meanings=dict(before.meanings))
            for place in places:
                if is_refused_file([opened.headings[place]]) or str(place) not in self.choices.targets:
                    self.choices.targets[str(place)] = LEAVE

    def saves(self, import_id: UUID) -> None:
        """The list is being saved, or was; its file is needed no more."""
        self.import_id, self.trouble = import_id, ""
        self.go(Step.SAVE)
        self.content, self.opened, self.shown, self.refused = b"", None, None, b""

    def go(self, step: Step) -> None:
        """Another step is shown."""
        self.step = step
        self.click.counts()

    def fresh(self) -> bool:
        """Whether this step came up a moment ago: the second half of a double click hits what is new there."""
        return self.click.second()

    def restart(self) -> None:
        """Another list; what was decided about this one is remembered for lists with the same columns."""
        self.remember()
        self.form, self.trouble = new_form(), ""
        self.go(Step.CHOOSE)
        self.name, self.content, self.opened = "", b"", None
        self.shown = self.shown_for = self.facts = self.import_id = None

    def remember(self) -> None:
        """Keeps the decisions for the next list with these columns."""
        if self.opened is None:
            return
        self.remembered.pop(_columns(self.opened), None)
        self.remembered[_columns(self.opened)] = self.choices
        while len(self.remembered) > REMEMBERED:
            self.remembered.pop(next(iter(self.remembered)))

    def targets(self) -> tuple[str, ...]:
        """Where each column goes now."""
        if self.opened is None:
            return ()
        return tuple(
            target if (target := self.choices.targets.get(str(place), LEAVE)) in TARGETS else LEAVE
            for place in range(len(self.opened.headings))
        )

    def look(self) -> Facts:
        """What the list says under the columns as they are matched now; found out once for each matching."""
        assert self.opened is not None
        targets = self.targets()
        if self.facts is None or self.facts_for != targets:
            order, sure = order_of_dates(self.opened, targets)
            self.facts = Facts(
                order=order,
                order_sure=sure,
                dates=_examples(self.opened, targets),
                unclear=unclear_words(self.opened, targets),
                shortened=shortened_numbers(self.opened, targets),
            )
            self.facts_for = targets
        return self.facts

    def plan(self) -> ListPlan:
        """The decisions as the list is read with them."""
        assert self.opened is not None
        choices, facts = self.choices, self.look()
        return ListPlan(
            headings=self.opened.headings,
            targets=self.targets(),
            order=facts.order if facts.order_sure else choices.order or facts.order,
            meanings={
                word: meaning
                for word, meaning in choices.meanings.items()
                if word in facts.unclear and (meaning is None or isinstance(meaning, bool))
            },
            service=" ".join(choices.service.split()),
            campus=" ".join(choices.campus.split()),
            visit_date=choices.visit_date,
            wording="" if choices.no_words else choices.wording.strip(),
            where=choices.where,
        )

    def left(self, told: Callable[[str], str] = str) -> list[str]:
        """What must be decided before the rows can be checked, in sentences; they hold names of columns."""
        plan, facts = self.plan(), self.look()
        problems = [
            f"{' and '.join(map(told, names))} both go to {TARGETS[target]}. Keep one of them there."
            for target, names in plan.doubled().items()
        ]
        if not plan.names_somebody():
            problems.append("No column tells who a card is about. Match a name, a phone or an e-mail.")
        if plan.too_many_answers():
            problems.append(
                f"{MAX_ANSWERS - 1} columns can be kept as answers of their own. Leave some of them out."
            )
        if not facts.order_sure and self.choices.order is None:
            problems.append("Say whether the month or the day comes first in the dates.")
        if len(facts.unclear) > MAX_MEANINGS:
            problems.append(
                "A yes-or-no column says more than yes and no. Look whether it is matched rightly, or keep it "
                "as an answer of its own."
            )
        return problems

    def words_missing(self) -> bool:
        """Whether somebody says yes and it is not said to what."""
        shown, choices = self.shown, self.choices
        if shown is None or choices.no_words or choices.wording.strip():
            return False
        return bool(shown.texts.yes_without_words or shown.emails.yes_without_words)


def meaning_key(word: str, meanings: Mapping[str, bool | str | None]) -> bool | str | None:
    """What a word was said to stand for."""
    return meanings.get(word, UNCLEAR)


def doubtful(suggestion: Suggestion) -> bool:
    """Whether a person should look at this suggestion."""
    return suggestion.how in {How.NEAR, How.VALUES}


def _columns(opened: ListFile) -> tuple[str, ...]:
    """The columns by which a list is known again, those that the hub added left out."""
    return tuple(heading for heading in opened.headings if not is_refused_file([heading]))


def _examples(opened: ListFile, targets: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for place, target in enumerate(targets):
        if target in {"birthday", "visit_date", "consent_at"}:
            for value in opened.values(place):
                if isinstance(value, str):
                    found.setdefault(value, None)
    return tuple(found)[:3]
