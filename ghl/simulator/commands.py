"""`hub simulator …`: starts a simulator, and steers a running one through its control API.

Everything heavy is imported inside the commands, so that `--help` stays quick.
"""

from pathlib import Path
from typing import Annotated

import typer

from ghl.simulator import hook_commands, message_commands
from ghl.simulator.asking import DEFAULT_URL, Url, asked, print_json

app = typer.Typer(help="A local GoHighLevel for the demo and for tests.", no_args_is_help=True)
fault_app = typer.Typer(help="Make the simulator fail on purpose.", no_args_is_help=True)
contacts_app = typer.Typer(help="Look at the contacts in the simulator.", no_args_is_help=True)
app.add_typer(fault_app, name="fault")
app.add_typer(contacts_app, name="contacts")

app.command()(message_commands.outbox)
app.command()(message_commands.reply)
app.command()(message_commands.token)
app.command()(hook_commands.location)
app.command()(hook_commands.workflow)
app.command("app")(hook_commands.app)
app.command("key")(hook_commands.public_key)
app.command()(hook_commands.webhooks)


@app.command()
def serve(
    *,
    port: Annotated[int, typer.Option(help="0 takes any free port.")] = 8580,
    host: Annotated[str, typer.Option(help="A loopback address; others are refused.")] = "127.0.0.1",
    state: Annotated[Path | None, typer.Option(help="File that keeps everything over a restart.")] = None,
    latency: Annotated[str, typer.Option(help="Seconds a call takes, as in 0.2 or 0.5-2.")] = "0",
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same ids and waits.")] = None,
    location: Annotated[list[str] | None, typer.Option(help="Location id; may be given again.")] = None,
    token: Annotated[list[str] | None, typer.Option(help="Its token (pit-0000…), in the same order.")] = None,
    locations: Annotated[int, typer.Option(help="Make so many locations besides.")] = 0,
    log: Annotated[Path | None, typer.Option(help="Write each request to this file.")] = None,
) -> None:
    """Run a simulator until Ctrl-C. Prints `Simulator ready: URL`."""
    from ghl.simulator.serve import ServeOptions, run  # noqa: PLC0415  (see above)

    ids, tokens = location or [], token or []
    if len(tokens) > len(ids):
        typer.echo("Each --token belongs to a --location before it.", err=True)
        raise typer.Exit(2)
    pairs = tuple(zip(ids, [*tokens, *[None] * (len(ids) - len(tokens))], strict=True))
    raise typer.Exit(run(ServeOptions(port, host, state, latency, seed, pairs, locations, log)))


@fault_app.command("add")
def add_fault(
    *,
    kind: Annotated[str, typer.Argument(help="One of those that `hub simulator fault kinds` lists.")],
    location: Annotated[str | None, typer.Option(help="Only for this location.")] = None,
    operation: Annotated[
        str | None, typer.Option(help="Only for it, as in contacts.create or contacts.*")
    ] = None,
    body_contains: Annotated[
        str | None, typer.Option(help="Only when the request's body has this text.")
    ] = None,
    probability: Annotated[float, typer.Option(help="From 0 to 1.")] = 1.0,
    times: Annotated[int | None, typer.Option(help="So often at most.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds from now; then it is over.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="How slow or late, by kind; Retry-After for a 429.")
    ] = None,
    status: Annotated[int | None, typer.Option(help="The status of an error.")] = None,
    effect: Annotated[bool, typer.Option(help="The call takes effect before it fails.")] = False,
    headers: Annotated[bool, typer.Option(help="Whether a 429 carries the rate headers.")] = True,
    url: Url = DEFAULT_URL,
) -> None:
    """Add a fault; several may hold at once. Prints it as JSON."""
    chosen = {
        "location": location,
        "operation": operation,
        "body_contains": body_contains,
        "times": times,
        "duration": duration,
        "seconds": seconds,
        "status": status,
    }
    fields = {name: value for name, value in chosen.items() if value is not None}
    fields |= {"kind": kind, "probability": probability, "effect": effect, "headers": headers}
    print_json(asked(url, "POST", "faults", fields))


@fault_app.command("clear")
def clear_faults(
    fault_id: Annotated[str | None, typer.Argument(help="Only this one, as in f3.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Take one fault away, or all of them."""
    print_json(asked(url, "DELETE", f"faults/{fault_id or ''}"))


@fault_app.command("list")
def list_faults(
    location: Annotated[
        str | None, typer.Option(help="Only those that hold for this location, by name or for all.")
    ] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Print the faults as JSON, those that are over too."""
    told = asked(url, "GET", "faults")
    if location is not None:
        told["faults"] = [one for one in told["faults"] if one.get("location") in {None, location}]
    print_json(told)


@fault_app.command("kinds")
def list_kinds() -> None:
    """Print each kind of fault and what it does."""
    from ghl.simulator.faults import MEANING  # noqa: PLC0415  (see above)

    for kind, meaning in MEANING.items():
        typer.echo(f"{kind:16} {meaning}")


@contacts_app.command("list")
def list_contacts(
    location: Annotated[str | None, typer.Option(help="Only of this location.")] = None,
    limit: Annotated[int, typer.Option(help="So many at most.")] = 100,
    skip: Annotated[int, typer.Option(help="Leave out so many first.")] = 0,
    url: Url = DEFAULT_URL,
) -> None:
    """Print contacts as JSON."""
    chosen = f"&location={location}" if location else ""
    print_json(asked(url, "GET", f"contacts?limit={limit}&skip={skip}{chosen}"))


@contacts_app.command("count")
def count_contacts(
    location: Annotated[str | None, typer.Option(help="Only of this location.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Print how many contacts there are, as JSON."""
    chosen = f"&location={location}" if location else ""
    print_json({"count": asked(url, "GET", f"contacts?limit=0{chosen}")["count"]})


@app.command()
def stats(
    reset: Annotated[bool, typer.Option(help="Back to zero afterwards.")] = False, url: Url = DEFAULT_URL
) -> None:
    """Print what the simulator has seen, as JSON."""
    print_json(asked(url, "GET", "stats"))
    if reset:
        asked(url, "DELETE", "stats")
