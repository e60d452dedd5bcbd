"""What keeps a church's words from being published, and what it should know: one sentence each, with what to do. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from ghl.messages.render import BRACE, FIELD, FIELDS, Words, fields_in
from ghl.messages.segments import count
from ghl.statuses import Channel

MAX_PARTS: Final = 6
"""Longer texts arrive torn or late, and carriers take long ones for spam."""

MAX_BODY: Final = {Channel.SMS: 1000, Channel.EMAIL: 20_000}
MAX_SUBJECT: Final = 150

SHORTENERS: Final = (
    "bit.ly",
    "tinyurl.com",
    "goo.gl",
    "t.co",
    "ow.ly",
    "is.gd",
    "buff.ly",
    "rebrand.ly",
    "cutt.ly",
)
"""Public ones, which US carriers block in texts (CTIA 5.3.4)."""

PLACEHOLDER: Final = "Put the links to your documents here"
"""Stands in the default words where only the church knows what belongs there."""

_STOP = re.compile(r"\bSTOP\b")
_HELP = re.compile(r"\bHELP\b")
_HTTP = re.compile(r"\bhttp://", re.IGNORECASE)
_TAG = re.compile(r"<\s*/?\s*[a-zA-Z][^>]{0,200}>")


@dataclass(frozen=True)
class Problem:
    """One thing about the words. `must`: they cannot be published so. `field` is `subject` or `body`."""

    field: str
    text: str
    must: bool = True


def problems(words: Words, *, channel: Channel, first: bool, church_name: str) -> tuple[Problem, ...]:
    """What is wrong with these words. `first`: they may be the first text that somebody gets."""
    found = [*_of_fields("body", words.body)]
    body = words.body.strip()
    if not body:
        found.append(Problem("body", "Write what the message says."))
    if len(body) > MAX_BODY[channel]:
        found.append(Problem("body", f"This is too long: {len(body)} characters. {MAX_BODY[channel]} fit."))
    if PLACEHOLDER in body:
        found.append(Problem("body", f"Put your own links in the place of: {PLACEHOLDER}."))
    if _HTTP.search(body):
        found.append(Problem("body", "A link begins with http://. Use its https:// address."))
    if channel is Channel.SMS:
        found += _of_text(body, first=first, church_name=church_name)
    else:
        found += _of_email(words, church_name=church_name)
    return tuple(found)


def _of_fields(place: str, text: str) -> list[Problem]:
    found = [
        Problem(place, f"There is no field {{{name[:40]}}}. These are: {', '.join(sorted(FIELDS))}.")
        for name in fields_in(text)
        if name not in FIELDS
    ]
    if BRACE.search(FIELD.sub("", text)):
        found.append(Problem(place, "A brace has no partner. A field looks like {first_name}."))
    return found


def _of_text(body: str, *, first: bool, church_name: str) -> list[Problem]:
    found = []
    if first and not _names(body, church_name):
        found.append(Problem("body", "Say who writes: put in {church_name}."))
    if first and not (_STOP.search(body) and _HELP.search(body)):
        found.append(Problem("body", "Say how to stop. Write at the end: Reply STOP to stop, HELP for help."))
    lowered = body.lower()
    if short := next((one for one in SHORTENERS if re.search(rf"\b{re.escape(one)}/", lowered)), None):
        found.append(Problem("body", f"Phone companies block links of {short}. Use the full address."))
    if (parts := count(body).parts) > MAX_PARTS:
        found.append(Problem("body", f"This text is sent in {parts} parts. At most {MAX_PARTS} arrive well."))
    return found


def _of_email(words: Words, *, church_name: str) -> list[Problem]:
    found = _of_fields("subject", words.subject)
    subject = words.subject.strip()
    if not subject:
        found.append(Problem("subject", "Write the subject."))
    if len(subject) > MAX_SUBJECT:
        found.append(Problem("subject", f"The subject is too long; {MAX_SUBJECT} characters fit."))
    if _TAG.search(words.body):
        found.append(
            Problem("body", "Write plain words, no HTML: it would be shown as it stands.", must=False)
        )
    if not _names(f"{words.subject} {words.body}", church_name):
        found.append(Problem("body", "Say who writes: put in {church_name}."))
    return found


def _names(text: str, church_name: str) -> bool:
    return "church_name" in fields_in(text) or (
        bool(church_name) and church_name.casefold() in text.casefold()
    )
