"""Whether a contact wrote START: what came from it of late as texts, in GoHighLevel's conversation, and whether it may be
texted. The conversation goes first: what the contact shows afterwards is newer.

What people wrote stays there: the answer holds when, and whether it was a stop or a start.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.client.messages import Message
from ghl.client.operations import ID_PATTERN
from ghl.consent.keywords import Heard, read_reply
from ghl.consent.started import Word
from ghl.crypto import KeyRing
from ghl.db.models import Church
from ghl.questions.contact_dnd import read_dnd
from ghl.questions.kind import Answer, Kind, Make, Params, QuestionError

AHEAD = timedelta(minutes=5)
"""So much later than ours may GoHighLevel's clock be."""

MOST_WORDS = 100
"""The newest texts of a contact that are read: one page."""

_MEANS = frozenset({Heard.STOP, Heard.START, Heard.DOUBT})


def words_read(answer: Mapping[str, Any]) -> tuple[Word, ...]:
    """The stops and starts of an answer, as values again."""
    return tuple(
        Word(Heard(one["heard"]), datetime.fromisoformat(one["at"]) if one["at"] else None)
        for one in answer["words"]
    )


def _checked(params: Params) -> dict[str, Any]:
    contact_id = params.get("id")
    if set(params) != {"id", "since", "until"}:
        raise QuestionError("One contact is asked about, from one moment to another.")
    if not isinstance(contact_id, str) or not re.fullmatch(ID_PATTERN, contact_id):
        raise QuestionError("That is no id of a contact.")
    return {"id": contact_id, "since": _moment(params["since"]), "until": _moment(params["until"])}


def _moment(value: object) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise QuestionError("That is no moment.") from None
    if moment.tzinfo is None:
        raise QuestionError("A moment without a zone says nothing.")
    return moment.isoformat()


def _region(session: Session, church_id: UUID, _params: Params, _ring: KeyRing) -> Params:
    return {"region": session.scalars(select(Church.region).where(Church.id == church_id)).one()}


def _read(params: Params, make: Make) -> Answer:
    contact_id = params["id"]
    since, until = (datetime.fromisoformat(params[name]) for name in ("since", "until"))
    page = make(
        lambda client: client.conversations.export(
            contact_id=contact_id, channel="SMS", start=since, end=until + AHEAD, limit=MOST_WORDS
        )
    )
    words = [(message, read_reply(message.body or "")) for message in page.messages if _theirs(message)]
    return {
        "words": [
            {"heard": str(heard), "at": message.date_added.isoformat() if message.date_added else ""}
            for message, heard in words
            if heard in _MEANS
        ],
        "contact": read_dnd(contact_id, params["region"], make),
    }


def _theirs(message: Message) -> bool:
    """Whether the person wrote it, as a text."""
    kind = (message.message_type or "SMS").upper().removeprefix("TYPE_")
    return (message.direction or "").lower() == "inbound" and kind == "SMS"


STARTED = Kind("started", _checked, lambda _params: 2, _read, gather=_region)
"""What a contact texted between two moments, and whether it may be texted: `{"id": ..., "since": ..., "until": ...}`."""
