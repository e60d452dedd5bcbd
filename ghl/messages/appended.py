"""What GoHighLevel puts under a text by itself. Pure.

The first text to a contact, and again after some weeks, gets two lines unless it says how to opt out (GoHighLevel's
help 48001213941, 48001214536): what arrives then is longer than what was written, and may be one part more.
"""

import re

_OPT_OUT = re.compile(
    r"\b(?:reply|text|send|write)\b[^.!?\n]{0,20}\b(?:stop|unsubscribe|cancel|end|quit)\b"
    r"|\bunsubscribe\b|\bopt[ -]?out\b",
    re.IGNORECASE,
)


def appended(text: str, church_name: str) -> str:
    """What may stand below this text when it arrives; empty where it says itself how to stop."""
    return "" if _OPT_OUT.search(text) else f"\n\nThanks, {church_name}\nReply STOP to unsubscribe"
