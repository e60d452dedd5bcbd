"""Reading how the churches stand: a handful of queries, however many churches there are.

Through the system's role, which sees counts and moments, and sign-in's, which sees teams: no card, no guest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select, text, union_all
from sqlalchemy.orm import Session

from ghl import heartbeat
from ghl.cards.counts import FOR_PEOPLE
from ghl.db.engine import Database
from ghl.db.models import CardCount, CardCountDelta, Church, Location, Membership, MessageTemplate, Outage
from ghl.messages.defaults import WELCOME_TEXT
from ghl.ops.setup import SetUp, SetUpFacts, set_up
from ghl.ops.state import ChurchFacts, Standing, State, standing
from ghl.statuses import CardStatus, Role
from ghl.webhooks.reading import last_of_all

MOST_CHURCHES = 1_000
"""What one list shows; more than that wants another kind of page."""

ON_THE_WAY = (CardStatus.WAITING, CardStatus.SENDING)


@dataclass(frozen=True)
class ChurchLine:
    """One church in numbers. Spans of time are up to the moment of reading."""

    id: UUID
    slug: str
    name: str
    timezone: str
    is_demo: bool
    connected: bool
    admin_came_in: bool
    paused_reason: str | None
    standing: Standing
    set_up: SetUp
    waiting: int
    need_people: int
    cards: int
    oldest_waiting: timedelta | None
    last_card: timedelta | None
    token_age: timedelta | None
    last_news: timedelta | None = None

    @property
    def goes(self) -> bool:
        """Whether its cards go out by themselves as things are."""
        return self.connected and self.standing.state not in {State.STOPPED, State.PAUSED}


@dataclass(frozen=True)
class Churches:
    """All churches, worst first. `more`: there are more than one list shows."""

    lines: Sequence[ChurchLine]
    senders: int
    more: bool = False


class _Times(NamedTuple):
    oldest_waiting_at: datetime | None
    last_card_at: datetime | None
    connected_at: datetime | None
    form_at: datetime | None


class _Team(NamedTuple):
    admins: int = 0
    members: int = 0
    came_in: int = 0


TIMES = text("SELECT * FROM hub.church_times(CAST(:church AS uuid))")


def all_churches(database: Database) -> Churches:
    """Every church of the installation, worst first."""
    found, senders = _read(database, None)
    return Churches(sorted(found[:MOST_CHURCHES], key=_worst_first), senders, len(found) > MOST_CHURCHES)


def one_church(database: Database, church_id: UUID) -> ChurchLine | None:
    """One church; None where there is none."""
    found, _ = _read(database, church_id)
    return found[0] if found else None


def church_with_slug(database: Database, slug: str) -> UUID | None:
    """The id of a church by its short name."""
    with database.system() as session:
        return session.scalar(select(Church.id).where(Church.slug == slug, Church.removing_at.is_(None)))


def _read(database: Database, only: UUID | None) -> tuple[list[ChurchLine], int]:
    with database.system() as session:
        now = session.scalars(select(func.clock_timestamp())).one()
        senders = heartbeat.alive(session, "worker")
        churches = session.execute(_churches(only)).all()
        counts = _counts(session, only)
        times = {row[0]: _Times(*row[1:]) for row in session.execute(TIMES, {"church": only})}
        news = last_of_all(session)
        silent = set(session.scalars(select(Outage.church_id).where(Outage.closed_at.is_(None))))
    with database.identity() as session:
        teams = {row.church_id: _Team(*row[1:]) for row in session.execute(_teams(only))}
    # A church that was added between two of the queries is on the next look.
    return [
        _line(
            row,
            counts.get(row.id, {}),
            times[row.id],
            teams.get(row.id, _Team()),
            unanswered=row.id in silent,
            news_at=news.get(row.id),
            now=now,
            senders=senders,
        )
        for row in churches
        if row.id in times
    ], senders


def _churches(only: UUID | None) -> "Select[*tuple[Any, ...]]":
    found = (
        select(
            Church.id,
            Church.slug,
            Church.name,
            Church.timezone,
            Church.is_demo,
            Church.paused_reason,
            Church.hold_cause,
            Church.created_at,
            Location.ghl_id.is_not(None).label("connected"),
            # By columns: the system may read these three alone.
            select(MessageTemplate.church_id)
            .where(
                MessageTemplate.church_id == Church.id,
                MessageTemplate.key == WELCOME_TEXT,
                MessageTemplate.published_version.is_not(None),
            )
            .exists()
            .label("welcomes"),
        )
        .outerjoin(Location, (Location.church_id == Church.id) & Location.active)
        .where(Church.removing_at.is_(None))
        .order_by(Church.name, Church.id)
        .limit(MOST_CHURCHES + 1)
    )
    return found if only is None else found.where(Church.id == only)


def _counts(session: Session, only: UUID | None) -> Mapping[UUID, Mapping[CardStatus, int]]:
    folded = select(CardCount.church_id, CardCount.status, CardCount.cards.label("n"))
    since = select(CardCountDelta.church_id, CardCountDelta.status, CardCountDelta.delta)
    if only is not None:
        folded, since = (
            folded.where(CardCount.church_id == only),
            since.where(CardCountDelta.church_id == only),
        )
    parts = union_all(folded, since).subquery()
    found: dict[UUID, dict[CardStatus, int]] = {}
    for church_id, status, n in session.execute(
        select(parts.c.church_id, parts.c.status, func.sum(parts.c.n)).group_by(
            parts.c.church_id, parts.c.status
        )
    ):
        found.setdefault(church_id, {})[CardStatus(status)] = int(n)
    return found


def _teams(only: UUID | None) -> "Select[*tuple[Any, ...]]":
    found = select(
        Membership.church_id,
        func.count().filter(Membership.role == Role.ADMIN).label("admins"),
        func.count().label("members"),
        func.count().filter(Membership.role == Role.ADMIN, Membership.seen_at.is_not(None)).label("came_in"),
    ).group_by(Membership.church_id)
    return found if only is None else found.where(Membership.church_id == only)


def _line(
    row: Any,
    counts: Mapping[CardStatus, int],
    times: _Times,
    team: _Team,
    *,
    unanswered: bool,
    news_at: datetime | None,
    now: datetime,
    senders: int,
) -> ChurchLine:
    waiting = sum(counts.get(status, 0) for status in ON_THE_WAY)
    need = sum(counts.get(status, 0) for status in FOR_PEOPLE)
    oldest, last, token = (
        max(now - at, timedelta()) if at else None
        for at in (times.oldest_waiting_at, times.last_card_at, times.connected_at)
    )
    facts = ChurchFacts(
        connected=row.connected,
        admins=team.admins,
        paused_reason=row.paused_reason,
        hold_cause=row.hold_cause,
        unanswered=unanswered,
        waiting=waiting,
        need_people=need,
        oldest_waiting=oldest,
        has_cards=last is not None,
        token_age=token,
    )
    ready = SetUpFacts(
        # Who runs the hub is the admin of a demo church.
        admins=team.admins or int(row.is_demo),
        members=team.members,
        connected=row.connected,
        form_saved=times.form_at is not None,
        words_published=row.welcomes,
        has_cards=last is not None,
        age=now - row.created_at,
    )
    return ChurchLine(
        id=row.id,
        slug=row.slug,
        name=row.name,
        timezone=row.timezone,
        is_demo=row.is_demo,
        connected=row.connected,
        admin_came_in=team.came_in > 0,
        paused_reason=row.paused_reason,
        standing=standing(facts, senders=senders),
        set_up=set_up(ready),
        waiting=waiting,
        need_people=need,
        cards=sum(counts.values()),
        oldest_waiting=oldest,
        last_card=last,
        token_age=token,
        last_news=max(now - news_at, timedelta()) if news_at else None,
    )


def _worst_first(line: ChurchLine) -> tuple[int, int, timedelta, str]:
    order = list(State).index(line.standing.state)
    return (order, -line.waiting, -(line.oldest_waiting or timedelta()), line.name.casefold())
