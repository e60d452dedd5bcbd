"""Where you are signed in: one's own browsers, and nobody else's; an end holds in all tabs at once."""

import pytest

from ghl.clock import SystemClock
from ghl.people.invite import invite
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.sessions import current
from ghl.statuses import Role

PAGE = "pages/signed_in.py"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"


@pytest.fixture
def elsewhere(database):
    """Signs the same person in with another browser."""

    def elsewhere(email="ruth@example.org", agent=PHONE):
        link = create_sign_in_link(database, email, clock=SystemClock(), actor="test")
        return redeem(database, link, user_agent=agent, clock=SystemClock())

    return elsewhere


@pytest.fixture
def signed_in(database):
    return lambda cookie: current(database, cookie, clock=SystemClock()) is not None


def texts(app):
    return [one.value for one in app.text]


def on_page(app, label):
    return [one for one in app.main.button if one.label == label]


@pytest.mark.parametrize("role", [*Role, None])
def test_everybody_sees_where_they_are_signed_in(open_page, sign_in, elsewhere, role):
    cookie = sign_in(role, ops=role is None)
    elsewhere()
    app = open_page(cookie, PAGE)
    assert not app.exception
    assert app.title[0].value == "Where you are signed in"
    assert "Safari on iPhone" in texts(app)
    assert "A browser" in texts(app)
    assert [one.value for one in app.main.markdown if "This browser" in one.value]
    assert len(on_page(app, "Sign out")) == 1, "not for the browser one sits at"


def test_ending_one_ends_it_at_once_and_no_other(open_page, sign_in, elsewhere, signed_in, sql):
    here, there, third = sign_in(), elsewhere(), elsewhere(agent="Firefox/128.0 Windows")
    app = open_page(here, PAGE)
    on_page(app, "Sign out")[-1].click().run()
    assert "Signed out: Safari on iPhone." in texts(app)
    assert [signed_in(one) for one in (here, there, third)] == [True, False, True]
    assert sql("SELECT facts FROM audit_entries WHERE action = 'user.signed_out'") == [({"how": "list"},)]


def test_everywhere_else(open_page, sign_in, elsewhere, signed_in):
    here, *others = sign_in(), elsewhere(), elsewhere(), elsewhere()
    app = open_page(here, PAGE)
    on_page(app, "Sign out everywhere else")[0].click().run()
    assert "Signed out in 3 other browsers." in texts(app)
    assert signed_in(here)
    assert not any(map(signed_in, others))
    assert on_page(app, "Sign out everywhere else") == []


def test_a_second_press_says_that_it_was_over(open_page, sign_in, elsewhere, sql):
    here = sign_in()
    elsewhere()
    first, second = open_page(here, PAGE), open_page(here, PAGE)
    on_page(first, "Sign out")[0].click().run()
    on_page(second, "Sign out")[0].click().run()
    assert "Safari on iPhone was signed out already." in texts(second)
    assert sql("SELECT count(*) FROM audit_entries WHERE action = 'user.signed_out'") == [(1,)]


def test_nobody_sees_or_ends_another_person_s(open_page, sign_in, signed_in, database, elsewhere):
    from ghl.people import sessions
    from ghl.people.users import add_user

    pat = sign_in(email="pat@example.org")
    here = sign_in()
    app = open_page(here, PAGE)
    assert on_page(app, "Sign out") == []
    ruth = add_user(database, "ruth@example.org", ops=True, actor="test")
    pats = sessions.open_sessions(
        database, current(database, pat, clock=SystemClock()).user_id, pat, clock=SystemClock()
    )
    assert sessions.end_session(database, ruth, pats[0].id, clock=SystemClock()) is False
    assert signed_in(pat)


def test_a_click_after_the_own_session_ended_changes_nothing(
    open_page, sign_in, elsewhere, signed_in, database
):
    from ghl.people.sessions import sign_out

    here, there = sign_in(), elsewhere()
    app = open_page(here, PAGE)
    sign_out(database, here, clock=SystemClock())
    on_page(app, "Sign out everywhere else")[0].click().run()
    assert app.title[0].value == "You are signed out"
    assert signed_in(there)


def test_what_a_browser_says_of_itself_is_no_markdown(open_page, sign_in, elsewhere):
    here = sign_in()
    elsewhere(agent="![x](https://evil.example/x.png) <script>alert(1)</script>")
    app = open_page(here, PAGE)
    assert "evil" not in str(app.main)
    assert texts(app).count("A browser") == 2


def test_a_link_for_one_church_shows_no_other_browser_and_ends_none(
    open_page, sign_in, database, church, sql
):
    """An admin may have copied it: whoever holds it learns nothing of the person's other browsers."""
    own = sign_in(Role.STAFF)
    [(user_id,)] = sql("SELECT id FROM users")
    made = invite(
        database,
        user_id=user_id,
        church_id=church,
        public_url="https://hub.example.org",
        smtp=None,
        clock=SystemClock(),
        actor="user:admin",
    )
    cookie = redeem(database, made.url.partition("?t=")[2], user_agent="", clock=SystemClock())
    app = open_page(cookie, PAGE)
    assert not app.exception
    assert len([one for one in app.main.markdown if "This browser" in one.value]) == 1
    assert on_page(app, "Sign out") == on_page(app, "Sign out everywhere else") == []
    assert on_page(open_page(own, PAGE), "Sign out everywhere else"), "their own sees both"
