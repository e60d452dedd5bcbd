"""Commands that tell how the hub is."""

from typing import Annotated

import typer

from jobs.cli.base import AsJson, opened_hub, print_json, read_settings


def status(
    slug: Annotated[str | None, typer.Argument(help="One church; else all.", metavar="[CHURCH]")] = None,
    _as_json: Annotated[bool, typer.Option("--json", help="The output is JSON in any case.")] = True,
) -> None:
    """Print how things stand, as JSON.

    How many cards stand where, how long the oldest waits, the breakers, and how many workers are alive.
    """
    from ghl.db.look import looking
    from ghl.status import status as read_status

    with opened_hub(logs=False) as hub, looking(hub.database_url) as look:
        found = read_status(look, hub.breakers, slug=slug)
    print_json(found.as_json())


def doctor(as_json: AsJson = False) -> None:
    """Check what the hub stands on.

    Says what to do about what is wrong, and fails where something keeps the hub from its work.
    """
    from ghl.doctor import Level
    from jobs.cli.checks import findings

    found = findings(read_settings())
    if as_json:
        print_json([finding.as_json() for finding in found])
    else:
        for finding in found:
            typer.echo(f"{finding.level.upper():7} {finding.text}")
            if finding.hint:
                typer.echo(f"        {finding.hint}")
    if any(finding.level is Level.ERROR for finding in found):
        raise typer.Exit(1)
