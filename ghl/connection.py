"""Connecting a church: a token is tested first, and only one that works is sealed and stored.

The test itself is a function handed in, so that this module opens no socket.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ghl import audit
from ghl.churches import ChurchView
from ghl.client.client import GHLClient
from ghl.client.errors import (
    AgencyTokenError,
    GHLError,
    NotFoundError,
    ScopeMissingError,
    TokenRefusedError,
    WrongLocationError,
)
from ghl.client.models import Location as GHLLocation
from ghl.crypto import KeyRing
from ghl.db.engine import Database
from ghl.db.models import Church, Credential, Location
from ghl.delivery.facts import remember_location, token_context
from ghl.ids import new_id

TOKEN = re.compile(r"pit-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A Private Integration Token: `pit-` and a UUID (reference: GHL's Private Integrations)."""
LOCATION_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
PROBE_EMAIL = "probe@connection-test.invalid"
"""An address that can belong to nobody (RFC 2606), for the look-up that proves the contact scope."""


class ConnectionRefusedByUsError(ValueError):
    """The connection was not made; the message says why and what to do. Nothing was stored or replaced."""


@dataclass(frozen=True)
class Connected:
    """A church's connection after a successful test."""

    location_id: str
    location_name: str | None
    last4: str


Test = Callable[[SecretStr, str], GHLLocation]
"""Tests a token against a location id: returns the location or raises a `GHLError`."""


CHECKS: tuple[Callable[[GHLClient], object], ...] = (
    lambda client: client.locations.custom_fields(),
    lambda client: client.contacts.find_duplicate(email=PROBE_EMAIL),
)
"""What deliveries need beside the location itself, one call each."""


def check_token(client: GHLClient) -> GHLLocation:
    """Reads what deliveries need: the location, its fields, and a contact look-up. Raises `GHLError`.

    A location that can be read proves little: an agency's token may read it and nothing else.
    """
    location = client.locations.get()
    for check in CHECKS:
        check(client)
    return location


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
    """Tests the token, then stores it sealed; cards that waited for it may go. Raises `ConnectionRefusedByUsError`."""
    location_id, token = location_id.strip(), token.strip()
    _check_format(location_id, token)
    try:
        seen = test(SecretStr(token), location_id)
    except GHLError as error:
        raise ConnectionRefusedByUsError(_why(error)) from error
    try:
        with database.church(church.id) as session:
            _store(
                session,
                key_ring,
                church,
                seen=seen,
                location_id=location_id,
                token=token,
                actor=actor,
            )
    except IntegrityError as error:
        raise ConnectionRefusedByUsError(
            f"The location {location_id} is already connected to another church of this installation."
        ) from error
    return Connected(location_id, seen.name, token[-4:])


def _check_format(location_id: str, token: str) -> None:
    if not token:
        raise ConnectionRefusedByUsError("No token was given. Paste it and press Enter.")
    if not LOCATION_ID.fullmatch(location_id):
        raise ConnectionRefusedByUsError(
            "A location id holds letters and digits only. In GoHighLevel it is under Settings, Business Profile."
        )
    if TOKEN.fullmatch(token):
        return
    if not token.startswith("pit-"):
        raise ConnectionRefusedByUsError(
            "This is no Private Integration Token: one begins with pit-. In GoHighLevel open Settings, "
            "Private Integrations, and copy the token there."
        )
    raise ConnectionRefusedByUsError(
        f"The token has {len(token)} characters or other signs; a whole one is pit- and 36 more. "
        "Copy it again, from its first to its last letter."
    )


def _why(error: GHLError) -> str:
    match error:
        case TokenRefusedError():
            return (
                "GoHighLevel doesn't know this token. Perhaps it was rotated or only part of it was copied."
            )
        case ScopeMissingError():
            return (
                "The token may not do everything yet. In GoHighLevel open Settings, Private Integrations, your "
                "integration, and tick the boxes for contacts, locations and custom fields."
            )
        case AgencyTokenError():
            return (
                "This token belongs to an agency. Make one in the church's own account: Settings, Private "
                "Integrations."
            )
        case WrongLocationError() | NotFoundError():
            return (
                "The token is good, but not for this location id. In GoHighLevel the id is under Settings, "
                "Business Profile."
            )
        case _ if error.system_error:
            return "GoHighLevel isn't answering, so the token could not be tested. Nothing was changed. Try again."
        case _:
            return error.user_message


def _store(
    session: Session,
    key_ring: KeyRing,
    church: ChurchView,
    *,
    seen: GHLLocation,
    location_id: str,
    token: str,
    actor: str,
) -> None:
    row_id = _activate(session, church, seen, location_id)
    session.execute(
        update(Credential)
        .where(Credential.church_id == church.id, Credential.state == "current")
        .values(state="previous")
    )
    credential_id = new_id()
    sealed = key_ring.seal(token, token_context(church.id, credential_id))
    session.execute(
        insert(Credential).values(
            id=credential_id,
            church_id=church.id,
            location_id=row_id,
            state="current",
            sealed=sealed.data,
            key_version=sealed.key_version,
            last4=token[-4:],
            created_by=actor,
            tested_at=func.now(),
        )
    )
    # What the old token was refused for is over; a person's pause is not.
    session.execute(
        update(Church).where(Church.id == church.id).values(hold_cause=None, hold_since=None, hold_facts={})
    )
    audit.record(
        session,
        church_id=church.id,
        actor=actor,
        action="connection.stored",
        subject=location_id,
        facts={"last4": token[-4:]},
    )


def _activate(session: Session, church: ChurchView, seen: GHLLocation, location_id: str) -> UUID:
    """The row of the church's active location, which changes only where another location was named."""
    row_id = session.scalar(
        select(Location.id).where(Location.church_id == church.id, Location.ghl_id == location_id)
    )
    others = update(Location).where(Location.church_id == church.id, Location.ghl_id != location_id)
    session.execute(others.values(active=False))
    if row_id is None:
        row_id = new_id()
        session.execute(
            insert(Location).values(
                id=row_id,
                church_id=church.id,
                ghl_id=location_id,
                allow_duplicates=seen.allow_duplicate_contact,
                checked_at=func.now(),
            )
        )
    else:
        session.execute(update(Location).where(Location.id == row_id).values(active=True))
    remember_location(session, row_id, seen)
    return row_id
