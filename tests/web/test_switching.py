"""Several churches in one browser: the switch, and tabs that were drawn for another church."""

import pytest

from dashboard import gate
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.people import help as helping
from ghl.people.sessions import choose_church
from ghl.people.users import add_user, find_user
from ghl.statuses import CardStatus, Role
from tests.support.cards import CardMaker

CARDS = "pages/cards.py"


def texts(app):
    return [one.value for one in app.text] + [getattr(one, "value", "") for one in app.get("page_link")]


def press(app, key):
    (found,) = [one for one in app.button if one.key == key]
    return found.click().run()


@pytest.fixture
def hope(database):
    hope = add_church(database, slug="hope", name="Hope Church", timezone="America/Chicago", actor="test")
    CardMaker(database, hope)(CardStatus.HELD, cause="same_person_doubt", first_name="Zoe")
    return hope


@pytest.fixture
def both(sign_in, hope):
    """Ruth is staff at Grace and a viewer at Hope; she is at Grace now."""
    sign_in(Role.VIEWER, church_id=hope)
    return sign_in(Role.STAFF)


def test_who_has_one_church_finds_no_switch(open_page, sign_in):
    app = open_page(sign_in(Role.STAFF))
    assert not [one for one in app.selectbox if one.label == "Church"]
    assert "Grace Church" in texts(app)


def test_choosing_another_church_shows_that_one_with_its_role(open_page, both, cards, hope):
    cards(CardStatus.WAITING)
    app = open_page(both, CARDS)
    assert "Anna Keller" in texts(app)
    (switch,) = [one for one in app.selectbox if one.label == "Church"]
    assert switch.options == ["Grace Church", "Hope Church"]
    app = switch.set_value(hope).run()
    assert not app.exception
    assert app.title[0].value == "Home"
    assert "Viewer" in texts(app)
    assert not [one for one in texts(app) if one.startswith("This window shows")]
    app = app.switch_page("../pages/cards.py").run()
    assert "Zoe Keller" in texts(app)
    assert "Anna Keller" not in texts(app)


def test_a_church_that_is_sent_by_a_browser_and_not_theirs_is_refused(
    open_page, both, cards, database, church, monkeypatch
):
    other = add_church(database, slug="third", name="Third", timezone="America/Chicago", actor="test")
    app = open_page(both, church=str(other), church_id=str(other))
    assert "Grace Church" in texts(app)
    assert not choose_church(database, both, other, clock=SystemClock())


def test_a_press_in_a_tab_of_the_other_church_changes_nothing(open_page, both, cards, hope, database, sql):
    """Two tabs of one browser: this one shows Grace while the other has gone on to Hope."""
    card = cards(CardStatus.TO_REVIEW)
    app = open_page(both, CARDS)
    before = sql("SELECT id, status FROM cards ORDER BY id")
    choose_church(database, both, hope, clock=SystemClock())
    (tick,) = [one for one in app.checkbox if str(getattr(card, "id", card)) in (one.key or "")]
    app = tick.check().run()
    assert not app.exception
    assert gate.ELSEWHERE in texts(app)
    assert app.title[0].value == "Home"
    assert sql("SELECT id, status FROM cards ORDER BY id") == before
    app = press(app, "moved_read")
    assert gate.ELSEWHERE not in texts(app)


def test_what_one_church_s_page_held_does_not_reach_the_other(open_page, sign_in, hope, database, sql):
    sign_in(Role.ADMIN, church_id=hope)
    cookie = sign_in(Role.ADMIN)
    app = open_page(cookie, "pages/team.py")
    (name,) = [one for one in app.text_input if one.key.endswith("_name")]
    name.set_value("Pat")
    (email,) = [one for one in app.text_input if one.key.endswith("_email")]
    email.set_value("pat@example.org")
    choose_church(database, cookie, hope, clock=SystemClock())
    (invite,) = [one for one in app.button if one.label == "Invite"]
    app = invite.click().run()
    assert gate.ELSEWHERE in texts(app)
    assert sql("SELECT email FROM users WHERE email LIKE 'pat%'") == []


def test_who_leaves_one_team_goes_on_in_the_other_and_is_told(open_page, both, cards, hope, database, sql):
    app = open_page(both, CARDS)
    sql("DELETE FROM memberships WHERE church_id <> :hope", hope=hope)
    app.run()
    assert gate.ELSEWHERE in texts(app)
    assert "Viewer" in texts(app)


class TestHelping:
    @pytest.fixture
    def olga(self, sign_in, database, church):
        """Who runs the installation, with an admin's yes, in a browser of her own."""
        cookie = sign_in(None, ops=True, email="olga@example.org")
        pat = add_user(database, "pat@example.org", church_id=church, role=Role.ADMIN, actor="test")
        with database.identity() as session:
            olga = find_user(session, "olga@example.org")
        asked = helping.ask(database, church, olga, reason="Cards wait")
        helping.answer(database, church, asked.id, by=pat, agrees=True)
        return cookie

    def test_she_goes_in_looks_and_the_frame_says_so_on_every_page(
        self, open_page, olga, cards, database, church
    ):
        cards(CardStatus.NEEDS_ATTENTION, cause="phone_invalid")
        app = open_page(olga)
        assert app.title[0].value == "Churches", "she lands on her own page"
        assert not [one for one in texts(app) if "to help" in one]
        (switch,) = [one for one in app.selectbox if one.label == "Church"]
        assert switch.options == ["Grace Church (to help)"]
        app = switch.set_value(church).run()
        assert app.title[0].value == "Home"
        for page in ("home", "cards"):
            app = app.switch_page(f"../pages/{page}.py").run()
            assert [one for one in texts(app) if one.startswith("You are in Grace Church to help, until")]
        assert "Anna Keller" in texts(app)
        for page in ("add", "attention", "team", "form"):
            app = app.switch_page(f"../pages/{page}.py").run()
            assert app.title[0].value == "This page is not for your role"

    def test_it_ends_in_the_open_page(self, open_page, olga, cards, database, church, sql):
        cards(CardStatus.WAITING)
        choose_church(database, olga, church, clock=SystemClock())
        app = open_page(olga, CARDS)
        assert "Anna Keller" in texts(app)
        sql("UPDATE help_access SET state = 'ended', ended_at = now()")
        app.run()
        assert "Anna Keller" not in texts(app)
        assert app.title[0].value == "Churches"

    def test_she_leaves_by_herself(self, open_page, olga, cards, database, church):
        choose_church(database, olga, church, clock=SystemClock())
        app = press(open_page(olga), "helping_leave")
        assert app.title[0].value == "Churches"
