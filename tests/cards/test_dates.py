from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.dates import DateOrder, date_order, written_date

TODAY = date(2026, 11, 22)
MONTH, DAY = DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST


@pytest.mark.parametrize(
    ("values", "order", "sure"),
    [
        (["11/22/2026", "1/2/2026"], MONTH, True),
        (["22/11/2026", "1/2/2026"], DAY, True),
        (["22.11.2026"], DAY, True),
        (["1/2/2026", "3/4/2026"], MONTH, False),
        (["22/11/2026", "11/22/2026"], MONTH, False),
        (["3/3/2026"], MONTH, True),
        (["2026-11-22", "soon", 5, None], MONTH, True),
        ([], MONTH, True),
    ],
)
def test_the_order_is_read_from_the_list_or_asked(values, order, sure):
    assert date_order(values) == (order, sure)


@pytest.mark.parametrize(
    ("written", "order", "read"),
    [
        ("3/4/2026", MONTH, "2026-03-04"), ("3/4/2026", DAY, "2026-04-03"), ("22.11.2026", DAY, "2026-11-22"),
        ("11-22-26", MONTH, "2026-11-22"), ("2026/11/22", DAY, "2026-11-22"), ("Nov 22, 2026", DAY, "2026-11-22"),
        ("22 November 2026", MONTH, "2026-11-22"), ("Sunday, November 22nd, 2026", MONTH, "2026-11-22"),
        ("11/22/2026 9:14:05 AM", MONTH, "2026-11-22"), ("11/22/2026 9:14:05", MONTH, "2026-11-22"),
        ("31/31/2026", MONTH, "31/31/2026"), ("soon", MONTH, "soon"), ("", MONTH, ""), (True, MONTH, True),
        (46348, MONTH, date(2026, 11, 22)), (46348.5, MONTH, date(2026, 11, 22)), (12, MONTH, 12),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(written, order, read):
    assert written_date(written, order, today=TODAY) == read


def test_two_digits_of_a_birthday_are_in_the_past():
    assert written_date("3/4/85", MONTH, today=TODAY, past=True) == "1985-03-04"
    assert written_date("3/4/27", MONTH, today=TODAY, past=True) == "1927-03-04"
    assert written_date("3/4/27", MONTH, today=TODAY) == "2027-03-04"


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.sampled_from(DateOrder), st.sampled_from("/.-"))
def test_every_day_is_read_in_either_order(day, order, sign):
    parts = (day.month, day.day) if order is MONTH else (day.day, day.month)
    assert written_date(sign.join(map(str, (*parts, day.year))), order, today=TODAY) == day.isoformat()


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none()), st.sampled_from(DateOrder))
def test_anything_else_comes_back(value, order):
    date_order([value])
    written_date(value, order, today=TODAY)
