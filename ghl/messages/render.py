"""Fills a church's words with what stands on a card. Pure. What visitors wrote stays text: no HTML, no link, no field.

A field stands in braces: `{first_name}`, or `{first_name|friend}` with what to say where the card has none.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from ghl.cards.fields import CardFields
from ghl.messages.settings import MessagingRules
from ghl.statuses import Channel

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "first_name": "first name",
        "last_name": "last name",
        "church_name": "the church's name",
        "service": "the service they came to",
        "campus": "the campus",
        "visit_date": "the day of the visit",
        "reply_number": "the number texts come from",
    }
)
"""What may stand in braces, and what it is in words."""

FIELD = re.compile(r"\{([^{}|]*)(?:\|([^{}]*))?\}")
BRACE = re.compile(r"[{}]")
LONGEST_VALUE = 60
_WEB = re.compile(r"(https?)://|www\.|(?<=\w)\.(?=[a-z]{2,})", re.IGNORECASE)
_LINK = re.compile(r"https://[^\s<>\"']+")
_TRAILING = ".,;:!?)"
_OPT_OUT = re.compile(r"\b(?:STOP|UNSUBSCRIBE)\b")

OPT_OUT_LINE = "{church}: Reply STOP to stop, HELP for help."
"""What a first text ends with where its own words do not say it: who writes, and how to stop (CTIA 5.1.3)."""


class RenderError(ValueError):
    """The words cannot be filled in. The message is a sentence for who wrote them; it holds nothing of a card."""


@dataclass(frozen=True)
class Words:
    """What a church wrote: a text, or an e-mail with its subject."""

    subject: str
    body: str


@dataclass(frozen=True, repr=False)
class Values:
    """What the fields stand for on one card; an empty one is filled by its fallback."""

    by_field: Mapping[str, str]

    @property
    def church(self) -> str:
        """Who writes."""
        return self.by_field.get("church_name", "")


@dataclass(frozen=True, repr=False)
class Rendered:
    """What leaves: `text` is the text message, or an e-mail in plain words; `html` is the e-mail, empty for a text."""

    subject: str
    text: str
    html: str = ""


def values_of(fields: CardFields | None, church_name: str, rules: MessagingRules) -> Values:
    """The values of a card; None is a card that nobody filled in, as in a test."""
    found = {"church_name": _shown(church_name), "reply_number": rules.from_number or ""}
    if fields is not None:
        for name in ("first_name", "last_name", "service", "campus"):
            found[name] = _harmless(getattr(fields, name))
        found["visit_date"] = _day(fields.visit_date)
    return Values(found)


def render(words: Words, values: Values, *, channel: Channel, first_text: bool) -> Rendered:
    """The words with their fields filled in. Raises `RenderError`.

    A first text that does not say how to stop gets the line that does.
    """
    subject = " ".join(_filled(words.subject, values).split())
    body = _filled(words.body, values).strip()
    if not body:
        raise RenderError("There are no words to send.")
    if channel is Channel.SMS:
        if first_text and not _OPT_OUT.search(body):
            body = f"{body}\n{OPT_OUT_LINE.format(church=values.church)}"
        return Rendered("", body)
    if not subject:
        raise RenderError("An e-mail needs a subject.")
    return Rendered(subject, body, as_html(body))


def as_html(text: str) -> str:
    """Plain words as HTML: paragraphs and line breaks, and the church's own https links as links. Nothing else."""
    paragraphs = [
        part.strip("\n") for part in re.split(r"\n{2,}", text.replace("\r\n", "\n")) if part.strip()
    ]
    return "".join(
        f"<p>{'<br>'.join(_linked(line) for line in part.split(chr(10)))}</p>" for part in paragraphs
    )


def fields_in(text: str) -> tuple[str, ...]:
    """The names that stand in braces, each once."""
    return tuple(dict.fromkeys(match.group(1).strip() for match in FIELD.finditer(text)))


def _filled(text: str, values: Values) -> str:
    if strange := [name for name in fields_in(text) if name not in FIELDS]:
        raise RenderError(f"There is no field {{{strange[0][:40]}}}.")
    if BRACE.search(FIELD.sub("", text)):
        raise RenderError("A brace has no partner. A field looks like {first_name}.")
    # In one pass: what a value says is not read again, so no value can be a field.
    return FIELD.sub(
        lambda match: values.by_field.get(match.group(1).strip()) or (match.group(2) or "").strip(), text
    )


def _shown(text: str) -> str:
    return " ".join(text.split())


def _harmless(text: str | None) -> str:
    """What a visitor wrote as a few plain words: one line, short, and nothing that a phone makes a link of."""
    short = _shown(text or "")[:LONGEST_VALUE].strip()
    return _WEB.sub(lambda match: " " if match.group(0) == "." else "", short).strip()


def _day(day: date | None) -> str:
    return f"{day:%A, %B} {day.day}" if day else ""


def _linked(line: str) -> str:
    parts, end = [], 0
    for match in _LINK.finditer(line):
        url = match.group(0).rstrip(_TRAILING)
        parts.append(html.escape(line[end : match.start()]))
        parts.append(f'<a href="{html.escape(url, quote=True)}">{html.escape(url)}</a>')
        end = match.start() + len(url)
    parts.append(html.escape(line[end:]))
    return "".join(parts)
