"""Commands about the change log's chains."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.base import AsJson, CommandError, group, opened_hub, print_json

app = group("Check the change log.")


@app.command("verify")
def verify(
    slug: Annotated[
        str | None,
        typer.Argument(help="The church's short name; without one, all chains.", metavar="[CHURCH]"),
    ] = None,
    anchor: Annotated[
        Path | None,
        typer.Option(
            help="What this command printed earlier with --json, kept where the database's owner cannot write."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find out whether anybody changed the change log.

    Every entry is read again and held against its seal: a changed, removed or inserted row is named, and so is a
    correction of a card that says something else by now. Keep what
    `--json` prints somewhere else: only against that a log that was cut off or rewritten as a whole is found.
    """
    from ghl.chain.anchors import read_anchors
    from ghl.chain.corrections import altered
    from ghl.chain.hashing import INSTALLATION
    from ghl.chain.verify import as_json as reports_as_json
    from ghl.chain.verify import verify as verify_chains
    from ghl.churches import find_church

    anchors = read_anchors(anchor) if anchor else {}
    with opened_hub() as hub:
        church = find_church(hub.database, slug).id if slug else None
        reports = verify_chains(hub.database, church=church, anchors=anchors)
        for report in reports:
            if report.chain != INSTALLATION:
                for problem in altered(hub.database, report.chain):
                    report.add(problem)
    if as_json:
        print_json(reports_as_json(reports))
    else:
        for report in reports:
            state = "unbroken" if report.good else "BROKEN"
            waits = f", {report.unsealed} not sealed yet" if report.unsealed else ""
            typer.echo(
                f"{report.name}: {state}, {report.head.position} sealed{waits}, head {report.head.hash.hex()}"
            )
            for problem in report.problems:
                typer.echo(f"  {problem.text}")
            if report.more_problems:
                typer.echo(f"  and {report.more_problems} more.")
    broken = [report.name for report in reports if not report.good]
    if broken:
        shown = ", ".join(broken[:10]) + (", …" if len(broken) > 10 else "")
        raise CommandError(f"The change log is broken in {len(broken)} of {len(reports)} chains: {shown}")


@app.command("receipt")
def receipt(
    slug: Annotated[str, typer.Argument(help="The church's short name.", metavar="CHURCH")],
    file: Annotated[Path, typer.Argument(help="The receipt, as JSON.", exists=True, dir_okay=False)],
) -> None:
    """Find out whether a consent receipt is what this hub handed out.

    Its checksum and the hash of each wording are computed again, and the change log has to know it.
    """
    from ghl.churches import find_church
    from ghl.consent.receipt import LARGEST, check

    with file.open("rb") as opened:
        raw = opened.read(LARGEST + 1)
    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        with hub.database.church(church.id) as session:
            checked = check(session, church.id, raw)
    if not checked.readable:
        raise CommandError("This is no consent receipt. It takes the JSON file, not the one to print.")
    if not checked.whole:
        raise CommandError("This receipt was changed: its checksum is not that of what stands in it.")
    if not checked.words:
        raise CommandError("This receipt was changed: the hash of a wording is not that of its words.")
    if checked.made_at is None:
        raise CommandError("This hub made no such receipt for this church: its change log does not know it.")
    typer.echo(f"This receipt is whole, and was made by this hub on {checked.made_at:%Y-%m-%d %H:%M:%S} UTC.")
