"""What can be asked of GoHighLevel: one entry a kind, with its parameters, its calls and the form of its answer.

Pure but for the calls that `read` makes through the client it is handed. Parameters hold ids, never a person's data
and never a token: a token to test is stored sealed first, and the question names its row.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.client.client import GHLClient
from ghl.client.errors import (
    AgencyTokenError,
    GHLError,
    NotFoundError,
    ScopeMissingError,
    TokenRefusedError,
    WrongLocationError,
)
from ghl.client.models import Contact, Location
from ghl.client.operations import ID_PATTERN
from ghl.connection import CHECKS, trials
from ghl.connection.probes import PROBES
from ghl.consent import ledger
from ghl.consent.dnd import API_NAMES, OURS, email_of, phone_of, there_of
from ghl.crypto import KeyRing
from ghl.db.models import Church, ConsentEvent, ContactLink, OptOut, TokenTrial
from ghl.db.models import Location as LocationRow
from ghl.delivery.facts import DeliveryFacts, remember_location
from ghl.delivery.settle import end_hold, hold
from ghl.questions.contact_dnd import read_dnd
from ghl.questions.kind import MOST_CALLS, Answer, Kind, Make, OtherWay, Params, QuestionError
from ghl.questions.may_we import MAY_WE
from ghl.questions.started import STARTED
from ghl.statuses import Channel

MOST_CONTACTS = 2
MOST_TAGS = 50
LONGEST_VALUE = 300

TOKEN_ERRORS = (TokenRefusedError, ScopeMissingError, AgencyTokenError, WrongLocationError)


def _contact_ids(params: Params) -> dict[str, Any]:
    ids = params.get("ids")
    if not isinstance(ids, list | tuple) or not 1 <= len(set(ids)) <= MOST_CONTACTS:
        raise QuestionError("One or two contacts can be asked for.")
    if not all(isinstance(one, str) and re.fullmatch(ID_PATTERN, one) for one in ids):
        raise QuestionError("That is no id of a contact.")
    return {"ids": list(dict.fromkeys(ids))}


def _read_contacts(params: Params, make: Make) -> Answer:
    return {"contacts": [_read_contact(contact_id, make) for contact_id in params["ids"]]}


def _read_contact(contact_id: str, make: Make) -> Answer:
    try:
        contact = make(lambda client: client.contacts.get(contact_id))
    except NotFoundError:
        return {"id": contact_id, "gone": True}
    return {"id": contact_id, "gone": False, **contact_shown(contact)}


def contact_shown(contact: Contact) -> Answer:
    """What of a contact a screen shows."""
    town = " ".join(part for part in (contact.state, contact.postal_code) if part)
    address = ", ".join(part for part in (contact.address1, contact.city, town) if part)
    return {
        "first_name": _short(contact.first_name),
        "last_name": _short(contact.last_name),
        "phone": _short(contact.phone),
        "email": _short(contact.email),
        "address": _short(address),
        "tags": [_short(tag) for tag in contact.tags[:MOST_TAGS]],
        "added_at": contact.date_added.isoformat() if contact.date_added else "",
    }


def _short(value: str | None) -> str:
    """GoHighLevel's text, bounded, and without the one sign that PostgreSQL keeps in no text."""
    return (value or "").replace("\0", "")[:LONGEST_VALUE]


def _no_params(params: Params) -> dict[str, Any]:
    if params:
        raise QuestionError("A test of the connection takes nothing.")
    return {}


def _test_connection(_params: Params, make: Make) -> Answer:
    """The same calls as when a token is stored: a location that can be read proves little."""
    seen = make(lambda client: client.locations.get())
    for check in CHECKS:
        make(check)
    return {
        "name": _short(seen.name),
        "country": _short(seen.country),
        "timezone": _short(seen.timezone),
        "allow_duplicates": seen.allow_duplicate_contact,
    }


def _connection_tested(
    session: Session, facts: DeliveryFacts, _params: Params, answer: Answer | None, error: GHLError | None
) -> bool:
    """A connection that works lets a held church go on, one that is refused holds it, as a delivery would."""
    if isinstance(error, TOKEN_ERRORS):
        hold(session, facts.church_id, facts.credential_id, cause=error.cause)
    if answer is None:
        return False
    seen = Location(
        id=facts.ghl_location_id,
        name=answer["name"] or None,
        country=answer["country"] or None,
        timezone=answer["timezone"] or None,
        allow_duplicate_contact=answer["allow_duplicates"],
    )
    remember_location(session, facts.location_id, seen)
    return end_hold(session, facts.church_id, facts.credential_id)


def _probe_params(params: Params) -> dict[str, Any]:
    if set(params) != {"trial", "probe"} or params["probe"] not in PROBES:
        raise QuestionError("There is no such probe.")
    try:
        return {"trial": str(UUID(str(params["trial"]))), "probe": params["probe"]}
    except ValueError:
        raise QuestionError("That is no id of a trial.") from None


def _try_token(params: Params, make: Make) -> Answer:
    seen = make(PROBES[params["probe"]].run)
    return {"seen": trials.shown(seen) if seen else {}}


def _trial_place(session: Session, church_id: UUID, params: Params) -> UUID | None:
    return session.scalars(
        select(LocationRow.id)
        .join(TokenTrial, TokenTrial.ghl_location_id == LocationRow.ghl_id)
        .where(LocationRow.church_id == church_id, LocationRow.active, TokenTrial.id == UUID(params["trial"]))
    ).one_or_none()


def _trial_facts(session: Session, church_id: UUID, params: Params, ring: KeyRing) -> DeliveryFacts | None:
    region = session.execute(select(Church.region).where(Church.id == church_id)).scalar_one()
    return trials.way_of(session, church_id, UUID(params["trial"]), region=region, ring=ring)


def _token_tried(
    session: Session, facts: DeliveryFacts, params: Params, answer: Answer | None, error: GHLError | None
) -> bool:
    """Notes it with the trial. What a candidate may not do says nothing about the church's own token."""
    trials.note(
        session,
        facts.church_id,
        facts.credential_id,
        params["probe"],
        cause=None if answer is not None else error.cause if error else CauseCode.UNKNOWN,
        seen=(answer or {}).get("seen", {}),
        sealed=facts.sealed,
    )
    return False


def _contact_id(params: Params) -> dict[str, Any]:
    contact_id = params.get("id")
    if set(params) != {"id"} or not isinstance(contact_id, str) or not re.fullmatch(ID_PATTERN, contact_id):
        raise QuestionError("One contact is asked about, by its id.")
    return {"id": contact_id}


def _remove_contact(params: Params, make: Make) -> Answer:
    contact_id = params["id"]
    try:
        make(lambda client: client.contacts.remove(contact_id))
    except NotFoundError:
        return {"id": contact_id, "was_there": False}
    return {"id": contact_id, "was_there": True}


def _opt_out_id(params: Params) -> dict[str, Any]:
    if set(params) != {"opt_out"}:
        raise QuestionError("One stop is asked about, by its id.")
    return {"opt_out": _uuid(params["opt_out"])}


def _uuid(value: object) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise QuestionError("That is no id of ours.") from None


def _address_of(session: Session, church_id: UUID, params: Params, _ring: KeyRing) -> Params | None:
    """Nothing where the person lifted the stop meanwhile: it must not be set there any more."""
    row = session.execute(
        select(OptOut.channel, OptOut.address, OptOut.event_id).where(
            OptOut.church_id == church_id, OptOut.id == UUID(params["opt_out"])
        )
    ).one_or_none()
    if row is None or _lifted(session, church_id, row.channel, row.address, row.event_id):
        return None
    return {"channel": row.channel, "address": row.address}


def _lifted(session: Session, church_id: UUID, channel: str, address: str, event_id: int) -> bool:
    """Whether a stop that still stands in the log is in force no more; of somebody who was erased it does not stand there."""
    known = session.scalar(
        select(ConsentEvent.id).where(ConsentEvent.church_id == church_id, ConsentEvent.id == event_id)
    )
    return known is not None and not ledger.is_stopped(session, church_id, channel, address)


def _find_holder(params: Params, make: Make) -> Answer:
    address = params["address"]
    if params["channel"] == Channel.SMS:
        found = make(lambda client: client.contacts.find_duplicate(phone=address))
    else:
        found = make(lambda client: client.contacts.find_duplicate(email=address))
    return {"id": found.id if found else None}


def _set_dnd_params(params: Params) -> dict[str, Any]:
    if set(params) != {"opt_out", "id"} or not _is_id(params["id"]):
        raise QuestionError("One stop is set on one contact, by their ids.")
    return {"opt_out": _uuid(params["opt_out"]), "id": params["id"]}


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(ID_PATTERN, value) is not None


def _set_dnd(params: Params, make: Make) -> Answer:
    """Looks first: what blocks already is left as it is, a `permanent` one above all. Then sets, and reads back."""
    contact_id, channel = params["id"], Channel(params["channel"])
    name = API_NAMES[channel]
    try:
        contact = make(lambda client: client.contacts.get(contact_id))
        there = there_of(contact, region=params["region"])
        if params["address"] not in {there.addresses.get(channel), *contact.additional_emails}:
            return {"id": contact_id, "gone": False, "other": True, "blocks": contact.blocks(name)}
        if contact.blocks(name):
            return {"id": contact_id, "gone": False, "blocks": True, "was": True}
        make(lambda client: client.contacts.set_dnd(contact_id, name, message=OURS))
        contact = make(lambda client: client.contacts.get(contact_id))
    except NotFoundError:
        return {"id": contact_id, "gone": True}
    return {"id": contact_id, "gone": False, "blocks": contact.blocks(name), "was": False}


def _lift_dnd(params: Params, make: Make) -> Answer:
    """Takes our own mark away, and nobody else's: a `permanent` one, or one that somebody set there, stays."""
    contact_id, channel = params["id"], Channel(params["channel"])
    try:
        contact = make(lambda client: client.contacts.get(contact_id))
        setting = contact.dnd_settings.get(API_NAMES[channel].lower())
        ours = setting is not None and setting.status == "active" and (setting.message or "").startswith(OURS)
        if ours:
            make(lambda client: client.contacts.clear_dnd(contact_id, API_NAMES[channel]))
    except NotFoundError:
        return {"id": contact_id, "lifted": False}
    return {"id": contact_id, "lifted": ours}


def _while_lifted(session: Session, church_id: UUID, params: Params, *_more: object) -> Params | None:
    """The channel of the stop; None where it is in force again."""
    row = session.execute(
        select(OptOut.channel, OptOut.address).where(
            OptOut.church_id == church_id, OptOut.id == UUID(params["opt_out"])
        )
    ).one_or_none()
    if row is None or ledger.is_stopped(session, church_id, row.channel, row.address):
        return None
    return {"channel": row.channel}


def _with_region(session: Session, church_id: UUID, params: Params, ring: KeyRing) -> Params | None:
    found = _address_of(session, church_id, params, ring)
    return None if found is None else {**found, **_region(session, church_id, params, ring)}


def _region(session: Session, church_id: UUID, _params: Params, _ring: KeyRing) -> Params:
    return {"region": session.scalars(select(Church.region).where(Church.id == church_id)).one()}


def _few_contact_ids(params: Params) -> dict[str, Any]:
    ids = params.get("ids")
    if set(params) != {"ids"} or not isinstance(ids, list | tuple) or not 1 <= len(set(ids)) <= MOST_CALLS:
        raise QuestionError(f"One to {MOST_CALLS} contacts can be asked for.")
    if not all(_is_id(one) for one in ids):
        raise QuestionError("That is no id of a contact.")
    return {"ids": list(dict.fromkeys(ids))}


def _read_dnd(params: Params, make: Make) -> Answer:
    return {"contacts": [read_dnd(contact_id, params["region"], make) for contact_id in params["ids"]]}


def _link_of(session: Session, church_id: UUID, params: Params, ring: KeyRing) -> Params | None:
    row = session.execute(
        select(ContactLink.phone, ContactLink.email)
        .join(LocationRow, (LocationRow.id == ContactLink.location_id) & LocationRow.active)
        .where(ContactLink.church_id == church_id, ContactLink.contact_id == params["id"])
    ).one_or_none()
    if row is None:
        return None
    return {"phone": row.phone, "email": row.email, **_region(session, church_id, params, ring)}


def _look_again(params: Params, make: Make) -> Answer:
    """Whether it is really gone, and who has its phone and its e-mail now."""
    contact_id, region = params["id"], params["region"]
    try:
        make(lambda client: client.contacts.get(contact_id))
    except NotFoundError:
        pass
    else:
        return {"id": contact_id, "gone": False, "found": []}
    found: dict[str, Contact] = {}
    for query in ({"phone": params["phone"]}, {"email": params["email"]}):
        if any(query.values()) and (one := make(_finding(query))) is not None and one.id != contact_id:
            found[one.id] = one
    return {"id": contact_id, "gone": True, "found": [_linkable(one, region) for one in found.values()]}


def _finding(query: Mapping[str, str | None]) -> Callable[[GHLClient], Contact | None]:
    return lambda client: client.contacts.find_duplicate(**query)


def _linkable(contact: Contact, region: str) -> Answer:
    return {
        "id": contact.id,
        "first_name": _short(contact.first_name),
        "last_name": _short(contact.last_name),
        "phone": phone_of(contact.phone, region=region),
        "email": email_of(contact.email),
    }


CONTACT_AGAIN = Kind("contact_again", _contact_id, lambda _params: 3, _look_again, gather=_link_of)
"""Who has the phone and e-mail of a contact that GoHighLevel says is deleted: `{"id": ...}`."""

FIND_HOLDER = Kind("find_holder", _opt_out_id, lambda _params: 1, _find_holder, gather=_address_of)
"""Which contact has the address of a stop: `{"opt_out": id}`; the address itself is never in the question."""

SET_DND = Kind("set_dnd", _set_dnd_params, lambda _params: 3, _set_dnd, gather=_with_region)
"""Brings a stop to one contact: `{"opt_out": id, "id": contact}`. Asked again it does no harm."""

LIFT_DND = Kind("lift_dnd", _set_dnd_params, lambda _params: 2, _lift_dnd, gather=_while_lifted)
"""Takes the mark that we set for a stop away from one contact, after a START: `{"opt_out": id, "id": contact}`."""

CONTACT_DND = Kind(
    "contact_dnd", _few_contact_ids, lambda params: len(params["ids"]), _read_dnd, gather=_region
)
"""Whether up to three contacts may be written to, as GoHighLevel has them now: `{"ids": [...]}`."""

REMOVE_CONTACT = Kind("remove_contact", _contact_id, lambda _params: 1, _remove_contact)
"""Takes a contact out of GoHighLevel, for somebody who is erased: `{"id": ...}`. Asked again it does no harm."""

CONTACT = Kind("contact", _contact_ids, lambda params: len(params["ids"]), _read_contacts)
"""One contact or two, as GoHighLevel has them now: `{"ids": [...]}`."""

LOCATION = Kind(
    "location", _no_params, lambda _params: MOST_CALLS, _test_connection, follows=_connection_tested
)
"""Whether the church's connection works: the location, its fields, a contact look-up."""

TOKEN_PROBE = Kind(
    "token_probe",
    _probe_params,
    lambda _params: 1,
    _try_token,
    way=OtherWay(_trial_place, _trial_facts),
    follows=_token_tried,
)
"""One probe of a token on trial: `{"trial": id, "probe": name}`."""

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            CONTACT,
            CONTACT_AGAIN,
            CONTACT_DND,
            FIND_HOLDER,
            LIFT_DND,
            LOCATION,
            MAY_WE,
            REMOVE_CONTACT,
            SET_DND,
            STARTED,
            TOKEN_PROBE,
        )
    }
)
"""Every kind by its name. A name is never given another meaning: workers of two versions may run side by side."""

OTHER_WAYS = frozenset(name for name, kind in KINDS.items() if kind.way is not None)
"""The kinds that need nothing of the church's own token."""
