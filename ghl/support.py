"""The number by which support finds a card in the log: it stands on the card, and in each line that tells of it."""

from uuid import UUID

import structlog

DIGITS = 8


def support_number(card_id: UUID) -> str:
    """Such as `9F3C41D7`: the end of the card's id, which is chance, so the id itself is found by it as well."""
    return card_id.hex[-DIGITS:].upper()


def tell_support(church_id: UUID, card_id: UUID, cause: str) -> None:
    """Writes into the log that a card waits for support, under the number that its people are told."""
    structlog.get_logger(__name__).error(
        "card.needs_support",
        support_number=support_number(card_id),
        church_id=str(church_id),
        card_id=str(card_id),
        cause=cause,
    )
