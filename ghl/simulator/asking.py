"""What the commands of `hub simulator` share: where the simulator is, and asking it.

Everything heavy is imported inside the functions, so that `--help` stays quick.
"""

import json
from typing import Annotated, Any

import typer

Url = Annotated[str, typer.Option(envvar="HUB_DEMO_SIMULATOR_URL", help="Where the simulator listens.")]
DEFAULT_URL = "http://127.0.0.1:8580"


def asked(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the simulator answers; a sentence and exit code 1 when it does not."""
    from ghl.simulator.control_client import ControlError, ask  # noqa: PLC0415  (see above)

    try:
        return ask(url, method, path, body)
    except ControlError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def print_json(answer: Any) -> None:
    """One line of JSON."""
    typer.echo(json.dumps(answer, ensure_ascii=False))


def only_location(url: str) -> str:
    """The only location, or the only one that has contacts; exit code 2 where there are several."""
    known = asked(url, "GET", "locations")["locations"]
    for some in (known, [one for one in known if one["contacts"]]):
        if len(some) == 1:
            return str(some[0]["id"])
    names = ", ".join(one["id"] for one in known)
    typer.echo(f"Which location? Add --location with one of: {names}", err=True)
    raise typer.Exit(2)
