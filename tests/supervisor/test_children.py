"""One child and its keeper: whatever is killed, nothing stays."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs.supervisor import children
from jobs.supervisor.children import Child, ChildSpec
from tests.supervisor.support import processes_in, wait_until

FAMILY = """
import os, subprocess, sys, time
loose = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"], start_new_session=True)
print("family of", loose.pid, flush=True)
time.sleep(600)
"""
"""A child with a grandchild that left its group, as PostgreSQL's processes do."""


PARENT = """
import sys, time
from pathlib import Path
from jobs.supervisor.children import Child, ChildSpec
folder = Path(sys.argv[1])
sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
child = Child(ChildSpec(name="x", command=sleeper, environment={}, log=folder / "log", folder=folder))
time.sleep(600)
"""


def spec(folder: Path, code: str, **changes: object) -> ChildSpec:
    folder.mkdir(exist_ok=True)
    command = (sys.executable, "-I", "-S", "-c", code)
    values: dict[str, object] = {
        "name": "small",
        "command": command,
        "environment": {"WHERE": str(folder)},
        "log": folder / "small.log",
        "folder": folder,
        **changes,
    }
    return ChildSpec(**values)  # type: ignore[arg-type]


def said(folder: Path, text: str) -> bool:
    log = folder / "small.log"
    return log.exists() and text in log.read_text()


def test_says_how_it_ended_and_what_it_said(data_dir):
    child = Child(spec(data_dir, "print('out of paper'); raise SystemExit(7)"))
    wait_until(lambda: child.poll() is not None)
    assert child.poll() == 7
    assert child.last_words() == "out of paper"


def test_a_command_that_does_not_exist(data_dir):
    child = Child(spec(data_dir, "", command=("/nowhere/program",)))
    wait_until(lambda: child.poll() is not None)
    assert child.poll() == 127
    assert child.last_words() == "No such file or directory: /nowhere/program"


@pytest.mark.parametrize("victim", ["child", "keeper"])
def test_nothing_is_left_of_a_family(data_dir, victim):
    child = Child(spec(data_dir, FAMILY))
    wait_until(lambda: said(data_dir, "family of"))
    grandchild = int((data_dir / "small.log").read_text().split()[-1])
    os.kill(child.pid if victim == "child" else child.keeper_pid, signal.SIGKILL)
    wait_until(lambda: child.poll() is not None)
    assert child.poll() == -signal.SIGKILL
    if victim == "keeper":
        # Only the keeper knows of a grandchild that left the group; our own parts have none.
        os.kill(grandchild, signal.SIGKILL)
    wait_until(lambda: processes_in(data_dir) == [])


def test_nothing_is_left_when_the_parent_is_killed(data_dir):
    data_dir.mkdir()
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(data_dir)])
    wait_until(lambda: len(processes_in(data_dir)) == 3)
    parent.kill()
    parent.wait()
    wait_until(lambda: processes_in(data_dir) == [], seconds=10)


def test_nothing_is_left_when_parent_and_keeper_are_killed_at_once(data_dir):
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent died")
    child = Child(spec(data_dir, "import time; time.sleep(600)"))
    os.kill(child.keeper_pid, signal.SIGKILL)
    # Nobody calls `poll`, as if the parent were gone too.
    wait_until(lambda: processes_in(data_dir) == [], seconds=10)
    assert child.poll() == -signal.SIGKILL


def test_one_that_does_not_listen_is_killed(data_dir):
    code = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    child = Child(spec(data_dir, code, stop_seconds=0.2))
    wait_until(lambda: said(data_dir, "deaf"))
    begun = time.monotonic()
    assert child.stop() == -signal.SIGKILL
    assert time.monotonic() - begun < 5
    assert processes_in(data_dir) == []


def test_signals_to_the_terminals_group_do_not_reach_it(data_dir):
    child = Child(spec(data_dir, "import time; print('up', flush=True); time.sleep(600)"))
    wait_until(lambda: said(data_dir, "up"))
    assert os.getsid(child.pid) == child.pid
    assert os.getsid(child.keeper_pid) == child.keeper_pid
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(child.keeper_pid, number)
    assert child.wait(0.2) is None
    assert child.stop() == -signal.SIGTERM


def test_logs_stay_small(data_dir, monkeypatch):
    monkeypatch.setattr(children, "LOG_BYTES", 10_000)
    child = Child(spec(data_dir, "for n in range(2000): print(f'line {n:5} ' + 'x' * 50, flush=True)"))
    wait_until(lambda: child.poll() is not None)
    logs = sorted(path.name for path in data_dir.iterdir())
    assert logs == ["small.log", "small.log.1", "small.log.2", "small.log.3"]
    assert all(path.stat().st_size <= 10_000 for path in data_dir.iterdir())
    assert child.last_words().startswith("line  1999")
    assert {path.stat().st_mode & 0o777 for path in data_dir.iterdir()} == {0o600}


def test_passwords_are_not_shown(data_dir):
    secret = spec(data_dir, "", environment={"HUB_DATABASE_URL": "postgresql://u:hunter2@db/hub"})
    assert "hunter2" not in repr(secret)
