"""All that the simulator knows: locations, tokens, contacts and messages. Every change is told to the journal, if there is one.

Also the door for tests, which may call it from any thread: each method takes the lock.
"""

from collections.abc import Callable, Iterable
from random import Random
from string import ascii_letters, digits
from threading import RLock
from typing import Any

from ghl.clock import Clock
from ghl.simulator.contacts.changing import apply
from ghl.simulator.contacts.reading import CREATE, read_contact
from ghl.simulator.contacts.record import Contact
from ghl.simulator.contacts.showing import show_contact
from ghl.simulator.contacts.store import ContactStore
from ghl.simulator.hooks.listening import Listener
from ghl.simulator.journal import Journal
from ghl.simulator.limits import RateLimit
from ghl.simulator.locations import CustomField, Location
from ghl.simulator.messages.agenda import Agenda
from ghl.simulator.messages.life import Outcome
from ghl.simulator.messages.record import Message
from ghl.simulator.messages.store import MessageStore
from ghl.simulator.records import token_to
from ghl.simulator.tokens import ALL_SCOPES, Token, Tokens, fake_token

_LETTERS = ascii_letters + digits


class State:
    """Locations with their contacts, and the tokens that open them."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.lock = RLock()
        self.clock = clock
        self.random = random
        self.tokens = Tokens()
        self.locations: dict[str, Location] = {}
        self.stores: dict[str, ContactStore] = {}
        self.mail: dict[str, MessageStore] = {}
        self.agenda = Agenda()
        self.listeners: dict[str, list[Listener]] = {}
        self.on_contact: Callable[[Contact | None, Contact | None], None] = lambda _before, _after: None
        self.on_message: Callable[[Message | None, Message], None] = lambda _before, _after: None
        """Told of each change, under the lock: the record before (None: it is new) and after (None: it is gone)."""

        self.limits: dict[str, RateLimit] = {}
        self._homes: dict[str, str] = {}
        self._journal: Journal | None = None

    # Locations and tokens

    def add_location(
        self,
        location_id: str,
        *,
        token: str | None = None,
        scopes: Iterable[str] = ALL_SCOPES,
        **settings: Any,
    ) -> str:
        """Adds a location (or changes the settings of a known one) and a token for it; returns the token.

        Without `token` the location gets a made-up one of its own. `settings` are those of LocationSettings.

        Raises RealTokenError: the token does not look fake.
        Raises TypeError, ValueError: a setting that there is not.
        """
        with self.lock:
            location = self.locations.get(location_id) or Location(location_id)
            changed = location.settings.changed(**settings)
            given = self.tokens.add(Token(token or self._new_token(), location_id, frozenset(scopes)))
            location.settings = changed
            self.keep_location(location)
            self._keep_token(given)
            return given.value

    def change_location(self, location_id: str, **settings: Any) -> None:
        """Changes settings of a location. Raises KeyError, TypeError or ValueError."""
        with self.lock:
            location = self.locations[location_id]
            location.settings = location.settings.changed(**settings)
            self.keep_location(location)

    def add_token(
        self, location_id: str | None, value: str | None = None, scopes: Iterable[str] = ALL_SCOPES
    ) -> str:
        """Another token for a location, or for the agency (None); returns it. Raises RealTokenError."""
        with self.lock:
            token = self.tokens.add(Token(value or self._new_token(), location_id, frozenset(scopes)))
            self._keep_token(token)
            return token.value

    def rotate_token(self, old: str, new: str | None = None, *, expire_now: bool = False) -> str:
        """A new token in place of `old`, which works for 7 more days or ends at once. Raises KeyError."""
        with self.lock:
            before, after = self.tokens.rotate(
                old, new or self._new_token(), now=self.clock.now(), expire_now=expire_now
            )
            self._keep_token(before)
            self._keep_token(after)
            return after.value

    def revoke_token(self, value: str) -> None:
        """Ends a token at once. Raises KeyError."""
        with self.lock:
            self._keep_token(self.tokens.revoke(value, now=self.clock.now()))

    def restore_token(self, value: str) -> None:
        """Makes an ended token work again. Raises KeyError."""
        with self.lock:
            self._keep_token(self.tokens.restore(value))

    def add_custom_field(
        self,
        location_id: str,
        name: str,
        data_type: str = "TEXT",
        *,
        options: Iterable[str] = (),
        **more: Any,
    ) -> CustomField:
        """Adds a custom field, its key made from the name. Raises KeyError for an unknown location."""
        with self.lock:
            location = self.locations[location_id]
            key = "contact." + "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
            values = {
                "field_key": key,
                "position": len(location.custom_fields) * 50,
                "id": self.new_id(),
                **more,
            }
            field = CustomField(name=name, data_type=data_type, options=tuple(options), **values)
            location.custom_fields[field.id] = field
            self.keep_location(location)
            return field

    def remove_custom_field(self, location_id: str, field_id: str) -> None:
        """Removes a custom field, as an admin does on screen. Raises KeyError."""
        with self.lock:
            location = self.locations[location_id]
            del location.custom_fields[field_id]
            self.keep_location(location)

    # Contacts

    def contacts(self, location_id: str) -> list[dict[str, Any]]:
        """All contacts of a location in the order added, as a dated version shows them. Raises KeyError."""
        with self.lock:
            return [show_contact(contact, v3=False) for contact in self.stores[location_id]]

    def contact(self, contact_id: str) -> dict[str, Any] | None:
        """One contact as a dated version shows it, or None."""
        with self.lock:
            found = self.find(contact_id)
            return show_contact(found, v3=False) if found else None

    def count(self, location_id: str | None = None) -> int:
        """How many contacts a location has; without a location, all."""
        with self.lock:
            if location_id is None:
                return len(self._homes)
            return len(self.stores[location_id])

    def add_contact(
        self, location_id: str, *, additional_emails: Iterable[str] = (), **properties: Any
    ) -> str:
        """Puts a contact there as if typed into GoHighLevel, with no duplicate check; returns its id.

        `properties` are those of the API's create call. Raises KeyError or Refusal.
        """
        with self.lock:
            location = self.locations[location_id]
            sent = read_contact(properties, CREATE, location, v3=False)
            extra = tuple(email.lower() for email in additional_emails)
            now = self.clock.now()
            blank = Contact(self.new_id(), location_id, now, now, additional_emails=extra)
            return self.put(apply(blank, sent, now=now)).id

    def find(self, contact_id: str) -> Contact | None:
        """The record of a contact, in whatever location."""
        home = self._homes.get(contact_id)
        return self.stores[home].get(contact_id) if home else None

    def put(self, contact: Contact) -> Contact:
        """Keeps a new or changed contact, its tags becoming tags of the location."""
        location, before = self.locations[contact.location_id], self.find(contact.id)
        for tag in contact.tags:
            if tag not in location.tags:
                location.tags[tag] = self.new_id()
                self._write("tag", {"location_id": location.id, "name": tag, "id": location.tags[tag]})
        self.stores[location.id].put(contact, lag=self.lag_of(location.settings.search_lag))
        self._homes[contact.id] = location.id
        self._write("contact", {"contact": contact})
        self.on_contact(before, contact)
        return contact

    def remove(self, contact: Contact) -> None:
        """Forgets a contact."""
        location = self.locations[contact.location_id]
        self.stores[location.id].remove(
            contact.id, now=self.clock.now(), lag=self.lag_of(location.settings.search_lag)
        )
        del self._homes[contact.id]
        self._write("contact_removed", {"id": contact.id})
        self.on_contact(contact, None)

    # Messages

    def put_message(self, message: Message) -> Message:
        """Keeps a new or changed message."""
        store = self.mail[message.location_id]
        before = store.get(message.id)
        store.put(message)
        self.agenda.put(message)
        self._write("message", {"message": message})
        self.on_message(before, message)
        return message

    def drop_message(self, message: Message) -> None:
        """Forgets a message that never went out."""
        self.mail[message.location_id].remove(message)
        self._write("message_removed", {"location_id": message.location_id, "id": message.id})

    def set_outcome(self, location_id: str, address: str, outcome: Outcome) -> None:
        """Chooses what the carrier makes of messages to a phone or e-mail. Raises KeyError."""
        with self.lock:
            self.mail[location_id].outcomes[address] = outcome
            self._write("outcome", {"location_id": location_id, "address": address, "outcome": outcome})

    def set_unsubscribed(self, location_id: str, address: str, yes: bool) -> None:
        """Puts a phone or e-mail on the list that nothing may be sent to, or takes it off. Raises KeyError."""
        with self.lock:
            known = self.mail[location_id].unsubscribed
            if yes:
                known.add(address)
            else:
                known.discard(address)
            self._write("unsubscribed", {"location_id": location_id, "address": address, "yes": yes})

    # Listeners

    def add_listener(self, listener: Listener) -> None:
        """Tells a listener of what happens from now on, in place of one with the same address. Raises KeyError."""
        with self.lock:
            self.locations[listener.location_id]
            known = self.listeners.setdefault(listener.location_id, [])
            known[:] = [*(one for one in known if one.url != listener.url), listener]
            self._write("listener", {"listener": listener})

    def remove_listeners(self, location_id: str) -> int:
        """Tells nobody any more what happens in a location; returns how many there were."""
        with self.lock:
            gone = self.listeners.pop(location_id, [])
            self._write("listeners_removed", {"location_id": location_id})
            return len(gone)

    def new_id(self) -> str:
        """An id like GoHighLevel's, 20 letters and digits, that no contact has."""
        while True:
            made = "".join(self.random.choices(_LETTERS, k=20))
            if made not in self._homes:
                return made

    def new_trace_id(self) -> str:
        """A trace id, as every answer carries one."""
        digits32 = f"{self.random.getrandbits(128):032x}"
        return "-".join((digits32[:8], digits32[8:12], digits32[12:16], digits32[16:20], digits32[20:]))

    def keep_in(self, journal: Journal) -> None:
        """Tells the journal of every change from now on."""
        self._journal = journal

    def close(self) -> None:
        """Closes the journal."""
        with self.lock:
            if self._journal is not None:
                self._journal.close()
                self._journal = None

    # Keeping

    def lag_of(self, span: tuple[float, float]) -> float:
        """So many seconds of that span."""
        low, high = span
        return low if low == high else self.random.uniform(low, high)

    def _new_token(self) -> str:
        number = len(self.tokens.all()) + 1
        while self.tokens.find(fake_token(number)):
            number += 1
        return fake_token(number)

    def keep_location(self, location: Location) -> None:
        """Keeps a new or changed location."""
        self.locations[location.id] = location
        self.stores.setdefault(location.id, ContactStore())
        self.mail.setdefault(location.id, MessageStore())
        limit = self.limits.setdefault(location.id, RateLimit())
        settings = location.settings
        limit.burst, limit.daily, limit.count_refused = (
            settings.burst_limit,
            settings.daily_limit,
            settings.count_refused,
        )
        self._write("location", {"location": location})

    def _keep_token(self, token: Token) -> None:
        self._write("token", {"token": token_to(token)})

    def _write(self, kind: str, record: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.write(kind, record)
