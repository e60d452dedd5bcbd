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


class Purpose(StrEnum):
    """What a message is about; a yes is for the purpose that its words named."""

    FOLLOW_UP = "follow-up"
    VOLUNTEERING = "volunteering"
    EVENTS = "events"
    GIVING = "giving"


class MessageState(StrEnum):
    """Where a message stands: the one stored truth behind its badge; `cause` says why.

    UNSURE: it may have gone out, and is looked up before anything else; with a cause a person decides. SENT means that
    GoHighLevel has it, not that it arrived. HELD waits for a person before it was ever sent.
    """

    WAITING = "waiting"
    SENDING = "sending"
    UNSURE = "unsure"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    HELD = "held"
    NOT_SENT = "not_sent"


class MessageTry(StrEnum):
    """What a try with a message was: to send it, to look whether it went out, or to ask how it fared."""

    SEND = "send"
    LOOK = "look"
    STATUS = "status"


class DoubtState(StrEnum):
    """What became of a reply that may be a stop."""

    OPEN = "open"
    STOP = "stop"
    NO_STOP = "no_stop"


class OptOutState(StrEnum):
    """How far a stop is in GoHighLevel. CONFIRMED was read back; NO_CONTACT: nobody there has this address."""

    WAITING = "waiting"
    SENT = "sent"
    CONFIRMED = "confirmed"
    NO_CONTACT = "no_contact"


class StopWarned(StrEnum):
    """What admins were told of stops that are not in GoHighLevel yet: their last day comes, or is over."""

    NEAR = "near"
    OVERDUE = "overdue"


class DifferenceKind(StrEnum):
    """How our log and GoHighLevel differ about one contact."""

    STOPPED_HERE = "stopped_here"
    STOPPED_THERE = "stopped_there"
    OTHER_NUMBER = "other_number"
    GONE = "gone"


class WebhookSource(StrEnum):
    """Who told us: GoHighLevel's signed app webhooks, or a workflow that a church built."""

    APP = "app"
    WORKFLOW = "workflow"


class WebhookState(StrEnum):
    """What became of an event. UNKNOWN is kept although nothing is known to do with its type."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
