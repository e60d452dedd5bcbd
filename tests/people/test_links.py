"""One-time links: one click gets in, whoever comes second does not."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from ghl.people.errors import LinkNotValidError, PersonNotFoundError
from ghl.people.links import create_sign_in_link, first_sign_in_link, redeem, sign_in_url
from ghl.people.sessions import current, sign_out
from ghl.people.users import add_user
from ghl.statuses import Role


@pytest.fixture
def ruth(database, church):
    return add_user(database, "ruth@example.org", church_id=church, role=Role.STAFF, actor="test")


@pytest.fixture
def link(database, clock, ruth):
    return create_sign_in_link(database, "RUTH@example.org", clock=clock, actor="test")


def token_of(url):
    return url.partition("?t=")[2]


def test_a_link_signs_in_once(database, clock, ruth, link):
    cookie = redeem(database, link, user_agent="Firefox", clock=clock)
    assert current(database, cookie, clock=clock).user_id == ruth
    with pytest.raises(LinkNotValidError):
        redeem(database, link, user_agent="Firefox", clock=clock)
    assert current(database, cookie, clock=clock), "a second click does not sign out"


def test_of_many_clicks_at_once_one_gets_in(database, clock, link):
    def click(_):
        try:
            return redeem(database, link, user_agent="", clock=clock)
        except LinkNotValidError:
            return None

    with ThreadPoolExecutor(16) as pool:
        got_in = [cookie for cookie in pool.map(click, range(16)) if cookie]
    assert len(got_in) == 1


def test_a_link_lasts_fifteen_minutes(database, clock, link):
    clock.pass_by(minutes=15)
    with pytest.raises(LinkNotValidError):
        redeem(database, link, user_agent="", clock=clock)


def test_a_link_in_its_last_second_is_good(database, clock, link):
    clock.pass_by(minutes=14, seconds=59)
    assert redeem(database, link, user_agent="", clock=clock)


@pytest.mark.parametrize("token", ["", "x", "'; drop table users; --", "\x00", "\udce4", "a" * 10_000])
def test_what_is_no_link_is_refused(database, clock, link, token):
    with pytest.raises(LinkNotValidError):
        redeem(database, token, user_agent="", clock=clock)
    assert current(database, token, clock=clock) is None


def test_a_link_is_no_cookie_and_a_cookie_no_link(database, clock, link):
    assert current(database, link, clock=clock) is None
    cookie = redeem(database, link, user_agent="", clock=clock)
    with pytest.raises(LinkNotValidError):
        redeem(database, cookie, user_agent="", clock=clock)


def test_the_database_keeps_no_token(database, database_urls, clock, link):
    cookie = redeem(database, link, user_agent="", clock=clock)
    engine = create_engine(database_urls.admin)
    with engine.connect() as connection:
        tables = "sign_in_links", "web_sessions", "audit_entries"
        kept = [str(connection.execute(text(f"SELECT * FROM {table}")).all()) for table in tables]
    engine.dispose()
    assert not any(token in text_ for token in (link, cookie) for text_ in kept)


def test_nobody_gets_a_link_for_an_unknown_address(database, clock):
    with pytest.raises(PersonNotFoundError):
        create_sign_in_link(database, "who@example.org", clock=clock, actor="test")


def test_the_address_of_a_link():
    assert sign_in_url("https://hub.example/", "a-b_c") == "https://hub.example/sign-in?t=a-b_c"


class TestTheFirstLink:
    def test_makes_the_first_person(self, database, clock):
        url = first_sign_in_link(database, clock=clock, base_url="http://127.0.0.1:8501")
        cookie = redeem(database, token_of(url), user_agent="", clock=clock)
        assert current(database, cookie, clock=clock).is_ops

    def test_is_made_anew_while_nobody_has_signed_in(self, database, clock):
        first_sign_in_link(database, clock=clock, base_url="http://127.0.0.1:8501")
        clock.pass_by(hours=1)
        url = first_sign_in_link(database, clock=clock, base_url="http://127.0.0.1:8501")
        assert redeem(database, token_of(url), user_agent="", clock=clock)

    def test_is_given_no_more_once_anybody_has(self, database, clock):
        url = first_sign_in_link(database, clock=clock, base_url="http://127.0.0.1:8501")
        sign_out(database, redeem(database, token_of(url), user_agent="", clock=clock), clock=clock)
        assert first_sign_in_link(database, clock=clock, base_url="http://127.0.0.1:8501") is None

    def test_is_not_given_where_people_are(self, database, clock, ruth):
        assert first_sign_in_link(database, clock=clock, base_url="http://127.0.0.1:8501") is None

    def test_two_hubs_that_start_at_once_make_one_person(self, database, clock):
        with ThreadPoolExecutor(4) as pool:
            urls = list(
                pool.map(
                    lambda _: first_sign_in_link(database, clock=clock, base_url="http://127.0.0.1:8501"),
                    range(4),
                )
            )
        people = {
            current(
                database, redeem(database, token_of(url), user_agent="", clock=clock), clock=clock
            ).user_id
            for url in urls
        }
        assert len(people) == 1
