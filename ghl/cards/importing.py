"""Importing: the rows of a file become cards, many in one transaction, and a bad row costs no other.

It reads no file (`ghl.cards.table` does) and wakes nobody itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import chain, islice
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ghl import audit
from ghl.cards import imports
from ghl.cards.fields import CardFieldsError, FieldProblem, ParsedCard, parse_card
from ghl.cards.save import NewCard, SavedCard, save_cards
from ghl.cards.table import Row, TableError
from ghl.cards.values import clean
from ghl.clock import Clock
from ghl.db.availability import is_away, is_conflict
from ghl.db.engine import Database
from ghl.statuses import CardSource, CardStatus, Priority

BATCH = 200
"""Rows a transaction: beyond that a row costs hardly less, and a batch that fails is tried row by row."""
BACKFILL_ABOVE = 500
"""A larger file is history, not last Sunday's visitors: its cards let new ones go first. 500 cards are about a
minute at GoHighLevel's 100 requests in 10 seconds, and no single service of most churches has as many guests.
"""
TRIES = 3
MAX_SOURCE_NAME = 200
MAX_NAME = 60
"""Signs of a column's name in a reason."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rejected:
    """A row that made no card: its number as a spreadsheet shows it, and why, in words."""

    row: int
    reason: str


@dataclass(frozen=True)
class ImportReport:
    """What became of a file's rows: `received` is the sum of the three others. Stopped, it is not `finished`."""

    received: int = 0
    created: int = 0
    duplicates: int = 0
    rejected: Sequence[Rejected] = ()
    finished: bool = True

    def as_json(self) -> dict[str, Any]:
        """The report as `hub import-cards` prints it."""
        return {
            "received": self.received,
            "created": self.created,
            "duplicates": self.duplicates,
            "rejected": [{"row": rejected.row, "reason": rejected.reason} for rejected in self.rejected],
        }


class ImportStoppedError(Exception):
    """The import ended early; the message is for people, and `report` tells what was done until then.

    Importing the same file again is safe: cards that are saved already are found again.
    """

    def __init__(self, reason: str, report: ImportReport) -> None:
        super().__init__(
            f"{reason} Until then {report.created:,} new cards were saved. You can import the same file again: "
            "nothing is saved twice."
        )
        self.report = report


def import_table(
    database: Database,
    church_id: UUID,
    rows: Iterable[Row],
    *,
    source_name: str,
    actor: str,
    clock: Clock,
    on_saved: Callable[[UUID], None],
    progress: Callable[[int], None] = lambda _received: None,
    review: bool = False,
    heading_of: Callable[[str], str] | None = None,
    stop: Callable[[], bool] = lambda: False,
    import_id: UUID | None = None,
) -> ImportReport:
    """Saves the rows as cards of the church and says what became of each.

    `on_saved(church_id)` is called after each transaction that left cards to send, `progress` with the rows
    received so far. With `review` the cards wait in *To review*. `heading_of` gives the list's own name of a
    field, for the reasons. `stop` is asked before each batch: what is saved stays. `import_id` is the record that
    the caller has begun and ends (`ghl.cards.imports`); without it the import keeps one of its own. Raises
    `ImportStoppedError` when the database goes away or the file cannot be read on.
    """
    saving = _Import(
        database,
        church_id,
        source_name=source_name,
        actor=actor,
        clock=clock,
        on_saved=on_saved,
        review=review,
        heading_of=heading_of,
        import_id=import_id,
    )
    stopped = False
    try:
        saving.begin()
        for batch in _batches(rows):
            if stopped := saving.asked_to_stop or stop():
                break
            saving.take(batch)
            progress(saving.received)
    except TableError as error:
        saving.record(finished=False)
        raise ImportStoppedError(str(error), saving.report()) from error
    except (StatementError, PoolTimeoutError) as error:
        if not is_away(error):
            raise
        _record_if_it_goes(saving)
        raise ImportStoppedError("The database stopped answering.", saving.report()) from None
    saving.record(finished=not stopped)
    return replace(saving.report(), finished=not stopped)


def card_of(row: Row, *, today: date) -> tuple[ParsedCard, ParsedCard | None]:
    """The card in a row, and what the row alone says where something was added for the whole list.

    Raises `CardFieldsError`. A row with a problem has no card.
    """
    if not row.added:
        return parse_card(row.values, today=today), None
    return parse_card({**row.values, **row.added}, today=today), parse_card(row.values, today=today)


def refusal(error: CardFieldsError, heading_of: Callable[[str], str] | None = None) -> str:
    """Why a row makes no card, in words; with the list's own names of its columns where they are known."""
    if heading_of is None:
        return " ".join(_told(problem) for problem in error.problems)
    return " ".join(
        problem.message
        if problem.field == "card"
        else f"{_shortened(heading_of(problem.field))}: {problem.message}"
        for problem in error.problems
    )


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1].rstrip()}…"


def _record_if_it_goes(saving: "_Import") -> None:
    try:
        saving.record(finished=False)
    except (StatementError, PoolTimeoutError) as error:
        log.warning("import_not_recorded", error=type(error).__name__)


def _batches(rows: Iterable[Row]) -> "Iterator[_Batch]":
    """The rows in batches; only as many are read ahead as decide whether the file is a large one."""
    coming = iter(rows)
    first = list(islice(coming, BACKFILL_ABOVE + 1))
    priority = Priority.BACKFILL if len(first) > BACKFILL_ABOVE else Priority.NEW
    coming = chain(first, coming)
    while batch := tuple(islice(coming, BATCH)):
        yield _Batch(batch, priority)


@dataclass(frozen=True)
class _Batch:
    rows: Sequence[Row] = field(repr=False)
    priority: int


class _Import:
    """One import while it runs."""

    def __init__(
        self,
        database: Database,
        church_id: UUID,
        *,
        source_name: str,
        actor: str,
        clock: Clock,
        on_saved: Callable[[UUID], None],
        review: bool,
        heading_of: Callable[[str], str] | None,
        import_id: UUID | None,
    ) -> None:
        self._database = database
        self._church_id = church_id
        self._source_name = clean(source_name)[:MAX_SOURCE_NAME] or None
        self._actor = actor
        self._clock = clock
        self._on_saved: Callable[[UUID], None] | None = on_saved
        self._review = review
        self._heading_of = heading_of
        self._import_id = import_id
        self._own_record = import_id is None
        self.asked_to_stop = False
        self._created = 0
        self._duplicates = 0
        self._rejected: list[Rejected] = []

    @property
    def received(self) -> int:
        """Rows of which it is decided what became of them."""
        return self._created + self._duplicates + len(self._rejected)

    def report(self) -> ImportReport:
        """What became of the rows so far, rejected ones in the order of the file."""
        ordered = tuple(sorted(self._rejected, key=lambda rejected: rejected.row))
        return ImportReport(self.received, self._created, self._duplicates, ordered)

    def begin(self) -> None:
        """Notes that it begins; a record of its own is made where the caller has none."""
        with self._database.church(self._church_id) as session:
            if self._import_id is None:
                self._import_id = imports.start(
                    session,
                    self._church_id,
                    name=self._source_name or "",
                    actor=self._actor,
                    now=self._clock.now(),
                    review=self._review,
                )
            self.asked_to_stop = imports.go_on(session, self._church_id, self._import_id, self._counts())

    def take(self, batch: _Batch) -> None:
        """Saves the good rows of a batch; notes the others, and how far it is."""
        now = self._clock.now()
        numbers: list[int] = []
        cards: list[NewCard] = []
        bad: list[Rejected] = []
        for row in batch.rows:
            try:
                cards.append(self._card(row, batch.priority, now))
                numbers.append(row.number)
            except _RowError as error:
                bad.append(Rejected(row.number, str(error)))
        saved, refused = self._saved(numbers, cards, now)
        self._rejected += bad + refused
        self._created += sum(not card.duplicate for card in saved)
        self._duplicates += sum(card.duplicate for card in saved)
        if any(card.status is CardStatus.WAITING and not card.duplicate for card in saved):
            self._wake()
        assert self._import_id is not None
        with self._database.church(self._church_id) as session:
            self.asked_to_stop = imports.go_on(session, self._church_id, self._import_id, self._counts())

    def _counts(self) -> imports.Counts:
        return imports.Counts(self._created, self._duplicates, len(self._rejected))

    def record(self, *, finished: bool) -> None:
        """One audit entry for the import; the file's name may name a person, so it is not in it."""
        counts = {**self.report().as_json(), "rejected": len(self._rejected), "finished": finished}
        with self._database.church(self._church_id) as session:
            audit.record(
                session,
                church_id=self._church_id,
                actor=self._actor,
                action="cards.imported",
                subject=str(self._import_id) if self._import_id else None,
                facts=counts,
            )
            if self._own_record and self._import_id:
                imports.end(
                    session,
                    self._church_id,
                    self._import_id,
                    self._counts(),
                    now=self._clock.now(),
                    finished=finished,
                )

    def _card(self, row: Row, priority: int, now: datetime) -> NewCard:
        if row.problem:
            raise _RowError(row.problem)
        try:
            parsed, said = card_of(row, today=now.date())
        except CardFieldsError as error:
            raise _RowError(refusal(error, self._heading_of)) from None
        return NewCard(
            parsed,
            CardSource.IMPORT,
            source_name=self._source_name,
            recorded_by=self._actor,
            review=self._review,
            priority=priority,
            said=said,
            import_id=self._import_id,
        )

    def _saved(
        self, numbers: Sequence[int], cards: Sequence[NewCard], now: datetime
    ) -> tuple[list[SavedCard], list[Rejected]]:
        """The cards in one transaction; where the database refuses it, each in its own."""
        if not cards:
            return [], []
        try:
            return self._in_one_transaction(cards, now), []
        except (StatementError, UnicodeError) as error:
            if is_away(error):
                raise
            log.warning("import_row_by_row", church_id=str(self._church_id), error=type(error).__name__)
        saved: list[SavedCard] = []
        refused: list[Rejected] = []
        for number, card in zip(numbers, cards, strict=True):
            try:
                saved += self._in_one_transaction([card], now)
            except (StatementError, UnicodeError) as error:
                if is_away(error):
                    raise
                refused.append(
                    Rejected(number, "The database did not take this row. Look for unusual signs in it.")
                )
        return saved, refused

    def _in_one_transaction(self, cards: Sequence[NewCard], now: datetime) -> list[SavedCard]:
        # Two people who import lists of the same cards in another order may deadlock; one of them goes on.
        for left in reversed(range(TRIES)):
            try:
                with self._database.church(self._church_id) as session:
                    return save_cards(session, self._church_id, cards, now=now)
            except StatementError as error:
                if not left or not is_conflict(error):
                    raise
        raise AssertionError("not reached")

    def _wake(self) -> None:
        if self._on_saved is None:
            return
        try:
            self._on_saved(self._church_id)
        except Exception as error:  # noqa: BLE001 - the cards are saved: the sweep finds them within seconds
            log.warning("wake_failed", church_id=str(self._church_id), error=type(error).__name__)
            self._on_saved = None


class _RowError(ValueError):
    """A row that can make no card, in words."""


def _told(problem: FieldProblem) -> str:
    return problem.message if problem.field == "card" else f"Column {problem.field}: {problem.message}"
