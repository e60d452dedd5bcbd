"""The words between a plan and whoever carries it out: calls to make, replies, and what came of a card."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ghl.causes import CauseCode
from ghl.client.models import Contact, ContactWrite


@dataclass(frozen=True)
class CreateContact:
    """Answered with the new `Contact`. Not to be repeated after an unsure outcome without a look-up."""

    write: ContactWrite


@dataclass(frozen=True)
class FindDuplicate:
    """Answered with the `Contact` that GHL would call a duplicate, or None."""

    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class GetContact:
    """Answered with the `Contact`."""

    contact_id: str


@dataclass(frozen=True)
class UpdateContact:
    """Answered with the changed `Contact`. Repeating it changes nothing more."""

    contact_id: str
    write: ContactWrite


@dataclass(frozen=True)
class AddTags:
    """Answered with the tags GHL names. Repeating it changes nothing more."""

    contact_id: str
    tags: tuple[str, ...]


Call = CreateContact | FindDuplicate | GetContact | UpdateContact | AddTags
Reply = Contact | tuple[str, ...] | None


@dataclass(frozen=True)
class Delivered:
    """The person is in GHL. `left_out` names what was not sent on purpose: `phone`, `email`, `tags`."""

    contact_id: str
    created: bool
    left_out: tuple[str, ...]
    contact: Contact


@dataclass(frozen=True)
class Attention:
    """A person has to mend something. `facts` fill the cause's sentence; they may be personal.

    `contact` is the one that the card went into all the same: what is mended has to go there and nowhere else.
    """

    cause: CauseCode
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    contact: Contact | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Decide:
    """A person has to decide who is who: `contact_id` and `contact_name` in `facts` say about whom.

    `field` is the word for the address that led there; `other_id` and `other_name` are set for two people.
    """

    cause: CauseCode
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)


Outcome = Delivered | Attention | Decide
