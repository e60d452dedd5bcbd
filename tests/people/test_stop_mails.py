"""E-mails about stops that GoHighLevel does not have: one a word and admin, by a real mail server, with nothing of a person."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from ghl.churches import add_church
from ghl.consent.business_days import days_left, due_on
from ghl.consent.pressing import NEAR_DAYS, Pressing, Word, next_word, of_church, pressing
from ghl.ids import new_id
from ghl.mail import send, smtp_server
from ghl.people.mails import send_due
from ghl.people.stop_mails import warn
from ghl.people.users import add_user
from ghl.statuses import Role, StopWarned
from tests.support.mailbox import mail_server

HUB = "https://hub.example.org"
ASKED = date(2026, 12, 1)
LAST = due_on(ASKED)
"""Tuesday, December 15."""


class Clock:
    def __init__(self):
        self.at = datetime(2026, 12, 2, 18, tzinfo=UTC)

    def now(self):
        return self.at

    def monotonic(self):
        return 0.0


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else []

    yield sql
    engine.dispose()


@pytest.fixture
def church(database):
    return add_church(database, slug="grace", name="Grace", timezone="America/Chicago", actor="test")


@pytest.fixture
def admin(database, church):
    add_user(database, "staff@example.org", church_id=church, role=Role.STAFF, actor="test")
    return add_user(database, "ruth@example.org", church_id=church, role=Role.ADMIN, actor="test")


@pytest.fixture
def stops(sql, church):
    def stops(count=1, due=LAST):
        for number in range(count):
            sql(
                "INSERT INTO opt_outs (id, church_id, channel, address, event_id, asked_at, due_on)"
                " VALUES (:id, :c, 'sms', :address, 1, now(), :due)",
                id=new_id(),
                c=church,
                address=f"+1615555010{number}",
                due=due,
            )

    return stops


@pytest.fixture
def post(database):
    """Files what is to be told at that moment and sends it; the mails that came in since the last time."""
    clock = Clock()
    with mail_server() as mailbox:

        def post(day, hour=18):
            clock.at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
            warn(database, clock=clock)
            while send_due(database, partial(send, smtp_server(mailbox.url)), public_url=HUB, clock=clock):
                pass
            came, mailbox.mails[:] = list(mailbox.mails), []
            return came

        post.mailbox = mailbox
        yield post


def day(number):
    return date(2026, 12, number)


def test_an_episode_is_told_once_near_its_end_once_overdue_and_once_over(post, stops, sql, admin):
    stops(3)
    assert post(day(9)) == [], "four business days are left"
    (near,) = post(day(10))
    assert near["To"] == "ruth@example.org"
    assert near["Subject"] == "3 stops are not yet confirmed in GoHighLevel"
    words = near.get_content()
    assert "The first is due on Tuesday, December 15." in words
    assert f"{HUB}/news" in words.split()
    assert "615" not in words
    assert "/sign-in" not in words
    assert post(day(11)) == post(LAST) == []
    # The 16th begins in Chicago six hours later than by the world's clock.
    assert post(day(16), hour=5) == []
    (overdue,) = post(day(16))
    assert "The first was due on Tuesday, December 15." in overdue.get_content()
    stops(1, due=day(14))
    assert post(day(17)) == []
    sql("UPDATE opt_outs SET state = 'confirmed'")
    (over,) = post(day(17))
    assert over["Subject"] == "All stops are in GoHighLevel"
    assert post(day(18)) == []
    assert sql("SELECT count(*) FROM stop_warnings") == [(0,)]
    stops(1, due=day(21))
    assert [one["Subject"] for one in post(day(18))] == ["1 stop is not yet confirmed in GoHighLevel"]


def test_each_admin_is_told_and_the_change_log_says_so(post, stops, sql, database, church, admin):
    add_user(database, "paul@example.org", church_id=church, role=Role.ADMIN, actor="test")
    stops()
    assert {one["To"] for one in post(LAST)} == {"ruth@example.org", "paul@example.org"}
    said = sql(
        "SELECT actor, facts FROM audit_entries WHERE action = 'stops.mailed' AND church_id = :c", c=church
    )
    assert [tuple(one) for one in said] == [("hub", {"kind": "stops"})] * 2
    assert sql("SELECT count(*) FROM mails") == [(0,)]


def test_two_at_once_tell_it_once(database, stops, sql, admin):
    stops()
    clock = Clock()
    clock.at = datetime(2026, 12, 15, 18, tzinfo=UTC)
    assert [warn(database, clock=clock), warn(database, clock=clock)] == [1, 0]
    assert sql("SELECT count(*) FROM mails WHERE kind = 'stops'") == [(1,)]


def test_while_nobody_can_be_told_nothing_is_noted_as_told(post, stops, sql, database, church):
    stops()
    assert post(LAST) == []
    assert sql("SELECT count(*) FROM stop_warnings") == [(0,)]
    add_user(database, "ruth@example.org", church_id=church, role=Role.ADMIN, actor="test")
    assert len(post(LAST)) == 1


def test_what_was_not_taken_gives_way_to_what_is_true_now(post, stops, sql, admin):
    stops()
    post.mailbox.refuse = "450 later"
    assert post(LAST) == []
    assert sql("SELECT facts ->> 'word' FROM mails") == [("near",)]
    sql("UPDATE opt_outs SET state = 'confirmed'")
    post.mailbox.refuse = ""
    assert [one["Subject"] for one in post(LAST)] == ["All stops are in GoHighLevel"]


def test_who_is_no_admin_any_more_gets_none(post, stops, sql, database, church, admin):
    stops()
    add_user(database, "paul@example.org", church_id=church, role=Role.ADMIN, actor="test")
    post.mailbox.refuse = "450 later"
    assert post(LAST) == []
    post.mailbox.refuse = ""
    sql("UPDATE memberships SET role = 'staff' WHERE user_id = :id", id=admin)
    assert {one["To"] for one in post(day(15), hour=19)} == {"paul@example.org"}


def test_home_counts_the_same(database, stops, church):
    stops(2)
    stops(1, due=day(30))
    with database.church(church) as session:
        assert of_church(session, church, today=day(9)) is None
        assert of_church(session, church, today=day(10)) == Pressing(2, LAST, overdue=False)
        assert of_church(session, church, today=day(16)) == Pressing(2, LAST, overdue=True)


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.integers(0, 30))
def test_the_last_days_are_business_days(asked, later):
    due, today = due_on(asked), asked + timedelta(days=later)
    found = pressing({due: 1}, today=today)
    assert (found is not None) == (days_left(due, today) <= NEAR_DAYS)
    assert found is None or found.overdue == (due < today)


NEAR, LATE = Pressing(1, LAST, overdue=False), Pressing(1, LAST, overdue=True)


@pytest.mark.parametrize(
    ("now", "told", "word"),
    [
        (None, None, None),
        (NEAR, None, Word.NEAR),
        (NEAR, StopWarned.NEAR, None),
        (LATE, None, Word.OVERDUE),
        (LATE, StopWarned.NEAR, Word.OVERDUE),
        (LATE, StopWarned.OVERDUE, None),
        (NEAR, StopWarned.OVERDUE, None),
        (None, StopWarned.NEAR, Word.OVER),
        (None, StopWarned.OVERDUE, Word.OVER),
    ],
)
def test_each_word_is_told_once(now, told, word):
    assert next_word(now, told) is word
