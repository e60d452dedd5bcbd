"""What a reply means: a stop, a start, a call for help, or a sentence that a person has to read. Pure.

The words of a stop are those of GoHighLevel, of the carriers and of the FCC. Each counts alone, in any case, spacing and
punctuation; in a sentence it is a doubt. `YES` is an answer to any question, and no consent.
"""

import re
import unicodedata
from enum import StrEnum


class Heard(StrEnum):
    """What somebody meant."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    DOUBT = "doubt"
    NOTHING = "nothing"


STOPS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
STARTS = frozenset({"start", "unstop"})
HELPS = frozenset({"help", "info"})
LONGEST_WORD = 60
"""A keyword may stand there twice; what is longer is a sentence."""
LONGEST_EXCERPT = 500
"""As much of a reply is shown to whoever reads it."""

# Sentences that may be a stop. Too many rather than too few: a person reads them.
_DOUBT = re.compile(
    r"""\b(
        stop(?!\ by\b)(s|ped|ping)?|stopall|unsubscribe\w*|unsub|opt(ed|ing)?\ ?out|revok(e|ed|ing)|quit
      | cancel(l?ed|l?ing)?
      | (remove|delete|erase|forget)\ (me|my|us|our|this)
      | take\ (me|us|my\ (number|name|phone|e\ ?mail))\ off
      | leave\ (me|us)\ alone | lose\ (my|this)\ number
      | (do\ not|don'?t|dont|no\ more|no\ longer|never(\ want)?|quit|not\ want)(\ to)?\ (\w+\ )?
            (text|message|msg|e\ ?mail|mail|write|contact|send|bother|call|receive|get|hear)\w*
      | no\ more | (not|isn'?t|is\ not)\ interested | wrong\ (number|person|phone|one)
      | who\ (is|are)\ (this|you) | spam(ming)? | harass\w* | you\ have\ the\ wrong
      | not\ (my|his|her|the\ right)\ (number|phone)
      | parar? | alto | basta | cancelar | detener | no\ m[aá]s | d[eé]jame | deja\ de
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
# A phone that reacts to a text sends back its words, ours with their "Reply STOP" as well.
_REACTION = re.compile(
    r"^\W*(liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted .{1,20} to|removed an? .{1,30} from)"
    r"\s*(\"[^\"]*\"|\u201c[^\u201d]*\u201d|\u00ab[^\u00bb]*\u00bb)",
    re.IGNORECASE,
)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_THREAD = re.compile(
    r"^[ \t]*(On [^\n]{5,200}\bwrote:|-{2,} ?Original Message)", re.MULTILINE | re.IGNORECASE
)


def read_reply(text: str) -> Heard:
    """What the whole reply means. A word in a sentence is a doubt and no stop of its own."""
    own = _own_words(text)
    alone = _alone(own)
    if alone in STARTS and _REACTION.match(text):
        # A wish to hear from us again is written by itself.
        return Heard.NOTHING
    for heard, words in ((Heard.STOP, STOPS), (Heard.START, STARTS), (Heard.HELP, HELPS)):
        if alone in words:
            return heard
    return Heard.DOUBT if _DOUBT.search(_plain(own)) else Heard.NOTHING


def excerpt(text: str, most: int = LONGEST_EXCERPT) -> str:
    """The reply, or where it is longer than that the part with the words that may be a stop."""
    if len(text) <= most:
        return text
    own = _own_words(text).strip()
    found = _DOUBT.search(own)
    begin = max(min(found.end() + most // 4, len(own)) - most, 0) if found else 0
    return own[begin : begin + most]


def _own_words(text: str) -> str:
    """What was written, without what it answers."""
    if reaction := _REACTION.match(text):
        text = text[reaction.end() :]
    thread = _THREAD.search(text)
    own = text[: thread.start()] if thread else text
    return _QUOTED_LINE.sub("", own)


def _alone(text: str) -> str:
    """The letters, without spacing and punctuation: `S T O P !` is `stop`, and `Stop. STOP` is too."""
    if len(text) > LONGEST_WORD:
        return ""
    folded = _folded(text)
    words = re.sub(r"[\W_]+", " ", folded).split()
    if words and len(set(words)) == 1:
        return words[0]
    return "".join(words)


def _plain(text: str) -> str:
    """Words with one space between them; signs are none, apostrophes stay."""
    return " ".join(re.sub(r"[^\w']+|_", " ", _folded(text)).split())


def _folded(text: str) -> str:
    """Lower case; what looks the same is the same, and what cannot be seen is not there."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return seen.replace("\u2019", "'").replace("\u2018", "'").casefold()
