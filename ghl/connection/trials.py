"""The token on trial: pasted, sealed by who cannot open it, tried by a worker, and then used or forgotten.

A church has one at most. It opens no socket; who files one asks for its probes as well (`ghl.connection.asking`).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from pydantic import SecretStr
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.causes import CauseCode
from ghl.client.models import Location as GHLLocation
from ghl.connection.paste import Pasted
from ghl.connection.probes import PROBES
from ghl.connection.verdict import GOOD, decided, missing, passed
from ghl.crypto import Context, KeyRing, Sealed, UnsealError
from ghl.db.models import Church, Credential, SealingKey, TokenTrial
from ghl.delivery.facts import DeliveryFacts, token_context
from ghl.delivery.settle import LOCK_CHURCH
from ghl.ids import new_id
from ghl.sealed_box import Box, BoxOpener, PublicKey, seal_for
from ghl.statuses import TrialState

KEPT_FOR = timedelta(hours=1)
"""A pasted token is forgotten after that, whatever came of it."""

KEY_GOOD_FOR = timedelta(hours=1)
"""Workers repeat their public keys more often than that: with an older one a token would be sealed for nobody."""

IN_USE = "in_use"
"""In what was seen of a trial: the token is the church's own already."""

MOST_PASTES = 10
PASTES_WITHIN = timedelta(minutes=15)
"""So many tokens a church may paste in that time: each is tried at GoHighLevel, whoever's it is."""

OPEN = (TrialState.TESTING, TrialState.PASSED, TrialState.FAILED)

log = structlog.get_logger(__name__)


class NoSealingKeyError(Exception):
    """No worker has said so far with which key a token is to be sealed."""


@dataclass(frozen=True)
class Trial:
    """A token on trial as its page sees it. `again`: it can be tried once more without being pasted again."""

    id: UUID
    location_id: str
    last4: str
    state: TrialState
    created_by: str
    created_at: datetime
    seen_at: datetime
    again: bool
    checks: Mapping[str, str] = field(default_factory=dict)
    location_name: str = ""
    in_use: bool = False

    @property
    def budget(self) -> str:
        """Whose budget its calls are taken from: the location's once the token has read it, until then its own.

        A location id is pasted by anybody; nobody uses up another church's budget, or shuts it off, by pasting its id.
        """
        return self.location_id if self.checks.get("location") == GOOD else f"trial:{self.id}"


def box_context(church_id: UUID, trial_id: UUID) -> Context:
    """The place a pasted token belongs to until it was tried."""
    return Context("token_trials", "box", church_id, trial_id)


def publish_sealing_keys(session: Session, ring: KeyRing) -> None:
    """Tells everybody the public keys of this ring. A system transaction.

    Another key than was told before was put there by somebody else, or the ring was replaced: ours takes its place.
    """
    ours = {public.version: public.key for public in BoxOpener(ring).public_keys()}
    known = {
        version: bytes(key)
        for version, key in session.execute(select(SealingKey.version, SealingKey.public_key))
    }
    for version, key in ours.items():
        if version in known and known[version] != key:
            log.warning("sealing_key.replaced", version=version)
        told = {"public_key": key, "seen_at": func.now()}
        added = insert(SealingKey).values(version=version, **told)
        session.execute(added.on_conflict_do_update(index_elements=["version"], set_=told))


def file_trial(session: Session, church_id: UUID, pasted: Pasted, *, actor: str) -> UUID:
    """Keeps a pasted token, sealed, for its test; an earlier one of the church is forgotten. A transaction of the church.

    Raises `NoSealingKeyError`.
    """
    newest = session.execute(
        select(SealingKey.version, SealingKey.public_key)
        .where(SealingKey.seen_at > func.now() - KEY_GOOD_FOR)
        .order_by(SealingKey.version.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        raise NoSealingKeyError
    # Of two who paste at once the second waits here, and then takes the place of the first.
    session.execute(LOCK_CHURCH, {"church": church_id})
    drop_trial(session, church_id)
    trial_id = new_id()
    box = seal_for(
        PublicKey(newest.version, bytes(newest.public_key)), pasted.token, box_context(church_id, trial_id)
    )
    session.execute(
        insert(TokenTrial).values(
            id=trial_id,
            church_id=church_id,
            ghl_location_id=pasted.location_id,
            last4=pasted.last4,
            state=TrialState.TESTING,
            box=box.data,
            box_key_version=box.key_version,
            created_by=actor,
        )
    )
    return trial_id


def pasted_lately(session: Session, church_id: UUID) -> int:
    """How many tokens the church has pasted within `PASTES_WITHIN`. A transaction of the church."""
    lately = select(func.count()).where(
        TokenTrial.church_id == church_id, TokenTrial.created_at > func.now() - PASTES_WITHIN
    )
    return session.scalars(lately).one()


def file_passed(
    session: Session, church_id: UUID, pasted: Pasted, ring: KeyRing, *, seen: GHLLocation, actor: str
) -> UUID:
    """Keeps a token that was tried just now, all probes good, by who holds the keys. A transaction of the church."""
    session.execute(LOCK_CHURCH, {"church": church_id})
    drop_trial(session, church_id)
    trial_id = new_id()
    sealed = ring.seal(pasted.token.get_secret_value(), token_context(church_id, trial_id))
    session.execute(
        insert(TokenTrial).values(
            id=trial_id,
            church_id=church_id,
            ghl_location_id=pasted.location_id,
            last4=pasted.last4,
            state=TrialState.PASSED,
            sealed=sealed.data,
            key_version=sealed.key_version,
            checks=dict.fromkeys(PROBES, GOOD),
            seen=shown(seen),
            created_by=actor,
            ended_at=func.now(),
        )
    )
    _record_test(session, church_id, pasted.last4, {}, actor=actor)
    return trial_id


def drop_trial(session: Session, church_id: UUID) -> None:
    """Forgets the church's token on trial, if there is one."""
    session.execute(
        update(TokenTrial)
        .where(TokenTrial.church_id == church_id, TokenTrial.state.in_(OPEN))
        .values(
            state=TrialState.DROPPED,
            ended_at=func.now(),
            box=None,
            box_key_version=None,
            sealed=None,
            key_version=None,
        )
    )


def open_trial(session: Session, church_id: UUID) -> Trial | None:
    """The church's token on trial, without the token. A transaction of the church."""
    row = session.execute(
        select(
            TokenTrial.id,
            TokenTrial.ghl_location_id,
            TokenTrial.last4,
            TokenTrial.state,
            TokenTrial.created_by,
            TokenTrial.created_at,
            func.now().label("seen_at"),
            TokenTrial.box.is_not(None).label("again"),
            TokenTrial.checks,
            TokenTrial.seen,
        ).where(
            TokenTrial.church_id == church_id,
            TokenTrial.state.in_(OPEN),
            TokenTrial.created_at > func.now() - KEPT_FOR,
        )
    ).one_or_none()
    if row is None:
        return None
    return Trial(
        id=row.id,
        location_id=row.ghl_location_id,
        last4=row.last4,
        state=TrialState(row.state),
        created_by=row.created_by,
        created_at=row.created_at,
        seen_at=row.seen_at,
        again=row.again,
        checks=row.checks,
        location_name=row.seen.get("name", ""),
        in_use=bool(row.seen.get(IN_USE)),
    )


def begin_again(session: Session, church_id: UUID, trial_id: UUID) -> tuple[str, ...]:
    """Forgets what was not good, so that it is asked once more: the probes; none where the token is no longer kept."""
    row = session.execute(
        select(TokenTrial.checks)
        .where(
            TokenTrial.id == trial_id,
            TokenTrial.church_id == church_id,
            TokenTrial.state.in_((TrialState.FAILED, TrialState.TESTING)),
            TokenTrial.box.is_not(None),
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        return ()
    good = {name: found for name, found in row.checks.items() if found == GOOD}
    session.execute(
        update(TokenTrial)
        .where(TokenTrial.id == trial_id)
        .values(state=TrialState.TESTING, ended_at=None, checks=good)
    )
    return tuple(name for name in PROBES if name not in good)


def way_of(
    session: Session, church_id: UUID, trial_id: UUID, *, region: str, ring: KeyRing
) -> DeliveryFacts | None:
    """How to call GoHighLevel with the token on trial; None where it is no longer to be tried. Raises `UnsealError`."""
    row = session.execute(
        select(
            TokenTrial.ghl_location_id,
            TokenTrial.box,
            TokenTrial.box_key_version,
            Church.ghl_base_url,
        )
        .join(Church, Church.id == TokenTrial.church_id)
        .where(
            TokenTrial.id == trial_id,
            TokenTrial.church_id == church_id,
            TokenTrial.state == TrialState.TESTING,
            TokenTrial.box.is_not(None),
            TokenTrial.created_at > func.now() - KEPT_FOR,
        )
    ).one_or_none()
    if row is None:
        return None
    token = BoxOpener(ring).open(Box(bytes(row.box), row.box_key_version), box_context(church_id, trial_id))
    _note_in_use(session, church_id, trial_id, token, ring)
    # From here on it is sealed as it would be stored: what calls needs to know of no other kind of token.
    sealed = ring.seal(token.get_secret_value(), token_context(church_id, trial_id))
    return DeliveryFacts(
        church_id=church_id,
        region=region,
        stopped=None,
        base_url=row.ghl_base_url,
        location_id=trial_id,
        ghl_location_id=row.ghl_location_id,
        allow_duplicates=False,
        credential_id=trial_id,
        sealed=sealed,
    )


def _note_in_use(session: Session, church_id: UUID, trial_id: UUID, token: SecretStr, ring: KeyRing) -> None:
    """Notes with the trial where the token is the one that the church uses already: only who has the keys can tell."""
    current = session.execute(
        select(Credential.id, Credential.sealed, Credential.key_version).where(
            Credential.church_id == church_id, Credential.state == "current"
        )
    ).one_or_none()
    if current is None:
        return
    try:
        used = ring.open(
            Sealed(bytes(current.sealed), current.key_version), token_context(church_id, current.id)
        )
    except UnsealError:
        return  # its key was lost: to paste the same token again is the way to mend that
    if hmac.compare_digest(used.get_secret_value(), token.get_secret_value()):
        session.execute(
            update(TokenTrial)
            .where(TokenTrial.id == trial_id)
            .values(seen=TokenTrial.seen.concat({IN_USE: True}))
            .execution_options(synchronize_session=False)
        )


def note(
    session: Session,
    church_id: UUID,
    trial_id: UUID,
    probe: str,
    *,
    cause: CauseCode | None,
    seen: Mapping[str, Any],
    sealed: Sealed,
) -> None:
    """Writes what a probe found; with the last one the trial has passed or failed. A transaction of the church.

    A token that passed all is now sealed for the row it will have. One that did not is forgotten, except where a box
    has to be ticked for it in GoHighLevel, which shows a token only once.
    """
    row = session.execute(
        select(TokenTrial.checks, TokenTrial.seen, TokenTrial.created_by, TokenTrial.last4)
        .where(
            TokenTrial.id == trial_id,
            TokenTrial.church_id == church_id,
            TokenTrial.state == TrialState.TESTING,
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        return
    checks = {**row.checks, probe: GOOD if cause is None else str(cause)}
    values: dict[str, Any] = {"checks": checks}
    if seen:
        values["seen"] = dict(seen) | {name: row.seen[name] for name in (IN_USE,) if name in row.seen}
    if decided(checks):
        good = passed(checks)
        values |= {
            "state": TrialState.PASSED if good else TrialState.FAILED,
            "ended_at": func.now(),
            "sealed": sealed.data if good else None,
            "key_version": sealed.key_version if good else None,
        }
        if good or not missing(checks):
            values |= {"box": None, "box_key_version": None}
        _record_test(session, church_id, row.last4, checks, actor=row.created_by)
    session.execute(update(TokenTrial).where(TokenTrial.id == trial_id).values(**values))


def _record_test(
    session: Session, church_id: UUID, last4: str, checks: Mapping[str, str], *, actor: str
) -> None:
    causes = sorted({found for found in checks.values() if found != GOOD})
    facts: dict[str, Any] = {"last4": last4, "result": "refused" if causes else "good"}
    if causes:
        facts["causes"] = causes
    audit.record(session, church_id=church_id, actor=actor, action="connection.tested", facts=facts)


def record_refusal(session: Session, church_id: UUID, last4: str, *, actor: str) -> None:
    """Notes a test that was not good and of which nothing was kept. A transaction of the church."""
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="connection.tested",
        facts={"last4": last4, "result": "refused"},
    )


def prune_trials(session: Session) -> int:
    """Deletes trials that are over an hour old, with their tokens. A system transaction."""
    old = delete(TokenTrial).where(TokenTrial.created_at < func.now() - KEPT_FOR)
    return session.execute(old.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined, no-any-return]


def shown(seen: GHLLocation) -> dict[str, Any]:
    """What of a location is kept with the trial."""
    return {
        "name": _short(seen.name),
        "country": _short(seen.country),
        "timezone": _short(seen.timezone),
        "allow_duplicates": seen.allow_duplicate_contact,
    }


def seen_location(ghl_id: str, kept: Mapping[str, Any]) -> GHLLocation:
    """The location of `shown` again."""
    return GHLLocation(
        id=ghl_id,
        name=kept.get("name") or None,
        country=kept.get("country") or None,
        timezone=kept.get("timezone") or None,
        allow_duplicate_contact=kept.get("allow_duplicates", False),
    )


def _short(value: str | None) -> str:
    return (value or "").replace("\0", "")[:300]
