"""What staff do with cards from a list: send now, keep back with a reason, set aside with a reason, put back.

One card or very many; each card once, however often it is asked. Nothing is ever torn from a worker that has it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    Text,
    func,
    literal,
    null,
    select,
    text,
    union_all,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.addresses import Addresses, read_addresses
from ghl.cards.find import EVERY, CardFilter, count_every, find, found_cards, until_then
from ghl.cards.stored import read_whole
from ghl.causes import CauseCode, with_first
from ghl.churches import ChurchNotFoundError
from ghl.clock import Clock
from ghl.db.availability import is_conflict
from ghl.db.engine import Database
from ghl.db.models import Card, CardRevision, Church, Outbox
from ghl.statuses import CardStatus, OutboxState, Priority

LONGEST_REASON = 500
CHUNK = 200
"""Cards a transaction: a worker that wants one of them waits for milliseconds."""

BACKLOG_ABOVE = 500
"""More cards than this are no correction of last Sunday: they let the new ones go first."""

MOST_CONFLICTS = 5
"""So often a transaction is begun again that stood in another's way."""

MOST_REMEMBERED = 10_000
"""Ids kept of what was done, for taking it back at once."""


log = structlog.get_logger(__name__)


class Action(StrEnum):
    """What is done with a card."""

    SEND_NOW = "send_now"
    HOLD = "hold"
    SET_ASIDE = "set_aside"
    PUT_BACK = "put_back"


class ActionError(ValueError):
    """It cannot be done with any card; the message says why in one sentence."""


@dataclass(frozen=True)
class Chosen:
    """Cards that were ticked, or all that a filter finds, received until the moment when they were shown."""

    ids: tuple[UUID, ...] = ()
    wanted: CardFilter | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class DryRun:
    """How many cards would go, and how many stay as they are, by the reason in words."""

    going: int = 0
    left: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What came of many: cards changed, cards left with the reason in words, and which were changed.

    `ids` is empty where they are more than anybody takes back. `broken`: the database went away before the last
    of them; what is not named here is as it was.
    """

    done: int = 0
    left: Mapping[str, int] = field(default_factory=dict)
    ids: tuple[UUID, ...] = ()
    broken: bool = False


@dataclass(frozen=True)
class Standing:
    """What decides whether an action goes: `unreviewed` cards wait for a review, `going_now` ones are about to go."""

    status: CardStatus
    cause: str | None = None
    unreviewed: bool = False
    going_now: bool = False


ARRIVED = "already in GoHighLevel"
LEASED = "being sent at this moment"
NOT_REVIEWED = "not reviewed yet"
GOING = "on the way already"
UNDECIDED = "a question about the person has to be answered first"
TO_MEND = "something on the card has to be mended first"
SET_ASIDE = "set aside"
KEPT_BACK = "kept back already"
NOTHING_TO_TAKE_BACK = "neither set aside nor kept back"

_QUESTIONS = with_first("answer")
_WRONG_AS_IT_IS = with_first("mend")
"""Sending such a card again would only bring it back: GoHighLevel is not even asked."""

_ENTRIES = {Action.HOLD: "card.held", Action.SET_ASIDE: "card.dismissed", Action.PUT_BACK: "card.put_back"}


CLOSER: Mapping[Action, frozenset[CardStatus]] = {
    Action.SEND_NOW: frozenset({CardStatus.WAITING, CardStatus.NEEDS_ATTENTION, CardStatus.HELD}),
    Action.HOLD: frozenset({CardStatus.HELD}),
    Action.SET_ASIDE: frozenset(),
    Action.PUT_BACK: frozenset({CardStatus.HELD}),
}
"""The statuses that do not decide alone whether an action goes."""


def why_left(action: Action, card: Standing) -> str | None:
    """Why the card stays as it is, in words; None: it goes. Pure."""
    if card.status is CardStatus.SYNCED:
        return ARRIVED
    if card.status is CardStatus.SENDING:
        return LEASED
    kept = card.status is CardStatus.HELD and card.cause == CauseCode.HELD_BY_STAFF
    match action:
        case Action.SEND_NOW:
            return _why_not_sent(card, kept=kept)
        case Action.HOLD:
            if card.status is CardStatus.DISMISSED:
                return SET_ASIDE
            if card.status is CardStatus.HELD:
                return KEPT_BACK if kept else UNDECIDED
            return None
        case Action.SET_ASIDE:
            return SET_ASIDE if card.status is CardStatus.DISMISSED else None
        case Action.PUT_BACK:
            return None if kept or card.status is CardStatus.DISMISSED else NOTHING_TO_TAKE_BACK


def _why_not_sent(card: Standing, *, kept: bool) -> str | None:
    if card.status is CardStatus.DISMISSED:
        return SET_ASIDE
    if card.status is CardStatus.TO_REVIEW or (kept and card.unreviewed):
        return NOT_REVIEWED
    if card.status is CardStatus.WAITING:
        return GOING if card.going_now else None
    if card.cause in _WRONG_AS_IT_IS:
        return TO_MEND
    open_question = card.status is CardStatus.HELD and (card.cause is None or card.cause in _QUESTIONS)
    return UNDECIDED if open_question else None


def act(
    session: Session,
    church_id: UUID,
    action: Action,
    card_id: UUID,
    *,
    reason: str = "",
    actor: str,
    now: datetime,
) -> bool:
    """Does it to one card; False: nothing to do any more, or no such card. A transaction of the church.

    Raises `ActionError` where a reason is needed and none is given.
    """
    hand = _Hand(session, church_id, action, _reason(action, reason), actor, now)
    done, _ = hand.do((card_id,))
    return bool(done)


def act_on(
    session: Session,
    church_id: UUID,
    action: Action,
    ids: Collection[UUID],
    *,
    reason: str = "",
    actor: str,
    now: datetime,
    priority: int,
) -> Done:
    """Does it to these few cards at once, each with this priority where it goes out. A transaction of the church."""
    hand = _Hand(session, church_id, action, _reason(action, reason), actor, now, priority)
    done, left = hand.do(ids)
    return Done(len(done), dict(left), tuple(done))


def dry_run(session: Session, church_id: UUID, action: Action, chosen: Chosen) -> DryRun:
    """What would become of the cards, as they stand now. A transaction of the church."""
    return _foresee(session, church_id, action, chosen)[0]


def act_on_all(
    database: Database,
    church_id: UUID,
    action: Action,
    chosen: Chosen,
    *,
    reason: str = "",
    actor: str,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda _dealt_with, _total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Done:
    """Does it to every chosen card, `CHUNK` in a transaction; what is done stays done when it is stopped or broken off.

    `progress` gets the cards dealt with and all of them after each transaction, when its cards may be on their
    way. Raises `ActionError` where a reason is needed and none is given, and what the database raises where nothing
    was done yet.
    """
    reason = _reason(action, reason)
    with database.church(church_id) as session:
        foreseen, priority = _foresee(session, church_id, action, chosen)
    total = foreseen.going + sum(foreseen.left.values())
    left: Counter[str] = Counter()
    done: list[UUID] = []
    dealt_with, after, ids = 0, until_then(chosen.until), list(dict.fromkeys(chosen.ids))
    conflicts, broken, more = 0, False, True
    while more and not stop():
        try:
            with database.church(church_id) as session:
                hand = _Hand(session, church_id, action, reason, actor, clock.now(), priority)
                if chosen.wanted is None:
                    chunk, last, further = ids[:CHUNK], after, len(ids) > CHUNK
                else:
                    page = find(session, church_id, chosen.wanted, after=after, limit=CHUNK)
                    chunk, last, further = list(page.ids), page.last, page.more
                changed, stay = hand.do(chunk)
        except SQLAlchemyError as error:
            conflicts += 1
            if is_conflict(error) and conflicts < MOST_CONFLICTS:
                continue
            if not dealt_with:
                raise
            # What is done is done, and whoever asked for it must be able to take it back.
            log.warning("bulk action broken off", church_id=str(church_id), error=type(error).__name__)
            broken = True
            break
        conflicts, after, ids, more = 0, last, ids[CHUNK:], further
        done += changed
        left += stay
        dealt_with += len(chunk)
        progress(dealt_with, max(total, dealt_with))
    remembered = tuple(done) if len(done) <= MOST_REMEMBERED else ()
    return Done(len(done), dict(left.most_common()), remembered, broken)


def _foresee(session: Session, church_id: UUID, action: Action, chosen: Chosen) -> tuple[DryRun, int]:
    """What would become of the cards, and the priority with which they would go."""
    if chosen.wanted is None:
        rows = _by_id(session, church_id, chosen.ids)
        found = Counter((_standing(row), row.priority) for row in rows)
    else:
        found = _by_filter(session, church_id, action, chosen)
    for priority in (Priority.NEW, Priority.RETRY):
        left: Counter[str] = Counter()
        going = 0
        for (card, before), count in found.items():
            first = replace(card, going_now=card.going_now and before <= priority)
            if (why := why_left(action, first)) is None:
                going += count
            else:
                left[why] += count
        if going <= BACKLOG_ABOVE:
            break
    return DryRun(going, dict(left.most_common())), priority


def _reason(action: Action, reason: str) -> str:
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason and action in {Action.HOLD, Action.SET_ASIDE}:
        done = "kept back" if action is Action.HOLD else "set aside"
        raise ActionError(f"Say why this card is {done}: somebody will ask one day.")
    return reason


_DUE = Outbox.due_at <= func.now()
"""By PostgreSQL's clock, as a claim has it, and not by that of the machine that serves the page."""

UNREVIEWED = func.coalesce(Card.facts["was"].astext == CardStatus.TO_REVIEW, False)
"""A card that was kept back or set aside before anybody had checked it says so among its facts."""


def _by_id(session: Session, church_id: UUID, ids: Collection[UUID]) -> Sequence[Row[Any]]:
    return session.execute(
        select(Card.status, Card.cause, UNREVIEWED.label("unreviewed"), _DUE.label("due"), Outbox.priority)
        .join(Outbox, Outbox.card_id == Card.id)
        .where(Card.church_id == church_id, Card.id.in_(set(ids)))
    ).all()


def _standing(row: Row[Any]) -> Standing:
    return Standing(CardStatus(row.status), row.cause, row.unreviewed, row.due)


def _by_filter(
    session: Session, church_id: UUID, action: Action, chosen: Chosen
) -> Counter[tuple[Standing, int]]:
    """Those of a filter, with their priority. Only where the status does not decide alone are cards read."""
    assert chosen.wanted is not None
    closer = CLOSER[action]
    found: Counter[tuple[Standing, int]] = Counter()
    statements: Sequence[Select[Any] | CompoundSelect[Any]]
    if chosen.wanted.statuses_only:
        every = count_every(session, church_id, chosen.wanted, until=chosen.until)
        found.update({(Standing(status), 0): n for status, n in every.items() if status not in closer})
        statements = [_of_status(church_id, status, chosen) for status in closer & every.keys()]
    else:
        statements = [_of_search(church_id, closer, chosen)]
    for statement in statements:
        for row in session.execute(statement):
            standing = Standing(CardStatus(row.status), row.cause, row.unreviewed, row.going)
            found[standing, row.priority] += row.n
    return found


def _of_status(church_id: UUID, status: CardStatus, chosen: Chosen) -> Select[Any]:
    """The statement that counts the cards of one status by what decides about them."""
    kind: list[ColumnElement[Any]] = [
        Card.status.label("status"),
        Card.cause.label("cause"),
        # Among needs attention there are too many to read what matters for none of them.
        (UNREVIEWED if status is CardStatus.HELD else literal(False)).label("unreviewed"),
        literal(False).label("going"),
        literal(0).label("priority"),
    ]
    if status is CardStatus.WAITING:
        kind[3:] = [_DUE.label("going"), Outbox.priority.label("priority")]
    query = (
        select(*kind, func.count().label("n"))
        .select_from(Card)
        .where(Card.church_id == church_id, Card.status == status)
    )
    if status is CardStatus.WAITING:
        # The rows of waiting cards are due, and few: an index has those alone.
        query = query.join(Outbox, Outbox.card_id == Card.id).where(
            Outbox.church_id == church_id, Outbox.state == OutboxState.DUE
        )
    if chosen.until is not None:
        query = query.where(Card.received_at <= chosen.until)
    return query.group_by("status", "cause", "unreviewed", "going", "priority")


def _of_search(church_id: UUID, closer: Collection[CardStatus], chosen: Chosen) -> CompoundSelect[Any]:
    """The statement that counts what a filter finds; it looks for the cards once."""
    assert chosen.wanted is not None
    older_than = until_then(chosen.until)
    found = (
        found_cards(church_id, chosen.wanted, older_than=older_than, most=EVERY)
        .cte("found")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    plain = select(
        found.c.status,
        null().cast(Text).label("cause"),
        literal(False).label("unreviewed"),
        literal(False).label("going"),
        literal(0).label("priority"),
        func.count().label("n"),
    ).where(found.c.status.not_in(closer))
    looked_at = (
        select(
            found.c.status,
            Card.cause,
            UNREVIEWED.label("unreviewed"),
            func.coalesce(_DUE, False).label("going"),
            func.coalesce(Outbox.priority, 0).label("priority"),
            func.count(),
        )
        .select_from(found)
        .join(Card, Card.id == found.c.id)
        .outerjoin(Outbox, (Outbox.card_id == found.c.id) & (found.c.status == CardStatus.WAITING))
        .where(found.c.status.in_(closer), Card.church_id == church_id)
    )
    return union_all(
        plain.group_by(found.c.status),
        looked_at.group_by(found.c.status, Card.cause, "unreviewed", "going", "priority"),
    )


@dataclass(frozen=True, repr=False)
class _Locked:
    """A card that nobody else changes before the transaction ends, and the row that delivers it."""

    outbox_id: int
    standing: Standing
    facts: Mapping[str, Any]
    revision: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class _Move:
    """Where a card goes. `restored`: to where it was before, with what it has tried."""

    status: CardStatus
    cause: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    restored: bool = False


@dataclass(frozen=True, repr=False)
class _Hand:
    """One action of one person in one transaction."""

    session: Session
    church_id: UUID
    action: Action
    reason: str
    actor: str
    now: datetime
    priority: int = Priority.NEW

    def do(self, ids: Collection[UUID]) -> tuple[list[UUID], Counter[str]]:
        """Acts on those that may; returns which changed, and why others did not. Strangers' ids are not there."""
        locked = self._lock(ids)
        left: Counter[str] = Counter()
        if missing := set(ids) - locked.keys():
            found = _by_id(self.session, self.church_id, missing)
            left[LEASED] += sum(row.status == CardStatus.SENDING for row in found)
        moves: dict[UUID, _Move] = {}
        region = None
        for card_id, card in locked.items():
            if (why := why_left(self.action, card.standing)) is not None:
                left[why] += 1
                continue
            region = region or self._region()
            moves[card_id] = self._move(card, region)
        if moves:
            self._write({card_id: (locked[card_id], move) for card_id, move in moves.items()})
        return list(moves), +left

    def _lock(self, ids: Collection[UUID]) -> dict[UUID, _Locked]:
        """Locks the cards that no worker has: first the rows that deliver them, in the order of their ids."""
        rows = self.session.execute(
            select(Outbox.id, Outbox.card_id, _DUE.label("due"), Outbox.priority)
            .where(
                Outbox.church_id == self.church_id,
                Outbox.card_id.in_(set(ids)),
                Outbox.state != OutboxState.LEASED,
            )
            .order_by(Outbox.id)
            .with_for_update()
        ).all()
        delivery = {row.card_id: row for row in rows}
        cards = self.session.execute(
            select(
                Card.id,
                Card.status,
                Card.cause,
                Card.facts,
                Card.revision,
                UNREVIEWED.label("unreviewed"),
                CardRevision.fields,
            )
            .join(CardRevision, (CardRevision.card_id == Card.id) & (CardRevision.no == Card.revision))
            .where(Card.church_id == self.church_id, Card.id.in_(delivery))
            .order_by(Card.id)
            .with_for_update(of=Card, key_share=True)
        )
        locked = {}
        for card in cards:
            row = delivery[card.id]
            going = row.due and row.priority <= self.priority
            standing = Standing(CardStatus(card.status), card.cause, card.unreviewed, going)
            locked[card.id] = _Locked(row.id, standing, card.facts, card.revision, card.fields)
        return locked

    def _region(self) -> str:
        region = self.session.scalar(select(Church.region).where(Church.id == self.church_id))
        if region is None:
            raise ChurchNotFoundError("There is no such church.")
        return region

    def _move(self, card: _Locked, region: str) -> _Move:
        before = card.standing
        if self.action in {Action.HOLD, Action.SET_ASIDE}:
            facts: dict[str, Any] = {"by": self.actor, "reason": self.reason, "before": _place(card)}
            if before.unreviewed or before.status is CardStatus.TO_REVIEW:
                facts["was"] = CardStatus.TO_REVIEW
            if self.action is Action.HOLD:
                return _Move(CardStatus.HELD, CauseCode.HELD_BY_STAFF, facts)
            return _Move(CardStatus.DISMISSED, None, facts)
        if before.status in {CardStatus.WAITING, CardStatus.NEEDS_ATTENTION}:
            return _Move(CardStatus.WAITING)
        if former := _former(card):
            return former
        checked = _checked(card.fields, region)
        if before.unreviewed:
            return _Move(CardStatus.TO_REVIEW, checked.cause, checked.facts)
        if checked.cause:
            return _Move(CardStatus.NEEDS_ATTENTION, checked.cause, checked.facts)
        return _Move(CardStatus.WAITING)

    def _write(self, moves: Mapping[UUID, tuple[_Locked, _Move]]) -> None:
        rows = [
            {
                "id": card_id,
                "outbox_id": card.outbox_id,
                "before": card.standing.status,
                "status": move.status,
                "cause": move.cause,
                "facts": move.facts,
                "restored": move.restored,
            }
            for card_id, (card, move) in moves.items()
        ]
        values = {
            "church": self.church_id,
            "moves": orjson.dumps(rows).decode(),
            "actor": self.actor,
            "now": self.now,
            "priority": self.priority,
        }
        self.session.execute(MOVE_ROWS, values)
        self.session.execute(MOVE_CARDS, values)
        by_entry: dict[str, list[str]] = {}
        for card_id, (card, _) in moves.items():
            released = "card.released" if card.standing.status is CardStatus.HELD else "card.sent_again"
            by_entry.setdefault(_ENTRIES.get(self.action, released), []).append(str(card_id))
        for entry, subjects in by_entry.items():
            audit.record_each(
                self.session, church_id=self.church_id, actor=self.actor, action=entry, subjects=subjects
            )


def _place(card: _Locked) -> dict[str, Any]:
    """Where a card stands, kept among its facts for the day when it is put back."""
    return {
        "status": card.standing.status,
        "cause": card.standing.cause,
        "facts": card.facts,
        "revision": card.revision,
    }


def _former(card: _Locked) -> _Move | None:
    """The way back to where the card stood before it was kept back or set aside.

    None where nobody noted that, and where it was corrected since: then it goes where a corrected card goes.
    """
    before = card.facts.get("before")
    if not before:
        return None
    kept = before["cause"] == CauseCode.HELD_BY_STAFF
    if before["revision"] != card.revision and not kept:
        return None
    return _Move(CardStatus(before["status"]), before["cause"], before["facts"], restored=True)


def _checked(fields: Mapping[str, Any], region: str) -> Addresses:
    written = read_whole(fields)
    # What a newer version wrote waits for somebody, as in a delivery.
    return read_addresses(written, region) if written else Addresses(None, None, CauseCode.UNKNOWN)


_MOVES = """
    FROM jsonb_to_recordset(CAST(:moves AS jsonb))
         AS m (id uuid, outbox_id bigint, before text, status text, cause text, facts jsonb,
                                               restored bool)
"""

# A card that goes out again has all its attempts. Whether an earlier try had an effect is not forgotten
# (`must_look_up`), and one that waits by itself, or goes back to where it was, keeps what it has tried; an outage of
# before is over, or begins anew.
MOVE_ROWS = text(
    f"""
    UPDATE outbox AS o
    SET state = CASE m.status WHEN 'waiting' THEN 'due' ELSE 'parked' END,
        due_at = CASE WHEN m.status = 'waiting' AND NOT m.restored THEN now() ELSE o.due_at END,
        priority = CASE WHEN m.status <> 'waiting' OR m.restored THEN o.priority
                        WHEN m.before = 'waiting' THEN least(o.priority, :priority) ELSE :priority END,
        requested_by = CASE WHEN m.status = 'waiting' AND NOT m.restored THEN :actor ELSE o.requested_by END,
        attempts = CASE WHEN m.status <> 'waiting' OR m.before = 'waiting' OR m.restored THEN o.attempts ELSE 0 END,
        deaths = CASE WHEN m.status <> 'waiting' OR m.before = 'waiting' OR m.restored THEN o.deaths ELSE 0 END,
        system_errors = CASE WHEN m.status <> 'waiting' OR m.before = 'waiting' THEN o.system_errors ELSE 0 END,
        first_system_error_at = CASE
            WHEN m.status <> 'waiting' OR m.before = 'waiting' THEN o.first_system_error_at END
    {_MOVES}
    WHERE o.id = m.outbox_id AND o.church_id = :church AND o.state <> 'leased'
    """  # noqa: S608 (both parts are constants)
)

MOVE_CARDS = text(
    f"""
    UPDATE cards AS c
    SET status = m.status, cause = m.cause, facts = m.facts,
        status_changed_at = CASE WHEN m.status = m.before THEN c.status_changed_at ELSE :now END
    {_MOVES}
    WHERE c.id = m.id AND c.church_id = :church AND c.status = m.before
    """  # noqa: S608 (both parts are constants)
)
