"""Commands that bring cards in."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.base import ACTOR, CommandError, Slug, opened_hub, print_json


def import_cards(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="A list of cards, CSV or XLSX.", metavar="FILE")],
) -> None:
    """Save the cards of a list. A row that cannot be read costs no other row.

    Prints JSON: `received`, `created`, `duplicates` (the same card is there already), and `rejected` with
    each row's number and reason.
    """
    from ghl.cards.importing import import_table
    from ghl.cards.table import MAX_BYTES, read_table
    from ghl.churches import find_church

    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        try:
            with file.open("rb") as opened:
                # One byte more than fits is enough to be told that it is too much.
                table = read_table(opened.read(MAX_BYTES + 1))
        except OSError as error:
            raise CommandError(f"The file {file} cannot be read: {error.strerror}.") from error
        report = import_table(
            hub.database,
            church.id,
            table.rows(),
            source_name=file.name,
            actor=ACTOR,
            clock=hub.clock,
            on_saved=hub.background_waker.wake,
        )
    print_json(report.as_json())
