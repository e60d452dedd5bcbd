"""What the HTTP intake does with one card: check, save, remember the answer. Synchronous, one transaction.

It knows no HTTP but the status of its answer, and nothing of Redis or GoHighLevel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog

from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, SavedCard, save_cards
from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.intake.idempotency import Stored, body_hash, earlier_answer, remember
from ghl.sources import Source
from ghl.statuses import CardSource, CardStatus

ACCEPTED = 202
"""RFC 9110, 15.3.3: taken, and not done yet; GoHighLevel gets the card later."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sent:
    """A card as it was sent. `ip` and `user_agent` are those of the system that sent it, not of the visitor."""

    values: dict[str, Any]
    idempotency_key: str | None
    ip: str | None
    user_agent: str | None


@dataclass(frozen=True)
class Received:
    """The answer, and which card it speaks of. `replayed`: this request was answered before."""

    answer: Stored
    card_id: UUID
    replayed: bool


class Reception:
    """Takes cards. `on_saved(church_id)` is called after a commit; it must return at once and may fail."""

    def __init__(self, database: Database, clock: Clock, on_saved: Callable[[UUID], None]) -> None:
        self._database = database
        self._clock = clock
        self._on_saved = on_saved

    def receive(self, source: Source, sent: Sent) -> Received:
        """Saves the card. Raises `CardFieldsError`, `KeyReusedError`, and what the database raises."""
        key = sent.idempotency_key
        hashed = body_hash(sent.values) if key else b""
        now = self._clock.now()
        with self._database.church(source.church_id) as session:
            if key and (earlier := earlier_answer(session, source.id, key, hashed)):
                return Received(earlier, UUID(orjson.loads(earlier.body)["id"]), replayed=True)
            card = NewCard(
                parse_card(sent.values, today=now.date()),
                CardSource.API,
                source_name=source.name,
                recorded_by=f"source:{source.id}",
                ip=sent.ip,
                user_agent=sent.user_agent,
            )
            [saved] = save_cards(session, source.church_id, [card], now=now)
            answer = Stored(ACCEPTED, _written(saved))
            if key:
                remember(session, source.church_id, source.id, key, hashed=hashed, answer=answer, now=now)
        if saved.status is CardStatus.WAITING and not saved.duplicate:
            self._wake(source.church_id)
        return Received(answer, saved.id, replayed=False)

    def _wake(self, church_id: UUID) -> None:
        try:
            self._on_saved(church_id)
        except Exception as error:  # noqa: BLE001 - the card is saved: the sweep finds it within seconds
            log.warning("wake_failed", church_id=str(church_id), error=type(error).__name__)


def _written(saved: SavedCard) -> str:
    members = {
        "id": str(saved.id),
        "status": str(saved.status),
        "number": saved.number,
        "duplicate": saved.duplicate,
    }
    return orjson.dumps(members).decode()
