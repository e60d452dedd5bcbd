"""The tree of commands. Importing it imports no command's needs: `hub --help` answers at once."""

import typer

from jobs.cli import (
    audit,
    cards,
    church,
    db,
    demo,
    health,
    keys,
    people,
    processes,
    retry,
    simulator,
    webhooks,
)
from jobs.cli.base import group

app = group("Carries a church's connect cards into GoHighLevel, and loses none.", name="hub")

app.command("up")(processes.up)
app.command("web")(processes.web)
app.command("intake")(processes.intake)
app.command("scheduler")(processes.scheduler)
app.command("connect")(church.connect_church)
app.command("pause")(church.pause_church)
app.command("resume")(church.resume_church)
app.command("source-key")(church.source_key)
app.command("sign-in-link")(people.sign_in_link)
app.command("import-cards")(cards.import_cards)
app.command("retry")(retry.retry)
app.command("status")(health.status)
app.command("doctor")(health.doctor)
app.add_typer(church.app, name="church")
app.add_typer(people.app, name="user")
app.add_typer(db.app, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(simulator.app, name="simulator")
app.add_typer(demo.app, name="demo", hidden=True)


def command() -> typer.Typer:
    """The whole command."""
    return app
