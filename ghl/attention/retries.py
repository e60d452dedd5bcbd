"""Sending many cards again: foreseen, asked for once, done in the background bit by bit, and counted to the end.

A request is a row, so it outlives the page, the browser and every process. The housekeeper advances it: a few cards
at a time go into the queue behind new ones, and more follow as their results come in. Two of them do no harm, for
the row is locked while one is at it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.attention.groups import count_all, oldest_first
from ghl.attention.untexted import Untexted, untexted
from ghl.attention.wanted import Wanted, of_causes
from ghl.cards.actions import NOT_REVIEWED, UNREVIEWED, Action, Standing, act_on, why_left
from ghl.causes import CauseCode, with_first
from ghl.db.engine import Database
from ghl.db.models import Card, RetryCard, RetryRequest
from ghl.ids import new_id
from ghl.statuses import CardStatus, Priority, RetryState

IN_FLIGHT = 200
"""Cards of a request in the queue at once: two windows of GoHighLevel's limit, and all that a stop lets go on."""

KEPT = 50
"""Requests of a church that are remembered."""

AT_ONCE = 20
"""Requests of a church that are advanced in one turn."""

CHOICE_FIRST = "somebody has to choose first: send it, or set it aside"
"""Why a card that others kept back does not go along with all that match."""

UNDER_WAY = (RetryState.RUNNING, RetryState.STOPPING)


class RetryError(ValueError):
    """The request cannot be started; the message says why in one sentence."""


@dataclass(frozen=True)
class Foreseen:
    """What a retry would do, as things stand now: cards that go, and that stay, by the reason in words.

    `without_text` are those among the going whose person asked for no more texts: they go, and are not texted.
    """

    wanted: Wanted
    until: datetime
    going: int = 0
    left: Mapping[str, int] = field(default_factory=dict)
    without_text: Untexted = field(default_factory=Untexted)


@dataclass(frozen=True)
class Progress:
    """A request and how far it is. `failed` need a person again; `moved` were set aside or kept back meanwhile."""

    id: UUID
    token: str
    requested_by: str
    requested_at: datetime
    wanted: Wanted
    state: RetryState
    total: int
    queued: int
    worked: int
    failed: int
    moved: int
    left_alone: Mapping[str, int]
    ended_at: datetime | None
    stopped_by: str | None

    @property
    def done(self) -> int:
        """Cards whose result is known."""
        return self.worked + self.failed + self.moved + sum(self.left_alone.values())

    @property
    def over(self) -> bool:
        """Whether nothing of it is going on any more."""
        return self.state not in UNDER_WAY


def goes(status: CardStatus, cause: str, wanted: Wanted) -> str | None:
    """Why a card of this cause stays where it is, in words; None: it may go. Pure.

    What waits for a choice goes only where just this cause was asked for.
    """
    if (why := why_left(Action.SEND_NOW, Standing(status, cause or None))) is not None:
        return why
    alone = wanted.causes == (cause,)
    return CHOICE_FIRST if cause in with_first("choose") and not alone else None


def foresee(session: Session, church_id: UUID, wanted: Wanted) -> Foreseen:
    """What would become of all that are wanted now; what stops later is not among them. A church's transaction."""
    # The database's time, as that of everything that stops: a machine's own clock may be wrong.
    until = session.scalars(select(func.now())).one()
    left: Counter[str] = Counter()
    going: Counter[str] = Counter()
    for (status, cause), n in count_all(session, church_id, wanted, until=until).items():
        if (why := goes(status, cause, wanted)) is None:
            going[cause] += n
        else:
            left[why] += n
    kept = CauseCode.HELD_BY_STAFF
    if going[kept] and (unreviewed := _unreviewed(session, church_id, wanted, until)):
        # They were kept back before anybody had checked them, so they go back to their review and not out.
        left[NOT_REVIEWED] += min(unreviewed, going[kept])
        going[kept] -= min(unreviewed, going[kept])
    going = +going
    frozen = Wanted(tuple(sorted(going)), wanted.sources, wanted.services, wanted.since, wanted.before)
    without_text = untexted(session, church_id, frozen, until=until) if going else Untexted()
    return Foreseen(frozen, until, sum(going.values()), dict(left.most_common()), without_text)


def _unreviewed(session: Session, church_id: UUID, wanted: Wanted, until: datetime) -> int:
    """How many of the cards that staff keep back nobody has reviewed."""
    return session.scalars(
        select(func.count())
        .select_from(Card)
        .where(
            Card.church_id == church_id,
            Card.status_changed_at <= until,
            of_causes((CauseCode.HELD_BY_STAFF,)),
            *wanted.conditions(),
            UNREVIEWED,
        )
    ).one()


def start(
    session: Session, church_id: UUID, foreseen: Foreseen, *, token: str, actor: str, now: datetime
) -> UUID:
    """Asks for it and returns the request; the same token again is the same request. A church's transaction.

    Raises `RetryError` where nothing would go.
    """
    if not foreseen.going:
        raise RetryError("No card would go.")
    request_id: UUID | None = session.scalar(
        upsert(RetryRequest)
        .values(
            id=new_id(),
            church_id=church_id,
            token=token,
            requested_by=actor,
            requested_at=now,
            wanted=foreseen.wanted.as_json(),
            until=foreseen.until,
            foreseen={"going": foreseen.going, "left": dict(foreseen.left)},
            state=RetryState.RUNNING,
            total=foreseen.going,
        )
        .on_conflict_do_nothing(index_elements=["church_id", "token"])
        .returning(RetryRequest.id)
    )
    if request_id is None:
        return session.scalars(
            select(RetryRequest.id).where(RetryRequest.church_id == church_id, RetryRequest.token == token)
        ).one()
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="retry.requested",
        subject=str(request_id),
        facts={"wanted": foreseen.wanted.as_json(), "cards": foreseen.going},
    )
    return request_id


def stop(session: Session, church_id: UUID, request_id: UUID, *, actor: str) -> bool:
    """Takes no more cards; those that are on the way arrive or come back. False: it was over or stopped already."""
    stopped = session.scalar(
        update(RetryRequest)
        .where(
            RetryRequest.church_id == church_id,
            RetryRequest.id == request_id,
            RetryRequest.state == RetryState.RUNNING,
        )
        .values(state=RetryState.STOPPING, stopped_by=actor)
        .returning(RetryRequest.id)
    )
    if stopped is None:
        return False
    audit.record(session, church_id=church_id, actor=actor, action="retry.stopped", subject=str(request_id))
    return True


def recent(session: Session, church_id: UUID, *, limit: int = KEPT) -> list[Progress]:
    """The last requests of the church, the newest first."""
    rows = session.scalars(
        select(RetryRequest)
        .where(RetryRequest.church_id == church_id)
        .order_by(RetryRequest.requested_at.desc(), RetryRequest.id.desc())
        .limit(limit)
    )
    return [_progress(row) for row in rows]


def progress(session: Session, church_id: UUID, request_id: UUID) -> Progress | None:
    """One request; None where the church has no such one."""
    row = session.scalars(
        select(RetryRequest).where(RetryRequest.church_id == church_id, RetryRequest.id == request_id)
    ).one_or_none()
    return None if row is None else _progress(row)


def churches_under_way(session: Session) -> Sequence[UUID]:
    """The churches with a request that goes on. A system transaction."""
    return session.scalars(
        select(RetryRequest.church_id).where(RetryRequest.state.in_(UNDER_WAY)).distinct()
    ).all()


def advance(database: Database, church_id: UUID, *, now: datetime) -> int:
    """Counts the results that came in and puts the next cards into the queue; returns how many went there.

    One short transaction a request. A request that another process is at is left to it.
    """
    with database.church(church_id) as session:
        ids = session.scalars(
            select(RetryRequest.id)
            .where(RetryRequest.church_id == church_id, RetryRequest.state.in_(UNDER_WAY))
            .order_by(RetryRequest.requested_at)
            .limit(AT_ONCE)
        ).all()
    queued = 0
    for request_id in ids:
        with database.church(church_id) as session:
            request = session.scalars(
                select(RetryRequest)
                .where(
                    RetryRequest.church_id == church_id,
                    RetryRequest.id == request_id,
                    RetryRequest.state.in_(UNDER_WAY),
                )
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if request is not None:
                queued += _Turn(session, church_id, request, now).take()
    return queued


# What is still on its way is left; the rest is counted by where it stands, and forgotten.
RESULTS = text(
    """
    WITH result AS (
        DELETE FROM retry_cards AS r USING cards AS c
        WHERE r.request_id = :request AND c.id = r.card_id AND c.status NOT IN ('waiting', 'sending')
        RETURNING c.status, c.cause
    )
    SELECT count(*) FILTER (WHERE status = 'synced') AS worked,
           count(*) FILTER (WHERE status = 'needs_attention' OR (status = 'held' AND cause <> 'held_by_staff')) AS failed,
           count(*) AS together
    FROM result
    """
)


@dataclass(frozen=True, repr=False)
class _Turn:
    """One step of one request, whose row is locked."""

    session: Session
    church_id: UUID
    request: RetryRequest
    now: datetime

    def take(self) -> int:
        """Counts, goes on, and ends the request where there is nothing left; returns the cards put into the queue."""
        request = self.request
        results = self.session.execute(RESULTS, {"request": request.id}).one()
        request.worked += results.worked
        request.failed += results.failed
        request.moved += results.together - results.worked - results.failed
        on_the_way = self.session.scalars(
            select(func.count()).select_from(RetryCard).where(RetryCard.request_id == request.id)
        ).one()
        queued, more = 0, False
        if request.state == RetryState.RUNNING:
            queued, more = self._queue(IN_FLIGHT - on_the_way)
        if not (on_the_way or queued or more):
            request.state = RetryState.STOPPED if request.state == RetryState.STOPPING else RetryState.DONE
            request.ended_at = self.now
            self._record_end()
            self._forget_old()
        self.session.flush()
        return queued

    def _queue(self, room: int) -> tuple[int, bool]:
        """Puts so many of the next cards into the queue; how many went, and whether more may follow."""
        if room <= 0:
            return 0, True
        request = self.request
        wanted = Wanted.from_json(request.wanted)
        place = request.place or {}
        causes = [cause for cause in sorted(wanted.causes) if cause >= place.get("cause", "")]
        after = (datetime.fromisoformat(place["at"]), UUID(place["id"])) if place.get("id") else None
        for cause in causes:
            if cause != place.get("cause", cause):
                after = None
            found = oldest_first(
                self.session,
                self.church_id,
                cause,
                wanted,
                until=request.until,
                after=after,
                limit=room,
            )
            if not found:
                continue
            at, last = found[-1]
            request.place = {"cause": cause, "at": at.isoformat(), "id": str(last)}
            return self._send([card_id for _, card_id in found]), True
        return 0, False

    def _send(self, ids: Sequence[UUID]) -> int:
        request = self.request
        done = act_on(
            self.session,
            self.church_id,
            Action.SEND_NOW,
            ids,
            actor=request.requested_by,
            now=self.now,
            priority=Priority.RETRY,
        )
        # A card that moved on between the look and the lock is no longer there for us, and nothing is counted twice.
        request.left_alone = dict(Counter(request.left_alone) + Counter(done.left))
        request.queued += done.done
        if done.ids:
            self.session.execute(
                insert(RetryCard),
                [
                    {"request_id": request.id, "card_id": card_id, "church_id": self.church_id}
                    for card_id in done.ids
                ],
            )
        return done.done

    def _record_end(self) -> None:
        request = self.request
        audit.record(
            self.session,
            church_id=self.church_id,
            actor="system",
            action="retry.ended",
            subject=str(request.id),
            facts={"state": request.state, "worked": request.worked, "failed": request.failed},
        )

    def _forget_old(self) -> None:
        kept = (
            select(RetryRequest.id)
            .where(RetryRequest.church_id == self.church_id)
            .order_by(RetryRequest.requested_at.desc(), RetryRequest.id.desc())
            .limit(KEPT)
        )
        self.session.execute(
            delete(RetryRequest).where(
                RetryRequest.church_id == self.church_id,
                RetryRequest.id.not_in(kept),
                RetryRequest.state.not_in(UNDER_WAY),
            )
        )


def _progress(row: RetryRequest) -> Progress:
    return Progress(
        id=row.id,
        token=row.token,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        wanted=Wanted.from_json(row.wanted),
        state=RetryState(row.state),
        total=row.total,
        queued=row.queued,
        worked=row.worked,
        failed=row.failed,
        moved=row.moved,
        left_alone=row.left_alone,
        ended_at=row.ended_at,
        stopped_by=row.stopped_by,
    )
