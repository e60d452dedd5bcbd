"""What is written on a card, read back from the database: also where a newer version of the hub wrote it.

No error goes out of here: pydantic's holds what is on the card.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ghl.cards.fields import CardFields


def read_whole(stored: Mapping[str, Any]) -> CardFields | None:
    """All that is stored; None where a newer version wrote what this one does not know."""
    try:
        return CardFields.model_validate(stored)
    except ValidationError:
        return None


def read_known(stored: Mapping[str, Any]) -> CardFields:
    """What is stored; of a card that a newer version wrote, as much as this one knows. Only to be shown."""
    whole = read_whole(stored)
    if whole is not None:
        return whole
    known = CardFields()
    for name in stored.keys() & CardFields.model_fields.keys():
        one = read_whole({name: stored[name]})
        if one is not None:
            known = known.model_copy(update={name: getattr(one, name)})
    return known
