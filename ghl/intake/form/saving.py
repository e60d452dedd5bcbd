"""Saving a card from the form: the words that were shown, found by their version, and the card, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ghl.cards.consent import Words
from ghl.cards.fields import ParsedCard
from ghl.cards.save import NewCard, SavedCard, save_cards
from ghl.forms.wordings import shown_lately
from ghl.statuses import CardSource, Channel

SOURCE_NAME = "Card form"
RECORDED_BY = "form"


class OldWordsError(Exception):
    """The words beside these boxes are no longer the church's: people must read the new ones before they agree."""

    def __init__(self, channels: tuple[Channel, ...]) -> None:
        super().__init__(", ".join(channels))
        self.channels = channels


@dataclass(frozen=True)
class SentForm:
    """A card as it came. `agreed` names the version of the words beside each box that has a tick."""

    card: ParsedCard
    agreed: Mapping[Channel, int]
    ip: str | None
    user_agent: str | None


def save(session: Session, church_id: UUID, sent: SentForm, *, now: datetime) -> SavedCard:
    """Saves the card in *To review*; the same card sent before is found again. Raises `OldWordsError`."""
    words: dict[Channel, Words] = {}
    old: list[Channel] = []
    for channel, version in sent.agreed.items():
        found = shown_lately(session, church_id, channel, version, now=now)
        if found is None:
            old.append(channel)
        else:
            words[channel] = Words(found.text, str(found.version))
    if old:
        raise OldWordsError(tuple(old))
    card = NewCard(
        sent.card,
        CardSource.FORM,
        source_name=SOURCE_NAME,
        recorded_by=RECORDED_BY,
        review=True,
        ip=sent.ip,
        user_agent=sent.user_agent,
        words=words,
    )
    [saved] = save_cards(session, church_id, [card], now=now)
    return saved
