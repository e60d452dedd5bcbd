"""The demo church, for `hub up --demo`."""

from typing import Annotated

import typer

from jobs.cli.base import CommandError, group, opened_hub

app = group("The demo church.")


@app.callback()
def _demo() -> None:
    """The demo church."""


@app.command("seed")
def seed(
    simulator: Annotated[
        str, typer.Option(help="The simulator's address.", envvar="HUB_DEMO_SIMULATOR_URL")
    ] = "",
    intake: Annotated[
        str,
        typer.Option(
            help="The intake's address on this machine: the simulator tells it of replies.",
            envvar="HUB_DEMO_INTAKE_URL",
        ),
    ] = "",
) -> None:
    """Fill the demo church by really sending cards to the simulator. Run again it adds nothing."""
    from jobs.demo.seed import seed_demo

    with opened_hub() as hub:
        url = simulator or hub.settings.demo_simulator_url
        if not url:
            raise CommandError(
                "Where is the simulator? Set HUB_DEMO_SIMULATOR_URL, or start hub up --demo.", code=2
            )
        typer.echo(seed_demo(hub, url, intake))
