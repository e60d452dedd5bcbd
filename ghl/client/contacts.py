"""People in GHL: make, read, change, find, tag. Who is the same person is not decided here."""

from collections.abc import Iterable

from ghl.client import operations as op
from ghl.client import reading
from ghl.client.models import Contact, ContactWrite
from ghl.client.transport import Transport


class ContactsResource:
    """`client.contacts`"""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, contact: ContactWrite) -> Contact:
        """The new contact. Raises `DuplicateContactError` where the location forbids a second one.

        Unsure outcomes (`error.unsure`) may have made the contact: look it up before any other try.
        Raises ValueError without phone and e-mail, which would make a nameless contact at each try.
        """
        if not contact.phone and not contact.email:
            raise ValueError("A contact needs a phone number or an e-mail address.")
        answer = self._transport.send(op.CREATE_CONTACT, body=contact.to_create(self._transport.location_id))
        return self._contact(op.CREATE_CONTACT, answer)

    def get(self, contact_id: str) -> Contact:
        """The contact as it is now. Raises `NotFoundError` when it was merged or deleted."""
        return self._contact(op.GET_CONTACT, self._transport.send(op.GET_CONTACT, id=contact_id))

    def update(self, contact_id: str, contact: ContactWrite) -> Contact:
        """The changed contact; what is None or blank stays as it is, and so do tags, source and location.

        Raises `DuplicateContactError` when the phone or e-mail belongs to someone else, `NotFoundError`.
        """
        answer = self._transport.send(op.UPDATE_CONTACT, id=contact_id, body=contact.to_update())
        if "contact" not in answer and True in {answer.get("succeded"), answer.get("succeeded")}:
            return Contact(id=contact_id)  # GHL's schema does not promise the contact in this answer
        return self._contact(op.UPDATE_CONTACT, answer)

    def set_dnd(self, contact_id: str, channel: str, *, message: str) -> None:
        """Sets do-not-disturb of one channel (`SMS`, `Email`). Nothing else of the contact is named in the call.

        Raises `NotFoundError`. Never called for a channel that is blocked already: `permanent` is not ours to change.
        """
        setting = {"status": "active", "message": message, "code": ""}
        self._transport.send(op.SET_DND, id=contact_id, body={"dndSettings": {channel: setting}})

    def clear_dnd(self, contact_id: str, channel: str) -> None:
        """Takes do-not-disturb of one channel away. Nothing else of the contact is named in the call.

        Raises `NotFoundError`. Only ever called for what we set ourselves, where the person wrote START.
        """
        setting = {"status": "inactive", "message": "", "code": ""}
        self._transport.send(op.SET_DND, id=contact_id, body={"dndSettings": {channel: setting}})

    def remove(self, contact_id: str) -> None:
        """Removes the contact. Raises `NotFoundError` where it is gone already."""
        self._transport.send(op.DELETE_CONTACT, id=contact_id)

    def find_duplicate(self, *, phone: str | None = None, email: str | None = None) -> Contact | None:
        """The contact GHL would call a duplicate, or None. Asks the primary store, so it sees what was just made.

        With both given GHL goes by the location's own order; ask for each alone to see two different people.
        """
        query = {"locationId": self._transport.location_id}
        if phone:
            query["number"] = phone
        if email:
            query["email"] = email
        if len(query) == 1:
            raise ValueError("Searching needs a phone number or an e-mail address.")
        found = self._transport.send(op.FIND_DUPLICATE, query=query).get("contact")
        return self._contact(op.FIND_DUPLICATE, {"contact": found}) if found else None

    def add_tags(self, contact_id: str, tags: Iterable[str]) -> tuple[str, ...]:
        """The tags GHL names in its answer, in its lower case. Adds only: what is there stays."""
        answer = self._transport.send(op.ADD_TAGS, id=contact_id, body={"tags": list(tags)})
        return reading.as_texts(answer.get("tags"))

    def _contact(self, operation: op.Operation, answer: dict[str, object]) -> Contact:
        return self._transport.parsed(
            operation, lambda: Contact.model_validate(answer.get("contact", answer))
        )
