"""Stands beside one child and ends it when the pipe from the hub closes, however the hub ended.

Runs as a program of its own (`python -I -S keeper.py ORDER`, about 20 ms), so it uses the standard library
alone and nothing of the project. Its standard input is the pipe from the hub: a byte is a signal to pass on,
the end of the pipe means that the hub is gone. What happens is told on its standard output, a line each:
`started PID`, `failed REASON`, `ended CODE`. What the child prints goes to a log file that stays small.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

HANDED_FD = 40
"""A folder that the child's user cannot reach by its path is handed over open, under this number."""

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
"""Both from Linux's prctl(2). Other systems have the pipe alone."""

FAREWELL_SECONDS = 2.0


class Log:
    """A file that grows to `limit` bytes, then makes way for a new one; `kept` old ones stay."""

    def __init__(self, path: str, *, limit: int, kept: int) -> None:
        self._path, self._limit, self._kept = path, limit, kept
        self._fd = self._open()

    def write(self, data: bytes) -> None:
        # A full disk must not take the child with it: what cannot be written is lost, the work goes on.
        with contextlib.suppress(OSError):
            if os.fstat(self._fd).st_size + len(data) > self._limit:
                self._turn_over()
            os.write(self._fd, data)

    def _turn_over(self) -> None:
        for age in range(self._kept, 0, -1):
            newer = self._path if age == 1 else f"{self._path}.{age - 1}"
            with contextlib.suppress(FileNotFoundError):
                Path(newer).replace(f"{self._path}.{age}")
        old, self._fd = self._fd, self._open()
        os.close(old)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def control_process(option: int, value: int) -> None:
    """Linux's prctl. Nothing happens elsewhere, nor in a Python built without ctypes."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(ImportError):
        import ctypes  # noqa: PLC0415 - only here, and not on every system

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class Keeper:
    """One child from its start to its end."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._log = Log(order["log"], limit=order["log_bytes"], kept=order["log_files"])
        self._output, self._child_output = os.pipe()
        self._wakeup, wake = os.pipe()
        for end in (self._output, self._wakeup, wake):
            os.set_blocking(end, False)
        # The hub alone decides when it is over; a signal to the whole group must not leave the child alone.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        control_process(PR_SET_CHILD_SUBREAPER, 1)
        if order["lock"] is not None:
            os.set_inheritable(order["lock"], False)
        self._kill_at: float | None = None
        self._pid = 0
        self._code: int | None = None

    def run(self) -> None:
        """Starts the child and returns when it and all it started are gone."""
        handed = self._order["handed_folder"]
        if handed:
            folder = os.open(handed, os.O_RDONLY | os.O_DIRECTORY)
            os.dup2(folder, HANDED_FD, inheritable=True)
            os.close(folder)
        keeper = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            self._become_child(keeper)
        os.close(self._child_output)
        tell(f"started {self._pid}")
        watched = [0, self._output, self._wakeup]
        while self._reap():
            self._wait(watched)
        self._end_leftovers()
        while self._read_output():
            pass
        tell(f"ended {self._code}")

    def _wait(self, watched: list[int]) -> None:
        timeout = None if self._kill_at is None else max(0.0, self._kill_at - time.monotonic())
        ready, _, _ = select.select(watched, [], [], timeout)
        if self._wakeup in ready:
            os.read(self._wakeup, 64)
        if self._output in ready and not self._read_output():
            watched.remove(self._output)
        if 0 in ready:
            signals = os.read(0, 64)
            for number in signals:
                self._send(number)
            if not signals:
                watched.remove(0)
                self._send(self._order["stop_signal"])
                self._kill_at = time.monotonic() + self._order["orphan_seconds"]
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill_group()
            self._kill_at = time.monotonic() + 1

    def _read_output(self) -> bool:
        try:
            data = os.read(self._output, 8192)
        except BlockingIOError:
            # During a run select says when there is more; at the end this is all there is.
            return self._code is None
        if data:
            self._log.write(data)
        return bool(data)

    def _send(self, number: int) -> None:
        if number == signal.SIGKILL:
            self._kill_group()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def _kill_group(self) -> None:
        # macOS answers "not permitted" for a group whose last member is already dead.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)

    def _reap(self) -> bool:
        """Collects whoever ended, grandchildren left behind included; says whether the child still runs."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self._pid:
                    self._code = os.waitstatus_to_exitcode(status)
        return self._code is None

    def _end_leftovers(self) -> None:
        self._kill_group()
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        deadline = time.monotonic() + FAREWELL_SECONDS
        while time.monotonic() < deadline:
            self._reap()
            try:
                left = children.read_text().split()
            except OSError:
                return
            if not left:
                return
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            select.select([self._wakeup], [], [], 0.05)

    def _become_child(self, keeper: int) -> None:
        order = self._order
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            os.umask(0o077)
            os.chdir(order["folder"])
            if order["uid"] is not None:
                os.setgroups([])
                os.setgid(order["gid"])
                os.setuid(order["uid"])
            # After setuid, which clears it. A keeper that died before this line is seen by the parent's id.
            control_process(PR_SET_PDEATHSIG, order["death_signal"])
            if os.getppid() != keeper:
                os._exit(1)
            null = os.open(os.devnull, os.O_RDONLY)
            said = os.dup(1)
            os.set_inheritable(said, False)
            for source, target in ((null, 0), (self._child_output, 1), (self._child_output, 2)):
                os.dup2(source, target)
            try:
                os.execvpe(order["command"][0], order["command"], os.environ)  # noqa: S606
            except OSError as error:
                os.write(said, f"failed {error.strerror}: {order['command'][0]}\n".encode())
        except BaseException as error:  # noqa: BLE001 - the last thing this copy of the process can say
            tell(f"failed {error}")
        finally:
            os._exit(127)


def tell(line: str) -> None:
    """One line to the hub. When the hub is gone there is nobody to tell."""
    with contextlib.suppress(OSError):
        os.write(1, (line.replace("\n", " ") + "\n").encode())


def main() -> None:
    """Keeps one child, as the first argument (JSON) orders."""
    try:
        Keeper(json.loads(sys.argv[1])).run()
    except OSError as error:
        tell(f"failed {error}")
        raise


if __name__ == "__main__":
    main()
