"""Which messages that were not sent may be sent all the same, as far as it is known here. A church's transaction.

Pages ask so before they offer it. It only reads, and takes no lock: before such a message leaves it is asked as ever.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.consent.decide import About, known_here
from ghl.consent.may_send import Verdict, VerdictKind, may_send
from ghl.db.models import Message, MessageTemplate
from ghl.messages.afterwards import SENT_AFTER_ALL
from ghl.statuses import Channel, MessageState

MOST = 200
"""Messages in one question; a page has far fewer."""

MAY_LEAVE = frozenset({VerdictKind.YES, VerdictKind.LATER})


def not_after_all(
    session: Session, church_id: UUID, ids: Collection[UUID], *, now: datetime
) -> dict[UUID, Verdict]:
    """Of these messages the ones that could be sent all the same, but may not leave now, and why: nobody needs to try."""
    rows = session.execute(
        select(
            Message.id,
            Message.channel,
            Message.address,
            Message.person,
            Message.purpose,
            Message.card_id,
            MessageTemplate.purpose.label("purpose_now"),
        )
        .join(MessageTemplate, MessageTemplate.id == Message.template_id)
        .where(
            Message.church_id == church_id,
            Message.id.in_(list(ids)[:MOST]),
            Message.state == MessageState.NOT_SENT,
            Message.cause.in_(sorted(SENT_AFTER_ALL)),
            Message.is_test.is_(False),
        )
    ).all()
    if not rows:
        return {}
    wanted = [About(Channel(row.channel), row.address, row.card_id) for row in rows]
    refused: dict[UUID, Verdict] = {}
    for row, about, facts in zip(rows, wanted, known_here(session, church_id, wanted, now=now), strict=True):
        # As before it leaves: they have to have agreed to what the words were written for, and to what they count as.
        for purpose in {row.purpose: None, row.purpose_now: None}:
            verdict = may_send(about.channel, row.address, row.person, purpose, now, facts=facts)
            if verdict.kind not in MAY_LEAVE:
                refused[row.id] = verdict
                break
    return refused
