"""The `hub` command, in a process of its own and in this one, against this test's database and Valkey."""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from ghl.crypto import new_key_line
from ghl.simulator.assembly import EXAMPLE_LOCATION
from ghl.simulator.server import SimulatorServer
from jobs.cli.boundary import exit_code

PROJECT = Path(__file__).parents[2]
LOCATION = EXAMPLE_LOCATION


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Hub = Callable[..., Outcome]


def run_hub(*arguments: str, environment: Mapping[str, str], given: str = "") -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", "jobs.cli", *arguments],
        cwd=PROJECT,
        env=dict(environment),
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def _compiled(tmp_path_factory) -> dict[str, str]:
    """A place for compiled modules: each process would else compile everything anew."""
    return {"PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled"))}


@pytest.fixture
def bare_environment(tmp_path, _compiled) -> dict[str, str]:
    """Without any setting of the hub, and a data folder where nothing is."""
    unwanted = ("HUB_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, **_compiled, "HUB_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def environment(bare_environment, database_urls, redis_url, simulator) -> dict[str, str]:
    return {
        **bare_environment,
        "HUB_DATABASE_URL": database_urls.app,
        "HUB_DATABASE_ADMIN_URL": database_urls.admin,
        "HUB_REDIS_URL": redis_url,
        "HUB_ENCRYPTION_KEYS": new_key_line(1),
        "HUB_GHL_BASE_URL": simulator.url,
    }


@pytest.fixture
def real_hub(environment) -> Hub:
    """The command as a person starts it, in a process of its own."""

    def run(*arguments: str, given: str = "", **changed: str) -> Outcome:
        return run_hub(*arguments, environment={**environment, **changed}, given=given)

    return run


@pytest.fixture
def hub(environment, monkeypatch, capsys, tmp_path, _logs_as_before) -> Hub:
    """The same command in this process, through the same boundary: many times faster."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, given: str = "", **changed: str) -> Outcome:
        with monkeypatch.context() as during:
            for name, value in {**environment, **changed}.items():
                if name.startswith("HUB_"):
                    during.setenv(name, value)
            during.setattr(sys, "stdin", io.StringIO(given))
            capsys.readouterr()
            code = exit_code(list(arguments))
        shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return run


@pytest.fixture
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer() as running:
        yield running


@pytest.fixture
def token(simulator) -> str:
    """A token of the location `LOCATION`, which the simulator knows."""
    found: str = simulator.token()
    return found


@pytest.fixture
def grace(hub) -> str:
    """A church that is there already."""
    added = hub("church", "add", "grace", "--name", "Grace Church", "--timezone", "America/Chicago")
    assert added.code == 0, added.err
    return "grace"
