"""Sessions: what ends them, and that an end holds at the next look."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from ghl.people.links import create_sign_in_link, redeem
from ghl.people.policy import IDLE_LIFE, SESSION_LIFE, ChurchRole, church_in_use, is_over
from ghl.people.sessions import current, end_others, end_session, open_sessions, prune, sign_out
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


def test_the_list_shows_where_somebody_is_signed_in_now(database, clock, ruth, sign_in):
    idle = sign_in("Idle")
    clock.pass_by(hours=11)
    old = sign_in("Old \x1b[31mphone")
    clock.pass_by(minutes=5)
    gone, here = sign_in("Gone"), sign_in("F" * 500)
    sign_out(database, gone, clock=clock)
    first, second, third = open_sessions(database, ruth, old, clock=clock)
    assert (first.user_agent, first.this) == ("Old [31mphone", True)
    assert (second.user_agent, second.this) == ("F" * 200, False)
    assert third.user_agent == "Idle"
    clock.pass_by(hours=1)
    assert [one.user_agent[:1] for one in open_sessions(database, ruth, here, clock=clock)] == ["F", "O"]
    assert current(database, idle, clock=clock) is None


def test_nobody_ends_the_session_of_somebody_else(database, clock, church, ruth, sign_in):
    cookie = sign_in()
    pat = add_user(database, "pat@example.org", church_id=church, role=Role.ADMIN, actor="test")
    (mine,) = open_sessions(database, ruth, cookie, clock=clock)
    assert end_session(database, pat, mine.id, clock=clock) is False
    assert end_others(database, pat, None, clock=clock) == 0
    assert current(database, cookie, clock=clock)
    assert end_session(database, ruth, mine.id, clock=clock) is True
    assert end_session(database, ruth, mine.id, clock=clock) is False


def test_everywhere_else_counts_what_was_still_open(database, clock, ruth, sign_in):
    here, *_ = sign_in(), sign_in(), sign_in()
    assert end_others(database, ruth, here, clock=clock) == 2
    assert end_others(database, ruth, here, clock=clock) == 0
    assert current(database, here, clock=clock)


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
