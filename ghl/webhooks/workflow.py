"""What a church's workflow says. Nobody signed it, so it is a hint: it may stop texts at once, and permits none.

Whatever it says, the contact is read back from GoHighLevel. Where it says that somebody may be texted again, their own
START is looked for in GoHighLevel's conversation; it counts where it is their last word, later than every stop, and the
contact blocks no texts any more.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from ghl.client.models import Contact
from ghl.consent import ledger
from ghl.consent.dnd import There, there_of
from ghl.consent.keywords import Heard, read_reply
from ghl.consent.started import Word, since, started_at
from ghl.questions import ask as questions
from ghl.questions.contact_dnd import there_read
from ghl.questions.kind import Kind
from ghl.questions.kinds import CONTACT_DND
from ghl.questions.started import STARTED, words_read
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

STOPS = frozenset({"dnd_on", "stop"})
STARTS = frozenset({"dnd_off", "start"})
"""And beside `event`."""

LISTS_LAG = timedelta(minutes=10)
"""So long is a START looked for that a hint tells of."""

NO_START = "no_start_found"


def hinted(session: Session, place: Place, told: Told) -> Done | Waits:
    """Stops what the hint says at once, then reads the contact back and goes by that."""
    contact_id = contact_of(told.values)
    assert contact_id is not None, "the intake took no other"
    words = words_in(told.values)
    heard = read_reply(words) if words else Heard.NOTHING
    # An answer from before the hint would not show what the hint is about.
    if told.answer is None or told.answer.answer is None or told.answer.asked_at < told.at:
        _at_once(session, place, told, words)
        return _ask(session, place, CONTACT_DND, {"ids": [contact_id]})
    searched = told.answer.kind == STARTED.name
    answer = told.answer.answer
    there = there_read(answer["contact"] if searched else answer["contacts"][0])
    facts: dict[str, Any] = {
        "heard": str(heard),
        "stops": stops.stop_there(session, place.church_id, there, at=told.at),
        # It was kept for somebody to read when the hint came.
        "doubts": int(heard is Heard.DOUBT),
    }
    if heard is Heard.START or _event(told.values) in STARTS or _may_be_start(session, place, told, there):
        begun = _started(session, place, told, there, words_read(answer) if searched else None)
        if isinstance(begun, Waits):
            return begun
        facts |= begun
    return Done({name: value for name, value in facts.items() if value}, wake=bool(facts["stops"]))


def _may_be_start(session: Session, place: Place, told: Told, there: There) -> bool:
    """Whether a hint that says neither what was written nor what changed may be about a START: somebody is stopped here,
    and in GoHighLevel nothing is in the way.
    """
    phone = there.addresses.get(Channel.SMS)
    if phone is None or Channel.SMS in there.blocks or words_in(told.values) or _event(told.values):
        return False
    return ledger.is_stopped(session, place.church_id, Channel.SMS, phone)


def _started(
    session: Session, place: Place, told: Told, there: There, words: Sequence[Word] | None
) -> Waits | dict[str, Any]:
    """What follows where texts may be allowed again. `words` is what the person wrote, once it was read in GoHighLevel."""
    phone = there.addresses.get(Channel.SMS)
    if phone is None:
        return {"why": "no_phone"}
    if Channel.SMS in there.blocks:
        return {"why": "still_blocked"}
    if words is None:
        log = ledger.history(session, place.church_id, Channel.SMS, phone)
        params = {"since": since(log, hinted_at=told.at).isoformat(), "until": told.now.isoformat()}
        return _ask(session, place, STARTED, {"id": there.contact_id} | params)
    ledger.lock(session, place.church_id, Channel.SMS, phone)
    log = ledger.history(session, place.church_id, Channel.SMS, phone)
    at = started_at(words, log, hinted_at=told.at)
    if at is not None:
        lifted = ledger.record_start(
            session,
            place.church_id,
            channel=Channel.SMS,
            address=phone,
            source=stops.KEYWORD,
            recorded_by=stops.ACTOR,
            contact_id=there.contact_id,
            now=min(at, told.now),
        )
        return {"lifted": int(lifted)}
    if told.now - told.at < LISTS_LAG:
        # GoHighLevel's list of a conversation lags.
        raise NotNowError(NO_START)
    return {"why": NO_START}


def _ask(session: Session, place: Place, kind: Kind, params: Mapping[str, Any]) -> Waits:
    asked = questions.ask(session, place.church_id, kind.name, params, actor=ACTOR, same_within=timedelta())
    if asked is None:
        raise NotNowError("not_connected")
    return Waits(asked.id)


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


def _event(values: Mapping[str, Any]) -> str:
    """What the church wrote in the workflow's custom data beside `event`."""
    custom = values.get("customData")
    return str(custom.get("event", "")).strip().lower() if isinstance(custom, dict) else ""


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
    if _event(values) in STOPS:
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
