"""`hub simulator` finds the simulator of a running demo."""

import json
import os
from pathlib import Path

from jobs.running import RunningHub, write_note


def test_the_demo_simulator_is_found_by_the_note(hub, environment, simulator, monkeypatch):
    monkeypatch.setenv("HUB_DEMO_SIMULATOR_URL", "")
    monkeypatch.delenv("HUB_DEMO_SIMULATOR_URL")
    folder = Path(environment["HUB_DATA_DIR"])
    folder.mkdir()
    note = RunningHub(os.getpid(), "postgresql://x", "redis://x", "", simulator_url=simulator.url)
    write_note(folder, note)
    added = hub("simulator", "fault", "add", "outage", "--times", "1")
    assert added.code == 0, added.err
    assert json.loads(added.out)["kind"] == "outage"
    assert len(simulator.faults.list()) == 1


def test_none_there_is_one_line(hub, monkeypatch):
    refused = hub("simulator", "contacts", "count", HUB_DEMO_SIMULATOR_URL="http://127.0.0.1:1")
    assert refused.code == 1
    assert "No simulator answers" in refused.err
    assert refused.err.count("\n") == 1
