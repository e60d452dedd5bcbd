"""The note by which commands find a hub that runs in another terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from ghl.config import Settings
from jobs.running import (
    NOTE,
    NoHubError,
    RunningHub,
    as_environment,
    read_note,
    remove_note,
    with_running_hub,
    write_note,
)

HUB = RunningHub(
    pid=os.getpid(),
    database_url="postgresql+psycopg://app:secret@/hub",
    redis_url="unix:///run/valkey",
    encryption_keys_file="/data/keys",
    web_url="http://127.0.0.1:8501",
    intake_url="http://127.0.0.1:8502",
    simulator_url="http://127.0.0.1:8580",
)


def settings(folder, **given):
    return Settings(_env_file=None, data_dir=folder, **given)


def test_it_is_for_its_owner_alone_and_tells_all(tmp_path):
    write_note(tmp_path, HUB)
    assert (tmp_path / NOTE).stat().st_mode & 0o777 == 0o600
    assert read_note(tmp_path) == HUB
    assert "secret" not in repr(HUB)


def test_a_command_is_given_what_it_was_not_told(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("HUB_"):
            monkeypatch.delenv(name)
    write_note(tmp_path, HUB)
    filled = with_running_hub(settings(tmp_path))
    assert filled.database_url == SecretStr(HUB.database_url)
    assert filled.public_url == HUB.web_url
    assert filled.form_url == HUB.intake_url
    assert as_environment(filled)["HUB_FORM_URL"] == HUB.intake_url
    assert filled.demo_simulator_url == HUB.simulator_url
    assert filled.encryption_keys_file == Path(HUB.encryption_keys_file)
    # Two places of keys would be refused: what somebody names goes before what stands in the note.
    named = with_running_hub(settings(tmp_path, encryption_keys=SecretStr("1:x")))
    assert named.encryption_keys_file is None
    own = settings(tmp_path, database_url=SecretStr("postgresql://mine"))
    assert with_running_hub(own) is own


def test_a_hub_that_was_killed_is_not_running(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / NOTE).write_text(json.dumps({"pid": gone.pid, "database_url": "x"}))
    assert read_note(tmp_path) is None
    with pytest.raises(NoHubError, match="No hub is running"):
        with_running_hub(settings(tmp_path))


def test_a_note_from_a_newer_hub_is_read_and_a_broken_one_told(tmp_path):
    write_note(tmp_path, HUB)
    known = json.loads((tmp_path / NOTE).read_text())
    (tmp_path / NOTE).write_text(json.dumps({**known, "news": 1}))
    assert read_note(tmp_path) == HUB
    (tmp_path / NOTE).write_text("{")
    with pytest.raises(NoHubError, match="cannot be read"):
        read_note(tmp_path)


def test_it_goes_with_the_hub(tmp_path):
    write_note(tmp_path, HUB)
    remove_note(tmp_path)
    remove_note(tmp_path)
    assert read_note(tmp_path) is None
