"""What the simulator was asked and what came of it, a line of JSON each: what a client says it did can be held to it.

The people in it are made up, as everything in a simulator; tokens are not written.
"""

import time
from pathlib import Path
from typing import Any, Protocol

import orjson

from ghl.simulator.wire import Request


class VisitLog(Protocol):
    """Told of each request by its number: when it arrived, when it took effect, how it was answered."""

    def arrived(
        self,
        number: int,
        *,
        location: str,
        operation: str,
        request: Request,
        contact: str | None,
        fault: str | None,
        refused: bool,
    ) -> None:
        """A request came in. `refused`: it is one too many for the limits."""
        ...

    def performed(self, number: int, status: int, contact: str | None) -> None:
        """What was asked for was done, or truly refused; `contact` is the one it was about."""
        ...

    def ended(self, number: int, status: int | None) -> None:
        """It was answered with `status`; None: never."""
        ...


class NoLog:
    """Keeps nothing."""

    def arrived(self, number: int, **_: Any) -> None:
        """Nothing."""

    def performed(self, number: int, status: int, contact: str | None) -> None:
        """Nothing."""

    def ended(self, number: int, status: int | None) -> None:
        """Nothing."""


class FileLog:
    """Writes to a file, each line at once, with the time of day in seconds since 1970."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = path.open("ab", buffering=0)

    def arrived(
        self,
        number: int,
        *,
        location: str,
        operation: str,
        request: Request,
        contact: str | None,
        fault: str | None,
        refused: bool,
    ) -> None:
        self._write(
            {
                "arrived": number,
                "location": location,
                "operation": operation,
                "contact": contact,
                "fault": fault,
                "refused": refused,
                "query": request.query,
                "body": request.body.decode("utf-8", "replace"),
            }
        )

    def performed(self, number: int, status: int, contact: str | None) -> None:
        self._write({"performed": number, "status": status, "contact": contact})

    def ended(self, number: int, status: int | None) -> None:
        self._write({"ended": number, "status": status})

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(orjson.dumps({"at": time.time(), **line}) + b"\n")
