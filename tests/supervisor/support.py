"""What the supervisor's tests ask the system itself: which processes there are, and how files are closed."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def mode_of(path: Path) -> int:
    """The permission bits of a file or folder."""
    return path.stat().st_mode & 0o777


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Returns when it is true; fails when it is not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)


def processes_in(folder: Path) -> list[str]:
    """The living processes that work in a folder or name it in their command or environment."""
    if Path("/proc/self/cwd").exists():
        return [found for pid in Path("/proc").glob("[0-9]*") if (found := _described(pid, folder))]
    listed = subprocess.run(["ps", "-axeww", "-o", "command="], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if str(folder) in line]


def _described(pid: Path, folder: Path) -> str:
    try:
        if (pid / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return ""
        command = (pid / "cmdline").read_bytes()
        told = command + b"\0" + (pid / "environ").read_bytes() + bytes((pid / "cwd").readlink())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
    named = str(folder).encode() in told
    return f"{pid.name} {command.replace(bytes(1), b' ').decode(errors='replace')}" if named else ""
