"""Events about contacts: what changed, what was merged away, and what may no longer be texted."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.client.models import Contact
from ghl.consent import ledger
from ghl.consent.dnd import email_of, phone_of, there_of
from ghl.consent.opt_outs import push_again
from ghl.db.models import Card, ContactLink, Message
from ghl.questions import ask as questions
from ghl.questions.contact_dnd import there_read
from ghl.questions.kinds import CONTACT_AGAIN, CONTACT_DND
from ghl.statuses import Channel, MessageState
from ghl.webhooks import stops
from ghl.webhooks.event import id_in
from ghl.webhooks.kinds import EventType
from ghl.webhooks.results import Done, NotNowError, Place, Told, Waits

ACTOR = "system"


NAMES = {
    "first_name": ("firstName", "first_name"),
    "last_name": ("lastName", "last_name"),
    "phone": ("phone",),
    "email": ("email",),
}
"""What is remembered of a contact, by the names that an event may have for it. What it does not name stays."""

ADDRESSES = {Channel.SMS: "phone", Channel.EMAIL: "email"}


class NoContactError(ValueError):
    """The event names no contact."""


def changed(session: Session, place: Place, told: Told) -> Done | Waits:
    """`ContactUpdate`, `ContactTagUpdate`, `ContactDndUpdate`: what we know of the contact, and whether it may be texted.

    Do-not-disturb that went off lifts nothing here: only its person does that. One that is on holds for the addresses
    that the contact has now and for those that it had; where none is known, the contact is read.
    """
    contact = _contact(told)
    there = there_of(contact, region=place.region)
    known = session.scalars(
        select(ContactLink)
        .where(ContactLink.location_id == place.location_id, ContactLink.contact_id == contact.id)
        .with_for_update()
    ).one_or_none()
    facts: dict[str, Any] = {}
    wake = False
    # Before what is known is overwritten: who is stopped may lose the number in the same moment.
    pairs = {
        (channel, address)
        for channel in there.stops
        for address in {
            *stops.addresses_of(session, place, contact.id, channel),
            *([there.addresses[channel]] if channel in there.addresses else []),
        }
    }
    answer = told.answer.answer if told.answer is not None else None
    if answer is not None:
        read = there_read(answer["contacts"][0])
        pairs |= {(channel, read.addresses[channel]) for channel in there.stops if channel in read.addresses}
    if known is not None and told.at >= known.seen_at:
        wake = _remember(session, place, known, contact, told)
        facts["contact"] = "updated"
    elif known is not None:
        facts["contact"] = "newer_known"
    # Any other change only shows what was set some time before.
    seen = told.values.get("type") != EventType.CONTACT_DND_UPDATE
    stopped = stops.stop(
        session, place.church_id, pairs, source=stops.GHL, contact_id=contact.id, at=told.at, seen=seen
    )
    if stopped:
        facts["stops"] = stopped
    untold = {
        channel
        for channel in there.stops
        if not any(name in told.values for name in NAMES[ADDRESSES[channel]])
    }
    if answer is None and untold - {channel for channel, _ in pairs}:
        asked = questions.ask(session, place.church_id, CONTACT_DND.name, {"ids": [contact.id]}, actor=ACTOR)
        if asked is None:
            raise NotNowError("not_connected")
        return Waits(asked.id)
    return Done(facts, wake=wake or bool(stopped))


def removed(session: Session, place: Place, told: Told) -> Done | Waits:
    """`ContactDelete`: GoHighLevel deletes what it merges into another, so who has the phone and e-mail now is looked up."""
    contact_id = id_in(told.values, "id", "contactId")
    if contact_id is None:
        raise NoContactError
    link = session.scalars(
        select(ContactLink)
        .where(ContactLink.location_id == place.location_id, ContactLink.contact_id == contact_id)
        .with_for_update()
    ).one_or_none()
    if link is None:
        return Done({"contact": "unknown"})
    if told.answer is None or told.answer.answer is None:
        asked = questions.ask(session, place.church_id, CONTACT_AGAIN.name, {"id": contact_id}, actor=ACTOR)
        if asked is None:
            raise NotNowError("not_connected")
        return Waits(asked.id)
    answer = told.answer.answer
    if not answer["gone"]:
        return Done({"contact": "still_there"})
    return _moved(session, place, link, answer["found"], told)


def _moved(
    session: Session, place: Place, link: ContactLink, found: list[dict[str, Any]], told: Told
) -> Done:
    old, addresses = link.contact_id, ((Channel.SMS, link.phone), (Channel.EMAIL, link.email))
    session.execute(
        delete(ContactLink)
        .where(ContactLink.location_id == place.location_id, ContactLink.contact_id == old)
        .execution_options(synchronize_session=False)
    )
    for one in found:
        session.execute(
            upsert(ContactLink)
            .values(
                location_id=place.location_id,
                contact_id=one["id"],
                church_id=place.church_id,
                first_name=one["first_name"],
                last_name=one["last_name"],
                phone=one["phone"],
                email=one["email"],
                newest_applied_at=link.newest_applied_at,
                seen_at=told.now,
            )
            .on_conflict_do_nothing()
        )
    if len(found) == 1:
        # One contact has both: it is the one that the old one was merged into.
        session.execute(
            update(Card)
            .where(Card.church_id == place.church_id, Card.contact_id == old)
            .values(contact_id=found[0]["id"])
            .execution_options(synchronize_session=False)
        )
    pushed = [
        push_again(session, place.church_id, channel, address)
        for channel, address in addresses
        if address and ledger.is_stopped(session, place.church_id, channel, address)
    ]
    if len(found) == 1:
        # What may have gone out is looked for there. Last, as messages are locked after everything else.
        session.execute(
            update(Message)
            .where(
                Message.church_id == place.church_id,
                Message.state == MessageState.UNSURE,
                Message.contact_id == old,
            )
            .values(contact_id=found[0]["id"])
            .execution_options(synchronize_session=False)
        )
    return Done({"contact": "moved" if found else "gone", "found": len(found)}, wake=any(pushed))


def _remember(session: Session, place: Place, known: ContactLink, contact: Contact, told: Told) -> bool:
    """Keeps the contact as it is now. A stop of an address that it did not have before is brought to it."""
    given = {
        "first_name": contact.first_name or "",
        "last_name": contact.last_name or "",
        "phone": phone_of(contact.phone, region=place.region),
        "email": email_of(contact.email),
    }
    named = {
        column: value for column, value in given.items() if any(name in told.values for name in NAMES[column])
    }
    session.execute(
        update(ContactLink)
        .where(ContactLink.location_id == known.location_id, ContactLink.contact_id == known.contact_id)
        .values(**named, seen_at=told.at)
        .execution_options(synchronize_session=False)
    )
    new = [
        (channel, address)
        for channel, address, before in (
            (Channel.SMS, given["phone"], known.phone),
            (Channel.EMAIL, given["email"], known.email),
        )
        if address and address != before
    ]
    pushed = [
        push_again(session, place.church_id, channel, address)
        for channel, address in new
        if ledger.is_stopped(session, place.church_id, channel, address)
    ]
    return any(pushed)


def _contact(told: Told) -> Contact:
    try:
        return Contact.model_validate({**told.values, "id": id_in(told.values, "id", "contactId")})
    except ValidationError:
        raise NoContactError from None
