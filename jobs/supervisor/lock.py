"""One hub to a data folder. The lock ends when the hub and all its keepers have ended, however they ended."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.supervisor.errors import StartError

FAREWELL_SECONDS = 15.0
"""How long the parts of a killed hub may take to end. Their keepers give them 5 s."""


@contextmanager
def held(data_dir: Path, *, pause: Callable[[float], None] = time.sleep) -> Iterator[int]:
    """Holds the data folder and yields the lock's file descriptor: each keeper gets a copy of it, so that a hub
    that starts after a kill -9 waits until the other's parts are gone, and finds its ports and files free.

    Raises `StartError` when another hub holds the folder.
    """
    file = os.open(data_dir / "hub.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(file, data_dir, pause)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield file
    finally:
        os.close(file)


def _take(file: int, data_dir: Path, pause: Callable[[float], None]) -> None:
    deadline = time.monotonic() + FAREWELL_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(file, 20, 0).decode(errors="replace").strip()
            if _is_alive(holder) or time.monotonic() > deadline:
                raise StartError(
                    f"Another hub (process {holder}) already uses the data folder {data_dir}:"
                    " stop it, or choose another folder by --data-dir."
                ) from error
            pause(0.05)
        else:
            return


def _is_alive(holder: str) -> bool:
    # A hub that took the lock a moment ago has not written its number yet.
    if not holder.isdigit():
        return True
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
