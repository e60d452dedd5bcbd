"""`hub retry`: the page's retry of many, from the command line, by the same requests."""

import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import typer

from jobs.cli.base import ACTOR, AsJson, CommandError, Slug, opened_hub, print_json

if TYPE_CHECKING:
    from ghl.attention.retries import Foreseen, Progress
    from ghl.attention.wanted import Wanted
    from jobs.container import Container

LOOK_EVERY = 0.5
"""Seconds between two looks at a retry that is under way."""


def retry(
    slug: Slug,
    *,
    cause: Annotated[
        list[str] | None,
        typer.Option(
            help="Only cards that stopped for this cause, such as tries_used_up. May be given again."
        ),
    ] = None,
    since: Annotated[
        str,
        typer.Option("--from", help="Only cards that stopped from then on: 2026-11-22 or 2026-11-22T09:00."),
    ] = "",
    until: Annotated[
        str, typer.Option("--to", help="Only cards that stopped up to then; a day counts whole.")
    ] = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what would happen, and do nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until every card has its result.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Send a church's cards that need attention once more.

    New cards go first. Cards that have to be mended or decided about stay where they are.
    """
    from ghl.attention import retries
    from ghl.churches import find_church

    with opened_hub() as hub:
        church = find_church(hub.database, slug)
        wanted = _wanted(cause or [], since, until, ZoneInfo(church.timezone))
        with hub.database.church(church.id) as session:
            plan = retries.foresee(session, church.id, wanted)
        if preview or not plan.going:
            _tell_plan(plan, as_json=as_json)
            return
        with hub.database.church(church.id) as session:
            request_id = retries.start(
                session, church.id, plan, token=uuid4().hex, actor=ACTOR, now=hub.clock.now()
            )
        done = _wait(hub, church.id, request_id) if wait else _look(hub, church.id, request_id)
    _tell(done, as_json=as_json)


def _wanted(causes: list[str], since: str, until: str, zone: ZoneInfo) -> "Wanted":
    from ghl.attention.wanted import Wanted
    from ghl.causes import CauseCode

    for code in causes:
        if code not in set(CauseCode):
            raise CommandError(f"There is no cause {code!r}. docs/causes.md has them all.", code=2)
    first, last = _moment(since, zone, end=False), _moment(until, zone, end=True)
    if first and last and first >= last:
        raise CommandError("--from lies after --to: nothing could match.", code=2)
    return Wanted(causes=tuple(sorted(set(causes))), since=first, before=last)


def _moment(text: str, zone: ZoneInfo, *, end: bool) -> datetime | None:
    """A day or a moment on the church's clock; the end of a day where it is the last one."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == len("2026-11-22") and end:
            moment = datetime.combine(date.fromisoformat(text) + timedelta(days=1), moment.time())
    except (ValueError, OverflowError):
        raise CommandError(f"{text!r} is no time: write 2026-11-22 or 2026-11-22T09:00.", code=2) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _look(hub: "Container", church_id: UUID, request_id: UUID) -> "Progress":
    from ghl.attention import retries

    with hub.database.church(church_id) as session:
        found = retries.progress(session, church_id, request_id)
    if found is None:
        raise CommandError("The retry is no longer remembered.")
    return found


def _wait(hub: "Container", church_id: UUID, request_id: UUID) -> "Progress":
    """The request when it is over. Whoever carries it on has to be alive, or waiting would have no end."""
    from ghl import heartbeat

    while not (found := _look(hub, church_id, request_id)).over:
        with hub.database.system() as session:
            missing = [kind for kind in ("scheduler", "worker") if not heartbeat.alive(session, kind)]
        if missing:
            raise CommandError(
                f"The retry is noted, and goes on as soon as a {missing[0]} runs. Now there is none: "
                + ("hub scheduler" if missing[0] == "scheduler" else "python worker.py")
            )
        time.sleep(LOOK_EVERY)
    return found


def _tell_plan(plan: "Foreseen", *, as_json: bool) -> None:
    if as_json:
        print_json({"going": plan.going, "left": dict(plan.left)})
        return
    typer.echo(f"{plan.going} would go to GoHighLevel." if plan.going else "No card would go.")
    for why, count in plan.left.items():
        typer.echo(f"{count} would stay: {why}.")


def _tell(run: "Progress", *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "id": run.id,
                "state": run.state,
                "total": run.total,
                "done": run.done,
                "worked": run.worked,
                "failed_again": run.failed,
                "moved_on": run.moved,
                "left": dict(run.left_alone),
            }
        )
    elif run.over:
        left = run.moved + sum(run.left_alone.values())
        more = f", {left} had moved on" if left else ""
        typer.echo(
            f"{run.state.capitalize()}: {run.worked} arrived, {run.failed} need attention again{more}."
        )
    else:
        typer.echo(f"Started: {run.total} cards go once more. The page Needs attention shows how far it is.")
