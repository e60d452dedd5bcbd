"""The states that are stored, by name. What they are called on screen stands in `dashboard`."""

from enum import StrEnum


class CardStatus(StrEnum):
    """Where a card stands: the one stored truth behind its badge."""

    TO_REVIEW = "to_review"
    WAITING = "waiting"
    SENDING = "sending"
    SYNCED = "synced"
    NEEDS_ATTENTION = "needs_attention"
    HELD = "held"
    DISMISSED = "dismissed"


class CardSource(StrEnum):
    """The way in by which a card came."""

    TYPED = "typed"
    IMPORT = "import"
    API = "api"
    FORM = "form"


class OutboxState(StrEnum):
    """What the delivery does with a row.

    DUE waits for its time; LEASED is with a worker; PARKED waits for a person; DONE is over.
    """

    DUE = "due"
    LEASED = "leased"
    PARKED = "parked"
    DONE = "done"


class AttemptOutcome(StrEnum):
    """How an attempt ended. No outcome yet: it runs, or its worker died."""

    DELIVERED = "delivered"
    WAITS = "waits"
    NEEDS_ATTENTION = "needs_attention"
    HELD = "held"
    NOT_SENT = "not_sent"
    DIED = "died"


class RetryState(StrEnum):
    """How far a request to send many cards again is. STOPPING takes no more cards; those on the way are awaited."""

    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DONE = "done"


class Priority:
    """The order in which a church's due rows go; smaller goes first. New cards before back-fills and retries."""

    NEW = 10
    BACKFILL = 20
    RETRY = 30


MAX_ATTEMPTS = 8
"""GHL's answers about one card before a person has to look. Errors that say nothing about the card do not count."""


class Channel(StrEnum):
    """A way to write to a person."""

    SMS = "sms"
    EMAIL = "email"


class ConsentKind(StrEnum):
    """What a person said, or what was done, about messages on one channel."""

    YES = "yes"
    NO = "no"
    STOP = "stop"
    ASKED = "asked"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What a person may do in one church."""

    ADMIN = "admin"
    STAFF = "staff"
    VIEWER = "viewer"


class QuestionState(StrEnum):
    """Where a question to GoHighLevel stands. One that waits and is wanted by nobody any more is as good as gone."""

    WAITING = "waiting"
    ASKING = "asking"
    ANSWERED = "answered"
    FAILED = "failed"


class TrialState(StrEnum):
    """Where the test of a pasted token stands. USED and DROPPED hold no token any more."""

    TESTING = "testing"
    PASSED = "passed"
    FAILED = "failed"
    USED = "used"
    DROPPED = "dropped"


class OutageScope(StrEnum):
    """Whether GoHighLevel answers nobody, or one location alone gets no answer."""

    LOCATION = "location"
    WHOLE = "whole"


class OutageEnd(StrEnum):
    """How an outage ended: a test was answered, or Redis no longer knew of it (it was emptied, say)."""

    ANSWERED = "answered"
    FORGOTTEN = "forgotten"


class HelpState(StrEnum):
    """Where a request for help access stands. One that was agreed to lasts until its end and not longer."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"
    ENDED = "ended"
