"""The journal: one JSON line a change, written at once, so that a killed simulator finds its contacts again."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson


class JournalError(Exception):
    """The journal has a line that is none, and it is not the last one."""


class Journal:
    """An append-only file. A last line torn by a kill is cut off on opening; any other broken line is an error."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises OSError when that cannot be done."""
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def read(self) -> Iterator[dict[str, Any]]:
        """All records, oldest first.

        Raises JournalError: a line before the last is broken.
        """
        good = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                try:
                    record = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise JournalError(
                        f"{self._path.name}, line {number}: not a record of the simulator"
                    ) from error
                yield record
                good += len(line)
        os.ftruncate(self._file, good)

    def write(self, kind: str, record: dict[str, Any]) -> None:
        """Appends one record (dataclasses and times included) in one write. Raises OSError when the disk does not take it."""
        os.write(self._file, orjson.dumps({"kind": kind, **record}) + b"\n")

    def close(self) -> None:
        os.close(self._file)
