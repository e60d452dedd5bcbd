"""Commands about the encryption keys. No key is ever printed but the one that `hub keys new` makes."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.base import ACTOR, AsJson, CommandError, group, opened_hub, print_json, print_table

if TYPE_CHECKING:
    from ghl.keys.rotation import Rotated
    from ghl.keys.standing import KeyStanding

app = group("See, add and change the keys that seal tokens.")


@app.command("status")
def status(as_json: AsJson = False) -> None:
    """Print the keys, and what is sealed with each.

    Fails where a key is missing or is another one than before.
    """
    from ghl.keys.check import read_standings
    from ghl.keys.standing import counted, next_step, to_reseal, trouble

    with opened_hub() as hub:
        ring = hub.key_ring
        keys = read_standings(hub.database, ring.check_values)
    if as_json:
        print_json(
            {
                "source": ring.source,
                "seals": ring.newest,
                "keys": [_as_row(key) for key in keys],
                "to_reseal": to_reseal(keys),
                "next": next_step(keys, ring.source),
            }
        )
    else:
        rows = [{**_as_row(key), "rows": counted({**key.rows, **key.keyed})} for key in keys]
        print_table(rows, ("key", "state", "known_since", "rows"), empty="There is no key.")
        typer.echo(next_step(keys, ring.source))
    if trouble(keys, ring.source):
        raise typer.Exit(1)


@app.command("plan")
def plan(as_json: AsJson = False) -> None:
    """Print what `hub keys rotate` would do. Nothing is changed."""
    from ghl.keys.check import read_standings
    from ghl.keys.rotation import lacking_workers, prepare
    from ghl.keys.standing import counted

    with opened_hub() as hub:
        ring = hub.key_ring
        would = prepare(hub.database, ring)
        lacking = lacking_workers(hub.database, ring)
        keys = [key for key in read_standings(hub.database, ring.check_values) if key.version != ring.newest]
    waiting = [{"key": key.version, "rows": dict(key.rows)} for key in keys if key.sealed]
    if as_json:
        workers = [{"host": host, "process": pid} for host, pid in lacking]
        print_json(
            {"to": would.newest, "reseal": would.total, "from": waiting, "workers_without_key": workers}
        )
        return
    for key in keys:
        if key.sealed:
            typer.echo(f"From key {key.version} to key {would.newest}: {counted(key.rows)}.")
    if not would.total:
        typer.echo(f"Nothing to do: everything is sealed with key {would.newest}.")
    for host, pid in lacking:
        typer.echo(f"The worker on {host} (process {pid}) has no key {would.newest} yet.")


@app.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Seal everything anew with the newest key, while the hub runs.

    It waits until every worker has that key. Stopped or killed, it goes on when it is run again.
    """
    from ghl.keys.rotation import rotate as run

    with opened_hub() as hub:
        done = run(hub.database, hub.key_ring, actor=ACTOR, progress=_progress())
    if as_json:
        print_json({"key": done.newest, "of": done.total, "resealed": done.done, "locked": len(done.locked)})
    elif done.total:
        typer.echo(f"{done.done} of {done.total} are sealed with key {done.newest} now. See: hub keys status")
    else:
        typer.echo(f"Nothing to do: everything is sealed with key {done.newest}.")
    if done.locked:
        what, church_id = done.locked[0]
        raise CommandError(
            f"{len(done.locked)} could not be opened with any key and stay as they are; the first: {what} of the"
            f" church {church_id}. Connect it anew: hub connect"
        )


@app.command("new")
def new(
    number: Annotated[
        int | None,
        typer.Option(
            help="The key's number; else the next one, as the hub's database knows it.", min=1, max=999_999
        ),
    ] = None,
) -> None:
    """Print a new key, ready to stand beside the others.

    Add it to the keys (hub keys new >> FILE); keep the old ones until everything is sealed anew. It is kept nowhere.
    """
    from ghl.crypto import KeyRingError, new_key_line

    if number is None:
        from ghl.keys.check import known_keys, sealed_rows

        with opened_hub() as hub:
            with hub.database.system() as session:
                used = {*known_keys(session), *sealed_rows(session)}
            try:
                used |= set(hub.key_ring.versions)
            except KeyRingError:
                # The first key of an installation is made before there is any.
                if used:
                    raise
        number = max(used, default=0) + 1
    typer.echo(new_key_line(number))


def _progress() -> "Any":
    """How far it is, on one line of a terminal; nothing where nobody looks."""
    if not sys.stderr.isatty():
        return lambda _: None

    def tell(done: "Rotated") -> None:
        typer.echo(f"\r{done.done} of {done.total}", err=True, nl=done.done >= done.total)

    return tell


def _as_row(key: "KeyStanding") -> dict[str, Any]:
    since = key.known_since
    return {
        "key": key.version,
        "state": str(key.place),
        "known_since": since.isoformat(timespec="seconds") if since else None,
        "rows": dict(key.rows) | dict(key.keyed),
    }
