"""The words of one message, filled in for one card, directly before it leaves."""

from uuid import UUID

from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.messages import templates
from ghl.messages.render import Rendered, RenderError, render, values_of
from ghl.statuses import Channel


class WordsError(Exception):
    """There is nothing that could be sent. `cause` and `facts` say why."""

    def __init__(self, cause: CauseCode, facts: dict[str, str] | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.facts = facts or {}


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
    raise NotImplementedError
