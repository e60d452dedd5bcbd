"""What follows from a try with a message: where it stands, and when it is taken up again. Pure.

One rule decides whether a message may be sent anew: only what is *certainly not sent* waits. Everything after the
first byte is *unsure*, and is looked up before anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ghl.causes import CauseCode
from ghl.client.errors import (
    AgencyTokenError,
    AnswerError,
    GHLError,
    InvalidRequestError,
    MessageRefusedError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    ScopeMissingError,
    TokenRefusedError,
    VersionHeaderError,
    WrongLocationError,
)
from ghl.client.messages import Message, SentMessage
from ghl.consent.reasons import Reason
from ghl.delivery.backoff import GIVE_UP_AFTER, MAX_DEATHS, wait_after_answer, wait_after_system_error
from ghl.messages.look import AFTER, Found, Looked
from ghl.statuses import MAX_ATTEMPTS, Channel, MessageState, OutboxState

FOLLOW_FOR = timedelta(hours=24)
FOLLOW_AT = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 60, 4 * 60, 12 * 60, 23 * 60))
"""When GoHighLevel is asked how a message fared, since it was sent: soon, then seldom."""

SCOPE_AGAIN_AFTER = timedelta(minutes=5)
"""A box that somebody ticks makes it go on without another token."""

DELIVERED = frozenset({"delivered", "read", "opened", "clicked", "connected"})
UNDELIVERED = frozenset({"failed", "undelivered"})
OPTED_OUT = frozenset({"opt_out"})

_CHURCH_ERRORS = (TokenRefusedError, AgencyTokenError, WrongLocationError, VersionHeaderError)
_RATE_LIMIT_WAIT = 10.0
_DAY_LIMIT_WAIT = 15 * 60.0
_HELD_BACK_WAIT = 1.0


@dataclass(frozen=True)
class Counters:
    """What is remembered of a message's tries; as for cards."""

    attempts: int = 0
    system_errors: int = 0
    first_system_error_at: datetime | None = None
    deaths: int = 0


@dataclass(frozen=True)
class Next:
    """Where a message stands after a try. `due_in` is for what goes on by itself; `work` what its row does then.

    `outcome` is what the try is called in the log. `stop`: the person asked for no more, which is to be recorded.
    `counts_look`: this look was answered. The three ids are GoHighLevel's, of what it took in.
    """

    state: MessageState
    outcome: str
    work: OutboxState = OutboxState.DUE
    due_in: timedelta | None = None
    due_at: datetime | None = None
    cause: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    counters: Counters = Counters()
    hold_church: CauseCode | None = None
    stop: bool = False
    counts_look: bool = False
    message_id: str | None = None
    email_message_id: str | None = None
    conversation_id: str | None = None


def taken_in(sent: SentMessage) -> Next:
    """GoHighLevel has it. Queued is not delivered: how it fares is followed."""
    return Next(
        MessageState.SENT,
        "sent",
        due_in=FOLLOW_AT[0],
        message_id=sent.message_id,
        email_message_id=sent.email_message_id,
        conversation_id=sent.conversation_id,
    )


def after_send_error(error: GHLError | None, counters: Counters, *, now: datetime, jitter: float) -> Next:
    """What follows where the request to send brought an error, or nobody knows what it brought (None)."""
    if error is None or not error.certainly_not_sent:
        return replace(unsure(counters), outcome="unsure")
    if isinstance(error, MessageRefusedError):
        if error.opted_out:
            return Next(
                MessageState.NOT_SENT,
                "refused",
                OutboxState.DONE,
                cause=Reason.DND_IN_GHL,
                counters=counters,
                stop=True,
            )
        return _for_a_person(CauseCode.MESSAGE_REFUSED, {"answer": error.reason}, counters)
    return not_sent(error, counters, now=now, jitter=jitter)


def unsure(counters: Counters) -> Next:
    """It may have gone out: it is looked for before anything else. The trouble before it was sent is over."""
    fresh = replace(counters, system_errors=0, first_system_error_at=None)
    return Next(MessageState.UNSURE, "unsure", due_in=AFTER[0], counters=fresh)


def not_sent(error: GHLError, counters: Counters, *, now: datetime, jitter: float) -> Next:
    """What follows from an error before anything was sent, or from a no that says nothing was. It waits, or it ends."""
    if isinstance(error, _CHURCH_ERRORS):
        return _waits(counters, 0.0, error.cause, hold_church=error.cause)
    if isinstance(error, ScopeMissingError):
        return _waits(counters, SCOPE_AGAIN_AFTER.total_seconds(), CauseCode.MESSAGE_SCOPE_MISSING)
    if isinstance(error, RateLimitedError):
        return _waits(counters, _rate_limit_wait(error), error.cause)
    if error.system_error:
        first = counters.first_system_error_at or now
        seen = replace(counters, system_errors=counters.system_errors + 1, first_system_error_at=first)
        if now - first >= GIVE_UP_AFTER:
            return _for_a_person(CauseCode.MESSAGE_GAVE_UP, {}, seen)
        wait = wait_after_system_error(seen.system_errors, jitter)
        return _waits(seen, wait.total_seconds(), CauseCode.GHL_NOT_ANSWERING)
    if isinstance(error, NotSentError):
        return _waits(counters, _HELD_BACK_WAIT * (1 + jitter), CauseCode.GOING_SLOWLY)
    facts = {"answer": error.reason}
    spent = replace(
        counters, attempts=counters.attempts + 1, system_errors=0, first_system_error_at=None, deaths=0
    )
    if isinstance(error, InvalidRequestError) or not isinstance(error, AnswerError):
        return _for_a_person(CauseCode.MESSAGE_REFUSED, facts, spent)
    if spent.attempts >= MAX_ATTEMPTS:
        return _for_a_person(CauseCode.MESSAGE_TRIES_USED_UP, facts, spent)
    wait = wait_after_answer(spent.attempts, jitter)
    gone = isinstance(error, NotFoundError)
    next_step = _waits(spent, 0.0 if gone else wait.total_seconds(), error.cause)
    return replace(next_step, facts={} if gone else facts)


def died(counters: Counters, state: MessageState, *, jitter: float) -> Next:
    """Our own program broke on it before anything was sent, while looking, or while asking how it fared."""
    dead = replace(counters, deaths=counters.deaths + 1)
    if dead.deaths < MAX_DEATHS:
        wait = wait_after_system_error(dead.deaths, jitter)
        return Next(state, "died", due_in=wait, counters=dead)
    if state is MessageState.SENT:
        return Next(state, "died", OutboxState.DONE, counters=dead)
    stopped = MessageState.UNSURE if state is MessageState.UNSURE else MessageState.FAILED
    return Next(stopped, "died", OutboxState.PARKED, cause=CauseCode.MESSAGE_STOPS_PROGRAM, counters=dead)


def after_look(
    look: Looked, counters: Counters, *, channel: Channel, sends_again: bool, now: datetime
) -> Next:
    """What follows from a look. `sends_again`: the church lets e-mails go once more by themselves, and this one
    did not yet.
    """
    fresh = Counters(attempts=counters.attempts)
    match look.found:
        case Found.ONE if look.hit is not None:
            hit = look.hit
            return Next(
                MessageState.SENT,
                "found",
                due_in=timedelta(0),
                message_id=hit.id,
                email_message_id=hit.email_message_id,
                conversation_id=hit.conversation_id,
                counts_look=True,
            )
        case Found.NONE_YET:
            return Next(
                MessageState.UNSURE, "none_found", due_at=look.again_at, counters=fresh, counts_look=True
            )
        case Found.NONE if channel is Channel.EMAIL and sends_again:
            return Next(
                MessageState.WAITING,
                "none_found",
                due_at=now,
                facts={"sent_again": "1"},
                counters=fresh,
                counts_look=True,
            )
    # None, or one whose words nobody can read: it never goes again by itself.
    two = look.found is Found.TWO
    return Next(
        MessageState.UNSURE,
        "two_found" if two else "none_found",
        OutboxState.PARKED,
        cause=CauseCode.UNSURE_TWO_FOUND if two else CauseCode.UNSURE_NONE_FOUND,
        counters=fresh,
        counts_look=True,
    )


def after_look_error(error: GHLError, counters: Counters, *, now: datetime, jitter: float) -> Next:
    """A look that failed, or that the token may not make, leaves it unsure: it is made again. Once no look was answered
    for three days a person looks.
    """
    step = _read_again(error, counters, MessageState.UNSURE, now=now, jitter=jitter)
    if isinstance(error, ScopeMissingError):
        return replace(step, cause=CauseCode.LOOK_SCOPE_MISSING, due_in=SCOPE_AGAIN_AFTER, counters=counters)
    first = step.counters.first_system_error_at
    if step.counters != counters and first is not None and now - first >= GIVE_UP_AFTER:
        return replace(step, work=OutboxState.PARKED, due_in=None, cause=CauseCode.UNSURE_NONE_FOUND)
    return step


def after_status(
    said: Message | None, counters: Counters, *, channel: Channel, sent_at: datetime, now: datetime
) -> Next:
    """What follows from how a message fares; None where GoHighLevel does not know it any more."""
    told = heard((said.status if said else None) or "", channel)
    if told is not None:
        return told
    due_at = next_follow(sent_at, now)
    done = OutboxState.DONE if due_at is None else OutboxState.DUE
    return Next(
        MessageState.SENT, "no_news", done, due_at=due_at, counters=Counters(attempts=counters.attempts)
    )


def after_status_error(
    error: GHLError, counters: Counters, *, sent_at: datetime, now: datetime, jitter: float
) -> Next:
    """A question that failed is asked again, as long as the message is followed at all."""
    if now - sent_at >= FOLLOW_FOR:
        return Next(MessageState.SENT, "no_news", OutboxState.DONE, counters=counters)
    if isinstance(error, NotFoundError):
        return after_status(None, counters, channel=Channel.SMS, sent_at=sent_at, now=now)
    step = _read_again(error, counters, MessageState.SENT, now=now, jitter=jitter)
    if isinstance(error, ScopeMissingError):
        return replace(step, due_in=timedelta(hours=1))
    return step


def heard(status: str, channel: Channel) -> Next | None:
    """What a state that GoHighLevel names means for a message that it has; None where it says nothing new."""
    status = status.strip().lower()
    if status in OPTED_OUT:
        return Next(MessageState.NOT_SENT, "refused", OutboxState.DONE, cause=Reason.DND_IN_GHL, stop=True)
    if status in UNDELIVERED:
        email = channel is Channel.EMAIL
        cause = CauseCode.MAIL_REFUSED if email else CauseCode.CARRIER_REFUSED
        return Next(MessageState.FAILED, "failed", OutboxState.PARKED, cause=cause)
    if status in DELIVERED:
        return Next(MessageState.DELIVERED, "delivered", OutboxState.DONE)
    return None


def next_follow(sent_at: datetime, now: datetime) -> datetime | None:
    """When to ask again how it fares; None once 24 hours are over."""
    for after in FOLLOW_AT:
        if sent_at + after > now:
            return sent_at + after
    return None


def _read_again(
    error: GHLError, counters: Counters, state: MessageState, *, now: datetime, jitter: float
) -> Next:
    if isinstance(error, _CHURCH_ERRORS):
        return Next(state, "waits", due_in=timedelta(0), counters=counters, hold_church=error.cause)
    if isinstance(error, RateLimitedError):
        return Next(state, "waits", due_in=timedelta(seconds=_rate_limit_wait(error)), counters=counters)
    if isinstance(error, NotSentError) and not error.system_error:
        return Next(
            state, "waits", due_in=timedelta(seconds=_HELD_BACK_WAIT * (1 + jitter)), counters=counters
        )
    first = counters.first_system_error_at or now
    seen = replace(counters, system_errors=counters.system_errors + 1, first_system_error_at=first)
    return Next(state, "waits", due_in=wait_after_system_error(seen.system_errors, jitter), counters=seen)


def _rate_limit_wait(error: RateLimitedError) -> float:
    usual = _DAY_LIMIT_WAIT if error.daily else _RATE_LIMIT_WAIT
    return error.retry_after if error.retry_after is not None else usual


def _waits(
    counters: Counters, seconds: float, cause: CauseCode, *, hold_church: CauseCode | None = None
) -> Next:
    return Next(
        MessageState.WAITING,
        "waits",
        due_in=timedelta(seconds=seconds),
        cause=cause,
        counters=counters,
        hold_church=hold_church,
    )


def _for_a_person(cause: CauseCode, facts: Mapping[str, str], counters: Counters) -> Next:
    return Next(
        MessageState.FAILED, "refused", OutboxState.PARKED, cause=cause, facts=facts, counters=counters
    )
