"""The words of one message, filled in for one card, directly before it leaves."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.cards.stored import read_known
from ghl.causes import CauseCode
from ghl.db.models import Card, CardRevision, Church, MessageTemplate
from ghl.messages.facts import what
from ghl.messages.render import Rendered, RenderError, render, values_of
from ghl.messages.settings import rules_of
from ghl.messages.templates import words_of
from ghl.statuses import Channel


class WordsError(Exception):
    """There is nothing that could be sent. `cause` and `facts` say why."""

    def __init__(self, cause: CauseCode, facts: dict[str, str]) -> None:
        super().__init__(cause)
        self.cause = cause
        self.facts = facts


def words_for(
    session: Session,
    church_id: UUID,
    *,
    template_id: UUID,
    version: int,
    channel: Channel,
    card_id: UUID | None,
    first_text: bool,
) -> Rendered:
    """What this version says to this card's person. Raises `WordsError`."""
    archived = session.scalar(
        select(MessageTemplate.archived_at).where(
            MessageTemplate.church_id == church_id, MessageTemplate.id == template_id
        )
    )
    words = words_of(session, template_id, version)
    if words is None or archived is not None:
        raise WordsError(CauseCode.WORDS_GONE, {"what": what(channel)})
    church = session.scalars(select(Church.name).where(Church.id == church_id)).one()
    stored = session.scalar(
        select(CardRevision.fields)
        .join(Card, (Card.id == CardRevision.card_id) & (Card.revision == CardRevision.no))
        .where(Card.church_id == church_id, Card.id == card_id)
    )
    fields = read_known(stored) if stored is not None else None
    try:
        return render(
            words,
            values_of(fields, church, rules_of(session, church_id)),
            channel=channel,
            first_text=first_text,
        )
    except RenderError as error:
        raise WordsError(
            CauseCode.WORDS_INCOMPLETE, {"what": what(channel), "problem": str(error)}
        ) from error
