"""`POST /contacts/search`: filters, sort and pages over what the index knows.

GoHighLevel's OpenAPI file leaves this body empty; source is the search document it links to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ghl.simulator.answers import bad_request, unprocessable
from ghl.simulator.contacts.record import TEXT_FIELDS, Contact
from ghl.simulator.contacts.showing import search_place, timestamp

DEEPEST = 10_000
"""Rows that can be reached by `page`; beyond them only `searchAfter` goes on."""

_KNOWN = frozenset(TEXT_FIELDS) | {
    *("id", "email", "phone", "tags", "dnd", "dateAdded", "dateUpdated", "type"),
    *("firstNameLowerCase", "lastNameLowerCase", "fullNameLowerCase"),
}
_OPERATORS = frozenset({"eq", "not_eq", "contains", "not_contains", "exists", "not_exists", "range"})

Test = Callable[[Contact], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search, and how many match in all."""

    contacts: list[Contact]
    total: int


def find(contacts: list[Contact], body: dict[str, Any]) -> Page:
    """The page that `body` asks for.

    Raises Refusal: 422 or 400, when the request is not one that GoHighLevel takes.
    """
    limit, page, after = _paging(body)
    fits = _all_of(body.get("filters", []))
    found = [contact for contact in contacts if fits(contact)]
    if query := body.get("query"):
        if not isinstance(query, str) or len(query) > 75:
            raise unprocessable("query must be shorter than or equal to 75 characters")
        found = [contact for contact in found if matches_query(contact, query)]
    _sort(found, body.get("sort", []))
    start = (page - 1) * limit
    if after is not None:
        places = [search_place(contact) for contact in found]
        start = places.index(after) + 1 if after in places else len(found)
    return Page(found[start : start + limit], len(found))


def matches_query(contact: Contact, query: str) -> bool:
    """Whether the words occur in name, e-mail or phone."""
    needle = query.strip().lower()
    return any(needle in (text or "").lower() for text in (contact.name, contact.email, contact.phone))


def value_of(contact: Contact, field: str) -> Any:
    """What a filter or sort compares; texts in lower case."""
    if field.startswith("customFields."):
        return contact.custom.get(field.removeprefix("customFields."))
    if field.endswith("LowerCase"):
        name = field.removesuffix("LowerCase")
        return (contact.name if name == "fullName" else contact.text.get(name, "")).lower() or None
    if field in {"dateAdded", "dateUpdated"}:
        return timestamp(contact.added_at if field == "dateAdded" else contact.updated_at)
    if field == "tags":
        return list(contact.tags)
    if field == "type":
        return "lead"
    if field in {"id", "dnd", "email", "phone"}:
        return getattr(contact, field)
    value = contact.text.get(field)
    return None if value is None else value.lower()


def _paging(body: dict[str, Any]) -> tuple[int, int, list[Any] | None]:
    limit, page, after = body.get("pageLimit"), body.get("page", 1), body.get("searchAfter")
    if not isinstance(limit, int) or not 1 <= limit <= 500:
        raise unprocessable("pageLimit must not be greater than 500", "pageLimit must not be less than 1")
    if after is not None and "page" in body:
        raise bad_request("page and searchAfter can not be used together")
    if not isinstance(page, int) or page < 1:
        raise unprocessable("page must not be less than 1")
    if page * limit > DEEPEST:
        raise bad_request("page * pageLimit can not exceed 10000, use searchAfter")
    return limit, page, after


def _all_of(filters: Any) -> Test:
    if not isinstance(filters, list):
        raise unprocessable("filters must be an array")
    tests = [_test(one) for one in filters]
    return lambda contact: all(test(contact) for test in tests)


def _test(one: Any) -> Test:
    if not isinstance(one, dict):
        raise unprocessable("each value in nested property filters must be either object or array")
    if "group" in one:
        tests = [_test(inner) for inner in one.get("filters", [])]
        if one["group"] not in {"AND", "OR"}:
            raise unprocessable("group must be one of the following values: AND, OR")
        combine = all if one["group"] == "AND" else any
        return lambda contact: combine(test(contact) for test in tests)
    field, operator, wanted = one.get("field"), one.get("operator"), one.get("value")
    if not isinstance(field, str) or not (field in _KNOWN or field.startswith("customFields.")):
        raise bad_request(f"Invalid field: {field}")
    if operator not in _OPERATORS:
        raise bad_request(f"Invalid operator: {operator}")
    return lambda contact: _holds(value_of(contact, field), operator, wanted)


def _holds(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "exists":
        return value not in (None, "", [])
    if operator == "not_exists":
        return value in (None, "", [])
    if operator == "range":
        return _in_range(value, wanted)
    negated = operator.startswith("not_")
    if operator.endswith("eq"):
        return _equal(value, wanted) != negated
    return _contains(value, wanted) != negated


def _equal(value: Any, wanted: Any) -> bool:
    wanted_all = [_plain(one) for one in wanted] if isinstance(wanted, list) else [_plain(wanted)]
    if isinstance(value, list):
        return any(_plain(one) in wanted_all for one in value)
    return _plain(value) in wanted_all


def _contains(value: Any, wanted: Any) -> bool:
    needles = wanted if isinstance(wanted, list) else [wanted]
    haystack = value if isinstance(value, list) else [value]
    return any(str(_plain(needle)) in str(_plain(text) or "") for needle in needles for text in haystack)


def _plain(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _in_range(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        raise bad_request("Invalid value for operator range")
    if value is None:
        return False
    low, high = wanted.get("gte"), wanted.get("lte")
    if isinstance(value, str):
        low, high = _time(low), _time(high)
    try:
        return (low is None or value >= low) and (high is None or value <= high)
    except TypeError as error:
        raise bad_request("Invalid value for operator range") from error


def _time(bound: Any) -> Any:
    """A bound as text; a number is a time in milliseconds."""
    return timestamp(datetime.fromtimestamp(bound / 1000, UTC)) if isinstance(bound, int | float) else bound


def _sort(contacts: list[Contact], orders: Any) -> None:
    if not isinstance(orders, list) or not all(isinstance(order, dict) for order in orders):
        raise unprocessable("sort must be an array")
    contacts.sort(key=lambda contact: (contact.added_at, contact.id), reverse=True)
    for order in reversed(orders):
        field, direction = order.get("field"), order.get("direction", "asc")
        if field not in _KNOWN or direction not in {"asc", "desc"}:
            raise bad_request(f"Invalid sort: {field} {direction}")
        _sort_by(contacts, field, descending=direction == "desc")


def _sort_by(contacts: list[Contact], field: str, *, descending: bool) -> None:
    contacts.sort(key=lambda contact: str(value_of(contact, field) or ""), reverse=descending)
