"""Commands about the database."""

import typer

from jobs.cli.base import CommandError, group, running_settings

app = group("Look after the database.")


@app.command("migrate")
def migrate() -> None:
    """Bring the database to the newest form.

    Safe to run again, and from several machines at once.
    """
    from ghl.db.migrate import upgrade

    settings = running_settings()
    if settings.database_url is None:
        raise CommandError("HUB_DATABASE_URL is not set.", code=2)
    app_url = settings.database_url.get_secret_value()
    admin = settings.database_admin_url
    upgrade(admin.get_secret_value() if admin else app_url, app_url)
    typer.echo("The database is up to date.")
