"""`hub simulator location`, `workflow`, `app` and `key`: a second church, and who is told what happens.

Everything heavy is imported inside the functions, so that `--help` stays quick.
"""

import sys
from typing import Annotated, Any

import typer

from ghl.simulator.asking import DEFAULT_URL, Url, asked, only_location, print_json

Location = Annotated[
    str | None, typer.Option(help="The location that is meant; not needed where there is only one.")
]
Hook = Annotated[str, typer.Argument(metavar="URL", help="Where the hub listens, on this machine.")]


def location(
    location_id: Annotated[str, typer.Argument(metavar="ID", help="Made up, such as secondChurch00000001.")],
    *,
    name: Annotated[str, typer.Option(help="The name that stands under its texts.")] = "Second Church",
    timezone: Annotated[str, typer.Option(help="Such as America/Chicago.")] = "America/Chicago",
    url: Url = DEFAULT_URL,
) -> None:
    """Add a location, as another church has one, and print its token."""
    fields = {"id": location_id, "name": name, "timezone": timezone}
    typer.echo(asked(url, "POST", "locations", fields)["tokens"][-1])


def workflow(
    hook: Hook,
    *,
    location: Location = None,
    about: Annotated[
        list[str] | None,
        typer.Option(help="dnd (Contact DND) or replied (Customer Replied); both if not given."),
    ] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Have a church's workflow tell the hub of stops and replies.

    As the page Connection says it is set up in GoHighLevel. Asks for the secret that the page shows once.
    """
    secret = typer.prompt("Secret", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    where = location or only_location(url)
    asked(url, "POST", "webhooks", {"location": where, "url": hook, "secret": secret, "about": about})
    typer.echo(f"{where} tells {hook} from now on.")


def app(
    hook: Hook,
    *,
    location: Location = None,
    times: Annotated[int, typer.Option(help="Tell each event so often.", min=1)] = 1,
    late: Annotated[float, typer.Option(help="Up to so many seconds late, so out of order.", min=0)] = 0,
    url: Url = DEFAULT_URL,
) -> None:
    """Send signed app webhooks to the hub, which has to know the key: hub simulator key."""
    where = location or only_location(url)
    habits = {"times": times, "late": [0, late]}
    asked(url, "POST", "webhooks", {"location": where, "url": hook, "habits": habits})
    typer.echo(f"{where} tells {hook} from now on.")


def public_key(url: Url = DEFAULT_URL) -> None:
    """Print the key that app webhooks are signed with: for the file of HUB_WEBHOOK_PUBLIC_KEYS."""
    typer.echo(asked(url, "GET", "webhooks/key")["pem"].rstrip())


def webhooks(
    *,
    limit: Annotated[int, typer.Option(help="So many at most, the newest.", min=1, max=10_000)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all that was told.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Show who is told, and what was told and how it was answered, oldest first; secrets are left out."""
    answer = asked(url, "GET", "webhooks")
    for one in answer["listeners"]:
        one["secret"] = one["secret"] and "…"
    if as_json:
        print_json(answer)
        return
    if not answer["listeners"]:
        typer.echo("Nobody is told anything yet.")
    for one in answer["listeners"]:
        typer.echo(f"{one['location_id']} tells {one['url']}")
    told = answer["deliveries"]
    if len(told) > limit:
        typer.echo(f"{len(told) - limit} earlier ones are not shown.")
    for one in told[-limit:]:
        typer.echo(_line(one))
    if answer["waiting"]:
        typer.echo(f"{answer['waiting']} still to be told.")


def _line(told: dict[str, Any]) -> str:
    event = told["event"]
    what = event.get("workflow", {}).get("name") or event.get("type") or told["kind"]
    said = event.get("message")
    words = f"  {said['body']!r}" if isinstance(said, dict) and said.get("body") else ""
    answers = ", ".join(str(one) for one in told["answered"]) or "not answered yet"
    at = str(told["made_at"])[:19].replace("T", " ")
    return f"{at}  {answers:>16}  {what}  {event.get('contact_id') or event.get('contactId') or ''}{words}"
