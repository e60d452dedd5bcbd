"""A few dozen lines that behave as GHL does with contacts, in memory, for tests of the plan alone."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx

from ghl.client.answers import from_response
from ghl.client.errors import AnswerLostError, DuplicateContactError, GHLError, NotFoundError
from ghl.client.models import Contact, ContactWrite
from ghl.delivery.steps import AddTags, Call, CreateContact, FindDuplicate, GetContact, Reply, UpdateContact

FIELDS = (
    "first_name",
    "last_name",
    "phone",
    "email",
    "address1",
    "city",
    "state",
    "postal_code",
    "date_of_birth",
)


@dataclass
class ContactsModel:
    """`email_first` is the location's order of unique fields. `refuses` returns GHL's words about a write."""

    allow_duplicates: bool = False
    email_first: bool = True
    refuses: Callable[[ContactWrite], str | None] = lambda _write: None
    refused_but_made: bool = False
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def add(self, **values: Any) -> str:
        """A contact that was there before; returns its id."""
        contact_id = f"c{next(self.ids)}"
        self.contacts[contact_id] = {"tags": [], "custom_fields": {}, **values, "id": contact_id}
        return contact_id

    def answer(self, call: Call) -> Reply:
        """GHL's reply to the call. Raises what the client would raise."""
        self.calls.append(call)
        match call:
            case CreateContact(write):
                self._refuse_taken(write, None)
                message = self.refuses(write)
                if message is None or self.refused_but_made:
                    made = self.add(source=write.source, tags=[tag.lower() for tag in write.tags])
                    self._write(made, write)
                if message:
                    raise _refusal(message)
                return self._show(made)
            case FindDuplicate(phone, email):
                found = self._find(phone, email)
                return self._show(found[0]) if found else None
            case GetContact(contact_id):
                return self._show(contact_id)
            case UpdateContact(contact_id, write):
                self._show(contact_id)
                self._refuse_taken(write, contact_id)
                if message := self.refuses(write):
                    raise _refusal(message)
                self._write(contact_id, write)
                return self._show(contact_id)
            case AddTags(contact_id, tags):
                self._show(contact_id)
                has = self.contacts[contact_id]["tags"]
                has += [tag.lower() for tag in tags if tag.lower() not in has]
                return tuple(has)

    def shown(self) -> list[Contact]:
        """All contacts, as GHL would show them."""
        return [self._show(contact_id) for contact_id in self.contacts]

    def names(self) -> list[str]:
        """The kinds of call made so far, in order."""
        return [type(call).__name__ for call in self.calls]

    def _find(self, phone: str | None, email: str | None) -> tuple[str, str] | None:
        wanted = [("email", email), ("phone", phone)]
        for name, value in wanted if self.email_first else reversed(wanted):
            for contact_id, contact in self.contacts.items():
                if value and (contact.get(name) == value or value in contact.get("additional_emails", ())):
                    second = contact.get(name) != value
                    return contact_id, "additionalEmail" if second else name
        return None

    def _refuse_taken(self, write: ContactWrite, but: str | None) -> None:
        if self.allow_duplicates:
            return
        for keys in ({"email": write.email, "phone": None}, {"email": None, "phone": write.phone}):
            found = self._find(**keys)
            if found and found[0] != but:
                contact = self.contacts[found[0]]
                name = f"{contact.get('first_name') or ''} {contact.get('last_name') or ''}".strip()
                raise DuplicateContactError(
                    "This location does not allow duplicated contacts.",
                    status=400,
                    contact_id=found[0],
                    matching_field=found[1],
                    contact_name=name or None,
                )

    def _write(self, contact_id: str, write: ContactWrite) -> None:
        contact = self.contacts[contact_id]
        contact |= {name: getattr(write, name) for name in FIELDS if getattr(write, name) is not None}
        contact |= dict.fromkeys(write.cleared)
        contact["custom_fields"] = {**contact["custom_fields"], **write.custom_fields}

    def _show(self, contact_id: str) -> Contact:
        if contact_id not in self.contacts:
            raise NotFoundError("Contact not found", status=400)
        shown = {name: value for name, value in self.contacts[contact_id].items() if name != "custom_fields"}
        fields = [
            {"id": key, "value": value} for key, value in self.contacts[contact_id]["custom_fields"].items()
        ]
        return Contact.model_validate({**shown, "customFields": fields})


def carry_out(
    steps: Generator[Call, Reply, Any],
    answer: Callable[[Call], Reply],
    fault: Callable[[Call], GHLError | None] = lambda _call: None,
) -> Any:
    """Runs a plan to its outcome. `fault` may lose a call: an unsure error means that it took effect all the same.

    Raises the errors that the plan does not handle.
    """
    reply: Reply = None
    error: GHLError | None = None
    while True:
        try:
            call = steps.throw(error) if error else steps.send(reply)
        except StopIteration as end:
            return end.value
        reply, error = None, fault(call)
        try:
            if error is None:
                reply = answer(call)
            elif isinstance(error, AnswerLostError):
                answer(call)
        except GHLError as refused:
            error = error or refused


def _refusal(message: str) -> GHLError:
    """The error the client makes of such an answer."""
    answer = httpx.Response(
        422, json={"statusCode": 422, "message": [message], "error": "Unprocessable Entity"}
    )
    return from_response("contacts.create", answer, now=datetime.now(UTC))
