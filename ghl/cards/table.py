"""A list of cards in a file, CSV or Excel, as rows that `parse_card` can read; what is broken is said in words.

A row that cannot be read costs no other row. Sizes are bounded before anything is taken apart.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ghl.cards.columns import FULL_NAME, ColumnsError, match_columns, names_somebody, split_name
from ghl.cards.workbook import WORKBOOK_START, Workbook, WorkbookError

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELL = 32_767
"""Excel's own limit of characters in a cell."""
MAX_READ_AGAIN = 200_000
"""Lines that may be read once more because a quotation mark before them never closed."""

_SEPARATORS = (",", ";", "\t", "|")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class TableError(ValueError):
    """The file as a whole cannot be read; the message is a sentence for people."""


@dataclass(frozen=True)
class Row:
    """One row below the header. `number` is the one a spreadsheet shows. With a `problem` it has no values."""

    number: int
    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    problem: str | None = None


@dataclass(frozen=True)
class RawRow:
    """A row of a file before its cells have names."""

    number: int
    cells: Sequence[object] = field(repr=False)
    problem: str | None = None


class _Source(Protocol):
    def rows(self) -> Iterator[RawRow]: ...


class Table:
    """A file whose header was understood. `columns` are `parse_card`'s names or the church's own questions."""

    def __init__(self, source: _Source, header: RawRow, columns: tuple[str, ...]) -> None:
        self._source = source
        self._header = header
        self.columns = columns

    def rows(self) -> Iterator[Row]:
        """The rows below the header, without blank ones, read as they are asked for. Raises `TableError`."""
        count = 0
        for raw in self._source.rows():
            if raw.number <= self._header.number or not (raw.problem or any(map(_filled, raw.cells))):
                continue
            count += 1
            if count > MAX_ROWS:
                raise TableError(f"The list has more than {MAX_ROWS:,} rows. Split it into smaller files.")
            yield self._named(raw)

    def _named(self, raw: RawRow) -> Row:
        if raw.problem:
            return Row(raw.number, problem=raw.problem)
        if any(_filled(cell) for cell in raw.cells[len(self.columns) :]):
            return Row(
                raw.number,
                problem="The row has more cells than there are columns. Is a comma too many in it?",
            )
        if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in raw.cells):
            return Row(raw.number, problem=f"A cell has more than {MAX_CELL:,} characters.")
        values: dict[str, object] = {}
        for column, cell in zip(self.columns, raw.cells, strict=False):
            if _filled(cell):
                # Only prayer requests may stand in several columns; they go together.
                values[column] = f"{values[column]}\n{cell}" if column in values else cell
        _cut_full_name(values)
        return Row(raw.number, values)


def read_table(content: bytes) -> Table:
    """The table in a CSV or XLSX file. Raises `TableError` where it is none or has no usable header.

    The first row that is not blank is the header. CSV may be UTF-8, UTF-16 or Windows-1252, separated by
    comma, semicolon, tab or bar. Of a workbook the first sheet with something on it is read.
    """
    if len(content) > MAX_BYTES:
        raise TableError(
            f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it into smaller files."
        )
    if not content.strip(b"\x00 \t\r\n"):
        raise TableError("The file is empty.")
    source = _open(content)
    header = next((row for row in source.rows() if row.problem or any(map(_filled, row.cells))), None)
    if header is None:
        raise TableError("The file is empty.")
    return Table(source, header, _columns(header))


def _open(content: bytes) -> _Source:
    if content.startswith(WORKBOOK_START):
        try:
            return _Sheet(Workbook(content))
        except WorkbookError as problem:
            raise TableError(str(problem)) from None
    if content.startswith(_OLD_EXCEL):
        raise TableError("This is an old Excel file, or one with a password. Save it as .xlsx or .csv first.")
    return _Csv(_decoded(content).replace("\x00", ""))


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
    named = [name if name.strip() else f"Column {_letters(place)}" for place, name in enumerate(names)]
    try:
        columns = match_columns(named)
    except ColumnsError as problem:
        raise TableError(str(problem)) from None
    if not names_somebody(columns):
        raise TableError("The first row needs column names, such as first_name, last_name, phone, email.")
    return columns


class _Sheet:
    """The rows of a workbook's sheet."""

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

    def __init__(self, text: str) -> None:
        self._lines = list(io.StringIO(text, newline=""))
        told = self._lines[0].rstrip("\r\n").lower() if self._lines else ""
        if told.startswith("sep=") and told[len("sep=") :] in _SEPARATORS:
            # Excel's own hint: it does not show this line, so the next one is its row 1.
            self._lines.pop(0)
            self._separator = told[len("sep=") :]
        else:
            self._separator = self._sniffed()

    def rows(self) -> Iterator[RawRow]:
        line, number, in_vain = 0, 0, 0
        while line < len(self._lines):
            lines = map(self._lines.__getitem__, range(line, len(self._lines)))
            reader = csv.reader(lines, delimiter=self._separator, strict=True)
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
                yield RawRow(
                    number, (), "A quotation mark in this row is never closed, or a cell is too long."
                )
                line += read + 1
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


def _decoded(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                raise TableError("The file is damaged: some of its letters can't be read.") from None
    if b"\x00" in content:
        return _utf_16_without_mark(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _utf_16_without_mark(content: bytes) -> str:
    """Latin text in UTF-16 has a zero in every second byte; other files with zeros are no lists."""
    head = content[:1000]
    for encoding, zeros, letters in (
        ("utf-16-le", head[1::2], head[0::2]),
        ("utf-16-be", head[0::2], head[1::2]),
    ):
        if zeros.count(0) > 0.8 * len(zeros) and 0 not in letters:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                break
    raise TableError("This is not a list. Save it as .csv or .xlsx first.")


def _filled(cell: object) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _cut_full_name(values: dict[str, object]) -> None:
    name = values.pop(FULL_NAME, None)
    if name is not None and not ("first_name" in values or "last_name" in values):
        values["first_name"], values["last_name"] = split_name(str(name))


def _letters(place: int) -> str:
    """The column's name in a spreadsheet: A, B, … Z, AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
