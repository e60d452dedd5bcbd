"""The church's own account in GHL: its settings, its custom fields and its tags. Read only."""

from typing import Any

from ghl.client import operations as op
from ghl.client.models import CustomField, Location, Tag
from ghl.client.transport import Transport


class LocationsResource:
    """`client.locations`, always the location the client is for."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self) -> Location:
        """The location; also the test of a token, though an agency's passes it too."""
        answer = self._transport.send(op.GET_LOCATION, id=self._transport.location_id)
        found = answer.get("location", answer)
        return self._transport.parsed(
            op.GET_LOCATION, lambda: Location.from_answer(found if isinstance(found, dict) else {})
        )

    def custom_fields(self) -> tuple[CustomField, ...]:
        """The custom fields of contacts, as far as they have an id."""
        answer = self._transport.send(
            op.CUSTOM_FIELDS, id=self._transport.location_id, query={"model": "contact"}
        )
        rows = [row for row in _rows(answer, "customFields") if row.get("id")]
        return self._transport.parsed(
            op.CUSTOM_FIELDS, lambda: tuple(CustomField.model_validate(row) for row in rows)
        )

    def tags(self) -> tuple[Tag, ...]:
        """The tags the location knows."""
        answer = self._transport.send(op.LOCATION_TAGS, id=self._transport.location_id)
        rows = [row for row in _rows(answer, "tags") if row.get("name")]
        return self._transport.parsed(
            op.LOCATION_TAGS, lambda: tuple(Tag.model_validate(row) for row in rows)
        )


def _rows(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = answer.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
