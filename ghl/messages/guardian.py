"""A parent or guardian who is texted about a child may be no contact in GoHighLevel yet, and is then made one.

GoHighLevel texts contacts, not numbers. The contact has the guardian's name and number alone; nothing of the child.
Whoever sends a test to their own phone or e-mail address is made one too: that address, and the last name "Test".
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from ghl.cards.columns import split_name
from ghl.client.models import Contact, ContactWrite
from ghl.consent.recipient import Recipient
from ghl.delivery.known import person_of
from ghl.delivery.steps import CreateContact
from ghl.statuses import Channel

TEST = "Test"
"""The last name of a contact that was made for a test; it has no other."""

# Only what a worker holds is a lock; what others left behind is none.
CLEAR = text(
    """
    DELETE FROM person_keys AS k USING outbox AS o
    WHERE k.church_id = :church AND k.key = :key AND o.id = k.outbox_id AND o.state <> 'leased'
    """
)

TAKE = text(
    """
    INSERT INTO person_keys (church_id, key, outbox_id) VALUES (:church, :key, :row)
    ON CONFLICT (church_id, key) DO NOTHING
    """
)

MINE = text("SELECT true FROM person_keys WHERE church_id = :church AND key = :key AND outbox_id = :row")

# Older than every card: what a card of the guardian's own says goes before it.
REMEMBER = text(
    """
    INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone, newest_applied_at, seen_at)
    SELECT id, :contact, :church, :first_name, :last_name, :phone, to_timestamp(0), now() FROM locations WHERE id = :location
    ON CONFLICT DO NOTHING
    """
)


def new_contact(guardian: Recipient) -> CreateContact:
    """The call that makes the guardian a contact."""
    first, last = split_name(guardian.name)
    return CreateContact(
        ContactWrite(first_name=first or None, last_name=last or None, phone=guardian.address)
    )


def contact_for_test(channel: Channel, address: str) -> CreateContact:
    """The call that makes a contact of the phone or e-mail address that a test goes to."""
    if channel is Channel.SMS:
        return CreateContact(ContactWrite(last_name=TEST, phone=address))
    return CreateContact(ContactWrite(last_name=TEST, email=address))


def take_address(session: Session, church_id: UUID, row_id: int, channel: Channel, address: str) -> bool:
    """Takes the address for the row until it is settled; False where a card or a message of it is with a worker.

    Two that made a contact for one address at the same time would make two. Cards take the same key.
    """
    kind = "phone" if channel is Channel.SMS else "email"
    values = {"church": church_id, "key": f"{kind}:{address}", "row": row_id}
    session.execute(CLEAR, values)
    session.execute(TAKE, values)
    return session.scalar(MINE, values) is not None


def remember(session: Session, church_id: UUID, location_id: UUID, contact: Contact, region: str) -> None:
    """Keeps whose contact it is, as of those that cards made."""
    values = {
        "contact": contact.id,
        "church": church_id,
        "location": location_id,
        "first_name": contact.first_name or "",
        "last_name": contact.last_name or "",
        "phone": person_of(contact, region).phone,
    }
    session.execute(REMEMBER, values)
