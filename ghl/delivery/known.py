"""What is remembered when a card is delivered: contacts, and what earlier tries and revisions left behind."""

from dataclasses import dataclass, field
from datetime import datetime

from ghl.cards.email import EmailError, normal_email
from ghl.cards.person import Person
from ghl.cards.phone import PhoneError, e164
from ghl.client.models import Contact
from ghl.delivery.outgoing import OutgoingCard


@dataclass(frozen=True, repr=False)
class KnownContact:
    """A contact that earlier cards went into, as GHL last showed it.

    `newest_applied_at` is when the newest of those cards was written: an older one only fills blanks. `fresh`:
    GHL showed it lately enough to write to it without looking again whose it is.
    """

    contact_id: str
    newest_applied_at: datetime
    first_name: str = ""
    last_name: str = ""
    phone: str | None = None
    email: str | None = None
    fresh: bool = True

    @property
    def person(self) -> Person:
        """Whom the contact speaks of."""
        return Person(self.first_name, self.last_name, self.phone, self.email)


@dataclass(frozen=True, repr=False)
class Past:
    """What a card said before it was corrected, as far as that may stand in GHL.

    `earlier` are those revisions, `own` is the contact they went into. `made`: it was made for this card, so what
    it is called came from the card. `arrived`: one of its revisions stands there as it was written. `backed` are addresses that other cards of the contact say too.
    """

    earlier: tuple[OutgoingCard, ...] = ()
    own: KnownContact | None = None
    made: bool = False
    backed: frozenset[str] = frozenset()
    arrived: bool = True


@dataclass(frozen=True)
class Resume:
    """What earlier tries left behind. `must_look_up`: one of them may have made or changed a contact."""

    must_look_up: bool = False
    past: Past = field(default_factory=Past)


def person_of(contact: Contact, region: str) -> Person:
    """Whom a contact speaks of, its addresses in the form in which cards have them."""
    return Person(
        contact.first_name or "",
        contact.last_name or "",
        phone_of(contact, region),
        email_of(contact),
    )


def phone_of(contact: Contact, region: str) -> str | None:
    """The contact's phone as cards are compared with it; one that is no number stays as it is."""
    try:
        return e164(contact.phone, region) if contact.phone else None
    except PhoneError:
        return contact.phone


def email_of(contact: Contact) -> str | None:
    """The contact's first e-mail address as cards are compared with it; one that is none stays as it is."""
    try:
        return normal_email(contact.email) if contact.email else None
    except EmailError:
        return contact.email
