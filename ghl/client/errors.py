"""Everything a call to GHL can raise; `answers.from_response` alone builds those that stand for an answer.

GHLError                          every error here; nothing else leaves the client
 x NoAnswerError                  GHL said nothing
   + NotSentError                 no byte left: no connection, no free one in time, or held back by a guard
   + AnswerLostError              sent, then silence, a cut line, or no time left
 x SystemAnswerError              something answered, but not about the card
   + ServerError                  5xx, 408 or 425
   + UnreadableAnswerError        HTML, empty, broken or cut-off JSON, a redirect, a 2xx without an id
 x RateLimitedError               429 (retry_after, daily)
 x AnswerError                    GHL understood and said no
   + TokenRefusedError            401: revoked, rotated away, or mangled
   + ScopeMissingError            the token lacks a permission; ticking it keeps the token
   + AgencyTokenError             an agency's token where a sub-account's is needed
   + WrongLocationError           a good token, but not for this location
   + VersionHeaderError           our own mistake
   + DuplicateContactError        the location forbids a second contact (contact_id, matching_field)
   + NotFoundError                merged, deleted, or never there
   + MessageRefusedError          do-not-disturb, unsubscribed, no number (canonical_code, opted_out)
   + InvalidRequestError          400 or 422 about what was sent (messages)

No error carries a request, a header or a whole body, and none is chained to the library's own error, which does.
"""

from ghl.causes import CauseCode, sentence


class GHLError(Exception):
    """What is known about one failed call.

    `reason` is for logs: bounded, and free of tokens, numbers and addresses. `answer` is GHL's own answer for the
    people who look into a card, redacted; None where there was none. `cause` is a code of `ghl.causes`.
    `system_error`: it says nothing about the card, so the card spends no attempt.
    `certainly_not_sent`: GHL cannot have done what was asked (never asked, or answered with no).
    `unsure`: GHL may have done it. Look before any other try. A read has no effect to be unsure about,
    but it is flagged all the same.
    """

    cause: CauseCode = CauseCode.UNKNOWN
    answer: str | None = None
    system_error: bool = False
    certainly_not_sent: bool = False
    unsure: bool = False

    def __init__(
        self,
        reason: str = "",
        *,
        operation: str = "",
        status: int | None = None,
        trace_id: str | None = None,
        cause: CauseCode | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operation = operation
        self.status = status
        self.trace_id = trace_id
        if cause is not None:
            self.cause = cause

    @property
    def user_message(self) -> str:
        """A sentence for people who have never heard of HTTP."""
        return sentence(self.cause)

    def __str__(self) -> str:
        facts = [self.operation or "call", f"HTTP {self.status}" if self.status else "", self.reason]
        text = ": ".join(fact for fact in facts if fact)
        return f"{text} (trace {self.trace_id})" if self.trace_id else text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class NoAnswerError(GHLError):
    """GHL said nothing."""

    cause = CauseCode.GHL_NOT_ANSWERING


class NotSentError(NoAnswerError):
    """No byte of the request left this machine, so GHL cannot have acted.

    A guard raises it to hold a call back; then, and when our own connections are all taken, `system_error`
    is false, because nothing is wrong with GHL. The client itself sets it when GHL cannot be reached.
    """

    certainly_not_sent = True

    def __init__(self, reason: str = "held back", *, operation: str = "", system_error: bool = False) -> None:
        super().__init__(reason, operation=operation)
        self.system_error = system_error


class AnswerLostError(NoAnswerError):
    """At least one byte left, and no answer came back."""

    system_error = True
    unsure = True


class SystemAnswerError(GHLError):
    """Something answered, GHL or what stands before it, but said nothing about the card."""

    cause = CauseCode.GHL_NOT_ANSWERING
    system_error = True
    unsure = True


class ServerError(SystemAnswerError):
    """5xx, 408 or 425, and not one of the refusals that GHL also sends with a 5xx."""


class UnreadableAnswerError(SystemAnswerError):
    """Not the JSON that was promised: HTML of the edge, nothing, half of it, or a success without an id."""


class RateLimitedError(GHLError):
    """429. `retry_after` in seconds when GHL said so; `daily` when the day's budget is used up."""

    cause = CauseCode.GOING_SLOWLY
    certainly_not_sent = True

    def __init__(
        self,
        reason: str = "",
        *,
        operation: str = "",
        status: int = 429,
        trace_id: str | None = None,
        retry_after: float | None = None,
        daily: bool = False,
    ) -> None:
        cause = CauseCode.DAILY_LIMIT_REACHED if daily else None
        super().__init__(reason, operation=operation, status=status, trace_id=trace_id, cause=cause)
        self.retry_after = retry_after
        self.daily = daily


class AnswerError(GHLError):
    """GHL understood the call and refused it. `canonical_code` is GHL's own name for it, where it gave one."""

    cause = CauseCode.REFUSED_BY_GHL
    certainly_not_sent = True

    def __init__(
        self,
        reason: str = "",
        *,
        operation: str = "",
        status: int | None = None,
        trace_id: str | None = None,
        cause: CauseCode | None = None,
        canonical_code: str | None = None,
    ) -> None:
        super().__init__(reason, operation=operation, status=status, trace_id=trace_id, cause=cause)
        self.canonical_code = canonical_code


class TokenRefusedError(AnswerError):
    """The token is revoked, rotated away, cut short or otherwise not one GHL knows."""

    cause = CauseCode.TOKEN_REFUSED


class ScopeMissingError(AnswerError):
    """The token is known but lacks a permission. Ticking it in GHL is enough."""

    cause = CauseCode.SCOPE_MISSING


class AgencyTokenError(AnswerError):
    """The token is an agency's; a sub-account's own is needed."""

    cause = CauseCode.AGENCY_TOKEN


class WrongLocationError(AnswerError):
    """The token is good, but for another location."""

    cause = CauseCode.WRONG_LOCATION


class VersionHeaderError(AnswerError):
    """GHL does not know the version we ask for: ours to mend."""

    cause = CauseCode.PROGRAM_ERROR


class NotFoundError(AnswerError):
    """What the id names is not there (any more)."""

    cause = CauseCode.CONTACT_GONE


class DuplicateContactError(AnswerError):
    """The location forbids duplicates and has such a contact already; any part may be missing in the answer.

    `matching_field` is `phone`, `email` or `additionalEmail`. The name is for comparing, never for a log.
    """

    cause = CauseCode.SAME_PERSON_DOUBT

    def __init__(
        self,
        reason: str = "",
        *,
        operation: str = "",
        status: int | None = None,
        trace_id: str | None = None,
        contact_id: str | None = None,
        matching_field: str | None = None,
        contact_name: str | None = None,
    ) -> None:
        super().__init__(reason, operation=operation, status=status, trace_id=trace_id)
        self.contact_id = contact_id
        self.matching_field = matching_field
        self.contact_name = contact_name


class InvalidRequestError(AnswerError):
    """400 or 422: GHL will not take what was sent. `messages` are its own words, without personal data."""

    def __init__(
        self,
        reason: str = "",
        *,
        operation: str = "",
        status: int | None = None,
        trace_id: str | None = None,
        cause: CauseCode | None = None,
        canonical_code: str | None = None,
        messages: tuple[str, ...] = (),
        effect_possible: bool = False,
    ) -> None:
        super().__init__(
            reason,
            operation=operation,
            status=status,
            trace_id=trace_id,
            cause=cause,
            canonical_code=canonical_code,
        )
        self.messages = messages
        if effect_possible:
            self.certainly_not_sent = False
            self.unsure = True


class MessageRefusedError(AnswerError):
    """GHL will not send this message. `opted_out`: the person asked for no more, so nobody may try again."""

    def __init__(
        self,
        reason: str = "",
        *,
        operation: str = "",
        status: int | None = None,
        trace_id: str | None = None,
        cause: CauseCode | None = None,
        canonical_code: str | None = None,
        opted_out: bool = False,
    ) -> None:
        super().__init__(
            reason,
            operation=operation,
            status=status,
            trace_id=trace_id,
            cause=cause,
            canonical_code=canonical_code,
        )
        self.opted_out = opted_out
