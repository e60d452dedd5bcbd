"""The hub's folders: made closed, and never opened wider when somebody else made them.

<data>/hub.lock   keys/   logs/   postgres/cluster   sockets/{postgres,valkey}
"""

import errno
import os
import shutil
import tempfile
from pathlib import Path

from jobs.supervisor.account import Account
from jobs.supervisor.errors import StartError

LONGEST_SOCKET_FOLDER = 80
"""Bytes. A socket's path may have 103 bytes on macOS, 107 on Linux, and `/.s.PGSQL.5432` has 15."""


def make_data_dir(data_dir: Path) -> Path:
    """The data folder, made where missing; its absolute path. Raises `StartError` where that is impossible.

    As root it may be passed through (0711), because the servers run as another user; what is in it is closed.
    """
    return make_folder(data_dir.absolute(), mode=0o711 if os.geteuid() == 0 else 0o700)


def make_folder(path: Path, *, mode: int = 0o700, owner: Account | None = None) -> Path:
    """The folder, made with this mode and owner where missing. One that exists stays as it is."""
    try:
        for missing in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
            _make(missing, mode, owner if missing == path else None)
    except OSError as error:
        raise StartError(f"The folder {path} cannot be made: {error.strerror}.") from error
    if not path.is_dir():
        raise StartError(f"{path} is not a folder.")
    return path


def _make(folder: Path, mode: int, owner: Account | None) -> None:
    """Makes one folder under another name first, so that a kill never leaves one with a wrong owner."""
    half = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    half.chmod(mode)
    if owner is not None:
        os.chown(half, owner.uid, owner.gid)
    try:
        half.rename(folder)
    except OSError as error:
        half.rmdir()
        # Somebody else was quicker, and something is in it already.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


class SocketFolder:
    """A folder (0700) for one server's socket: in the data folder, or where its path is too long for a socket
    or closed to the server's user, a temporary folder that `<data>/sockets/<name>` then points to.
    """

    def __init__(self, data_dir: Path, name: str, account: Account | None) -> None:
        self._wanted = data_dir / "sockets" / name
        self._account = account

    def make(self) -> Path:
        """The folder's path, ready for use."""
        self.remove()
        sockets = make_folder(self._wanted.parent, mode=0o711 if self._account else 0o700)
        if len(os.fsencode(self._wanted)) <= LONGEST_SOCKET_FOLDER and self._reachable(sockets):
            return make_folder(self._wanted, owner=self._account)
        elsewhere = Path(tempfile.mkdtemp(prefix="hub-", dir=self._short_folder()))
        if self._account:
            os.chown(elsewhere, self._account.uid, self._account.gid)
        self._wanted.symlink_to(elsewhere)
        return elsewhere

    def remove(self) -> None:
        """Takes the folder away, also one that a killed hub left behind."""
        if self._wanted.is_symlink():
            left = self._wanted.readlink()
            if left.name.startswith("hub-"):
                shutil.rmtree(left, ignore_errors=True)
            self._wanted.unlink()
        elif self._wanted.exists():
            shutil.rmtree(self._wanted)

    def _reachable(self, folder: Path) -> bool:
        return self._account is None or self._account.may_enter(folder)

    def _short_folder(self) -> str:
        own = tempfile.gettempdir()
        if len(os.fsencode(own)) <= LONGEST_SOCKET_FOLDER // 2 and self._reachable(Path(own)):
            return own
        return "/tmp"  # noqa: S108 - a private folder is made in it, with a name nobody can guess
