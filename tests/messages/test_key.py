"""The key that stands once in the database, and until when a message makes sense."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ghl.messages.deadline import too_late_at
from ghl.messages.key import idempotency_key

A, B, C = (UUID(int=number) for number in (1, 2, 3))
RECEIVED = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
"""A Sunday noon in Nashville."""


def test_a_key_stays_what_it_is():
    """Messages of an older version must be known as already sent."""
    key = idempotency_key(A, "+16155550001", B, C, 0)
    assert key.hex() == "e83519df53ac13638468840716a6d3a7ec00187a69155f05c0579b93cac6ba0c"


@given(
    st.lists(
        st.tuples(st.uuids(), st.text(), st.uuids(), st.none() | st.uuids(), st.integers(0, 9)),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_two_messages_have_two_keys(two):
    one, other = (idempotency_key(*parts) for parts in two)
    assert len(one) == 32
    assert one != other


def late(**changes):
    values = {"visit_date": None, "received_at": RECEIVED, "zone": "America/Chicago"}
    return too_late_at(72, **values | changes)


def test_a_card_of_the_day_counts_from_when_it_came():
    assert late() == late(visit_date=date(2026, 11, 22)) == RECEIVED + timedelta(hours=72)


def test_a_card_that_comes_later_counts_from_the_end_of_the_day_of_the_visit():
    received = RECEIVED + timedelta(days=2)
    end = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    assert late(visit_date=date(2026, 11, 22), received_at=received) == end + timedelta(hours=72)


def test_a_template_without_an_end_never_comes_too_late():
    assert too_late_at(None, visit_date=None, received_at=RECEIVED, zone="nowhere") is None


@given(st.dates(), st.text(max_size=30))
def test_no_day_and_no_zone_is_too_odd(day, zone):
    assert late(visit_date=day, zone=zone) <= RECEIVED + timedelta(hours=72)
