"""`hub simulator outbox`, `reply` and `token`: what a visitor would have on the phone, and what they answer.

Everything heavy is imported inside the functions, so that `--help` stays quick.
"""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from ghl.simulator.asking import DEFAULT_URL, Url, asked, only_location, print_json

Location = Annotated[
    str | None, typer.Option(help="The location that is meant; not needed where there is only one.")
]


def outbox(
    *,
    address: Annotated[str | None, typer.Option(help="Only to and from this phone or e-mail.")] = None,
    replies: Annotated[bool, typer.Option(help="Also what people wrote.")] = False,
    limit: Annotated[int, typer.Option(help="So many at most, the newest.", min=1, max=10_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all that is known.")] = False,
    location: Location = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Show the texts and e-mails that went out, oldest first."""
    chosen = {"location": location, "address": address, "direction": None if replies else "outbound"}
    query = urlencode({name: value for name, value in chosen.items() if value})
    count = asked(url, "GET", f"messages?limit=0&{query}")["count"]
    answer = asked(url, "GET", f"messages?limit={limit}&skip={max(0, count - limit)}&{query}")
    if as_json:
        print_json(answer)
        return
    if not answer["messages"]:
        typer.echo("Nothing went out yet.")
    for message in answer["messages"]:
        typer.echo(_lines(message))


def reply(
    address: Annotated[str, typer.Argument(metavar="PHONE", help="Whose phone (+1512…), or e-mail.")],
    text: Annotated[str, typer.Argument(help="What that person writes, as in STOP.")],
    *,
    location: Location = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Write as a visitor does. STOP, START and HELP do what they do in GoHighLevel."""
    fields = {"location": location, "address": address, "text": text}
    message = asked(url, "POST", "reply", fields)["message"]
    typer.echo(_lines(message))
    # What GoHighLevel answered by itself, if anything.
    query = urlencode({"address": message["address"], "location": message["location_id"], "limit": 10_000})
    told = asked(url, "GET", f"messages?{query}")["messages"]
    ids = [one["id"] for one in told]
    for one in told[ids.index(message["id"]) + 1 :]:
        typer.echo(_lines(one))


def token(
    *,
    scopes: Annotated[
        list[str] | None, typer.Option(help="A box that is ticked; again for each. Without it: all.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A box that is not ticked, as in conversations/message.write.")
    ] = None,
    location: Location = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Print another token, with all boxes or only some.

    To see what the hub says of one that lacks some: paste it on the page Connection.
    """
    from ghl.simulator.tokens import ALL_SCOPES  # noqa: PLC0415  (see above)

    wrong = sorted({*(scopes or ()), *(without or ())} - ALL_SCOPES)
    if wrong:
        typer.echo(
            f"There is no box {', '.join(wrong)}. There are: {', '.join(sorted(ALL_SCOPES))}", err=True
        )
        raise typer.Exit(2)
    chosen = set(scopes or ALL_SCOPES) - set(without or ())
    where = location or only_location(url)
    typer.echo(asked(url, "POST", "tokens", {"location": where, "scopes": sorted(chosen)})["token"])


def _lines(message: dict[str, Any]) -> str:
    """A message on paper: a line about it, and its words below."""
    at = datetime.fromisoformat(message["added_at"]).astimezone()
    way = "from" if message["direction"] == "inbound" else "to"
    by = "  (answered by itself)" if message["automatic"] else ""
    head = (
        f"{at:%Y-%m-%d %H:%M:%S}  {message['channel']:5}  {way} {message['address']}  {message['status']}{by}"
    )
    words = [message["subject"]] if message["subject"] else []
    words += message["body"].splitlines()
    return "\n".join([head, *(f"    {line}" for line in words)])
