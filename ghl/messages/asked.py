"""What came of asking for a message: the answers that a page puts into words. Nothing is read or written here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ghl.statuses import Channel, MessageState


class AskedOutcome(StrEnum):
    """What came of a request. ALREADY_SENT: it is on its way, was sent, or may have been; it never goes twice."""

    QUEUED = "queued"
    ALREADY_SENT = "already_sent"
    ALREADY_WAITING = "already_waiting"
    NO_ADDRESS = "no_address"
    NO_TEMPLATE = "no_template"
    NOT_ALLOWED = "not_allowed"
    TOO_OLD = "too_old"


@dataclass(frozen=True)
class Asked:
    """What came of asking for one template on one card. `at`: when it leaves or left; `reason`: a code, why not.

    `reason` is a value of `ghl.consent.reasons.Reason` for NOT_ALLOWED. `state`: where the one that was asked for before
    stands, for ALREADY_SENT.
    """

    card_id: UUID | None
    template_id: UUID | None
    channel: Channel | None
    message_id: UUID | None
    outcome: AskedOutcome
    at: datetime | None = None
    reason: str | None = None
    state: MessageState | None = None


@dataclass(frozen=True)
class Preview:
    """What a bulk request would do: cards looked at, and messages by channel and outcome."""

    cards: int
    by_outcome: Mapping[tuple[Channel | None, AskedOutcome], int]

    @property
    def texts(self) -> int:
        """How many texts would leave."""
        return self.by_outcome.get((Channel.SMS, AskedOutcome.QUEUED), 0)

    @property
    def emails(self) -> int:
        """How many e-mails would leave."""
        return self.by_outcome.get((Channel.EMAIL, AskedOutcome.QUEUED), 0)


def counted(asked: Sequence[Asked]) -> Mapping[tuple[Channel | None, AskedOutcome], int]:
    """The answers by channel and outcome."""
    return Counter((one.channel, one.outcome) for one in asked)
