"""Who counts as the same person in a location: the pure rules of create, update, upsert and the duplicate search.

Source: GoHighLevel's description of upsert (apps/contacts.json) and its setting *Allow Duplicate Contact*.
"""

from dataclasses import dataclass

from ghl.simulator.contacts.record import Contact
from ghl.simulator.contacts.store import ContactStore
from ghl.simulator.locations import LocationSettings, MatchField


@dataclass(frozen=True, slots=True)
class Match:
    """A contact found, and the field it was found by, in GoHighLevel's words."""

    contact: Contact
    matching_field: str


def find_match(
    store: ContactStore,
    fields: tuple[MatchField, ...],
    *,
    email: str | None,
    phone: str | None,
    other_than: str | None = None,
) -> Match | None:
    """The first contact that has the e-mail or phone, asking in the order of `fields`."""
    for name in fields:
        if name == "email" and email:
            found = store.by_email(email)
            if found is not None and found.id != other_than:
                return Match(found, "email" if found.email == email else "additionalEmail")
        if name == "phone" and phone:
            found = store.by_phone(phone)
            if found is not None and found.id != other_than:
                return Match(found, "phone")
    return None


def find_forbidden(
    store: ContactStore,
    settings: LocationSettings,
    *,
    email: str | None,
    phone: str | None,
    other_than: str | None = None,
) -> Match | None:
    """The contact that forbids this one, in a location without duplicates."""
    if settings.allow_duplicate_contact:
        return None
    return find_match(store, settings.unique_fields, email=email, phone=phone, other_than=other_than)


def search_duplicate(
    store: ContactStore, settings: LocationSettings, *, email: str | None, phone: str | None
) -> Match | None:
    """What `GET /contacts/search/duplicate` finds: by the unique fields, or by e-mail and then phone."""
    fields = ("email", "phone") if settings.allow_duplicate_contact else settings.unique_fields
    return find_match(store, fields, email=email, phone=phone)


def without_foreign_keys(
    store: ContactStore, target: Contact, email: str | None, phone: str | None
) -> tuple[str | None, str | None]:
    """E-mail and phone that an upsert of `target` may write: what belongs to another contact is ignored, silently."""
    foreign = find_match(store, ("email",), email=email, phone=None, other_than=target.id)
    kept_email = None if foreign else email
    foreign = find_match(store, ("phone",), email=None, phone=phone, other_than=target.id)
    return kept_email, None if foreign else phone
