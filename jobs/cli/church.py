"""Commands about one church: adding, connecting, pausing, keys."""

import sys
import time
from typing import Annotated

import typer

from jobs.cli.base import ACTOR, AsJson, CommandError, Slug, group, opened_hub, print_json, print_table

app = group("Add and list churches.")


@app.command("add")
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="The church's name as its staff know it.")],
    timezone: Annotated[str, typer.Option(help="Such as America/Chicago.")],
    demo: Annotated[
        bool, typer.Option("--demo", help="Made up: it speaks to the demo's simulator, never to GoHighLevel.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a church. Connect it next: hub connect."""
    from ghl.churches import add_church

    with opened_hub() as hub:
        url = hub.settings.demo_simulator_url if demo else None
        if demo and not url:
            raise CommandError("There is no simulator. Start one with: hub up --demo", code=2)
        church_id = add_church(
            hub.database,
            slug=slug,
            name=name,
            timezone=timezone,
            actor=ACTOR,
            is_demo=demo,
            ghl_base_url=url,
        )
    if as_json:
        print_json({"id": church_id, "slug": slug})
    else:
        typer.echo(f"Added {slug}. Next: hub connect {slug} --location ID")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the churches of this installation."""
    from ghl.churches import list_churches

    with opened_hub() as hub:
        churches = list_churches(hub.database)
    rows = [
        {
            "slug": church.slug,
            "name": church.name,
            "timezone": church.timezone,
            "location": church.location_ghl_id,
            "state": _state(
                paused=church.paused_at is not None, location=church.location_ghl_id, hold=church.hold_cause
            ),
            "form": church.public_id,
        }
        for church in churches
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(
            rows,
            ("slug", "name", "timezone", "location", "state"),
            empty="There is no church yet. Add one: hub church add SLUG --name NAME --timezone ZONE",
        )


@app.command("keep")
def keep_cards(
    slug: Slug,
    years: Annotated[
        int | None, typer.Option(help="For so many years after they came in.", min=1, max=99)
    ] = None,
    forever: Annotated[bool, typer.Option("--forever", help="Without an end, as at the beginning.")] = False,
) -> None:
    """Set how long a church's cards are kept.

    Cards that are in GoHighLevel or set aside go when they are older; what people said about messages stays.
    """
    from ghl.churches import find_church
    from ghl.erasing.retention import keep_cards_for

    if (years is None) is not forever:
        raise CommandError("Say either --years N or --forever.", code=2)
    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        keep_cards_for(hub.database, church.id, years, actor=ACTOR)
    typer.echo(f"{church.name} keeps its cards {f'for {years} years' if years else 'for ever'}.")


@app.command("remove")
def remove(
    slug: Slug,
    name: Annotated[
        str | None, typer.Option(help="The church's name once more, where nobody can be asked for it.")
    ] = None,
) -> None:
    """Remove a church with everything that is its own. This cannot be undone.

    Its deliveries stop at once. What stays is the proof of what people said about messages, with their numbers as
    keyed hashes, and the change log. Contacts in GoHighLevel stay as they are.
    """
    import redis

    from ghl.erasing import church as removing
    from ghl.keys.check import check_keys

    with opened_hub() as hub:
        church_id, called = removing.find(hub.database, slug)
        # Before anything is stopped: a proof made with other keys could never be found again.
        ring = hub.key_ring
        check_keys(hub.database, ring)
        typed = name or typer.prompt(f"To remove {called} for ever, type its name")
        location = removing.request(hub.database, church_id, typed=typed, actor=ACTOR)
        if location:
            try:
                hub.breakers.forget(location)
            except redis.RedisError as error:
                typer.echo(
                    f"Redis does not answer ({type(error).__name__}): what it counts ends by itself.",
                    err=True,
                )
        # Stopped here, the scheduler goes on with the rest. A card that a worker holds is waited for.
        while not removing.step(hub.database, ring, church_id, now=hub.clock.now()):
            time.sleep(0.01)
    typer.echo(f"{called} is removed.")


def connect_church(
    slug: Slug,
    location: Annotated[str, typer.Option(help="The location id of the church's GoHighLevel account.")],
    as_json: AsJson = False,
) -> None:
    """Connect a church to GoHighLevel.

    The Private Integration Token is read from standard input and tested before it is kept.

    On a terminal the token is asked for and not shown: it never stands in the shell's history.
    """
    from ghl.churches import find_church
    from ghl.connection import connect
    from ghl.keys.check import check_keys
    from jobs.connecting import token_test

    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        check_keys(hub.database, hub.key_ring)
        token = read_token()
        with token_test(hub, church) as test:
            connected = connect(
                hub.database,
                hub.key_ring,
                church,
                location_id=location,
                token=token,
                test=test,
                actor=ACTOR,
            )
        hub.background_waker.wake(church.id)
    if as_json:
        print_json({"slug": slug, "location": connected.location_id, "name": connected.location_name})
    else:
        typer.echo(f"{church.name} is connected to {connected.location_name or location} in GoHighLevel.")


def pause_church(
    slug: Slug,
    reason: Annotated[str, typer.Option(help="Why, in a few words. The church's staff read it.")],
) -> None:
    """Pause a church: its cards wait.

    They are saved as ever; nothing goes to GoHighLevel until `hub resume`.
    """
    from ghl.churches import find_church, pause

    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        pause(hub.database, church.id, reason=reason, actor=ACTOR)
    typer.echo(f"{church.name} is paused. Its cards wait. Go on with: hub resume {slug}")


def resume_church(slug: Slug) -> None:
    """Let a paused church go on.

    Its waiting cards go out by themselves.
    """
    from ghl.churches import find_church, resume

    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        resume(hub.database, church.id, actor=ACTOR)
        hub.background_waker.wake(church.id)
    typer.echo(f"{church.name} goes on.")


def source_key(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What sends the cards, such as Website.")],
    as_json: AsJson = False,
) -> None:
    """Make a key for a website that sends cards.

    It is printed once; the hub itself cannot read it again.
    """
    from ghl.churches import find_church
    from ghl.sources import create_source_key

    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        made = create_source_key(hub.database, church.id, name=name, actor=ACTOR)
    key = made.key.get_secret_value()
    if as_json:
        print_json({"id": made.id, "key": key})
    else:
        typer.echo(key)


def read_token() -> str:
    """The token from a hidden prompt, or the first line of standard input."""
    if sys.stdin.isatty():
        token: str = typer.prompt("Private Integration Token", hide_input=True)
        return token.strip()
    token = sys.stdin.readline(4096).strip()
    if not token:
        raise CommandError("No token came in. Give it on standard input: hub connect … < token-file")
    return token


def _state(*, paused: bool, location: str | None, hold: str | None) -> str:
    if paused:
        return "paused"
    if location is None:
        return "not connected"
    return f"held: {hold}" if hold else "ready"
