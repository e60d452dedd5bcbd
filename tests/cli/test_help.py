"""Every command explains itself, and asking wrongly is one line."""

import pytest

from jobs.cli.boundary import exit_code
from tests.cli.conftest import run_hub

COMMANDS = (
    "up",
    "web",
    "intake",
    "scheduler",
    "db migrate",
    "church add",
    "church list",
    "connect",
    "pause",
    "resume",
    "user add",
    "sign-in-link",
    "source-key",
    "import-cards",
    "retry",
    "status",
    "doctor",
    "keys status",
    "keys plan",
    "keys rotate",
    "keys new",
    "webhooks list",
    "webhooks replay",
    "simulator serve",
    "simulator outbox",
    "simulator reply",
    "simulator token",
    "simulator location",
    "simulator workflow",
    "simulator app",
    "simulator key",
    "simulator webhooks",
    "demo seed",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    assert exit_code([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Usage: hub ")
    assert "--help" in shown


def test_the_commands_stand_in_the_help_and_the_demo_does_not(capsys):
    exit_code(["--help"])
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert (f"\n  {command.split()[0]} " in shown) == (command != "demo seed"), command
    assert "..." not in shown.split("Commands:")[1]


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["status", "--nonsense"], ["connect", "grace"], ["up", "--workers", "0"]]
)
def test_asking_wrongly_is_one_line(arguments, capsys):
    assert exit_code(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("hub: ")
    assert "--help" in told
    assert told.count("\n") == 1


def test_asking_nothing_shows_the_help(bare_environment):
    shown = run_hub(environment=bare_environment)
    assert shown.code == 2
    assert "Commands:" in shown.err
