"""What of another system's text may stand in an error or a log: little, and nothing that names a person or opens a door.

Names cannot be told from other words, so a log gets the message of a JSON body alone. What is kept for the people
who look into a card is the whole body, without the values that speak of a person.
"""

import re
from typing import Any

import orjson

EXCERPT_CHARACTERS = 300
ANSWER_CHARACTERS = 2000
_CONSIDERED = 4096
_DEEPEST = 6
_MOST_ITEMS = 50
_SHORTEST_NAME = 3
_PERSONAL_KEY = re.compile(
    r"(?i)name|address|street|city|^state$|postal|zip|birth|dob|mail|phone|company|website|gender|tags?$|custom|notes"
    r"|attribution|^value$"
)
_IMPERSONAL_KEY = re.compile(r"(?i)matching|^(field|file|class|event|method|type)_?name$")

_TOKEN = re.compile(
    r"(?i)pit-[\w-]*"  # private integration tokens, also cut short
    r"|eyJ[\w-]+(?:\.[\w-]*){0,2}"  # JSON web tokens
    r"|\b(?:bearer|basic)\s+\S+"
    r"|\bauthorization\b\W{0,5}\S+"
)
_EMAIL = re.compile(r"[^\s\"'<>@,;:()]{1,64}(?:@|%40)[^\s\"'<>@,;:()]{1,255}")
_PHONE = re.compile(r"\+?\d(?:[\s().-]{0,3}\d){6,14}")
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?$)(\s*:)?')
_TOLD_KEY = re.compile(r"(?i)^(message|msg|error|status|statusCode|code|traceId)$")
"""What of a JSON text that was cut off, or is broken elsewhere, still tells something and belongs to nobody."""

_TAG = re.compile(r"<[^<>]{0,500}>")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a1-\uffff]+")


def redacted(text: str, *, secret: str = "", most: int = EXCERPT_CHARACTERS) -> str:
    """`text` on one line with tokens, e-mail addresses and phone numbers taken out, `most` characters at most."""
    text = text[:_CONSIDERED]
    if secret:
        text = text.replace(secret, "[token]")
    text = _TOKEN.sub("[token]", text)
    text = _EMAIL.sub("[e-mail]", text)
    text = _PHONE.sub("[number]", text)
    text = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def excerpt(body: bytes, *, secret: str = "") -> str:
    """The beginning of a body that is no JSON, readable and redacted: enough to tell a proxy from an outage."""
    return redacted(_TAG.sub(" ", _plain(body)), secret=secret)


def answer_without_people(body: bytes, *, secret: str = "") -> str:
    """A whole answer for the timeline of a card: 2,000 characters at most, and nobody can be told from it.

    Of JSON the values stay out whose keys speak of a person, and the names among them wherever else they stand.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return redacted(_plain(body), secret=secret, most=ANSWER_CHARACTERS)
    names: set[str] = set()
    kept = _impersonal(answer, names, secret, depth=0)
    text = _without_names(orjson.dumps(kept, default=str).decode(), names)
    return redacted(text, secret=secret, most=ANSWER_CHARACTERS)


def _plain(body: bytes) -> str:
    """A body that is no JSON as text. One that was to become JSON keeps its names of fields, and few of its values."""
    text = body[:_CONSIDERED].decode("utf-8", "replace")
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return text
    key = ""
    names: set[str] = set()

    def without(found: "re.Match[str]") -> str:
        nonlocal key
        if found[2]:
            key = found[1]
            return found[0]
        if _TOLD_KEY.match(key) and found[0].endswith('"') and len(found[0]) > 1:
            # Half a message may end in half a name.
            return found[0]
        names.update(_words(found[1]))
        return '"[left out]"'

    return _without_names(_LITERAL.sub(without, text), names)


def _without_names(text: str, names: set[str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?i)(?<!\w){re.escape(name)}(?!\w)", "[name]", text)
    return text


def _impersonal(value: Any, names: set[str], secret: str, *, depth: int) -> Any:
    if depth > _DEEPEST:
        return "[more]"
    if isinstance(value, dict):
        kept = {}
        for key, one in list(value.items())[:_MOST_ITEMS]:
            if one and _PERSONAL_KEY.search(key) and not _IMPERSONAL_KEY.search(key):
                is_name = "name" in key.lower()
                kept[redacted(key)] = "[name]" if is_name else "[left out]"
                names |= _words(one) if is_name else set()
            else:
                kept[redacted(key)] = _impersonal(one, names, secret, depth=depth + 1)
        return kept
    if isinstance(value, list):
        return [_impersonal(one, names, secret, depth=depth + 1) for one in value[:_MOST_ITEMS]]
    # Redacted one by one: over the whole text a number could join two values.
    return redacted(value, secret=secret, most=ANSWER_CHARACTERS) if isinstance(value, str) else value


def _words(value: object) -> set[str]:
    """What of a personal value may stand in other texts of the answer too; short words would hit too much."""
    if not isinstance(value, str):
        return set()
    whole = redacted(value)
    return {one for one in (whole, *whole.split()) if len(one) >= _SHORTEST_NAME}
