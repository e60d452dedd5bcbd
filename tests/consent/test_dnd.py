"""GoHighLevel's "do not text", read, and where it and our log differ. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.client.models import Contact
from ghl.consent.dnd import OURS, There, differences, there_of
from ghl.statuses import Channel, DifferenceKind

A, B = "+16155550101", "+16155550102"


def contact(**fields):
    return Contact.model_validate(
        {"id": "c1", "phone": "(615) 555-0101", "email": "Ann@Example.org"} | fields
    )


@pytest.mark.parametrize(
    ("fields", "blocks", "stops"),
    [
        ({}, "", ""),
        ({"dnd": True}, "es", "es"),
        ({"dndSettings": {"SMS": {"status": "active"}}}, "s", "s"),
        ({"dndSettings": {"sms": {"status": "permanent", "message": "STOP_KEYWORD"}}}, "s", "s"),
        ({"dndSettings": {"SMS": {"status": "active", "message": "TWILIO_ERROR_CODE: 30005"}}}, "s", ""),
        ({"dndSettings": {"SMS": {"status": "permanent", "message": "TWILIO_ERROR_CODE: 30004"}}}, "s", "s"),
        ({"dndSettings": {"Email": {"status": "active", "message": OURS}}}, "e", ""),
        ({"dndSettings": {"SMS": {"status": "inactive"}, "Call": {"status": "active"}}}, "", ""),
    ],
)
def test_what_blocks_and_what_somebody_wanted(fields, blocks, stops):
    there = there_of(contact(**fields), region="US")
    names = {"s": Channel.SMS, "e": Channel.EMAIL}
    assert there.blocks == {names[one] for one in blocks}
    assert there.stops == {names[one] for one in stops}
    assert there.addresses == {Channel.SMS: A, Channel.EMAIL: "ann@example.org"}


def kinds(there, known=None, stopped=()):
    return [(one.kind, one.address) for one in differences(there, known or {Channel.SMS: A}, stopped)]


def test_each_kind_of_difference():
    here = There("c1", addresses={Channel.SMS: A})
    stopped = {(Channel.SMS, A)}
    sms = frozenset({Channel.SMS})
    blocked = There("c1", addresses={Channel.SMS: A}, blocks=sms)
    wanted = There("c1", addresses={Channel.SMS: A}, blocks=sms, stops=sms)
    assert kinds(here) == []
    assert kinds(here, stopped=stopped) == [(DifferenceKind.STOPPED_HERE, A)]
    assert kinds(blocked, stopped=stopped) == []
    assert kinds(blocked) == []
    assert kinds(wanted) == [(DifferenceKind.STOPPED_THERE, A)]
    assert kinds(There("c1", addresses={Channel.SMS: B})) == [(DifferenceKind.OTHER_NUMBER, A)]
    assert kinds(There("c1", gone=True), stopped=stopped) == [(DifferenceKind.GONE, A)]
    assert kinds(There("c1")) == []


@given(st.booleans(), st.booleans())
def test_a_stop_on_one_side_alone_is_always_found(stopped_here, stopped_there):
    channels = frozenset({Channel.SMS}) if stopped_there else frozenset()
    there = There("c1", addresses={Channel.SMS: A}, blocks=channels, stops=channels)
    found = kinds(there, stopped={(Channel.SMS, A)} if stopped_here else set())
    assert bool(found) == (stopped_here != stopped_there)
