"""Which messages a list or an export shows, and where its next page begins. Pure."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from ghl.simulator.answers import bad_request, message_refused, unprocessable
from ghl.simulator.messages.record import Channel, Message

CHANNELS = ("Call", "SMS", "Email", "WhatsApp", "Instagram", "Facebook")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?\Z")


@dataclass(frozen=True, slots=True)
class Export:
    """What an export asks for."""

    limit: int
    newest_first: bool
    by_update: bool
    channel: str | None
    contact_id: str | None
    conversation_id: str | None
    start: datetime | None
    end: datetime | None
    after: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class ExportPage:
    """A page of an export; `cursor` is None on the last one."""

    messages: list[Message]
    cursor: str | None
    total: int


def read_export(query: Mapping[str, str]) -> Export:
    """The request. Raises Refusal: 422 for a value there is not, 400 for a date that is not ISO-8601 or a bad cursor."""
    complaints = []
    limit = query.get("limit", "100")
    if not limit.isdecimal() or not 10 <= int(limit) <= 500:
        complaints += ["limit must not be greater than 500", "limit must not be less than 10"]
    channel = query.get("channel")
    if channel is not None and channel not in CHANNELS:
        complaints.append(f"channel must be one of the following values: {', '.join(CHANNELS)}")
    sort_by, order = query.get("sortBy", "createdAt"), query.get("sortOrder", "desc")
    if sort_by not in {"createdAt", "updatedAt"}:
        complaints.append("sortBy must be one of the following values: createdAt, updatedAt")
    if order not in {"asc", "desc"}:
        complaints.append("sortOrder must be one of the following values: asc, desc")
    if complaints:
        raise unprocessable(*complaints)
    return Export(
        limit=int(limit),
        newest_first=order == "desc",
        by_update=sort_by == "updatedAt",
        channel=channel,
        contact_id=query.get("contactId"),
        conversation_id=query.get("conversationId"),
        start=_date(query.get("startDate"), "start"),
        end=_date(query.get("endDate"), "end"),
        after=_read_cursor(query["cursor"]) if query.get("cursor") else None,
    )


def export(messages: Iterable[Message], wanted: Export, now: datetime) -> ExportPage:
    """The page. Without a channel it is everything but e-mails; what is younger than the lag does not show yet."""
    found = [message for message in messages if _fits(message, wanted, now)]
    found.sort(key=lambda message: _place(message, wanted), reverse=wanted.newest_first)
    rest = found
    if wanted.after is not None:
        after = wanted.after
        rest = [
            message
            for message in found
            if (_place(message, wanted) < after if wanted.newest_first else _place(message, wanted) > after)
        ]
    page = rest[: wanted.limit]
    more = len(rest) > len(page)
    return ExportPage(page, _cursor(_place(page[-1], wanted)) if more else None, len(found))


def _fits(message: Message, wanted: Export, now: datetime) -> bool:
    if message.visible_at > now:
        return False
    if wanted.channel is None:
        fits = message.channel is not Channel.EMAIL
    else:
        fits = message.channel.value == wanted.channel
    return (
        fits
        and wanted.contact_id in (None, message.contact_id)
        and wanted.conversation_id in (None, message.conversation_id)
        and (wanted.start is None or message.added_at >= wanted.start)
        and (wanted.end is None or message.added_at <= wanted.end)
    )


def _place(message: Message, wanted: Export) -> tuple[int, str]:
    at = message.updated_at if wanted.by_update else message.added_at
    return int(at.timestamp() * 1000), message.id


def _date(text: str | None, which: str) -> datetime | None:
    if text is None:
        return None
    moment = None
    if _ISO.match(text):
        with suppress(ValueError):
            moment = datetime.fromisoformat(text)
    if moment is None:
        code = f"INVALID_{which.upper()}_DATE_FORMAT"
        raise message_refused(f"Invalid {which} date format", code)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cursor(place: tuple[int, str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps({"lastSort": [place[0]], "lastId": place[1]})).decode()


def _read_cursor(text: str) -> tuple[int, str]:
    try:
        known = orjson.loads(base64.urlsafe_b64decode(text))
        return int(known["lastSort"][0]), str(known["lastId"])
    except (binascii.Error, ValueError, KeyError, TypeError, IndexError) as error:
        raise bad_request("Invalid cursor") from error
