"""`hub webhooks …`: what GoHighLevel told a church, and having it handled again, by the same services as the page."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.base import ACTOR, AsJson, CommandError, Slug, group, opened_hub, print_json, print_table

if TYPE_CHECKING:
    from ghl.webhooks.reading import Shown, Wanted

app = group("What GoHighLevel told a church.")

MOST_LISTED = 500
COLUMNS = ("id", "received", "state", "type", "came of it", "seen by")


@app.command("list")
def list_(
    slug: Slug,
    *,
    state: Annotated[
        str,
        typer.Option(
            help="Only waiting, done, failed, unknown or seen ones; or matters: what somebody should see."
        ),
    ] = "",
    most: Annotated[int, typer.Option(min=1, max=MOST_LISTED, help="So many at most, the newest.")] = 25,
    as_json: AsJson = False,
) -> None:
    """Print what GoHighLevel told a church, the newest first.

    Nothing of what it said: its type, when it came, and what followed.
    """
    from ghl.churches import find_church
    from ghl.webhooks import reading

    wanted = _wanted(state)
    with opened_hub(logs=False) as hub:
        church = find_church(hub.database, slug)
        with hub.database.church(church.id) as session:
            events, more = reading.read(session, church.id, wanted, most=most)
    if as_json:
        print_json([asdict(event) for event in events])
        return
    print_table([_row(event) for event in events], COLUMNS, empty="Nothing came that this asks for.")
    if more:
        typer.echo(f"These are the newest {most}; more with --most.")


@app.command("replay")
def replay(
    slug: Slug,
    event: Annotated[
        int | None, typer.Argument(help="Its number, as `hub webhooks list` shows it.", metavar="[EVENT]")
    ] = None,
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="All that failed and nobody has marked as seen, 500 at once.")
    ] = False,
) -> None:
    """Have an event handled again, or all that failed.

    An event that was handled before changes nothing more.
    """
    from ghl.churches import find_church
    from ghl.webhooks import replay as replays

    if (event is None) != failed:
        raise CommandError("Give the number of one event, or --failed.", code=2)
    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        with hub.database.church(church.id) as session:
            if event is None:
                count = replays.replay_failed(session, church.id, actor=ACTOR)
            else:
                count = int(replays.replay(session, church.id, event, actor=ACTOR))
    if event is not None and not count:
        raise CommandError(
            f"{slug} has no event {event} that can be handled again: it waits already, or what it said is gone."
        )
    typer.echo(f"{count} handled again in a moment." if count else "None failed.")


def _wanted(state: str) -> "Wanted":
    from ghl.statuses import WebhookState
    from ghl.webhooks.reading import SEEN, Wanted

    if state == "matters":
        return Wanted(matters=True)
    if state and state not in {*WebhookState, SEEN}:
        raise CommandError(
            f"There is no state {state!r}. Choose {', '.join((*WebhookState, SEEN, 'matters'))}.", code=2
        )
    return Wanted(state=state)


def _row(event: "Shown") -> dict[str, object]:
    facts = ", ".join(f"{name} {value}" for name, value in sorted(event.facts.items()))
    return {
        "id": event.id,
        "received": f"{event.received_at:%Y-%m-%d %H:%M:%S}Z",
        "state": event.state,
        "type": event.type,
        "came of it": event.cause or facts,
        "seen by": event.seen_by,
    }
