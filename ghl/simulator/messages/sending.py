"""Messages over the state: taking one in, moving all along on the clock, and hearing what a person answers.

Each function is called under the state's lock.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from ghl.simulator.contacts.dnd import merge_dnd, read_dnd
from ghl.simulator.contacts.record import Contact
from ghl.simulator.locations import Location
from ghl.simulator.messages.allowed import address_for, blocks
from ghl.simulator.messages.footer import with_footer
from ghl.simulator.messages.keywords import ANSWERS, Keyword, keyword_of
from ghl.simulator.messages.life import Outcome, next_step
from ghl.simulator.messages.reading import SendRequest
from ghl.simulator.messages.record import Channel, Direction, Message, Status
from ghl.simulator.messages.store import DAY
from ghl.simulator.state import State

STOPPED_DND = {"status": "permanent", "message": "STOP_KEYWORD"}
STARTED_DND = {"status": "inactive", "message": "START_KEYWORD"}


def take_in(state: State, location: Location, contact: Contact, sent: SendRequest) -> Message:
    """Queues a message; its conversation is made when there is none. Raises Refusal."""
    store, now, settings = state.mail[location.id], state.clock.now(), location.settings
    address = address_for(contact, sent, store.unsubscribed, from_number=bool(settings.phone_number))
    body, has_footer = sent.body, False
    if sent.channel is Channel.SMS and settings.footer:
        body, has_footer = with_footer(
            sent.body,
            settings.name,
            last=store.last_footer(contact.id),
            now=now,
            days=settings.footer_days,
        )
    later = sent.scheduled is not None and sent.scheduled > now
    message = _new(
        state,
        location,
        contact.id,
        channel=sent.channel,
        direction=Direction.OUT,
        status=Status.SCHEDULED if later else Status.PENDING,
        address=address,
        body=body,
        asked=sent.body,
        next_at=sent.scheduled if later else now + timedelta(seconds=settings.message_delays[0]),
    )
    return state.put_message(
        replace(
            message,
            source="api",
            subject=sent.subject,
            sender=sent.sender or message.sender,
            email_message_id=state.new_id() if sent.channel is Channel.EMAIL else None,
            has_footer=has_footer,
        )
    )


def advance(state: State) -> None:
    """Brings every message to where it stands by now."""
    now = state.clock.now()
    while (found := state.agenda.take(now)) is not None:
        at, location_id, message_id = found
        message = state.mail[location_id].get(message_id)
        if message is not None and message.next_at == at:
            _step(state, state.locations[location_id], message)


def hear(state: State, location: Location, address: str, text: str, *, subject: str | None = None) -> Message:
    """A person's text (or e-mail, where `address` is one) comes in; its keyword is obeyed and answered.

    Whoever is not known becomes a contact. Where several share the address, it is the one added first.
    """
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    contact = _who(state, location, address, channel)
    message = state.put_message(
        replace(
            _new(
                state,
                location,
                contact.id,
                channel=channel,
                direction=Direction.IN,
                status=Status.DELIVERED,
                address=address,
                body=text,
                asked=text,
            ),
            subject=subject,
            email_message_id=state.new_id() if channel is Channel.EMAIL else None,
        )
    )
    if channel is Channel.SMS:
        keyword = keyword_of(text, newer=location.settings.newer_stop_words)
        if keyword is not None:
            _obey(state, location, contact, address, keyword)
    return message


def unsubscribe(state: State, location: Location, email: str) -> None:
    """A person uses the link in an e-mail."""
    state.set_unsubscribed(location.id, email, True)
    for contact in state.stores[location.id].all_by_email(email):
        _set_dnd(state, contact, Channel.EMAIL, {"status": "active", "message": "UNSUBSCRIBED"})


def choose_dnd(state: State, contact: Contact, channel: str, status: str, message: str = "") -> Contact:
    """Somebody sets do-not-disturb on GoHighLevel's screen, for one channel or for `all`.

    Raises Refusal: there is no such channel or status. A permanent one stays, as on the screen.
    """
    now = state.clock.now()
    if channel == "all":
        return state.put(replace(contact, dnd=status != "inactive", updated_at=now))
    setting = {"status": status, "message": message} if message else {"status": status}
    sent = read_dnd({channel: setting}, v3=False)
    merged = merge_dnd(contact.dnd_settings, sent, clearable=False)
    return state.put(replace(contact, dnd_settings=merged, updated_at=now))


def merge(state: State, kept: Contact, gone: Contact) -> Contact:
    """Two contacts become one on GoHighLevel's screen: `kept` gets what it lacks, `gone` is removed."""
    state.remove(gone)
    emails = [one for one in (gone.email, *gone.additional_emails) if one and one != kept.email]
    first, *more = [*emails] if kept.email is None and emails else [kept.email, *emails]
    return state.put(
        replace(
            kept,
            text={**gone.text, **kept.text},
            email=first,
            phone=kept.phone or gone.phone,
            additional_emails=tuple(dict.fromkeys((*kept.additional_emails, *(one for one in more if one)))),
            tags=tuple(dict.fromkeys((*kept.tags, *gone.tags))),
            custom={**gone.custom, **kept.custom},
            dnd_settings={**gone.dnd_settings, **kept.dnd_settings},
            updated_at=state.clock.now(),
        )
    )


def _obey(state: State, location: Location, contact: Contact, phone: str, keyword: Keyword) -> None:
    store = state.mail[location.id]
    if keyword is Keyword.STOP:
        state.set_unsubscribed(location.id, phone, True)
        # Only the contact that wrote: GoHighLevel does not look who else has this phone. The list blocks them all.
        _set_dnd(state, contact, Channel.SMS, STOPPED_DND)
    elif keyword is Keyword.START:
        if phone not in store.unsubscribed and not blocks(contact, Channel.SMS):
            return
        state.set_unsubscribed(location.id, phone, False)
        _set_dnd(state, state.find(contact.id) or contact, Channel.SMS, STARTED_DND)
    answer = _new(
        state,
        location,
        contact.id,
        channel=Channel.SMS,
        direction=Direction.OUT,
        status=Status.DELIVERED,
        address=phone,
        body=ANSWERS[keyword],
        asked=ANSWERS[keyword],
    )
    state.put_message(replace(answer, source="app", automatic=True))


def _step(state: State, location: Location, message: Message) -> None:
    store, settings = state.mail[location.id], location.settings
    at = message.next_at or state.clock.now()
    contact = state.find(message.contact_id)
    outcome = store.outcomes.get(message.address, Outcome.DELIVERED)
    step = next_step(
        message.status,
        outcome,
        held_up=_held_up(state, location, contact, message, at),
        delays=settings.message_delays,
    )
    next_at = None if step.next_in is None else at + timedelta(seconds=step.next_in)
    state.put_message(replace(message, status=step.status, updated_at=at, next_at=next_at))
    if step.dnd is not None and contact is not None:
        _set_dnd(state, contact, message.channel, step.dnd)


def _held_up(
    state: State, location: Location, contact: Contact | None, message: Message, at: datetime
) -> bool:
    store, ramp = state.mail[location.id], location.settings.texts_a_day
    if contact is None or message.address in store.unsubscribed or blocks(contact, message.channel):
        return True
    return bool(ramp) and message.channel is Channel.SMS and store.texts_that_left(at - DAY) >= ramp


def _who(state: State, location: Location, address: str, channel: Channel) -> Contact:
    known = state.stores[location.id]
    found = known.by_email(address) if channel is Channel.EMAIL else known.by_phone(address)
    if found is not None:
        return found
    name = "email" if channel is Channel.EMAIL else "phone"
    made = state.find(state.add_contact(location.id, **{name: address}))
    if made is None:  # pragma: no cover  (it was put there a line ago)
        raise KeyError(address)
    return made


def _set_dnd(state: State, contact: Contact, channel: Channel, setting: dict[str, str]) -> None:
    before = contact.dnd_settings.get(channel.value, {}).get("status")
    if before == "permanent" and setting["status"] == "active":
        return
    settings = {**contact.dnd_settings, channel.value: setting}
    state.put(replace(contact, dnd_settings=settings, updated_at=state.clock.now()))


def _new(
    state: State,
    location: Location,
    contact_id: str,
    *,
    channel: Channel,
    direction: Direction,
    status: Status,
    address: str,
    body: str,
    asked: str,
    next_at: datetime | None = None,
) -> Message:
    now = state.clock.now()
    settings = location.settings
    return Message(
        id=state.new_id(),
        location_id=location.id,
        contact_id=contact_id,
        conversation_id=state.mail[location.id].conversation_of(contact_id) or state.new_id(),
        channel=channel,
        direction=direction,
        status=status,
        address=address,
        body=body,
        asked=asked,
        added_at=now,
        updated_at=now,
        visible_at=now + timedelta(seconds=state.lag_of(settings.export_lag)),
        sender=settings.phone_number if channel is Channel.SMS else settings.email_address,
        next_at=next_at,
    )
