"""Endpoints of a location: itself, its custom fields, its tags (apps/locations.json)."""

from typing import Any

from ghl.simulator.answers import unprocessable
from ghl.simulator.locations import show_custom_field, show_location
from ghl.simulator.routing import Call, Names, Route


def get_location(call: Call) -> tuple[int, dict[str, Any]]:
    return 200, {"location": show_location(call.location)}


def list_custom_fields(call: Call) -> tuple[int, dict[str, Any]]:
    model = call.request.query.get("model", "all")
    if model not in {"contact", "opportunity", "all"}:
        raise unprocessable("model must be one of the following values: contact, opportunity, all")
    fields = [field for field in call.location.custom_fields.values() if model in {"all", field.model}]
    return 200, {"customFields": [show_custom_field(field, call.location.id) for field in fields]}


def list_tags(call: Call) -> tuple[int, dict[str, Any]]:
    tags = [
        {"id": tag_id, "name": name, "locationId": call.location.id}
        for name, tag_id in call.location.tags.items()
    ]
    return 200, {"tags": tags}


ROUTES = (
    Route(
        "GET",
        "/locations/{locationId}",
        "locations.get",
        "locations.readonly",
        Names.PATH,
        get_location,
        agency=True,
    ),
    Route(
        "GET",
        "/locations/{locationId}/customFields",
        "locations.custom_fields",
        "locations/customFields.readonly",
        Names.PATH,
        list_custom_fields,
    ),
    Route(
        "GET",
        "/locations/{locationId}/tags",
        "locations.tags",
        "locations/tags.readonly",
        Names.PATH,
        list_tags,
    ),
)
