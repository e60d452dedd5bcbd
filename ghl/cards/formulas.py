"""Cells that a spreadsheet would run: made harmless by an apostrophe before them, and read back as they were.

Visitors wrote what stands in them. Every file that the hub hands out goes through here.
"""

import re

_RUNS = re.compile(
    "'*[=+\\-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}]"
)
"""How a cell begins that a spreadsheet would run, or that was made harmless before."""


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if _RUNS.match(text) else text


def as_it_was(cell: object) -> object:
    """A cell of a file that the hub wrote, without that apostrophe."""
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and _RUNS.match(cell) else cell
