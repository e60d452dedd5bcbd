"""The calls this client can make: documented paths only, each with the version its family is pinned to.

Versions: the header enums of GHL's OpenAPI files. Paths and ids are put together here and nowhere else.
"""

import re
from dataclasses import dataclass

DATED_VERSION = "2021-07-28"
CONVERSATIONS_VERSION = "2021-04-15"

ID_PATTERN = r"^[A-Za-z0-9_-][A-Za-z0-9_.:~-]{0,199}$"
"""GHL's ids are letters and digits. Nothing here may change a path: no slash, no question mark, no dots alone."""

_ID = re.compile(ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented call. `idempotent`: asking twice is the same as asking once."""

    name: str
    method: str
    path: str
    version: str = DATED_VERSION

    @property
    def idempotent(self) -> bool:
        """Reads only: a repeated write may overtake a newer one."""
        return self.method == "GET"


def checked_id(value: str) -> str:
    """An id fit for a path. Raises ValueError without naming the value: a slash or a dot would be another path."""
    if not _ID.fullmatch(value):
        raise ValueError("An id of GHL holds letters and digits, and no sign that means something in a path.")
    return value


CREATE_CONTACT = Operation("contacts.create", "POST", "/contacts/")
GET_CONTACT = Operation("contacts.get", "GET", "/contacts/{id}")
UPDATE_CONTACT = Operation("contacts.update", "PUT", "/contacts/{id}")
SET_DND = Operation("contacts.set_dnd", "PUT", "/contacts/{id}")
DELETE_CONTACT = Operation("contacts.delete", "DELETE", "/contacts/{id}")
FIND_DUPLICATE = Operation("contacts.find_duplicate", "GET", "/contacts/search/duplicate")
ADD_TAGS = Operation("contacts.add_tags", "POST", "/contacts/{id}/tags")

GET_LOCATION = Operation("locations.get", "GET", "/locations/{id}")
CUSTOM_FIELDS = Operation("locations.custom_fields", "GET", "/locations/{id}/customFields")
LOCATION_TAGS = Operation("locations.tags", "GET", "/locations/{id}/tags")

SEND_MESSAGE = Operation("conversations.send", "POST", "/conversations/messages", CONVERSATIONS_VERSION)
GET_MESSAGE = Operation("conversations.get", "GET", "/conversations/messages/{id}", CONVERSATIONS_VERSION)
EXPORT_MESSAGES = Operation(
    "conversations.export", "GET", "/conversations/messages/export", CONVERSATIONS_VERSION
)
GET_EMAIL = Operation(
    "conversations.email", "GET", "/conversations/messages/email/{id}", CONVERSATIONS_VERSION
)
CONVERSATION_MESSAGES = Operation(
    "conversations.messages", "GET", "/conversations/{id}/messages", CONVERSATIONS_VERSION
)
SEARCH_CONVERSATIONS = Operation(
    "conversations.search", "GET", "/conversations/search", CONVERSATIONS_VERSION
)

ALL = (
    CREATE_CONTACT,
    GET_CONTACT,
    UPDATE_CONTACT,
    SET_DND,
    DELETE_CONTACT,
    FIND_DUPLICATE,
    ADD_TAGS,
    GET_LOCATION,
    CUSTOM_FIELDS,
    LOCATION_TAGS,
    SEND_MESSAGE,
    GET_MESSAGE,
    GET_EMAIL,
    EXPORT_MESSAGES,
    CONVERSATION_MESSAGES,
    SEARCH_CONVERSATIONS,
)
