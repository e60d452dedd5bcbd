"""`hub up` as a process: real servers, small parts."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.supervisor.support import processes_in, wait_until

PROJECT = Path(__file__).parents[2]
SMALL_HUB = Path(__file__).with_name("small_hub.py")


class SmallHub:
    """One `hub up` with its terminal in a file."""

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self.data_dir = data_dir
        notes = Path(tempfile.mkdtemp(dir=data_dir.parent))
        self.events, self.screen = notes / "events", notes / "screen"
        with self.screen.open("wb") as screen:
            self.process = subprocess.Popen(
                [sys.executable, str(SMALL_HUB), str(data_dir), str(self.events), *arguments],
                stdout=screen,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                env={**os.environ, **environment},
            )

    def shown(self) -> list[str]:
        return self.screen.read_text().splitlines()

    def shows(self, text: str, seconds: float = 40) -> str:
        wait_until(lambda: any(text in line for line in self.shown()), seconds)
        return next(line for line in self.shown() if text in line)

    def ready(self) -> str:
        url = self.shows("Hub ready: ").removeprefix("Hub ready: ")
        # The hub is ready when people and programs can reach it; what works behind it may take a moment more.
        wait_until(lambda: {"scheduler", "worker-1", "worker-2"} <= {name for _, name, _ in self.noted()})
        return url

    def noted(self) -> list[tuple[str, str, int]]:
        lines = self.events.read_text().splitlines() if self.events.exists() else []
        return [(what, name, int(pid)) for what, name, pid in (line.split() for line in lines)]

    def pid_of(self, name: str) -> int:
        return next(pid for what, noted, pid in reversed(self.noted()) if (what, noted) == ("started", name))

    def postmaster(self) -> int:
        note = self.data_dir / "postgres" / "cluster" / "postmaster.pid"
        # While the server starts again there is no file, or an empty one.
        lines = note.read_text().splitlines() if note.exists() else []
        return int(lines[0]) if lines else 0

    def connect(self, login: str = "database_url") -> psycopg.Connection:
        url = make_url(json.loads((self.data_dir / "hub.json").read_text())[login])
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True)

    def left(self) -> list[str]:
        return processes_in(self.data_dir)

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)


def answers(hub: SmallHub) -> bool:
    try:
        with hub.connect():
            return True
    except psycopg.OperationalError:
        return False


@pytest.fixture
def hubs(data_dir: Path) -> Iterator[list[SmallHub]]:
    """Hubs that a test started; what is left of them is ended and told."""
    started: list[SmallHub] = []
    yield started
    for hub in started:
        hub.end()
    wait_until(lambda: [left for hub in started for left in hub.left()] == [])


@pytest.fixture
def start(hubs: list[SmallHub], shared_data_dir: Path):
    """Starts a hub, in the folder that the tests share one after the other unless told otherwise."""

    def start(*arguments: str, folder: Path = shared_data_dir, **environment: str) -> SmallHub:
        hubs.append(SmallHub(folder, *arguments, **environment))
        return hubs[-1]

    return start


def keeper_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_whole_life(start, data_dir):
    """Up, a part that dies, the database that dies, down in order, up again with its data."""
    hub = start(folder=data_dir)
    url = hub.ready()
    assert hub.shows("Sign in: ") == f"Sign in: {url}/sign-in/first"
    with hub.connect("database_admin_url") as admin:
        admin.execute("CREATE TABLE kept AS SELECT 7 AS answer")

    killed = hub.pid_of("worker-1")
    os.kill(killed, signal.SIGKILL)
    assert hub.shows("worker-1 was ended by SIGKILL") == (
        "worker-1 was ended by SIGKILL. It starts again in 0.5 s."
    )
    wait_until(lambda: hub.pid_of("worker-1") != killed)

    first = hub.postmaster()
    os.kill(first, signal.SIGKILL)
    hub.shows("PostgreSQL was ended by SIGKILL")
    wait_until(lambda: hub.postmaster() != first and answers(hub))

    assert hub.end() == 0
    assert hub.left() == []
    stopped = [name for what, name, _ in hub.noted() if what == "stopped"]
    assert stopped[:3] == ["web", "intake", "scheduler"]
    assert sorted(stopped[3:]) == ["worker-1", "worker-2"]
    assert not (hub.data_dir / "hub.json").exists()

    again = start(folder=data_dir)
    again.ready()
    with again.connect("database_admin_url") as admin:
        assert admin.execute("SELECT answer FROM kept").fetchone() == (7,)
    with again.connect() as app:
        assert app.execute("SELECT current_setting('is_superuser')").fetchone() == ("off",)


def test_nothing_is_left_after_kill_9_of_the_hub_and_it_starts_again_at_once(start):
    hub = start()
    url = hub.ready()
    hub.process.kill()
    hub.process.wait()
    again = start("--port", url.rpartition(":")[2])
    assert again.ready() == url
    before = {pid for what, _, pid in hub.noted() if what == "started"}
    assert not [pid for pid in before if Path(f"/proc/{pid}").exists()]
    again.process.kill()
    again.process.wait()
    wait_until(lambda: again.left() == [], seconds=15)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the keepers by /proc")
def test_nothing_is_left_after_kill_9_of_a_keeper(start):
    hub = start()
    hub.ready()
    web, postmaster = hub.pid_of("web"), hub.postmaster()
    for victim in (web, postmaster):
        os.kill(keeper_of(victim), signal.SIGKILL)
        wait_until(lambda victim=victim: not Path(f"/proc/{victim}").exists())
    wait_until(lambda: hub.pid_of("web") != web)
    hub.shows("PostgreSQL was ended by SIGKILL")
    wait_until(lambda: answers(hub))


def test_a_broken_part_and_a_stubborn_one(start):
    """The broken one waits longer each time and says why; the stubborn one is ended when its time is up."""
    hub = start(BROKEN_PART="scheduler", STUBBORN_PART="worker-2")
    hub.ready()
    hub.shows("starts again in 2 s")
    assert [line for line in hub.shown() if line.startswith("scheduler")] == [
        f"scheduler stopped with exit code 3 (this part is broken). It starts again in {wait} s."
        for wait in ("0.5", "1", "2")
    ]
    begun = time.monotonic()
    assert hub.end() == 0
    assert time.monotonic() - begun < 20
    assert hub.shows("worker-2 does not stop by itself in time")
    assert hub.left() == []


def test_two_hubs(start, data_dir):
    """Each in its folder at the same time; never two in one folder, nor two on one port."""
    one = start()
    other = start(folder=data_dir)
    assert one.ready() != other.ready()
    second = refused(one.data_dir)
    assert second.returncode == 2
    assert second.stdout == (
        f"Another hub (process {one.process.pid}) already uses the data folder {one.data_dir}:"
        " stop it, or choose another folder by --data-dir.\n"
    )
    assert (one.data_dir / "hub.json").exists()
    port = one.ready().rpartition(":")[2]
    third = refused(data_dir.with_name("third"), "--port", port)
    assert third.returncode == 2
    assert third.stdout.startswith(f"Port {port} is in use: ")
    assert third.stdout.count("\n") == 1


def refused(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A hub that ends by itself, with what it said."""
    return subprocess.run(
        [sys.executable, str(SMALL_HUB), str(data_dir), str(data_dir) + ".no-events", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        cwd=PROJECT,
        env={**os.environ, **environment},
        check=False,
    )


def test_a_wrong_address_is_one_line_and_starts_nothing(data_dir):
    answer = refused(data_dir, HUB_DATABASE_URL="postgresql://hub:hunter2@127.0.0.1:1/hub")
    assert answer.returncode == 2, answer.stdout
    assert answer.stdout.startswith("HUB_DATABASE_URL: no database at 127.0.0.1:1/hub: ")
    assert answer.stdout.count("\n") == 1
    assert "hunter2" not in answer.stdout
    assert processes_in(data_dir) == []
