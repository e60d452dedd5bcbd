"""What a person's text does by itself: the words GoHighLevel and the carrier listen to. Pure.

Source: GoHighLevel help 48001213941 and 48001214849; the last two stop words are Twilio's newer ones.
"""

from enum import StrEnum


class Keyword(StrEnum):
    """What a whole text may mean."""

    STOP = "stop"
    START = "start"
    HELP = "help"


STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
NEWER_STOP_WORDS = frozenset({"REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})

STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
ANSWERS = {Keyword.STOP: STOPPED, Keyword.START: STARTED, Keyword.HELP: HELPED}
"""The automatic answers; they go to people who said STOP too."""


def keyword_of(text: str, *, newer: bool) -> Keyword | None:
    """The keyword that the text is, whole and in any case; a sentence with one in it is none."""
    word = text.strip().upper()
    if word in STOP_WORDS or (newer and word in NEWER_STOP_WORDS):
        return Keyword.STOP
    if word in START_WORDS:
        return Keyword.START
    return Keyword.HELP if word in HELP_WORDS else None
