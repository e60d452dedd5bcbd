"""The types of events that something is done about, by the names that GoHighLevel has for them."""

from enum import StrEnum

from ghl.webhooks.event import WORKFLOW_TYPE


class EventType(StrEnum):
    """All others are kept and marked as unknown."""

    CONTACT_UPDATE = "ContactUpdate"
    CONTACT_DELETE = "ContactDelete"
    CONTACT_DND_UPDATE = "ContactDndUpdate"
    CONTACT_TAG_UPDATE = "ContactTagUpdate"
    INBOUND_MESSAGE = "InboundMessage"
    OUTBOUND_MESSAGE = "OutboundMessage"
    EMAIL_STATS = "LCEmailStats"
    WORKFLOW = WORKFLOW_TYPE


KNOWN = frozenset(str(one) for one in EventType)
