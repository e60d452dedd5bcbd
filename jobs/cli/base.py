"""What every command shares: how groups look, options by name, opening the hub, and printing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ghl.config import Settings
    from jobs.container import Container

ACTOR = "command line"
"""How the change log names whoever may run commands on the machine."""

Slug = Annotated[str, typer.Argument(help="The church's short name, such as grace.", metavar="CHURCH")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


class CommandError(Exception):
    """What was asked cannot be done; the message is the one line that is printed."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def group(help_text: str, *, name: str | None = None) -> typer.Typer:
    """A command of commands. Plain help and plain errors: nothing is imported to make them pretty."""
    return typer.Typer(
        name=name,
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def read_settings() -> "Settings":
    """The settings of the environment and `.env`, without looking for a running hub."""
    from ghl.config import load_settings

    return load_settings()


def running_settings() -> "Settings":
    """The settings, filled from the hub that runs in another terminal where no database is named."""
    from jobs.running import with_running_hub

    return with_running_hub(read_settings())


@contextmanager
def opened_hub(*, logs: bool = True) -> "Iterator[Container]":
    """The parts of the hub, for one command. One that only reads needs no `logs`, and answers sooner without."""
    from jobs.container import build_container

    settings = running_settings()
    if logs:
        from ghl.logging import set_up_logging

        # A command tells its result, or its failure in one line. What happens on the way is for who asked for it.
        debug = settings.log_level.upper() == "DEBUG"
        set_up_logging("command", level="DEBUG" if debug else "CRITICAL")
    container = build_container(settings, name="command", pool_size=2)
    try:
        yield container
    finally:
        container.close()


def print_json(data: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, empty: str) -> None:
    """Rows under a line of headings, columns as wide as needed; `empty` where there is none."""
    if not rows:
        typer.echo(empty)
        return
    lines = [columns, *([_printable(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _printable(value: object) -> str:
    # Names come from people: a sign that steers a terminal must not reach one.
    return "".join(sign if sign.isprintable() else " " for sign in str("" if value is None else value))
