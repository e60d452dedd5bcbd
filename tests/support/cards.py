"""Cards in any state, put into the database as a delivery would have left them."""

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from ghl.db.models import Card, CardRevision, Outbox
from ghl.ids import new_id
from ghl.statuses import CardSource, CardStatus, OutboxState, Priority

STATES = {
    CardStatus.WAITING: OutboxState.DUE,
    CardStatus.SENDING: OutboxState.LEASED,
    CardStatus.SYNCED: OutboxState.DONE,
}


class CardMaker:
    """Makes cards of one church; each is a minute older than the one made before it, unless told otherwise."""

    def __init__(self, database, church_id):
        self._database = database
        self._church_id = church_id
        self._next_received = datetime.now(UTC) - timedelta(minutes=1)

    def __call__(
        self,
        status,
        *,
        cause=None,
        facts=None,
        tries=0,
        attempts=0,
        due_in=timedelta(),
        received_at=None,
        source=CardSource.IMPORT,
        first_name="Anna",
        last_name="Keller",
    ):
        now = datetime.now(UTC)
        received = received_at or self._next_received
        self._next_received = received - timedelta(minutes=1)
        card_id = new_id()
        with self._database.church(self._church_id) as session:
            session.execute(
                insert(Card).values(
                    id=card_id,
                    church_id=self._church_id,
                    status=status,
                    cause=cause,
                    facts=facts or {},
                    source=source,
                    fingerprint=secrets.token_bytes(16),
                    first_name=first_name,
                    last_name=last_name,
                    email="anna@example.org",
                    received_at=received,
                    status_changed_at=now,
                    synced_at=now if status == CardStatus.SYNCED else None,
                )
            )
            session.execute(
                insert(CardRevision).values(
                    card_id=card_id,
                    no=1,
                    church_id=self._church_id,
                    fields={"first_name": first_name, "last_name": last_name},
                    created_at=received,
                    created_by="",
                )
            )
            leased = status == CardStatus.SENDING
            session.execute(
                insert(Outbox).values(
                    church_id=self._church_id,
                    kind="card",
                    card_id=card_id,
                    state=STATES.get(status, OutboxState.PARKED),
                    priority=Priority.NEW,
                    due_at=now + due_in,
                    tries=tries,
                    attempts=attempts,
                    lease_token=new_id() if leased else None,
                    leased_until=now + timedelta(minutes=5) if leased else None,
                )
            )
        return card_id
