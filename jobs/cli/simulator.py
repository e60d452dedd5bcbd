"""`hub simulator …`: the simulator's own commands, which find the one of a running demo by themselves."""

import os

import typer

from ghl.simulator import commands

app: typer.Typer = commands.app

VARIABLE = "HUB_DEMO_SIMULATOR_URL"


@app.callback()
def find_the_demo() -> None:
    """A local GoHighLevel for the demo and for tests."""
    from jobs.cli.base import read_settings
    from jobs.running import NoHubError, read_note

    if VARIABLE in os.environ:
        return
    try:
        hub = read_note(read_settings().data_dir)
    except NoHubError:
        return
    if hub is not None and hub.simulator_url:
        os.environ[VARIABLE] = hub.simulator_url
