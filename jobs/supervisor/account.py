"""The user that PostgreSQL and Valkey run as. PostgreSQL refuses to run as root, and neither needs to.

Not root: the servers run as who started the hub. Root: as an account of the machine without rights.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from jobs.supervisor.errors import StartError

CANDIDATES = ("postgres", "_postgres", "nobody")
"""Of these the first that exists. Making a user of our own is up to whoever runs the machine."""


@dataclass(frozen=True)
class Account:
    """A user of the machine by name and numbers."""

    name: str
    uid: int
    gid: int

    def may_enter(self, folder: Path) -> bool:
        """Whether this account may pass through a folder."""
        return self._may('test -x "$1"', folder)

    def may_run(self, program: Path) -> bool:
        """Whether this account may read and run a file."""
        return self._may('test -r "$1" && test -x "$1"', program)

    def _may(self, test: str, path: Path) -> bool:
        # The system is asked, because it knows of access lists and mounts, not only of modes.
        answer = subprocess.run(  # noqa: S603 - fixed words and a path as data
            ["/bin/sh", "-c", test, "sh", str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=(),
            cwd="/",
            check=False,
        )
        return answer.returncode == 0


def server_account(existing: Path | None = None) -> Account | None:
    """The account for the servers, or None when they simply run as the current user.

    The owner of an `existing` folder stays its owner: an account that is added to the machine later must not
    lock the data away. Raises `StartError` where root finds no account at all.
    """
    if os.geteuid() != 0:
        return None
    if existing is not None and existing.exists() and existing.stat().st_uid != 0:
        owner = existing.stat()
        return Account(f"user {owner.st_uid}", owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StartError(
        "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody:"
        " start the hub as another user."
    )
