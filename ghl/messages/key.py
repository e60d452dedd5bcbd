"""What makes two requests for a message one and the same. Pure."""

import hashlib
from uuid import UUID

_FORM = b"church-connect-hub message 1"
"""Changing what goes into the key would let old messages go out once more: the form has a number."""


def idempotency_key(
    church_id: UUID, address: str, template_id: UUID, card_id: UUID | None, again: int
) -> bytes:
    """32 bytes of church, person, template and card, and of how often somebody deliberately asked `again`.

    The person is known by the address, in the form in which it is stored. A test has no card.
    """
    digest = hashlib.sha256(_FORM)
    for part in (church_id.bytes, template_id.bytes, card_id.bytes if card_id else b""):
        digest.update(len(part).to_bytes(4) + part)
    written = address.encode()
    digest.update(len(written).to_bytes(4) + written + again.to_bytes(4))
    return digest.digest()
