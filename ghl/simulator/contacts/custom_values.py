"""Custom field values as clients send them: read by id or key, checked against the field's type and options.

GoHighLevel leaves out what it does not know without a word; a switch of the location refuses it instead.
"""

from typing import Any

from ghl.simulator.answers import bad_request, unprocessable
from ghl.simulator.locations import CustomField, Location

ONE_OPTION = frozenset({"SINGLE_OPTIONS", "RADIO"})
MANY_OPTIONS = frozenset({"MULTIPLE_OPTIONS", "CHECKBOX"})
NUMBERS = frozenset({"NUMERICAL", "MONETORY"})

VALUE_KEYS = ("field_value", "fieldValue")
"""`field_value` in dated versions, `fieldValue` in v3; the real one takes both in both (n8n issue 35392)."""


def read_custom_fields(items: Any, location: Location) -> dict[str, Any]:
    """Field id to value; an empty value (None) clears the field.

    Raises Refusal: 422 for a wrong shape; 400 for an unknown field or option when the location refuses those.
    """
    if not isinstance(items, list):
        raise unprocessable("customFields must be an array")
    values: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict):
            raise unprocessable("each value in nested property customFields must be either object or array")
        key = next((key for key in VALUE_KEYS if key in item), None)
        field = _field(item, location)
        if field is None:
            if location.settings.refuse_unknown_fields:
                raise bad_request("Invalid custom field id")
            continue
        if key is not None:
            _take(values, field, item[key], refuse=location.settings.refuse_unknown_fields)
    return values


def _field(item: dict[str, Any], location: Location) -> CustomField | None:
    field_id, key = item.get("id"), item.get("key")
    if isinstance(field_id, str):
        return location.custom_fields.get(field_id)
    if isinstance(key, str):
        return location.field_by_key(key)
    raise unprocessable("customFields.0.id must be a string", "customFields.0.id should not be empty")


def _take(values: dict[str, Any], field: CustomField, value: Any, *, refuse: bool) -> None:
    if value in (None, "", []):
        values[field.id] = None
        return
    fitted = _fit(field, value)
    if fitted is not None:
        values[field.id] = fitted
    elif refuse:
        raise bad_request(f"Invalid value for custom field {field.id}")


def _fit(field: CustomField, value: Any) -> Any:
    """The value as it is kept, or None when it does not fit the field."""
    if field.data_type in ONE_OPTION:
        text = str(value)
        return text if text in field.options or field.allows_custom_option else None
    if field.data_type in MANY_OPTIONS:
        chosen = [str(one) for one in (value if isinstance(value, list) else [value])]
        known = [one for one in chosen if one in field.options or field.allows_custom_option]
        return known or None
    if field.data_type in NUMBERS:
        return _number(value)
    if isinstance(value, bool | int | float):
        return str(value)
    return value


def _number(value: Any) -> int | float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        number = float(str(value))
    except ValueError:
        return None
    return int(number) if number.is_integer() else number
