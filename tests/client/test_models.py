from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ghl.client.messages import MessagePage, MessageWrite, SentMessage, iso
from ghl.client.models import Contact, ContactWrite, CustomField, Location
from tests.support.clients import UNHURRIED

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    field.validation_alias.choices[0] if field.validation_alias else name  # type: ignore[union-attr]
    for name, field in Contact.model_fields.items()
]


@UNHURRIED
@given(st.dictionaries(st.sampled_from([str(field) for field in FIELDS if field != "id"]), JSON))
def test_a_contact_with_an_id_is_always_read(row: dict[str, Any]) -> None:
    assert Contact.model_validate({**row, "id": "c1"}).id == "c1"


@UNHURRIED
@given(JSON)
def test_a_location_or_field_with_an_id_is_always_read(value: Any) -> None:
    row = {
        "id": "x",
        "name": value,
        "timezone": value,
        "settings": value,
        "picklistOptions": value,
        "dataType": value,
    }
    assert Location.from_answer(row).id == "x"
    assert CustomField.model_validate(row).id == "x"


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": ""}, {"id": 7}, {"id": "a/b"}, {"id": ["x"]}])
def test_without_a_usable_id_there_is_no_contact(row: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Contact.model_validate({**row, "phone": "+16155550100"})
    assert "6155550100" not in str(caught.value)


def test_both_dialects_read_alike() -> None:
    dated = {
        "id": "c1",
        "dndSettings": {"SMS": {"status": "active"}},
        "customFields": [{"id": "f", "value": 1}],
    }
    v3 = {
        "id": "c1",
        "dndSettings": {"sms": {"status": "active"}},
        "customFields": [{"id": "f", "fieldValue": 1}],
    }
    assert Contact.model_validate(dated) == Contact.model_validate(v3)


@pytest.mark.parametrize(
    ("row", "sms", "email"),
    [
        ({}, False, False),
        ({"dnd": None}, False, False),
        ({"dnd": True}, True, True),
        ({"dnd": "true"}, True, True),
        ({"dndSettings": {"SMS": {"status": "active"}}}, True, False),
        ({"dndSettings": {"sms": {"status": "permanent", "message": "STOP_KEYWORD"}}}, True, False),
        ({"dndSettings": {"SMS": {"status": "inactive"}, "Email": {"status": "Active"}}}, False, True),
        ({"dndSettings": {"SMS": {}, "Email": None}}, False, False),
    ],
)
def test_active_means_do_not_disturb(row: dict[str, Any], *, sms: bool, email: bool) -> None:
    contact = Contact.model_validate({"id": "c1", **row})
    assert contact.blocks("SMS") is sms
    assert contact.blocks("Email") is email


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1990-09-25", date(1990, 9, 25)),
        ("1990-09-25T00:00:00.000Z", date(1990, 9, 25)),
        (654220800000, date(1990, 9, 25)),
        ("1990-02-31", None),
        ("25.9.1990", None),
        ({}, None),
        (True, None),
        (10**30, None),
        (None, None),
    ],
)
def test_birthdays_come_in_several_forms(value: Any, expected: date | None) -> None:
    assert Contact.model_validate({"id": "c1", "dateOfBirth": value}).date_of_birth == expected


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({"allowDuplicateContact": False}, False),
        ({"allowDuplicateContact": True}, True),
        ({}, True),
        (None, True),
        ({"allowDuplicateContact": None}, True),
    ],
)
def test_an_unknown_duplicate_setting_means_look_first(settings: Any, *, allowed: bool) -> None:
    assert Location.from_answer({"id": "x", "settings": settings}).allow_duplicate_contact is allowed


def test_pick_lists_of_texts_and_objects() -> None:
    row = {"id": "f", "picklistOptions": ["9 am", {"label": "11 am", "value": "11"}, 7, {"key": "x"}, {}, ""]}
    assert CustomField.model_validate(row).options == ("9 am", "11 am", "x")


@UNHURRIED
@given(
    st.sampled_from(
        [name for name in ContactWrite.model_fields if name not in {"tags", "custom_fields", "cleared"}]
    ),
    st.sampled_from(["", " ", "\t\n", None]),
)
def test_blank_is_left_out(name: str, blank: str | None) -> None:
    if name == "date_of_birth":
        blank = None
    write = ContactWrite(**{name: blank})
    assert write.to_update() == {}
    assert write.to_create("L1") == {"locationId": "L1"}


def test_a_misspelled_field_is_an_error() -> None:
    with pytest.raises(ValidationError):
        ContactWrite(fist_name="Ann")


def test_message_needs_its_channel_and_takes_what_it_is_given() -> None:
    text = MessageWrite(type="SMS", contact_id="c1", message="Hi")
    assert text.to_send() == {"type": "SMS", "contactId": "c1", "message": "Hi"}
    assert "Hi" not in repr(text)
    with pytest.raises(ValidationError):
        MessageWrite(type="Fax", contact_id="c1")


def test_sent_message_needs_its_id() -> None:
    assert SentMessage.model_validate({"messageId": "m1", "messageIds": ["m1", 2]}).message_ids == ("m1",)
    with pytest.raises(ValidationError):
        SentMessage.model_validate({"msg": "Message queued successfully."})


def test_export_page() -> None:
    page = MessagePage.model_validate(
        {"messages": [{"id": "m1", "dateAdded": "2026-11-22T10:00:00Z"}], "nextCursor": None}
    )
    assert page.messages[0].date_added == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert page.next_cursor is None
    with pytest.raises(ValueError, match="zone"):
        iso(datetime(2026, 11, 22))  # noqa: DTZ001  the very thing that is refused
