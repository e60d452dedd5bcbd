"""The contacts of one location, found at once by id, phone and e-mail, and the search index that lags behind.

It keeps whatever it is given; whether a contact may be added is decided by `matching` and `routes`.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from ghl.simulator.contacts.record import Contact


class ContactStore:
    """The primary store: a change shows at once, except in search."""

    def __init__(self) -> None:
        self._by_id: dict[str, Contact] = {}
        self._by_email: dict[str, list[str]] = {}
        self._by_phone: dict[str, list[str]] = {}
        self._indexed: dict[str, Contact] = {}
        self._to_index: deque[tuple[datetime, str, Contact | None]] = deque()

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Contact]:
        return iter(self._by_id.values())

    def get(self, contact_id: str) -> Contact | None:
        return self._by_id.get(contact_id)

    def put(self, contact: Contact, *, lag: float = 0.0) -> None:
        """Adds or replaces a contact; search sees it `lag` seconds after its `updated_at`."""
        before = self._by_id.get(contact.id)
        if before is not None:
            self._unindex(before)
        self._by_id[contact.id] = contact
        for email in _emails(contact):
            self._by_email.setdefault(email, []).append(contact.id)
        if contact.phone:
            self._by_phone.setdefault(contact.phone, []).append(contact.id)
        self._index_later(contact.updated_at, lag, contact.id, contact)

    def remove(self, contact_id: str, *, now: datetime, lag: float = 0.0) -> None:
        """Removes a contact. Raises KeyError when it is not there."""
        self._unindex(self._by_id.pop(contact_id))
        self._index_later(now, lag, contact_id, None)

    def by_email(self, email: str) -> Contact | None:
        """The contact added first among those with that e-mail, additional addresses included."""
        return self._oldest(self._by_email.get(email))

    def all_by_email(self, email: str) -> list[Contact]:
        """Every contact with that e-mail."""
        return [self._by_id[one] for one in self._by_email.get(email, ())]

    def by_phone(self, phone: str) -> Contact | None:
        """The contact added first among those with that phone."""
        return self._oldest(self._by_phone.get(phone))

    def searchable(self, now: datetime) -> list[Contact]:
        """What search knows at `now`."""
        self._catch_up(now)
        return list(self._indexed.values())

    def _oldest(self, ids: list[str] | None) -> Contact | None:
        if not ids:
            return None
        return min((self._by_id[one] for one in ids), key=lambda contact: contact.added_at)

    def _unindex(self, contact: Contact) -> None:
        keys = [(self._by_email, email) for email in _emails(contact)]
        if contact.phone:
            keys.append((self._by_phone, contact.phone))
        for index, key in keys:
            index[key].remove(contact.id)
            if not index[key]:
                del index[key]

    def _index_later(self, now: datetime, lag: float, contact_id: str, contact: Contact | None) -> None:
        self._catch_up(now)
        visible = now + timedelta(seconds=lag)
        if self._to_index:
            # The index is fed in order, so a change never shows before an earlier one.
            visible = max(visible, self._to_index[-1][0])
        self._to_index.append((visible, contact_id, contact))

    def _catch_up(self, now: datetime) -> None:
        while self._to_index and self._to_index[0][0] <= now:
            _, contact_id, contact = self._to_index.popleft()
            if contact is None:
                self._indexed.pop(contact_id, None)
            else:
                self._indexed[contact_id] = contact


def _emails(contact: Contact) -> list[str]:
    mine = (contact.email, *contact.additional_emails)
    return list(dict.fromkeys(email for email in mine if email))
