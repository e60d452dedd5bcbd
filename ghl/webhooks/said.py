"""What a person wrote, taken out of an event: by which way, from which address, and only their own words. Pure.

An answer to an e-mail quotes the one before it, whose last line says how to stop. What is quoted nobody said now.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Any

from ghl.statuses import Channel

TEXTED = frozenset(
    {"SMS", "RCS", "WHATSAPP", "GMB", "FB", "IG", "LIVE_CHAT", "LIVE CHAT", "TIKTOK", "CUSTOM"}
)
"""Ways in which a person writes short messages. "Stop" by any of them is a stop: the law allows any reasonable one."""

_QUOTED = re.compile(
    r"^(>|On .{1,200} wrote:|-{2,} ?Original Message|_{5,}|From: |Sent from my |Am .{1,200} schrieb|El .{1,200} escribió)"
)
_HIDDEN = frozenset({"script", "style", "head", "title", "blockquote"})
_BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3"})


@dataclass(frozen=True, repr=False)
class Said:
    """A message of a person. `sms` tells a text from other short messages: only by a text can somebody say START."""

    channel: Channel
    words: str
    address: str | None
    sms: bool


def said_in(values: Mapping[str, Any]) -> Said | None:
    """What the event says that a person wrote; None for calls, and for what goes out."""
    kind = _text(values.get("messageType")).upper().removeprefix("TYPE_")
    if _text(values.get("direction"), "inbound") != "inbound":
        return None
    body = _text(values.get("body")) or _text(values.get("message"))
    if kind == "EMAIL":
        words = own_words(body)
        subject = _text(values.get("subject")).strip()
        if subject and not re.match(r"(re|fw|fwd|aw|wg)\s*:", subject, re.IGNORECASE):
            # "Unsubscribe" as the subject and nothing below it is what mail programs send.
            words = words or subject
        address = parseaddr(_text(values.get("from")))[1] or None
        return Said(Channel.EMAIL, words, address, sms=False)
    if kind in TEXTED:
        return Said(Channel.SMS, body, _text(values.get("from")) or None, sms=kind == "SMS")
    return None


def own_words(body: str) -> str:
    """An e-mail's own words as plain text, without markup and without what it quotes."""
    text = _plain(body) if re.search(r"<[a-zA-Z!/]", body) else body
    own: list[str] = []
    for line in text.splitlines():
        line = " ".join(line.split())  # noqa: PLW2901
        if _QUOTED.match(line):
            break
        if line:
            own.append(line)
    return "\n".join(own)


class _Words(HTMLParser):
    """Collects what is shown. From a quotation that a mail program marked as one, nothing more."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._over |= any(name == "class" and "gmail_quote" in (value or "") for name, value in attrs)
        self._hidden += tag in _HIDDEN
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(self._hidden - (tag in _HIDDEN), 0)

    def handle_data(self, data: str) -> None:
        if not self._hidden and not self._over:
            self.parts.append(data)


def _plain(body: str) -> str:
    parser = _Words()
    parser.feed(body)
    parser.close()
    return "".join(parser.parts)


def _text(value: object, default: str = "") -> str:
    return value if isinstance(value, str) else default
