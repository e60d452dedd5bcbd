"""How a failure ends: one line, an exit code, and nothing a stranger should read."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.cli.boundary import FAULT, tell
from tests.cli.conftest import run_hub

SECRET = "pit-00000000-0000-4000-8000-000000000001"


def failure():
    try:
        int(SECRET)
    except ValueError as error:
        return error
    raise AssertionError


def test_a_fault_of_ours_leaves_its_traceback_in_a_private_log(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    assert tell(failure()) == FAULT
    told = capsys.readouterr().err
    log = tmp_path / "logs" / "commands.log"
    assert str(log) in told
    assert told.count("\n") == 1
    assert "Traceback" in log.read_text()
    assert SECRET not in told + log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_without_a_data_folder_none_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    assert tell(failure()) == FAULT
    assert "HUB_LOG_LEVEL=DEBUG" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_who_asks_for_it_sees_the_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HUB_LOG_LEVEL", "DEBUG")
    tell(failure())
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert SECRET not in told


@pytest.mark.parametrize("part", ["intake", "web"])
def test_a_port_in_use_is_one_line(part, environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run_hub(part, "--port", str(port), environment=environment)
    assert refused.code == 2
    assert f"127.0.0.1:{port}" in refused.err
    assert refused.err.count("\n") == 1


def test_output_nobody_reads_is_no_traceback(environment):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "jobs.cli", "--help"],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 1
