"""What GoHighLevel tells of a church, kept and handled one event after the other; no worker, and nobody is asked back."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from ghl.consent import ledger
from ghl.db.engine import Database
from ghl.statuses import Channel, WebhookSource
from ghl.webhooks.counts import Outcome
from ghl.webhooks.event import read_app_event
from ghl.webhooks.handle import Handled, handle_next
from ghl.webhooks.receive import keep

LOCATION = "LocGrace"
CONTACT = "nmFmQEsNgz6AVpgLVUJ0"
PHONE, EMAIL = "+16155550188", "mary@example.org"


def store(database: Database, church: UUID, **event: Any) -> Outcome:
    """Keeps an event of the church's app; nobody handles it yet."""
    body = json.dumps({"locationId": LOCATION, "webhookId": uuid4().hex, **event}).encode()
    return keep(
        database, church, WebhookSource.APP, read_app_event(body, delivery_id=None), body, signed_by="test"
    )


def tell(database: Database, church: UUID, **event: Any) -> Handled | None:
    """Keeps it and handles what is due."""
    store(database, church, **event)
    return handle_next(database, church, now=datetime.now(UTC))


def texted(database: Database, church: UUID, words: str, *, ago: int) -> Handled | None:
    """Mary wrote this, so many minutes ago."""
    return tell(
        database,
        church,
        type="InboundMessage",
        messageType="SMS",
        direction="inbound",
        contactId=CONTACT,
        body=words,
        **{"from": PHONE},
        dateAdded=(datetime.now(UTC) - timedelta(minutes=ago)).isoformat(),
    )


def link(database: Database, church: UUID, *, contact: str = CONTACT) -> None:
    """A card of Mary is in this contact since yesterday."""
    with database.church(church) as session:
        session.execute(
            text(
                "INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone, email,"
                " seen_at, newest_applied_at) SELECT id, :contact, church_id, 'Mary', 'Smith', :phone, :email,"
                " CAST(:seen AS timestamptz), CAST(:seen AS timestamptz) FROM locations WHERE church_id = :church"
            ),
            {
                "contact": contact,
                "phone": PHONE,
                "email": EMAIL,
                "church": church,
                "seen": datetime.now(UTC) - timedelta(days=1),
            },
        )


def record_stop(
    database: Database,
    church: UUID,
    *,
    channel: Channel = Channel.SMS,
    address: str = PHONE,
    source: str = "spoken",
    by: str = "user:1",
    ago: timedelta = timedelta(),
    at: datetime | None = None,
) -> ledger.Stopped:
    """Somebody of the team records a stop, so long `ago`, or at the moment `at`."""
    with database.church(church) as session:
        return ledger.record_stop(
            session,
            church,
            channel=channel,
            address=address,
            source=source,
            recorded_by=by,
            now=at or datetime.now(UTC) - ago,
        )


def record_start(
    database: Database, church: UUID, *, address: str = PHONE, ago: timedelta = timedelta()
) -> bool:
    """START came from the phone."""
    with database.church(church) as session:
        return ledger.record_start(
            session,
            church,
            channel=Channel.SMS,
            address=address,
            source="keyword",
            recorded_by="GoHighLevel",
            now=datetime.now(UTC) - ago,
        )


def stopped(database: Database, church: UUID, channel: Channel = Channel.SMS, address: str = PHONE) -> bool:
    """Whether a stop of the address is in force."""
    with database.church(church) as session:
        return ledger.is_stopped(session, church, channel, address)
