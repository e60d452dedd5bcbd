"""Whether a message that may have gone out is in GoHighLevel: which of what it lists is ours. Pure.

GoHighLevel may add words of its own to a text, so ours has to stand in what it sent, and not be all of it. The subject of
an e-mail alone proves nothing: an automation of the church may use the same one.
"""

import html
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ghl.client.messages import Message
from ghl.statuses import Channel

AFTER = (timedelta(seconds=60), timedelta(minutes=3), timedelta(minutes=10))
"""When it is looked for, since it was sent: GoHighLevel's lists lag."""

BEFORE = timedelta(seconds=60)
"""So much earlier than ours may GoHighLevel's clock say that it came."""


@dataclass(frozen=True, repr=False)
class Sought:
    """A message as it was handed to GoHighLevel, and when."""

    channel: Channel
    subject: str
    text: str
    sent_at: datetime

    @property
    def since(self) -> datetime:
        """Nothing older than this is it."""
        return self.sent_at - BEFORE


class Found(StrEnum):
    """What a look brought. NONE_YET: it is looked for again; NONE: that was the last look.

    PERHAPS: that was the last look, and an e-mail of its subject is there whose words nobody can read.
    """

    ONE = "one"
    TWO = "two"
    PERHAPS = "perhaps"
    NONE_YET = "none_yet"
    NONE = "none"


@dataclass(frozen=True)
class Looked:
    """What a look brought. `hit` is set for ONE; `again_at` for NONE_YET."""

    found: Found
    hit: Message | None = None
    again_at: datetime | None = None


def is_ours(message: Message, sought: Sought) -> bool:
    """Whether this may be the message that is sought. One that says no time may be any."""
    if not _might_be(message, sought):
        return False
    body = message.body or ""
    if sought.channel is not Channel.EMAIL:
        return _stands_in(plain(sought.text), plain(body))
    # Where a tag ends a word or a line is no difference.
    return _stands_in(_packed(sought.text), _packed(without_tags(body)))


def is_unread(message: Message, sought: Sought) -> bool:
    """Whether this is an e-mail with the subject of the one that is sought, whose words GoHighLevel did not tell."""
    return (
        sought.channel is Channel.EMAIL
        and message.subject is not None
        and not (message.body or "").strip()
        and _might_be(message, sought)
    )


def _might_be(message: Message, sought: Sought) -> bool:
    if (message.direction or "").lower() != "outbound":
        return False
    if message.date_added is None or message.date_added < sought.since:
        return False
    if sought.channel is Channel.EMAIL and message.subject is not None:
        return plain(message.subject) == plain(sought.subject)
    return True


def _stands_in(ours: str, theirs: str) -> bool:
    return bool(ours) and ours in theirs


def candidates(messages: Sequence[Message], sought: Sought) -> tuple[Message, ...]:
    """Those that may be ours, each once: the export and the conversation name the same ones."""
    ours = {message.id: message for message in messages if is_ours(message, sought)}
    return tuple(ours.values())


def unread(messages: Sequence[Message], sought: Sought) -> tuple[Message, ...]:
    """E-mails that have its subject and whose words are not told, each once."""
    found = {message.id: message for message in messages if is_unread(message, sought)}
    return tuple(found.values())


def looked(
    hits: Sequence[Message],
    *,
    taken: Collection[str],
    looks: int,
    sent_at: datetime,
    unread: Sequence[Message] = (),
) -> Looked:
    """What follows from a look that GoHighLevel answered, the one after `looks` others.

    `taken` are ids that other messages of ours have: those are no hit. `unread` are e-mails of its subject whose words
    GoHighLevel does not tell: they are taken for nothing, and a person looks.
    """

    def free(hit: Message) -> bool:
        return hit.id not in taken and (hit.email_message_id or hit.id) not in taken

    left = [hit for hit in hits if free(hit)]
    if len(left) == 1:
        return Looked(Found.ONE, hit=left[0])
    if left:
        return Looked(Found.TWO)
    if looks + 1 < len(AFTER):
        return Looked(Found.NONE_YET, again_at=sent_at + AFTER[looks + 1])
    return Looked(Found.PERHAPS if any(free(one) for one in unread) else Found.NONE)


_TAGS = re.compile(r"<[^<>]{0,2000}>")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})  # noqa: RUF001


def plain(text: str) -> str:
    """A text as it is compared: signs that GoHighLevel writes in another way, spaces and case are no difference."""
    return " ".join(unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold().split())


def _packed(text: str) -> str:
    return plain(text).replace(" ", "")


def without_tags(page: str) -> str:
    """The words of an e-mail, for comparing and never for showing."""
    return html.unescape(_TAGS.sub(" ", page))
