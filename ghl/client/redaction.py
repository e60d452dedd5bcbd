"""What of another system's text may stand in an error or a log: little, and nothing that names a person or opens a door.

Names cannot be told from other words, so bodies are never quoted whole: JSON gives its message alone.
"""

import re

EXCERPT_CHARACTERS = 300
_CONSIDERED = 4096

_TOKEN = re.compile(
    r"(?i)pit-[\w-]*"  # private integration tokens, also cut short
    r"|eyJ[\w-]+(?:\.[\w-]*){0,2}"  # JSON web tokens
    r"|\b(?:bearer|basic)\s+\S+"
    r"|\bauthorization\b\W{0,5}\S+"
)
_EMAIL = re.compile(r"[^\s\"'<>@,;:()]{1,64}(?:@|%40)[^\s\"'<>@,;:()]{1,255}")
_PHONE = re.compile(r"\+?\d(?:[\s().-]{0,3}\d){6,14}")
_TAG = re.compile(r"<[^<>]{0,500}>")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a1-\uffff]+")


def redacted(text: str, *, secret: str = "") -> str:
    """`text` on one line with tokens, e-mail addresses and phone numbers taken out, 300 characters at most."""
    text = text[:_CONSIDERED]
    if secret:
        text = text.replace(secret, "[token]")
    text = _TOKEN.sub("[token]", text)
    text = _EMAIL.sub("[e-mail]", text)
    text = _PHONE.sub("[number]", text)
    text = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return text if len(text) <= EXCERPT_CHARACTERS else text[: EXCERPT_CHARACTERS - 1] + "…"


def excerpt(body: bytes, *, secret: str = "") -> str:
    """The beginning of a body that is no JSON, readable and redacted: enough to tell a proxy from an outage."""
    text = body[:_CONSIDERED].decode("utf-8", "replace")
    return redacted(_TAG.sub(" ", text), secret=secret)
