"""What a church's workflow says. Nobody signed it, so it is a hint: it may stop texts at once, and permits none.

Whatever it says, the contact is read back from GoHighLevel. A START counts only where the stop was seen there before, and
is not there any more: it is GoHighLevel that lifted it, for whoever has the phone.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from ghl.client.models import Contact
from ghl.consent import ledger
from ghl.consent.dnd import There, there_of
from ghl.consent.keywords import Heard, read_reply
from ghl.consent.opt_outs import was_there
from ghl.questions import ask as questions
from ghl.questions.kinds import CONTACT_DND, there_read
from ghl.statuses import Channel
from ghl.webhooks import stops
from ghl.webhooks.event import contact_of
from ghl.webhooks.results import Done, NotNowError, Place, Told, Waits

ACTOR = "system"

CHANNELS: Mapping[str, tuple[Channel, ...]] = {
    "sms": (Channel.SMS,),
    "text": (Channel.SMS,),
    "email": (Channel.EMAIL,),
    "e-mail": (Channel.EMAIL,),
    "all": tuple(Channel),
}
"""What a church may write in the workflow's custom data beside `channel`."""


def hinted(session: Session, place: Place, told: Told) -> Done | Waits:
    """Stops what the hint says at once, then reads the contact back and goes by that."""
    contact_id = contact_of(told.values)
    assert contact_id is not None, "the intake took no other"
    words = words_in(told.values)
    heard = read_reply(words) if words else Heard.NOTHING
    # An answer from before the hint would not show what the hint is about.
    if told.answer is None or told.answer.answer is None or told.answer.asked_at < told.at:
        _at_once(session, place, told, words)
        asked = questions.ask(
            session,
            place.church_id,
            CONTACT_DND.name,
            {"ids": [contact_id]},
            actor=ACTOR,
            same_within=timedelta(),
        )
        if asked is None:
            raise NotNowError("not_connected")
        return Waits(asked.id)
    there = there_read(told.answer.answer["contacts"][0])
    stopped = stops.stop_there(session, place.church_id, there, at=told.at)
    lifted = 0
    if heard is Heard.START and not there.gone and Channel.SMS not in there.blocks:
        phone = there.addresses.get(Channel.SMS)
        proven = phone is not None and was_there(
            session,
            place.church_id,
            Channel.SMS,
            phone,
            contact_id=contact_id,
            before=told.answer.asked_at,
        )
        pairs = {(Channel.SMS, phone)} if phone and proven else set()
        lifted = stops.start(session, place.church_id, pairs, contact_id=contact_id, at=told.at)
    facts = {"heard": str(heard), "stops": stopped, "lifted": lifted}
    return Done({name: value for name, value in facts.items() if value}, wake=bool(stopped))


def words_in(values: Mapping[str, Any]) -> str:
    """What the person wrote: where GoHighLevel puts it, or where the church put it in its custom data."""
    custom = values.get("customData")
    for holder in (values, custom if isinstance(custom, dict) else {}):
        for name in ("message", "reply", "body"):
            found = holder.get(name)
            if isinstance(found, dict):
                found = found.get("body")
            if isinstance(found, str) and found.strip():
                return found
    return ""


def stopped_in(values: Mapping[str, Any], *, region: str) -> There | None:
    """The contact with what the hint itself says is stopped: by `dnd` fields, or `event` and `channel` of custom data."""
    contact_id = contact_of(values)
    if contact_id is None:
        return None
    contact = Contact.model_validate({**values, "id": contact_id})
    there = there_of(contact, region=region)
    custom = values.get("customData")
    told = custom if isinstance(custom, dict) else {}
    stopped = set(there.stops)
    if str(told.get("event", "")).strip().lower() in {"dnd_on", "stop"}:
        # Without a channel it is not known what was stopped: the contact that is read back tells.
        stopped |= set(CHANNELS.get(str(told.get("channel", "")).strip().lower(), ()))
    return There(contact_id, addresses=there.addresses, blocks=there.blocks, stops=frozenset(stopped))


def _at_once(session: Session, place: Place, told: Told, words: str) -> None:
    hint = stopped_in(told.values, region=place.region)
    assert hint is not None, "the contact was named"
    contact_id, heard = hint.contact_id, read_reply(words) if words else Heard.NOTHING

    def pairs(channel: Channel) -> set[stops.Pair]:
        known = stops.addresses_of(session, place, contact_id, channel)
        given = {hint.addresses[channel]} if channel in hint.addresses else set()
        return {(channel, address) for address in known | given}

    how: dict[str, Any] = {"contact_id": contact_id, "at": told.at}
    stopped = {pair for channel in hint.stops for pair in pairs(channel)}
    texted = pairs(Channel.SMS) if heard in {Heard.STOP, Heard.DOUBT} else set()
    # All at once, in the order that everybody takes them in.
    ledger.lock_all(session, place.church_id, stopped | texted)
    if heard is Heard.STOP:
        stops.stop(session, place.church_id, texted, source=stops.KEYWORD, note=words[:100], **how)
    elif heard is Heard.DOUBT:
        stops.doubt(session, place.church_id, texted, words=words, **how)
    stops.stop(session, place.church_id, stopped, source=stops.GHL, seen=True, **how)
