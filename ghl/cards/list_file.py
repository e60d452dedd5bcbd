"""A list in a file as people hand it over, opened to be looked at before anything is decided.

Like `ghl.cards.table`, but nothing is matched yet: where the column names stand, and what they mean, a person
may say otherwise. Nothing of it is kept on disk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ghl.cards.columns import known_names, plain, prays
from ghl.cards.formulas import as_it_was
from ghl.cards.refused import is_refused_file
from ghl.cards.table import MAX_COLUMNS, RawRow, Source, TableError, filled, nameless, open_source, sheets_of
from ghl.cards.values import clean

MAX_LIST_ROWS = 20_000
"""Rows of a list that a page takes; `hub import-cards` takes more."""
FIRST_ROWS = 10
"""Rows with something in them among which the column names are looked for."""
SAMPLES = 40
"""Values of each column that are looked at for a suggestion."""
MAX_HEADING = 1000
NO_NAMES = 0
"""Said for the row of the column names where the list has none."""


@dataclass(frozen=True)
class ListFile:
    """A list: its columns by name, its rows, and what a person may want to see differently.

    `header` is the number of the row with the column names, 0 where the list has none; `starts` are the first
    rows, one of which it is. `sheets` are those of a workbook. `encoding` is set where it had to be guessed.
    """

    headings: tuple[str, ...] = field(repr=False)
    rows: tuple[RawRow, ...] = field(repr=False)
    header: int
    starts: tuple[RawRow, ...] = field(repr=False)
    skipped: int = 0
    nameless: tuple[int, ...] = ()
    separator: str = ","
    encoding: str | None = None
    sheets: tuple[str, ...] = ()
    sheet: str | None = None
    mended: bool = False

    def values(self, place: int, most: int = SAMPLES) -> list[object]:
        """The first values of a column, without blank ones."""
        found: list[object] = []
        for row in self.rows:
            if place < len(row.cells) and filled(row.cells[place]):
                found.append(row.cells[place])
                if len(found) == most:
                    break
        return found

    def written_headings(self) -> tuple[str, ...]:
        """The column names as they stand in the list: one without a name stays so."""
        return tuple("" if place in self.nameless else heading for place, heading in enumerate(self.headings))

    def column(self, place: int) -> Iterator[object]:
        """Every value of a column that is not blank."""
        for row in self.rows:
            if place < len(row.cells) and filled(row.cells[place]):
                yield row.cells[place]


def open_list(
    content: bytes, *, sheet: str | None = None, encoding: str | None = None, header: int | None = None
) -> ListFile:
    """Opens a list. Without `header` the row with the column names is found.

    Raises `TableError`, a sentence for people: no list, damaged, too large, empty.
    """
    sheets = sheets_of(content)
    sheet = sheet if sheet in sheets else None
    if sheet is None and len(sheets) > 1:
        sheet, source, rows = _first_sheet(content, sheets)
    else:
        source = open_source(content, sheet=sheet, encoding=encoding)
        rows = _read(source)
    if not rows:
        raise TableError("The file is empty." if sheet is None else "This sheet is empty.")
    starts = tuple(rows[:FIRST_ROWS])
    if header is None:
        header = _header_of(starts)
    names = next((row for row in starts if row.number == header), None)
    below = [row for row in rows if names is None or row.number > names.number]
    if not below:
        raise TableError("There is only a row of column names, and nothing below it.")
    headings = _headings(names, below)
    mended = is_refused_file(headings)
    if mended:
        below = [replace(row, cells=tuple(map(as_it_was, row.cells))) for row in below]
        headings = [str(as_it_was(heading)) for heading in headings]
    unnamed = tuple(place for place, heading in enumerate(headings) if not clean(heading))
    return ListFile(
        headings=tuple(clean(heading) or nameless(place) for place, heading in enumerate(headings)),
        rows=tuple(below),
        header=names.number if names else NO_NAMES,
        starts=starts,
        skipped=sum(row.number < names.number for row in starts) if names else 0,
        nameless=unnamed if names else (),
        separator=source.separator,
        encoding=source.encoding,
        sheets=sheets,
        sheet=sheet,
        mended=mended,
    )


def _read(source: Source) -> list[RawRow]:
    """The rows with something in them."""
    rows: list[RawRow] = []
    for raw in source.rows():
        cells = tuple(raw.cells)
        while cells and not filled(cells[-1]):
            cells = cells[:-1]
        if not (cells or raw.problem):
            continue
        if len(rows) > MAX_LIST_ROWS:
            raise TableError(
                f"The list has more than {MAX_LIST_ROWS:,} rows. Split it into smaller files, or ask whoever "
                "runs the hub to import it."
            )
        rows.append(RawRow(raw.number, cells, raw.problem))
    return rows


def _first_sheet(content: bytes, sheets: Sequence[str]) -> tuple[str, Source, list[RawRow]]:
    """The first sheet with something on it, or the first one."""
    for sheet in sheets:
        source = open_source(content, sheet=sheet)
        if rows := _read(source):
            return sheet, source, rows
    return sheets[0], source, []


def _header_of(starts: Sequence[RawRow]) -> int:
    """The number of the row that has the column names: the first, unless it names nothing and another does."""
    known = [_known(row) for row in starts]
    best = max(range(len(starts)), key=lambda place: (known[place], -place))
    return starts[best if known[best] > 1 and known[0] < 2 else 0].number


def _known(row: RawRow) -> int:
    """How many cells of a row are names of columns that we know."""
    names = {plain(cell[:MAX_HEADING]) for cell in row.cells if isinstance(cell, str)}
    praying = any(isinstance(cell, str) and len(cell) < 60 and prays(cell) for cell in row.cells)
    return sum(len(names & known.keys()) for known in known_names()) + praying


def _headings(names: RawRow | None, below: Sequence[RawRow]) -> list[str]:
    if names is not None and names.problem:
        raise TableError(
            "The row with the column names can't be read. It needs names such as first_name, phone, email."
        )
    # Without names every row tells how many columns there are; with them a longer row is a mistake in it.
    count = len(names.cells) if names else max(len(row.cells) for row in below)
    if count > MAX_COLUMNS:
        raise TableError(f"The list has more than {MAX_COLUMNS} columns.")
    if names is None:
        return [nameless(place) for place in range(count)]
    return ["" if cell is None else str(cell)[:MAX_HEADING] for cell in names.cells]
