"""Journal records back into locations and tokens (contacts: `contacts.record`). They raise KeyError, TypeError
or ValueError for what is no such record.
"""

from datetime import UTC, datetime
from typing import Any

from ghl.simulator.locations import CustomField, Location, LocationSettings
from ghl.simulator.tokens import Token


def location_from(record: dict[str, Any]) -> Location:
    fields = {
        field_id: CustomField(**{**field, "options": tuple(field["options"])})
        for field_id, field in record["custom_fields"].items()
    }
    settings = LocationSettings().changed(**record["settings"])
    return Location(record["id"], settings, fields, dict(record["tags"]), record["company_id"])


def token_to(token: Token) -> dict[str, Any]:
    return {
        "value": token.value,
        "location_id": token.location_id,
        "scopes": sorted(token.scopes),
        "expires_at": token.expires_at,
    }


def token_from(record: dict[str, Any]) -> Token:
    ends = record["expires_at"]
    return Token(
        record["value"],
        record["location_id"],
        frozenset(record["scopes"]),
        datetime.fromisoformat(ends).astimezone(UTC) if ends else None,
    )
