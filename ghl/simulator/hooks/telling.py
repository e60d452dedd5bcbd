"""Turns what changes in the simulator into deliveries for those who listen."""

from collections.abc import Sequence

from ghl.simulator.contacts.record import Contact
from ghl.simulator.hooks import events
from ghl.simulator.hooks.bodies import Body, email_stats_body, workflow_body
from ghl.simulator.hooks.deliveries import Deliveries
from ghl.simulator.hooks.listening import Listener
from ghl.simulator.messages.record import Channel, Direction, Message
from ghl.simulator.state import State


class Teller:
    """Watches a state. Called under the state's lock."""

    def __init__(self, state: State, deliveries: Deliveries) -> None:
        self._state = state
        self._deliveries = deliveries
        state.on_contact = self.contact_changed
        state.on_message = self.message_changed

    def contact_changed(self, before: Contact | None, after: Contact | None) -> None:
        """A contact was added, changed or removed."""
        contact = after or before
        if contact is None or not (listeners := self._state.listeners.get(contact.location_id)):
            return
        self._tell(listeners, events.of_contact(before, after))
        self._start(listeners, events.starts_of_contact(before, after))

    def message_changed(self, before: Message | None, after: Message) -> None:
        """A message was added, or its status changed."""
        if not (listeners := self._state.listeners.get(after.location_id)):
            return
        self._tell(listeners, events.of_message(before, after, self._state.locations[after.location_id]))
        contact = self._state.find(after.contact_id)
        if contact is not None:
            self._start(listeners, events.starts_of_message(before, after, contact))

    def unsubscribed(self, location_id: str, email: str) -> None:
        """A reader used the link in an e-mail: told of the last one that went there."""
        listeners = self._state.listeners.get(location_id, ())
        sent = [
            message
            for message in self._state.mail[location_id]
            if message.channel is Channel.EMAIL
            and message.direction is Direction.OUT
            and message.address == email
        ]
        if listeners and sent:
            location = self._state.locations[location_id]
            body = email_stats_body(sent[-1], location, event="unsubscribed")
            self._tell(listeners, [body] if body else [])

    def _tell(self, listeners: Sequence[Listener], bodies: Sequence[Body]) -> None:
        clock = self._state.clock
        for listener in listeners:
            wanted = [body for body in bodies if listener.is_app and body["type"] in listener.about]
            if wanted:
                self._deliveries.add(listener, wanted, at=clock.monotonic(), now=clock.now())

    def _start(self, listeners: Sequence[Listener], starts: Sequence[events.Start]) -> None:
        clock = self._state.clock
        for listener in listeners:
            if listener.is_app:
                continue
            bodies = [
                workflow_body(
                    start.contact,
                    self._state.locations[listener.location_id],
                    start.trigger,
                    message=start.message,
                    now=clock.now(),
                )
                for start in starts
                if start.trigger in listener.about
            ]
            if bodies:
                self._deliveries.add(listener, bodies, at=clock.monotonic(), now=clock.now())
