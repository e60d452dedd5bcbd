"""A PostgreSQL of ours that outlived its hub, and the file that a killed one leaves behind.

Whoever calls this holds the data folder's lock, so a server in it belongs to no other hub.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from jobs.supervisor.errors import StartError

QUIET_SECONDS = 10.0


def stop_postmaster(cluster: Path) -> None:
    """Ends the server that still runs in this folder, or removes the stale `postmaster.pid`.

    Raises `StartError` when the server does not end.
    """
    note = cluster / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(note.read_text().splitlines()[0])
        if _is_postmaster(pid, cluster):
            _end(pid)
        # The process id may by now be another program's, and PostgreSQL would refuse to start because of it.
        note.unlink()


def _is_postmaster(pid: int, cluster: Path) -> bool:
    """Whether this process is a PostgreSQL at work in this folder."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster.resolve()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    except PermissionError:
        return False
    listed = subprocess.run(  # noqa: S603 - fixed words and a number
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return f"-D {cluster}" in listed.stdout


def _end(pid: int) -> None:
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + QUIET_SECONDS / 2
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            while time.monotonic() < deadline:
                os.kill(pid, 0)
                time.sleep(0.02)
            continue
        return
    raise StartError(
        f"An earlier PostgreSQL (process {pid}) does not end: stop it, then start the hub again."
    )
