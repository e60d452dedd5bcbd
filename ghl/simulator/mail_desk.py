"""The control API's part about messages: what went out, what people answer, what carriers make of it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ghl.simulator.contacts.phones import to_e164_or_none
from ghl.simulator.contacts.showing import show_contact
from ghl.simulator.hooks.telling import Teller
from ghl.simulator.locations import Location
from ghl.simulator.messages.life import Outcome
from ghl.simulator.messages.record import Message
from ghl.simulator.messages.sending import choose_dnd, hear, merge, unsubscribe
from ghl.simulator.state import State
from ghl.simulator.wire import Request

MOST_MESSAGES = 10_000
"""Messages shown in one answer."""

Handler = Callable[[Request, str], Any]


class MailDesk:
    """Handlers of the control API; whoever calls them holds the state's lock."""

    def __init__(self, state: State, teller: Teller) -> None:
        self._state = state
        self._teller = teller

    def handlers(self) -> dict[tuple[str, str], Handler]:
        """By method and first part of the path."""
        return {
            ("GET", "messages"): self._messages,
            ("POST", "reply"): self._reply,
            ("POST", "unsubscribe"): self._unsubscribe,
            ("POST", "dnd"): self._set_dnd,
            ("POST", "carrier"): self._carrier,
            ("POST", "merge"): self._merge,
        }

    def _messages(self, request: Request, _rest: str) -> dict[str, Any]:
        """All messages, oldest first; `contact`, `address`, `channel` and `direction` narrow them."""
        query = request.query
        location = query.get("location")
        chosen = [location] if location else list(self._state.locations)
        found = [message for one in chosen for message in self._state.mail[one] if _fits(message, query)]
        limit = min(int(query.get("limit", "100")), MOST_MESSAGES)
        skip = int(query.get("skip", "0"))
        return {"count": len(found), "messages": [show(one) for one in found[skip : skip + limit]]}

    def _reply(self, request: Request, _rest: str) -> dict[str, Any]:
        fields = request.json()
        location = self._where(fields)
        address = _kept(location, str(fields["address"]))
        message = hear(self._state, location, address, str(fields["text"]), subject=fields.get("subject"))
        return {"message": show(message)}

    def _unsubscribe(self, request: Request, _rest: str) -> dict[str, Any]:
        fields = request.json()
        location, email = self._where(fields), str(fields["email"]).lower()
        unsubscribe(self._state, location, email)
        self._teller.unsubscribed(location.id, email)
        return {}

    def _set_dnd(self, request: Request, _rest: str) -> dict[str, Any]:
        """As somebody does on GoHighLevel's screen: one channel of a contact, or `all`."""
        fields = request.json()
        contact = self._state.find(str(fields["contact"]))
        if contact is None:
            raise KeyError(fields["contact"])
        changed = choose_dnd(
            self._state,
            contact,
            str(fields.get("channel", "SMS")),
            str(fields["status"]),
            str(fields.get("message", "")),
        )
        return {"contact": show_contact(changed, v3=False)}

    def _carrier(self, request: Request, _rest: str) -> dict[str, Any]:
        fields = request.json()
        location = self._where(fields)
        address = _kept(location, str(fields["address"]))
        self._state.set_outcome(location.id, address, Outcome(fields["outcome"]))
        return {"address": address, "outcome": fields["outcome"]}

    def _merge(self, request: Request, _rest: str) -> dict[str, Any]:
        """As somebody merges two contacts on GoHighLevel's screen: one is kept, the other one is gone."""
        fields = request.json()
        kept, gone = (self._state.find(str(fields[name])) for name in ("kept", "gone"))
        if kept is None or gone is None:
            raise KeyError(fields["kept"] if kept is None else fields["gone"])
        return {"contact": show_contact(merge(self._state, kept, gone), v3=False)}

    def _where(self, fields: dict[str, Any]) -> Location:
        """The location that is meant: where none is named, the only one that knows the address, or that has anybody.

        Raises KeyError, ValueError.
        """
        if fields.get("location"):
            return self._state.locations[str(fields["location"])]
        address = str(fields.get("address") or fields.get("email") or "")
        known = [one for one in self._state.locations.values() if self._knows(one, address)]
        if len(known) == 1:
            return known[0]
        return the_only(self._state)

    def _knows(self, location: Location, address: str) -> bool:
        store = self._state.stores[location.id]
        kept = _kept(location, address)
        return (store.by_email(kept) or store.by_phone(kept)) is not None


def _kept(location: Location, address: str) -> str:
    """A phone or e-mail in the form that it is kept in."""
    if "@" in address:
        return address.strip().lower()
    return to_e164_or_none(address, location.settings.country) or address


def the_only(state: State) -> Location:
    """The only location, or the only one that has contacts. Raises ValueError."""
    known = list(state.locations.values())
    lived_in = [one for one in known if state.count(one.id)]
    for some in (known, lived_in):
        if len(some) == 1:
            return some[0]
    raise ValueError("There are several locations: name one.")


def show(message: Message) -> dict[str, Any]:
    """A message with all that the simulator knows of it, by the simulator's own names."""
    return asdict(message)


def _fits(message: Message, query: dict[str, str]) -> bool:
    return (
        query.get("contact", message.contact_id) == message.contact_id
        and query.get("address", message.address) == message.address
        and query.get("channel", message.channel) == message.channel
        and query.get("direction", message.direction) == message.direction
    )
