"""Commands about who may sign in."""

from dataclasses import asdict
from typing import Annotated

import typer

from jobs.cli.base import ACTOR, AsJson, CommandError, group, opened_hub, print_json

app = group("Say who may sign in.")


@app.command("add")
def add(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.", metavar="EMAIL")],
    *,
    church: Annotated[str, typer.Option(help="The church's short name.")] = "",
    role: Annotated[str, typer.Option(help="admin, staff or viewer.")] = "",
    ops: Annotated[
        bool, typer.Option("--ops", help="Runs the installation; sees no church's cards.")
    ] = False,
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    reads_prayers: Annotated[
        bool | None,
        typer.Option(
            "--reads-prayers/--no-reads-prayers",
            help="May read the church's prayer requests; beside any role. Left out: as it was.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Let a person sign in.

    With a role in one church, or (--ops) to run the installation. Who is there already gets the new role.
    """
    from ghl.churches import find_church
    from ghl.people.users import add_user
    from ghl.statuses import Role

    if bool(church) != bool(role):
        raise CommandError("Give --church and --role together, or --ops.", code=2)
    if role and role not in set(Role):
        raise CommandError(f"There is no role {role!r}. Choose {', '.join(Role)}.", code=2)
    if reads_prayers is not None and not church:
        raise CommandError("Prayer requests belong to a church: give --church and --role as well.", code=2)
    with opened_hub() as hub:
        church_id = find_church(hub.database, church).id if church else None
        add_user(
            hub.database,
            email,
            actor=ACTOR,
            name=name,
            church_id=church_id,
            role=Role(role) if role else None,
            ops=ops,
            reads_prayers=reads_prayers,
        )
    typer.echo(f"{email} may sign in. Make a link: hub sign-in-link {email}")


@app.command("list")
def list_(
    *,
    church: Annotated[str, typer.Option(help="Only those of this church; its short name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print who may sign in, and where."""
    from ghl.churches import find_church
    from ghl.people.users import list_users

    with opened_hub() as hub:
        church_id = find_church(hub.database, church).id if church else None
        people = list_users(hub.database, church_id=church_id)
    if as_json:
        print_json([asdict(one) for one in people])
        return
    for one in people:
        where = f"{one.church}: {one.role}" if one.church else ""
        also = ", ".join(
            words
            for words, holds in (
                ("reads prayer requests", one.reads_prayers),
                ("runs the installation", one.is_ops),
            )
            if holds
        )
        typer.echo("  ".join(part for part in (one.email, one.name, where, also) if part))
    if not people:
        typer.echo("Nobody may sign in yet. Add somebody: hub user add")


@app.command("role")
def role_(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.", metavar="EMAIL")],
    *,
    church: Annotated[str, typer.Option(help="The church's short name.")],
    role: Annotated[str, typer.Option(help="admin, staff or viewer. Left out: as it was.")] = "",
    reads_prayers: Annotated[
        bool | None,
        typer.Option(
            "--reads-prayers/--no-reads-prayers",
            help="May read the church's prayer requests. Left out: as it was.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Give somebody of a church another role.

    It holds at once, in every window of that person. A church keeps its last admin.
    """
    from ghl.churches import find_church
    from ghl.people.team import change_member, member_called
    from ghl.statuses import Role

    if role and role not in set(Role):
        raise CommandError(f"There is no role {role!r}. Choose {', '.join(Role)}.", code=2)
    if not role and reads_prayers is None:
        raise CommandError("Say what is to be different: --role, --reads-prayers or both.", code=2)
    with opened_hub() as hub:
        church_id = find_church(hub.database, church).id
        changed = change_member(
            hub.database,
            church_id,
            member_called(hub.database, church_id, email),
            role=Role(role) if role else None,
            reads_prayers=reads_prayers,
            actor=ACTOR,
        )
    typer.echo(f"{email} is changed." if changed else f"Nothing was different for {email}.")


@app.command("remove")
def remove(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.", metavar="EMAIL")],
    *,
    church: Annotated[str, typer.Option(help="The church's short name.")] = "",
    ops: Annotated[bool, typer.Option("--ops", help="Runs the installation no more.")] = False,
) -> None:
    """Remove a person from a church.

    They are out at once, in every window. With --ops they run the installation no more. A church keeps its last admin.
    """
    from ghl.churches import find_church
    from ghl.people.team import end_ops, member_called, remove_member

    if bool(church) == ops:
        raise CommandError("Say from where: --church SLUG, or --ops.", code=2)
    with opened_hub() as hub:
        if ops:
            gone = end_ops(hub.database, email, actor=ACTOR)
        else:
            church_id = find_church(hub.database, church).id
            user_id = member_called(hub.database, church_id, email)
            gone = remove_member(hub.database, church_id, user_id, actor=ACTOR)
    if ops:
        typer.echo(f"{email} does not run the installation{' any more' if gone else ''}.")
    else:
        typer.echo(f"{email} is out of {church}.")


@app.command("unlink")
def unlink(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.", metavar="EMAIL")],
) -> None:
    """Forget which account of the identity provider is this person's.

    The next account with their confirmed address is taken. Sessions go on.
    """
    from ghl.people.identities import forget
    from ghl.people.users import find_user

    with opened_hub() as hub, hub.database.identity() as session:
        gone = forget(session, find_user(session, email), actor=ACTOR)
    typer.echo(f"Forgotten. {email} signs in anew." if gone else f"{email} signed in with no account so far.")


def sign_in_link(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.", metavar="EMAIL")],
    as_json: AsJson = False,
) -> None:
    """Print a link that signs a person in.

    It works once, within 15 minutes.
    """
    from ghl.people.links import create_sign_in_link, sign_in_url

    with opened_hub() as hub:
        token = create_sign_in_link(hub.database, email, clock=hub.clock, actor=ACTOR)
        url = sign_in_url(hub.settings.public_url or "http://127.0.0.1:8501", token)
    if as_json:
        print_json({"url": url})
    else:
        typer.echo(url)
