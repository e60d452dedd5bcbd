"""The journal's records back into a state, one after the other."""

from typing import Any

from ghl.simulator.contacts.record import from_json
from ghl.simulator.hooks.listening import listener_from
from ghl.simulator.journal import Journal, JournalError
from ghl.simulator.messages.life import Outcome
from ghl.simulator.messages.record import message_from
from ghl.simulator.records import location_from, token_from
from ghl.simulator.state import State


def replay_all(journal: Journal, state: State) -> None:
    """Does again what the journal tells, and lets `state` write on in it.

    Raises JournalError: a line before the last is broken, or a record does not fit.
    """
    for record in journal.read():
        try:
            _replay(record, state)
        except (KeyError, TypeError, ValueError) as error:
            raise JournalError(f"The journal has a record that does not fit: {error!r}") from error
    state.keep_in(journal)


def _replay(record: dict[str, Any], state: State) -> None:
    match record["kind"]:
        case "location":
            state.keep_location(location_from(record["location"]))
        case "token":
            state.tokens.add(token_from(record["token"]))
        case "tag":
            state.locations[record["location_id"]].tags[record["name"]] = record["id"]
        case "contact":
            state.put(from_json(record["contact"]))
        case "contact_removed":
            contact = state.find(record["id"])
            if contact is not None:
                state.remove(contact)
        case "listener":
            state.add_listener(listener_from(record["listener"]))
        case "listeners_removed":
            state.remove_listeners(record["location_id"])
        case "message" | "message_removed" | "outcome" | "unsubscribed":
            _replay_mail(record, state)
        case kind:
            raise JournalError(f"The journal has a record of an unknown kind: {kind}")


def _replay_mail(record: dict[str, Any], state: State) -> None:
    match record["kind"]:
        case "message":
            state.put_message(message_from(record["message"]))
        case "message_removed":
            message = state.mail[record["location_id"]].get(record["id"])
            if message is not None:
                state.drop_message(message)
        case "outcome":
            state.set_outcome(record["location_id"], record["address"], Outcome(record["outcome"]))
        case _:
            state.set_unsubscribed(record["location_id"], record["address"], record["yes"])
