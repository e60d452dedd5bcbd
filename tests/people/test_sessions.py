"""Sessions: what ends them, and that an end holds at the next look."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from ghl.people.links import create_sign_in_link, redeem
from ghl.people.policy import IDLE_LIFE, SESSION_LIFE, ChurchRole, church_in_use, is_over
from ghl.people.sessions import current, prune, sessions_of, sign_out
from ghl.people.users import add_user
from ghl.statuses import Role


@pytest.fixture
def ruth(database, church):
    return add_user(database, "ruth@example.org", church_id=church, role=Role.STAFF, actor="test")


@pytest.fixture
def sign_in(database, clock, ruth):
    def sign_in(user_agent="Firefox"):
        link = create_sign_in_link(database, "ruth@example.org", clock=clock, actor="test")
        return redeem(database, link, user_agent=user_agent, clock=clock)

    return sign_in


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement):
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.all() if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.mark.parametrize("cookie", [None, "", "nonsense", "\x00"])
def test_no_session_no_person(database, clock, cookie):
    assert current(database, cookie, clock=clock) is None


def test_signing_out_ends_this_browser_alone(database, clock, sign_in):
    here, there = sign_in(), sign_in()
    sign_out(database, here, clock=clock)
    sign_out(database, here, clock=clock)
    assert current(database, here, clock=clock) is None
    assert current(database, there, clock=clock)


def test_twelve_idle_hours_end_it(database, clock, sign_in):
    cookie = sign_in()
    clock.pass_by(hours=11, minutes=59)
    assert current(database, cookie, clock=clock)
    clock.pass_by(hours=11, minutes=59)
    assert current(database, cookie, clock=clock), "each use starts the hours anew"
    clock.pass_by(hours=12)
    assert current(database, cookie, clock=clock) is None


def test_a_page_that_refreshes_itself_does_not_keep_it_alive(database, clock, sign_in):
    cookie = sign_in()
    for _ in range(24):
        clock.pass_by(minutes=29)
        assert current(database, cookie, clock=clock, by_person=False)
    clock.pass_by(minutes=24)
    assert current(database, cookie, clock=clock, by_person=False) is None


def test_seven_days_end_it_however_busy(database, clock, sign_in):
    cookie = sign_in()
    for _ in range(27):
        clock.pass_by(hours=6)
        assert current(database, cookie, clock=clock)
    clock.pass_by(hours=6)
    assert current(database, cookie, clock=clock) is None


def test_a_use_is_written_down_once_a_minute(database, clock, sign_in, sql):
    cookie = sign_in()

    def version():
        return sql("SELECT xmin::text FROM web_sessions")[0][0]

    written = version()
    clock.pass_by(seconds=59)
    current(database, cookie, clock=clock)
    assert version() == written
    clock.pass_by(seconds=1)
    current(database, cookie, clock=clock)
    assert version() != written


def test_a_role_that_is_taken_away_holds_at_once(database, clock, sign_in, sql):
    cookie = sign_in()
    sql("UPDATE memberships SET role = 'viewer'")
    assert current(database, cookie, clock=clock).role is Role.VIEWER
    sql("DELETE FROM memberships")
    nobody = current(database, cookie, clock=clock)
    assert (nobody.church, nobody.role) == (None, None)
    sql("DELETE FROM users")
    assert current(database, cookie, clock=clock) is None


def test_where_a_person_is_signed_in(database, clock, ruth, sign_in):
    old = sign_in("Old phone\x00\x1b[31m")
    clock.pass_by(minutes=5)
    sign_in("F" * 500)
    sign_out(database, old, clock=clock)
    newer, older = sessions_of(database, ruth, clock=clock)
    assert (newer.user_agent, newer.over) == ("F" * 200, False)
    assert (older.user_agent, older.over) == ("Old phone[31m", True)


def test_nothing_that_is_shown_gives_the_person_away(database, clock, sign_in):
    assert "ruth" not in repr(current(database, sign_in(), clock=clock)).lower()


def test_pruning_removes_what_is_long_over_and_nothing_else(database, clock, sign_in, sql):
    long_over = sign_in()
    sign_out(database, long_over, clock=clock)
    clock.pass_by(days=31)
    alive = sign_in()
    prune(database, clock=clock)
    assert current(database, alive, clock=clock)
    assert sql("SELECT count(*) FROM web_sessions")[0][0] == 1
    assert sql("SELECT count(*) FROM sign_in_links")[0][0] == 1


class TestPolicy:
    @given(idle=st.timedeltas(timedelta(), SESSION_LIFE), age=st.timedeltas(timedelta(), SESSION_LIFE * 2))
    def test_over_exactly_when_idle_or_old(self, idle, age):
        from datetime import UTC, datetime

        now = datetime(2026, 11, 22, tzinfo=UTC)
        over = is_over(seen_at=now - idle, expires_at=now - age + SESSION_LIFE, ended_at=None, now=now)
        assert over == (idle >= IDLE_LIFE or age >= SESSION_LIFE)

    def test_the_church_of_the_row_while_one_belongs_to_it(self, church, other_church):
        churches = [ChurchRole(id_, "s", "n", "UTC", False, Role.STAFF) for id_ in (church, other_church)]
        assert church_in_use(other_church, churches).church_id == other_church
        assert church_in_use(other_church, churches[:1]).church_id == church
        assert church_in_use(None, churches).church_id == church
        assert church_in_use(church, []) is None
