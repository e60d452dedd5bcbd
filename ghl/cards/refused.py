"""The rows that made no card, as a file to mend: the list's own columns, and why.

A spreadsheet runs no cell of it, and the hub reads it back as it was.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ghl.cards.columns import plain
from ghl.cards.formulas import harmless
from ghl.cards.table import RawRow

WHY_COLUMN = "Why it was refused"


def refused_file(
    headings: Sequence[str], rows: Iterable[RawRow], reasons: Mapping[int, str], *, separator: str = ","
) -> bytes:
    """CSV in UTF-8 with a mark that Excel knows, separated as the list was. Reasons of before are replaced."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    columns = len(headings)
    kept = [place for place in range(columns) if not is_refused_file([headings[place]])]
    writer.writerow([*(harmless(headings[place]) for place in kept), WHY_COLUMN])
    for row in rows:
        cells = [harmless(_written(cell)) for cell in row.cells]
        cells += [""] * (columns - len(cells))
        # Cells beyond the columns are why the row was refused: they stay, behind the reason.
        beyond = cells[columns:]
        writer.writerow([*(cells[place] for place in kept), harmless(reasons[row.number]), *beyond])
    return text.getvalue().encode("utf-8-sig", errors="replace")


def is_refused_file(headings: Sequence[object]) -> bool:
    """Whether these are the columns of a file that the hub wrote."""
    return any(isinstance(heading, str) and plain(heading) == plain(WHY_COLUMN) for heading in headings)


def _written(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case datetime() if cell.time() == datetime.min.time():
            return cell.date().isoformat()
        case date():
            return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
        case float() if cell.is_integer() and abs(cell) < 10**18:
            return str(int(cell))
    return str(cell)
