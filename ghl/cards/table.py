"""A list of cards in a file, CSV or Excel, as rows that `parse_card` can read; what is broken is said in words.

A row that cannot be read costs no other row. Sizes are bounded before anything is taken apart.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ghl.cards.columns import FULL_NAME, ColumnsError, match_columns, names_somebody, split_name
from ghl.cards.encoding import EncodingError, decoded
from ghl.cards.workbook import WORKBOOK_START, Workbook, WorkbookError

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELL = 32_767
"""Excel's own limit of characters in a cell."""
MAX_READ_AGAIN = 200_000
"""Lines that may be read once more because a quotation mark before them never closed."""

_SEPARATORS = (",", ";", "\t", "|")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class TableError(ValueError):
    """The file as a whole cannot be read; the message is a sentence for people."""


@dataclass(frozen=True)
class Row:
    """One row below the header. `number` is the one a spreadsheet shows. With a `problem` it has no values.

    `added` was said for the whole list and is written on the card too; the row itself does not say it, so it
    does not count when the same list comes again.
    """

    number: int
    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    problem: str | None = None
    added: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class RawRow:
    """A row of a file before its cells have names."""

    number: int
    cells: Sequence[object] = field(repr=False)
    problem: str | None = None


class Source(Protocol):
    """A file whose cells can be read, row by row; every call of `rows` reads it anew."""

    separator: str
    encoding: str | None

    def rows(self) -> Iterator[RawRow]:
        """All rows with their cells, the header among them. Raises `TableError`."""


class Table:
    """A file whose header was understood. `columns` are `parse_card`'s names or the church's own questions."""

    def __init__(self, source: Source, header: RawRow, columns: tuple[str, ...]) -> None:
        self._source = source
        self._header = header
        self.columns = columns

    def rows(self) -> Iterator[Row]:
        """The rows below the header, without blank ones, read as they are asked for. Raises `TableError`."""
        count = 0
        for raw in self._source.rows():
            if raw.number <= self._header.number or not (raw.problem or any(map(filled, raw.cells))):
                continue
            count += 1
            if count > MAX_ROWS:
                raise TableError(f"The list has more than {MAX_ROWS:,} rows. Split it into smaller files.")
            yield self._named(raw)

    def _named(self, raw: RawRow) -> Row:
        if problem := unreadable(raw, len(self.columns)):
            return Row(raw.number, problem=problem)
        values: dict[str, object] = {}
        for column, cell in zip(self.columns, raw.cells, strict=False):
            if filled(cell):
                # Only prayer requests may stand in several columns; they go together.
                values[column] = f"{values[column]}\n{cell}" if column in values else cell
        cut_full_name(values)
        return Row(raw.number, values)


def unreadable(raw: RawRow, columns: int) -> str | None:
    """Why this row cannot be read under so many columns, in words; None where it can."""
    if raw.problem:
        return raw.problem
    if any(filled(cell) for cell in raw.cells[columns:]):
        return "The row has more cells than there are columns. Is a comma too many in it?"
    if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in raw.cells):
        return f"A cell has more than {MAX_CELL:,} characters."
    return None


def read_table(content: bytes) -> Table:
    """The table in a CSV or XLSX file. Raises `TableError` where it is none or has no usable header.

    The first row that is not blank is the header. CSV may be UTF-8, UTF-16 or Windows-1252, separated by
    comma, semicolon, tab or bar. Of a workbook the first sheet with something on it is read.
    """
    source = open_source(content)
    header = next((row for row in source.rows() if row.problem or any(map(filled, row.cells))), None)
    if header is None:
        raise TableError("The file is empty.")
    return Table(source, header, _columns(header))


def open_source(content: bytes, *, sheet: str | None = None, encoding: str | None = None) -> Source:
    """The cells of a file, before any of them has a name. Raises `TableError`.

    `sheet` is one of a workbook's, `encoding` one that a person chose because the letters looked wrong.
    """
    if len(content) > MAX_BYTES:
        raise TableError(
            f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it into smaller files."
        )
    if not content.strip(b"\x00 \t\r\n"):
        raise TableError("The file is empty.")
    if is_workbook(content):
        try:
            return _Sheet(Workbook(content, sheet))
        except WorkbookError as problem:
            raise TableError(str(problem)) from None
    if content.startswith(_OLD_EXCEL):
        raise TableError("This is an old Excel file, or one with a password. Save it as .xlsx or .csv first.")
    try:
        text, used = decoded(content, encoding)
    except EncodingError as problem:
        raise TableError(str(problem)) from None
    return _Csv(text.replace("\x00", ""), used)


def is_workbook(content: bytes) -> bool:
    """Whether the file is (or says it is) a workbook."""
    return content.startswith(WORKBOOK_START)


def sheets_of(content: bytes) -> tuple[str, ...]:
    """The names of a workbook's sheets; none for any other file. Raises `TableError`."""
    if not is_workbook(content):
        return ()
    try:
        return Workbook(content).sheets()
    except WorkbookError as problem:
        raise TableError(str(problem)) from None


def _columns(header: RawRow) -> tuple[str, ...]:
    names = ["" if cell is None else str(cell) for cell in header.cells]
    while len(names) > MAX_COLUMNS and not names[-1].strip():
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise TableError(f"The list has more than {MAX_COLUMNS} columns.")
    if header.problem or any(len(name) > MAX_CELL for name in names):
        raise TableError(
            "The first row can't be read. It needs column names, such as first_name, phone, email."
        )
    named = [name if name.strip() else nameless(place) for place, name in enumerate(names)]
    try:
        columns = match_columns(named)
    except ColumnsError as problem:
        raise TableError(str(problem)) from None
    if not names_somebody(columns):
        raise TableError("The first row needs column names, such as first_name, last_name, phone, email.")
    return columns


class _Sheet:
    """The rows of a workbook's sheet."""

    separator = ","
    encoding: str | None = None

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook

    def rows(self) -> Iterator[RawRow]:
        try:
            for number, cells, problem in self._workbook.rows():
                yield RawRow(number, cells, problem)
        except WorkbookError as problem:
            raise TableError(str(problem)) from None


class _Csv:
    """The records of a CSV text. Each is one row of a spreadsheet, however many lines its cells have."""

    def __init__(self, text: str, encoding: str | None = None) -> None:
        self.encoding = encoding
        self._lines = list(io.StringIO(text, newline=""))
        told = self._lines[0].rstrip("\r\n").lower() if self._lines else ""
        if told.startswith("sep=") and told[len("sep=") :] in _SEPARATORS:
            # Excel's own hint: it does not show this line, so the next one is its row 1.
            self._lines.pop(0)
            self.separator = told[len("sep=") :]
        else:
            self.separator = self._sniffed()

    def rows(self) -> Iterator[RawRow]:
        line, number, in_vain = 0, 0, 0
        while line < len(self._lines):
            lines = map(self._lines.__getitem__, range(line, len(self._lines)))
            reader = csv.reader(lines, delimiter=self.separator, strict=True)
            read = 0
            try:
                for cells in reader:
                    if reader.line_num - read > 1 and any(len(cell) > MAX_CELL for cell in cells):
                        raise csv.Error("a cell that long has swallowed other rows")  # noqa: TRY301  as below
                    number += 1
                    yield RawRow(number, cells)
                    read = reader.line_num
            except csv.Error:
                # The mark may have swallowed the rows that follow. Only its own is lost: the next line is next.
                number += 1
                in_vain += reader.line_num - read
                if in_vain > MAX_READ_AGAIN:
                    raise TableError("Too many quotation marks in the file never close.") from None
                line += read + 1
                yield RawRow(
                    number,
                    tuple(self._lines[line - 1][: 4 * MAX_CELL].rstrip("\r\n").split(self.separator)),
                    "A quotation mark in this row is never closed, or a cell is too long.",
                )
            else:
                return

    def _sniffed(self) -> str:
        """The separator that finds the most columns in the first line with something in it."""
        first = next((line for line in self._lines if line.strip()), "")
        return max(_SEPARATORS, key=lambda separator: len(_cells(first, separator)))


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def filled(cell: object) -> bool:
    """Whether anything stands in the cell."""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def cut_full_name(values: dict[str, object]) -> None:
    """A whole name among the values becomes first and last name, where neither is there."""
    name = values.pop(FULL_NAME, None)
    if name is not None and not ("first_name" in values or "last_name" in values):
        values["first_name"], values["last_name"] = split_name(str(name))


def nameless(place: int) -> str:
    """What a column without a name is called: `Column C`."""
    return f"Column {_letters(place)}"


def _letters(place: int) -> str:
    """The column's name in a spreadsheet: A, B, … Z, AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
