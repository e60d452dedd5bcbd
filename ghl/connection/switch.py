"""Which token a church uses: switching to a tested one, taking that back, finishing, disconnecting, all in one core.

Only a token whose trial has passed comes in, whatever the way (`switch`). It opens no socket and tells no worker.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ghl import audit
from ghl.churches import ChurchView
from ghl.client.errors import GHLError
from ghl.client.models import Location as GHLLocation
from ghl.connection.paste import Pasted, PasteError, read_paste
from ghl.connection.trials import IN_USE, KEPT_FOR, drop_trial, file_passed, record_refusal, seen_location
from ghl.connection.why import why_not
from ghl.crypto import KeyRing
from ghl.db.engine import Database
from ghl.db.models import Church, ContactLink, Credential, Location, TokenTrial
from ghl.delivery.facts import remember_location
from ghl.delivery.settle import LOCK_CHURCH
from ghl.ids import new_id
from ghl.statuses import TrialState

OLD_KEPT_FOR = timedelta(days=7)
"""As long as GoHighLevel itself lets the old token work after *Rotate and expire this token later*."""


class ConnectionRefusedByUsError(ValueError):
    """The connection was not changed; the message says why and what to do. Nothing was stored or replaced."""


@dataclass(frozen=True)
class Connected:
    """A church's connection after a switch. `rotated`: the location is the same, and the old token is kept."""

    location_id: str
    location_name: str | None
    last4: str
    rotated: bool = False


Test = Callable[[SecretStr, str], GHLLocation]
"""Tries a token against a location id: returns the location, or raises a `GHLError` or `TokenRefusedByTestError`."""


class TokenRefusedByTestError(Exception):
    """The token was tried and will not do; the message says in sentences why."""


def connect(
    database: Database,
    key_ring: KeyRing,
    church: ChurchView,
    *,
    location_id: str,
    token: str,
    test: Test,
    actor: str,
) -> Connected:
    """Tries the token, then stores it sealed; cards that waited for it may go. Raises `ConnectionRefusedByUsError`."""
    try:
        pasted = read_paste(location_id, token)
    except PasteError as error:
        raise ConnectionRefusedByUsError(str(error)) from error
    try:
        seen = test(pasted.token, pasted.location_id)
    except (TokenRefusedByTestError, GHLError) as error:
        with database.church(church.id) as session:
            record_refusal(session, church.id, pasted.last4, actor=actor)
        told = why_not(error) if isinstance(error, GHLError) else str(error)
        raise ConnectionRefusedByUsError(told) from error
    try:
        with database.church(church.id) as session:
            return store(session, key_ring, church.id, pasted=pasted, seen=seen, actor=actor)
    except IntegrityError as error:
        raise taken(pasted.location_id) from error


def store(
    session: Session, key_ring: KeyRing, church_id: UUID, *, pasted: Pasted, seen: GHLLocation, actor: str
) -> Connected:
    """Stores a token that was tried just now by who holds the keys. A transaction of the church."""
    trial_id = file_passed(session, church_id, pasted, key_ring, seen=seen, actor=actor)
    return switch(session, church_id, trial_id, actor=actor)


def taken(location_id: str) -> ConnectionRefusedByUsError:
    """Why a location that is active in another church cannot be this one's: the database says no."""
    return ConnectionRefusedByUsError(
        f"The location {location_id} is already connected to another church of this installation."
    )


def switch(
    session: Session, church_id: UUID, trial_id: UUID, *, actor: str, from_location: str | None = None
) -> Connected:
    """The tested token becomes the church's own. Raises `ConnectionRefusedByUsError`; IntegrityError where the
    location is another church's. A transaction of the church.

    With the same location the old token is kept, so that deliveries under way go on and it can be taken back. With
    another one the old token is erased, and so is what is known of contacts there. `from_location` is where the
    church was connected when somebody agreed to that.
    """
    # Who notes that a token was refused waits here, and then sees which one is current.
    session.execute(LOCK_CHURCH, {"church": church_id})
    trial = session.execute(
        select(TokenTrial)
        .where(
            TokenTrial.id == trial_id,
            TokenTrial.church_id == church_id,
            TokenTrial.state == TrialState.PASSED,
            TokenTrial.created_at > func.now() - KEPT_FOR,
        )
        .with_for_update()
    ).scalar_one_or_none()
    if trial is None:
        raise ConnectionRefusedByUsError(
            "This token is no longer kept here: it was used, replaced or is an hour old. Paste it again."
        )
    if trial.seen.get(IN_USE):
        raise ConnectionRefusedByUsError(
            "This is the token that your church uses already. Nothing was changed. To change it, make a new one in "
            "GoHighLevel first."
        )
    before = active_location(session, church_id)
    if from_location is not None and before not in {None, from_location, trial.ghl_location_id}:
        raise ConnectionRefusedByUsError(
            "Somebody else connected your church anew meanwhile. Nothing was changed. Look again."
        )
    rotated = before == trial.ghl_location_id
    seen = seen_location(trial.ghl_location_id, trial.seen)
    row_id = _activate(session, church_id, seen, rotated=rotated)
    if rotated:
        _keep_as_previous(session, church_id)
    else:
        session.execute(delete(Credential).where(Credential.church_id == church_id))
        session.execute(
            delete(ContactLink).where(ContactLink.church_id == church_id, ContactLink.location_id != row_id)
        )
    session.execute(
        insert(Credential).values(
            id=trial.id,
            church_id=church_id,
            location_id=row_id,
            state="current",
            sealed=trial.sealed,
            key_version=trial.key_version,
            last4=trial.last4,
            created_by=actor,
            tested_at=trial.ended_at,
            checks=trial.checks,
        )
    )
    session.execute(
        update(TokenTrial)
        .where(TokenTrial.id == trial.id)
        .values(state=TrialState.USED, sealed=None, key_version=None)
        .execution_options(synchronize_session=False)
    )
    _end_holds(session, church_id)
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="connection.switched" if rotated else "connection.stored",
        subject=trial.ghl_location_id,
        facts={"last4": trial.last4} | ({"from": before} if before and not rotated else {}),
    )
    return Connected(trial.ghl_location_id, seen.name, trial.last4, rotated)


def roll_back(session: Session, church_id: UUID, *, actor: str) -> str:
    """The token that is kept is used again and the one in use kept in its place; its last 4. Pressed once more it
    goes forward again to the newer one. A transaction of the church.

    Raises `ConnectionRefusedByUsError` where there is no old one any more.
    """
    session.execute(LOCK_CHURCH, {"church": church_id})
    old = _previous(session, church_id)
    if old is None:
        raise ConnectionRefusedByUsError(
            "The old token is no longer kept, so there is nothing to go back to."
        )
    newer = select(Credential.id).where(
        Credential.church_id == church_id,
        Credential.state == "current",
        Credential.created_at < old.created_at,
    )
    forward = session.scalar(newer) is not None
    # Each may stand once only, so the old one leaves its place before the new one takes it.
    session.execute(delete(Credential).where(Credential.id == old.id))
    _keep_as_previous(session, church_id)
    kept = {column.key: getattr(old, column.key) for column in Credential.__table__.columns}
    session.execute(insert(Credential).values(**kept | {"state": "current", "erase_at": None}))
    _end_holds(session, church_id)
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="connection.switched" if forward else "connection.rolled_back",
        facts={"last4": old.last4},
    )
    return old.last4


def finish(session: Session, church_id: UUID, *, actor: str) -> bool:
    """Erases the old token before its time; False where it is gone already. A transaction of the church."""
    old = _previous(session, church_id)
    if old is None:
        return False
    session.execute(delete(Credential).where(Credential.id == old.id, Credential.state == "previous"))
    audit.record(
        session, church_id=church_id, actor=actor, action="connection.finished", facts={"last4": old.last4}
    )
    return True


def disconnect(session: Session, church_id: UUID, *, typed_name: str, actor: str) -> str | None:
    """Stops the church's deliveries and erases its tokens; cards stay and wait. The location it was connected to, of
    which the breakers may forget; None where it was none. A transaction of the church.

    Raises `ConnectionRefusedByUsError` where what was typed is not the church's name.
    """
    session.execute(LOCK_CHURCH, {"church": church_id})
    name = session.execute(select(Church.name).where(Church.id == church_id)).scalar_one()
    if _plain(typed_name) != _plain(name):
        raise ConnectionRefusedByUsError(
            "That is not your church's name as it stands here. Nothing was changed."
        )
    location = active_location(session, church_id)
    last4 = session.scalars(
        select(Credential.last4).where(Credential.church_id == church_id, Credential.state == "current")
    ).one_or_none()
    drop_trial(session, church_id)
    session.execute(delete(Credential).where(Credential.church_id == church_id))
    session.execute(update(Location).where(Location.church_id == church_id).values(active=False))
    _end_holds(session, church_id)
    if location is not None:
        audit.record(
            session,
            church_id=church_id,
            actor=actor,
            action="connection.disconnected",
            subject=location,
            facts={"last4": last4} if last4 else {},
        )
    return location


def erase_old_tokens(session: Session) -> int:
    """Erases previous tokens past their time; how many. A system transaction."""
    erased = session.execute(
        delete(Credential)
        .where(Credential.erase_at < func.now())
        .returning(Credential.church_id, Credential.last4)
        .execution_options(synchronize_session=False)
    ).all()
    for church_id, last4 in erased:
        audit.record(
            session,
            church_id=church_id,
            actor="system",
            action="connection.finished",
            facts={"last4": last4},
        )
    return len(erased)


def active_location(session: Session, church_id: UUID) -> str | None:
    """GoHighLevel's id of the location the church is connected to."""
    return session.scalars(
        select(Location.ghl_id).where(Location.church_id == church_id, Location.active)
    ).one_or_none()


def _previous(session: Session, church_id: UUID) -> Credential | None:
    return session.execute(
        select(Credential)
        .where(Credential.church_id == church_id, Credential.state == "previous")
        .with_for_update()
    ).scalar_one_or_none()


def _keep_as_previous(session: Session, church_id: UUID) -> None:
    session.execute(
        delete(Credential).where(Credential.church_id == church_id, Credential.state == "previous")
    )
    session.execute(
        update(Credential)
        .where(Credential.church_id == church_id, Credential.state == "current")
        .values(state="previous", erase_at=func.now() + OLD_KEPT_FOR)
        .execution_options(synchronize_session=False)
    )


def _end_holds(session: Session, church_id: UUID) -> None:
    """What the old token was refused for is over; a person's pause is not."""
    session.execute(
        update(Church).where(Church.id == church_id).values(hold_cause=None, hold_since=None, hold_facts={})
    )


def _activate(session: Session, church_id: UUID, seen: GHLLocation, *, rotated: bool) -> UUID:
    """The row of the church's active location, which changes only where another location was named."""
    row_id = session.scalar(
        select(Location.id).where(Location.church_id == church_id, Location.ghl_id == seen.id)
    )
    if not rotated:
        others = update(Location).where(Location.church_id == church_id, Location.ghl_id != seen.id)
        session.execute(others.values(active=False))
    if row_id is None:
        row_id = new_id()
        session.execute(
            insert(Location).values(
                id=row_id,
                church_id=church_id,
                ghl_id=seen.id,
                allow_duplicates=seen.allow_duplicate_contact,
                checked_at=func.now(),
            )
        )
    else:
        session.execute(update(Location).where(Location.id == row_id).values(active=True))
    remember_location(session, row_id, seen)
    return row_id


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
