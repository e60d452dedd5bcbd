"""Endpoints of contacts (apps/contacts.json), doing what the real ones were seen to do where the file is silent."""

from dataclasses import replace
from typing import Any

from ghl.simulator.answers import bad_request, contact_not_found, duplicate, unprocessable
from ghl.simulator.contacts.changing import apply
from ghl.simulator.contacts.finding import find, matches_query
from ghl.simulator.contacts.matching import (
    Match,
    find_forbidden,
    find_match,
    search_duplicate,
    without_foreign_keys,
)
from ghl.simulator.contacts.phones import to_e164_or_none
from ghl.simulator.contacts.reading import CREATE, UPDATE, UPSERT, Sent, check_tags, lower_tags, read_contact
from ghl.simulator.contacts.record import Contact
from ghl.simulator.contacts.showing import search_place, show_contact, show_created, show_found
from ghl.simulator.routing import Call, Names, Route

Answer = tuple[int, dict[str, Any]]


def create(call: Call) -> Answer:
    sent = read_contact(call.body, CREATE, call.location, v3=call.v3)
    _forbid_duplicate(call, sent.values.get("email"), sent.values.get("phone"))
    return 201, {"contact": show_created(_add(call, sent), v3=call.v3)}


def upsert(call: Call) -> Answer:
    """Updates the contact that matches first, or adds one. The field that did not match is ignored if another
    contact has it; tags that were sent replace all tags.
    """
    wants_new = call.body.get("createNewIfDuplicateAllowed", False)
    if not isinstance(wants_new, bool):
        raise unprocessable("createNewIfDuplicateAllowed must be a boolean value")
    sent = read_contact(call.body, UPSERT, call.location, v3=call.v3)
    settings, store = call.location.settings, call.state.stores[call.location.id]
    email, phone = sent.values.get("email"), sent.values.get("phone")
    match = None
    if not (wants_new and settings.allow_duplicate_contact):
        match = find_match(store, settings.unique_fields, email=email, phone=phone)
    if match is None:
        return 200, {"new": True, "contact": show_contact(_add(call, sent), v3=call.v3)}
    kept = without_foreign_keys(store, match.contact, email, phone)
    for name, before, after in zip(("email", "phone"), (email, phone), kept, strict=True):
        if before is not None and after is None:
            del sent.values[name]
    changed = call.state.put(_changed(call, match.contact, sent))
    return 200, {"new": False, "contact": show_contact(changed, v3=call.v3)}


def get(call: Call) -> Answer:
    return 200, {"contact": show_contact(_contact(call), v3=call.v3)}


def update(call: Call) -> Answer:
    contact = _contact(call)
    sent = read_contact(call.body, UPDATE, call.location, v3=call.v3)
    email, phone = sent.values.get("email"), sent.values.get("phone")
    _forbid_duplicate(
        call,
        email if email != contact.email else None,
        phone if phone != contact.phone else None,
        other_than=contact.id,
    )
    changed = call.state.put(_changed(call, contact, sent))
    return 200, {**_succeeded(v3=call.v3), "contact": show_contact(changed, v3=call.v3)}


def delete(call: Call) -> Answer:
    call.state.remove(_contact(call))
    # v3 kept the old spelling for this one call.
    return 200, {"succeded": True}


def find_duplicate(call: Call) -> Answer:
    """Reads the primary store, so it knows of a contact the moment it is there."""
    email, number = call.request.query.get("email"), call.request.query.get("number")
    if not email and not number:
        raise bad_request("Pass at least one of number, email query parameter")
    settings = call.location.settings
    match = search_duplicate(
        call.state.stores[call.location.id],
        settings,
        email=email.strip().lower() if email else None,
        phone=to_e164_or_none(number, settings.country) if number else None,
    )
    return 200, {"contact": show_contact(match.contact, v3=call.v3) if match else None}


def search(call: Call) -> Answer:
    page = find(call.state.stores[call.location.id].searchable(call.state.clock.now()), call.body)
    return 200, {
        "contacts": [show_found(contact, v3=call.v3) for contact in page.contacts],
        "total": page.total,
    }


def list_contacts(call: Call) -> Answer:
    """The old list: deprecated, missing from v3's file, and still answered."""
    query = call.request.query
    limit = query.get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        raise unprocessable("limit must not be greater than 100")
    known = call.state.stores[call.location.id].searchable(call.state.clock.now())
    found = [contact for contact in known if matches_query(contact, query.get("query", ""))]
    found.sort(key=lambda contact: (contact.added_at, contact.id), reverse=True)
    ids = [contact.id for contact in found]
    start = ids.index(query["startAfterId"]) + 1 if query.get("startAfterId") in ids else 0
    shown = found[start : start + int(limit)]
    meta: dict[str, Any] = {"total": len(found)}
    if shown:
        meta["startAfter"], meta["startAfterId"] = search_place(shown[-1])
    return 200, {
        "contacts": [show_contact(contact, v3=call.v3) for contact in shown],
        "count": len(found),
        "meta": meta,
    }


def add_tags(call: Call) -> Answer:
    contact, tags = _contact(call), _tags(call)
    return 201, _with_tags(call, contact, tuple(dict.fromkeys((*contact.tags, *tags))))


def remove_tags(call: Call) -> Answer:
    contact, tags = _contact(call), _tags(call)
    return 200, _with_tags(call, contact, tuple(tag for tag in contact.tags if tag not in tags))


def _add(call: Call, sent: Sent) -> Contact:
    now = call.state.clock.now()
    # A contact without a country is given the location's.
    blank = Contact(
        call.state.new_id(), call.location.id, now, now, {"country": call.location.settings.country}
    )
    return call.state.put(apply(blank, sent, now=now))


def _changed(call: Call, contact: Contact, sent: Sent) -> Contact:
    clearable = call.location.settings.permanent_dnd_clearable
    return apply(contact, sent, now=call.state.clock.now(), permanent_dnd_clearable=clearable)


def _contact(call: Call) -> Contact:
    contact = call.state.find(call.params["contactId"])
    if contact is None:
        raise contact_not_found(call.location.settings.not_found_status)
    return contact


def _forbid_duplicate(
    call: Call, email: str | None, phone: str | None, other_than: str | None = None
) -> None:
    store, settings = call.state.stores[call.location.id], call.location.settings
    match: Match | None = find_forbidden(store, settings, email=email, phone=phone, other_than=other_than)
    if match is not None:
        raise duplicate(match.contact.id, match.matching_field, match.contact.name)


def _succeeded(*, v3: bool) -> dict[str, bool]:
    return {"succeeded" if v3 else "succeded": True}


def _tags(call: Call) -> tuple[str, ...]:
    tags = call.body.get("tags")
    complaints = check_tags(tags)
    complaints += [f"property {name} should not exist" for name in call.body if name != "tags"]
    if complaints or not isinstance(tags, list):
        raise unprocessable(*complaints)
    return lower_tags(tags)


def _with_tags(call: Call, contact: Contact, tags: tuple[str, ...]) -> dict[str, Any]:
    call.state.put(replace(contact, tags=tags, updated_at=call.state.clock.now()))
    return {"tags": list(tags)}


_READ, _WRITE = "contacts.readonly", "contacts.write"

ROUTES = (
    Route("POST", "/contacts/", "contacts.create", _WRITE, Names.BODY, create, reads_body=True),
    Route("POST", "/contacts/upsert", "contacts.upsert", _WRITE, Names.BODY, upsert, reads_body=True),
    Route("POST", "/contacts/search", "contacts.search", _READ, Names.BODY, search, reads_body=True),
    Route("GET", "/contacts/search/duplicate", "contacts.find_duplicate", _READ, Names.QUERY, find_duplicate),
    Route("GET", "/contacts/", "contacts.list", _READ, Names.QUERY, list_contacts),
    Route("GET", "/contacts/{contactId}", "contacts.get", _READ, Names.CONTACT, get),
    Route("PUT", "/contacts/{contactId}", "contacts.update", _WRITE, Names.CONTACT, update, reads_body=True),
    Route("DELETE", "/contacts/{contactId}", "contacts.delete", _WRITE, Names.CONTACT, delete),
    Route(
        "POST",
        "/contacts/{contactId}/tags",
        "contacts.add_tags",
        _WRITE,
        Names.CONTACT,
        add_tags,
        reads_body=True,
    ),
    Route(
        "DELETE",
        "/contacts/{contactId}/tags",
        "contacts.remove_tags",
        _WRITE,
        Names.CONTACT,
        remove_tags,
        reads_body=True,
    ),
)
