"""One child process of the hub with its keeper: started, watched, stopped. Knows nothing of what it runs."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobs.supervisor.account import Account
from jobs.supervisor.errors import StartError

KEEPER = Path(__file__).with_name("keeper.py")
LOG_BYTES = 5_000_000
LOG_FILES = 3
START_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """What to run and how to end it. Times in seconds."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)  # holds passwords
    log: Path
    folder: Path = Path("/")
    account: Account | None = None
    handed_folder: Path | None = None
    """Handed over open as `keeper.HANDED_FD`, for an account that cannot reach it by its path."""
    lock: int | None = None
    """A file descriptor that the keeper, and not the child, keeps open as long as it lives."""
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10.0
    """How long it may take to stop when asked, before it is killed."""
    orphan_seconds: float = 5.0
    """The same when the hub itself is gone."""
    death_signal: int = signal.SIGKILL
    """What it gets when its keeper is killed."""


class Child:
    """A running child. Start it with `Child(spec)`; end it with `stop`, or by ending this process."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self._report = b""
        self._code: int | None = None
        account = spec.account
        order = {
            "command": spec.command,
            "folder": str(spec.folder),
            "log": str(spec.log),
            "log_bytes": LOG_BYTES,
            "log_files": LOG_FILES,
            "uid": account.uid if account else None,
            "gid": account.gid if account else None,
            "handed_folder": str(spec.handed_folder) if spec.handed_folder else None,
            "lock": spec.lock,
            "stop_signal": int(spec.stop_signal),
            "orphan_seconds": spec.orphan_seconds,
            "death_signal": int(spec.death_signal),
        }
        self._keeper = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", str(KEEPER), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(spec.environment),
            cwd="/",
            pass_fds=() if spec.lock is None else (spec.lock,),
            start_new_session=True,
        )
        self.pid = self._wait_for_start()

    @property
    def keeper_pid(self) -> int:
        """The process id of the keeper."""
        return self._keeper.pid

    def poll(self) -> int | None:
        """None while it runs, else its exit code (minus the signal's number when a signal ended it)."""
        if self._code is None and self._keeper.poll() is not None:
            self._read_report(0)
            ended = self._said("ended")
            self._code = int(ended) if ended else self._end_after_keeper()
            self._close()
        return self._code

    def signal(self, number: int) -> None:
        """Passes a signal on to the child; SIGKILL goes to its whole group."""
        assert self._keeper.stdin is not None
        # A broken pipe means that the keeper is gone, and `poll` sees to the child then.
        with contextlib.suppress(BrokenPipeError, ValueError):
            os.write(self._keeper.stdin.fileno(), bytes([number]))

    def stop(self) -> int:
        """Asks it to stop, kills it when it takes too long, and returns its exit code."""
        self.signal(self.spec.stop_signal)
        return self.wait_or_kill(self.spec.stop_seconds)

    def wait_or_kill(self, seconds: float) -> int:
        """Its exit code; after so many seconds it is killed."""
        code = self.wait(seconds)
        if code is None:
            self.signal(signal.SIGKILL)
            code = self.wait(5)
        if code is None:
            # Only a child that the kernel itself holds fast gets here; its keeper stays with it.
            self._keeper.kill()
            code = self.wait(5)
        return -signal.SIGKILL if code is None else code

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or None when it still runs after so many seconds."""
        if self._code is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(max(0.0, seconds))
        return self.poll()

    def last_words(self) -> str:
        """The last line of its log that is not blank: most often why it ended."""
        return self._said("failed") or last_line(self.spec.log)

    def _wait_for_start(self) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            at_end = not self._read_report(deadline - time.monotonic())
            if pid := self._said("started"):
                return int(pid)
            if at_end:
                break
        reason = self._said("failed") or "its keeper does not answer"
        self._keeper.kill()
        self._keeper.wait()
        self._close()
        raise StartError(f"{self.spec.name} cannot be started: {reason}")

    def _read_report(self, seconds: float) -> bool:
        """Reads what the keeper told since; says whether there may be more."""
        assert self._keeper.stdout is not None
        pipe = self._keeper.stdout.fileno()
        while select.select([pipe], [], [], max(0.0, seconds))[0]:
            data = os.read(pipe, 4096)
            if not data:
                return False
            self._report += data
            seconds = 0
        return True

    def _said(self, word: str) -> str:
        for line in self._report.decode(errors="replace").splitlines():
            first, _, rest = line.partition(" ")
            if first == word:
                return rest
        return ""

    def _end_after_keeper(self) -> int:
        """The keeper was killed: Linux has told the child, other systems leave that to us. Wait until it is
        gone, so that what is started next finds its files and sockets free.
        """
        deadline = time.monotonic() + self.spec.orphan_seconds
        number = self.spec.death_signal
        while time.monotonic() < deadline:
            # As process 1 of a container the hub inherits the child, and must collect it.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            try:
                os.kill(self.pid, number)
            except (ProcessLookupError, PermissionError):
                break
            number = 0
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        return -signal.SIGKILL

    def _close(self) -> None:
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe is not None:
                pipe.close()


def last_line(log: Path) -> str:
    """The last line of a file that is not blank, at most 200 characters; empty where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return lines[-1].strip()[:200] if lines else ""
