"""Whether a contact may be written to, as GoHighLevel has it now: read there, and as it stands in an answer."""

from collections.abc import Mapping
from typing import Any

from ghl.client.errors import NotFoundError
from ghl.consent.dnd import There, there_of
from ghl.questions.kind import Answer, Make
from ghl.statuses import Channel


def read_dnd(contact_id: str, region: str, make: Make) -> Answer:
    """One contact, as an answer holds it."""
    try:
        contact = make(lambda client: client.contacts.get(contact_id))
    except NotFoundError:
        return {"id": contact_id, "gone": True}
    return there_shown(there_of(contact, region=region))


def there_shown(there: There) -> Answer:
    """The contact as an answer holds it."""
    return {
        "id": there.contact_id,
        "gone": False,
        "addresses": dict(there.addresses),
        "blocks": sorted(there.blocks),
        "stops": sorted(there.stops),
    }


def there_read(answer: Mapping[str, Any]) -> There:
    """The contact of an answer, as a value again."""
    return There(
        answer["id"],
        gone=answer["gone"],
        addresses={Channel(name): address for name, address in answer.get("addresses", {}).items()},
        blocks=frozenset(Channel(name) for name in answer.get("blocks", ())),
        stops=frozenset(Channel(name) for name in answer.get("stops", ())),
    )
