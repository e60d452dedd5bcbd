"""Times, numbers and visitors' text as they stand on the screen."""

import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.formatting import ago, capped, cards, clock_time, esc, number, one_line, when

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 22, 15, 14, tzinfo=UTC)  # 9:14 am in Chicago


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW, "9:14 am"),
        (datetime(2026, 11, 22, 6, 0, tzinfo=UTC), "12:00 am"),
        (datetime(2026, 11, 22, 18, 5, tzinfo=UTC), "12:05 pm"),
        (datetime(2026, 11, 21, 22, 12, tzinfo=UTC), "yesterday 4:12 pm"),
        (datetime(2026, 11, 22, 5, 59, tzinfo=UTC), "yesterday 11:59 pm"),
        (datetime(2026, 11, 23, 14, 0, tzinfo=UTC), "tomorrow 8:00 am"),
        (datetime(2026, 11, 8, 22, 12, tzinfo=UTC), "Nov 8, 4:12 pm"),
        (datetime(2025, 11, 8, 22, 12, tzinfo=UTC), "Nov 8, 2025, 4:12 pm"),
    ],
)
def test_when(at, words):
    assert when(at, now=NOW, zone=CHICAGO) == words


def test_the_hour_that_comes_twice_stays_the_church_s_own():
    both = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (6, 7)]
    assert [clock_time(at, CHICAGO) for at in both] == ["1:30 am", "1:30 am"]


def test_seconds_where_a_page_says_when_it_was_updated():
    assert clock_time(NOW + timedelta(seconds=5), CHICAGO, seconds=True) == "9:14:05 am"


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), ""),
    ],
)
def test_ago(passed, words):
    assert ago(NOW - passed, now=NOW) == words


def test_numbers():
    assert (number(1042), cards(1), cards(1042)) == ("1,042", "1 card", "1,042 cards")
    assert (capped(10_000), capped(10_001)) == ("10,000", "10,000+")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("  Anna\n\nKeller\t", "Anna Keller"),
        ("Anna\u202egnp.exe", "Anna gnp.exe"),
        ("\x00\x1b[31mAnna", "[31mAnna"),
        ("می‌خواهم", "می‌خواهم"),
        ("Łukasz Żółć-O'Neill", "Łukasz Żółć-O'Neill"),
        ("x" * 100, "x" * 79 + "…"),
    ],
)
def test_one_line(written, shown):
    assert one_line(written) == shown


@given(st.text(max_size=300))
def test_one_line_is_one_bounded_line_of_seen_signs(text):
    line = one_line(text)
    assert len(line) <= 80
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(sign) == "Cc" for sign in line)


@given(st.text(max_size=80))
def test_escaped_text_has_no_bare_sign_of_markdown(text):
    plain = esc(text).replace("\\\\", "")
    for before, sign in zip(" " + plain, plain, strict=False):
        assert sign not in "`*_[]()#!<>~:$&|{}" or before == "\\"
