"""One hub to a data folder. The lock ends with the process that holds it, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.supervisor.errors import StartError


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Holds the data folder for this process. Raises `StartError` when another hub holds it."""
    # The file descriptor is closed in children (PEP 446), so no child can keep the lock.
    file = os.open(data_dir / "hub.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(file, 20).decode(errors="replace").strip()
            raise StartError(
                f"Another hub{f' (process {holder})' if holder else ''} already uses the data folder {data_dir}:"
                " stop it, or choose another folder by --data-dir."
            ) from error
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)
