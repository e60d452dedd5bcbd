"""What a reply means: a stop, a start, a call for help, or a sentence that a person has to read. Pure."""

import re
from enum import StrEnum


class Heard(StrEnum):
    """What somebody meant. `YES` is an answer to any question, and no consent."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    DOUBT = "doubt"
    NOTHING = "nothing"


STOPS = frozenset(
    {
        "stop",
        "stopall",
        "stop all",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        "opt out",
        "opt-out",
    }
)
STARTS = frozenset({"start", "unstop"})
HELPS = frozenset({"help", "info"})
_DOUBT = re.compile(
    r"\b(stop|unsubscribe|opt(ed)?[ -]?out|revoke|cancel|quit|remove me|take me off|leave me alone"
    r"|(do not|don'?t|no more|never) (text|message|e-?mail|write|contact|send)\w*"
    r"|no more|wrong (number|person))\b",
    re.IGNORECASE,
)


def read_reply(text: str) -> Heard:
    """What the whole reply means. A word in a sentence is a doubt and no stop of its own."""
    plain = re.sub(r"[^\w' -]+", " ", text.replace("\u2019", "'")).strip().casefold()
    plain = " ".join(plain.split())
    for heard, words in ((Heard.STOP, STOPS), (Heard.START, STARTS), (Heard.HELP, HELPS)):
        if plain in words:
            return heard
    return Heard.DOUBT if _DOUBT.search(plain) else Heard.NOTHING
