"""Asking for messages and taking them back: all of it in the caller's transaction of the church.

Whether one is wanted twice is decided by the database: the idempotency key stands there once. Nothing is sent here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from ghl.statuses import Channel


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

    `reason` is a value of `ghl.consent.reasons.Reason` for NOT_ALLOWED; `facts` fill its sentence.
    """

    card_id: UUID | None
    template_id: UUID | None
    channel: Channel | None
    message_id: UUID | None
    outcome: AskedOutcome
    at: datetime | None = None
    reason: str | None = None


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


MOST_CARDS = 200
"""Cards in one request; more are asked for in several transactions."""


def send_onboarding(
    session: Session, church_id: UUID, card_ids: Sequence[UUID], *, actor: str, now: datetime
) -> list[Asked]:
    """Asks for every onboarding message of these cards; each leaves after the undo time. At most `MOST_CARDS`."""
    raise NotImplementedError


def preview_bulk(session: Session, church_id: UUID, card_ids: Sequence[UUID], *, now: datetime) -> Preview:
    """What `send_onboarding` would do, without doing it."""
    raise NotImplementedError


def send_template(
    session: Session,
    church_id: UUID,
    template_id: UUID,
    card_ids: Sequence[UUID],
    *,
    actor: str,
    now: datetime,
    late: bool = False,
) -> list[Asked]:
    """Asks for one template on these cards. `late`: also on a card that is too old for it (asked for singly)."""
    raise NotImplementedError


def send_test(
    session: Session, church_id: UUID, template_id: UUID, *, phone_or_email: str, actor: str, now: datetime
) -> Asked:
    """Sends the newest words of a template to a phone or address of staff, at once. Each press is another test."""
    raise NotImplementedError


def undo(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """Takes a waiting message back; False where it is too late."""
    raise NotImplementedError


def send_now(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """Lets a waiting or held message go without waiting for the undo time; whether it may is asked as ever.

    Quiet hours and the day's number of texts hold all the same. False where it does not wait.
    """
    raise NotImplementedError


def send_again(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """The same message once more: one of which a person found that it did not go out, one that GoHighLevel did not
    take, one that was held, or one that was too late and is wanted all the same. False where it stands elsewhere.
    """
    raise NotImplementedError


def it_arrived(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """A person found that an unsure message went out; False where it is not unsure."""
    raise NotImplementedError


def send_once_more(
    session: Session, church_id: UUID, message_id: UUID, *, actor: str, reason: str, now: datetime
) -> Asked:
    """A message that was sent, deliberately once more: a new row with a key of its own."""
    raise NotImplementedError


def counted(asked: Sequence[Asked]) -> Mapping[tuple[Channel | None, AskedOutcome], int]:
    """The answers by channel and outcome."""
    return Counter((one.channel, one.outcome) for one in asked)
