"""The cells of an Excel workbook (.xlsx), row by row, with bounds on what unpacking it may cost.

It knows no columns and no cards.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import time, timedelta
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

WORKBOOK_START = b"PK\x03\x04"
MAX_UNPACKED = 200 * 1024 * 1024
"""A sheet of 50,000 rows and 24 columns unpacks to about 60 MB of XML; a zip bomb to gigabytes."""
MAX_PARTS = 2000
MAX_ROW_NUMBER = 200_000
MAX_CELLS = 10_000_000
"""50,000 rows of 200 columns; empty cells before a filled one count."""

DAMAGE = (
    ParseError, InvalidFileException, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError,
    KeyError, IndexError, ValueError, TypeError, AttributeError, OverflowError,
)  # fmt: skip
"""What openpyxl raises on a damaged file: it has no error of its own for most kinds of damage."""

_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
_NO_SHEET = "This is not an Excel list. Save it as .xlsx or .csv first."
_DAMAGED = "The Excel file is damaged and can't be read to its end. Open it in Excel and save it again."


class WorkbookError(ValueError):
    """The workbook cannot be read; the message is a sentence for people."""


class Workbook:
    """A workbook in memory; every call of `rows` reads it anew."""

    def __init__(self, content: bytes, sheet: str | None = None) -> None:
        """Without a `sheet` the first with something on it is read.

        Raises `WorkbookError` where it is none, or would unpack to too much.
        """
        self._content = content
        self._sheet = sheet
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as parts:
                infos = parts.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            raise WorkbookError(_NO_SHEET) from None
        if "xl/workbook.xml" not in {info.filename for info in infos}:
            raise WorkbookError(_NO_SHEET)
        # zipfile never unpacks a part beyond the size it declares, so the declared sizes are a true bound.
        if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > MAX_UNPACKED:
            raise WorkbookError("The Excel file is too large when unpacked. Split it into smaller files.")

    def sheets(self) -> tuple[str, ...]:
        """The names of the sheets a person sees, in their order; charts and hidden ones are not among them."""
        try:
            workbook = load_workbook(io.BytesIO(self._content), read_only=True, keep_links=False)
            try:
                return tuple(
                    str(sheet.title) for sheet in workbook.worksheets if sheet.sheet_state == "visible"
                )
            finally:
                workbook.close()
        except DAMAGE:
            raise WorkbookError(_DAMAGED) from None

    def rows(self) -> Iterator[tuple[int, tuple[object, ...], str | None]]:
        """Number, cells and problem of each row of the sheet."""
        try:
            yield from self._rows()
        except WorkbookError:
            raise
        except DAMAGE:
            raise WorkbookError(_DAMAGED) from None

    def _rows(self) -> Iterator[tuple[int, tuple[object, ...], str | None]]:
        workbook = load_workbook(io.BytesIO(self._content), read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in workbook.worksheets:
                if self._sheet is not None and sheet.title != self._sheet:
                    continue
                found, cells_read = False, 0
                sheet.reset_dimensions()  # what a file says about its own size is often wrong
                for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                    cells_read += len(cells)
                    if number > MAX_ROW_NUMBER or cells_read > MAX_CELLS:
                        raise WorkbookError("The sheet is too large. Split it into smaller files.")
                    found = found or any(cell is not None for cell in cells)
                    broken = next((cell for cell in cells if isinstance(cell, str) and cell in _ERRORS), None)
                    problem = (
                        f"A formula in this row ended in {broken}. Put the value there instead."
                        if broken
                        else None
                    )
                    yield number, tuple(map(_plain, cells)), problem
                if found:
                    return
        finally:
            workbook.close()


def _plain(cell: object) -> object:
    """Times of day as people write them; everything else as the workbook has it."""
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, time):
        return f"{cell.hour % 12 or 12}:{cell.minute:02d} {'am' if cell.hour < 12 else 'pm'}"
    return cell
