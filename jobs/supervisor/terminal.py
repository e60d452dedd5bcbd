"""The two ways between `hub up` and the person at the terminal: lines out, and the wish to stop in."""

import os
import select
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Self

SAME_WISH_SECONDS = 1.0


class Stopped(Exception):  # noqa: N818 - a wish, not an error
    """Somebody asked the hub to stop while it was waiting."""


class StopWish:
    """Notes SIGTERM, Ctrl-C and a closed terminal. In this context they end a `pause` and nothing else."""

    SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __init__(self) -> None:
        self._times = 0
        self._first_at = 0.0

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        # A signal may come while nobody waits; the pipe remembers it, where a lock could be held by ourselves.
        self._former_fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        os.close(self._read)
        os.close(self._write)

    def pause(self, seconds: float) -> None:
        """Waits. Raises `Stopped` when the hub was asked to stop, now or before."""
        if not self._times:
            ready, _, _ = select.select([self._read], [], [], seconds)
            if ready:
                os.read(self._read, 64)
        if self._times:
            raise Stopped

    def insists(self) -> bool:
        """Whether it was asked again after the first time."""
        return self._times > 1

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        # `make` hands a signal on that its whole group got already: that is one wish, not impatience.
        now = time.monotonic()
        if not self._times or now - self._first_at > SAME_WISH_SECONDS:
            self._times += 1
        if self._times == 1:
            self._first_at = now


def say(line: str) -> None:
    """One line to the terminal, at once."""
    _write(sys.stdout.fileno(), line)


def complain(line: str) -> None:
    """One line to the terminal about what went wrong."""
    _write(sys.stderr.fileno(), line)


def _write(fd: int, line: str) -> None:
    try:
        os.write(fd, (" ".join(line.split()) + "\n").encode())
    except OSError:
        # Whoever read along is gone. The hub goes on, as it must when a terminal is closed over a service.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, fd)
        os.close(null)
