"""Each page as each person sees it, with no cards, many, and hostile ones."""

import pytest

from dashboard import services
from dashboard.components.badges import BADGES
from dashboard.navigation import FOLDER, PAGES
from dashboard.web import SCRIPT
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.people.sessions import sign_out
from ghl.statuses import CardStatus, Role
from tests.support.cards import CardMaker

CARDS = "pages/cards.py"


def words(app):
    """Everything that is written on the page, except on buttons."""
    kinds = ("title", "header", "subheader", "text", "markdown", "warning", "code", "caption", "page_link")
    return [element.value for kind in kinds for element in app.get(kind) if hasattr(element, "value")]


def button(app, label):
    (found,) = [one for one in app.button if label in one.label]
    return found


def labels(app):
    return [one.label for one in app.button]


class TestTheGate:
    @pytest.mark.parametrize("script", ["dashboard/app.py", *(f"pages/{page.file}.py" for page in PAGES)])
    @pytest.mark.parametrize("cookie", [None, "nonsense"])
    def test_nobody_signed_in_sees_nothing(self, open_page, cards, script, cookie):
        cards(CardStatus.WAITING)
        app = open_page(cookie, script, alone=True)
        assert not app.exception
        assert app.title[0].value == "You are signed out"
        assert "Keller" not in str(words(app))

    def test_a_session_that_ends_while_the_page_is_open_ends_at_the_next_run(
        self, open_page, sign_in, cards, database
    ):
        cards(CardStatus.WAITING)
        cookie = sign_in()
        app = open_page(cookie, CARDS)
        assert "Anna Keller" in words(app)
        sign_out(database, cookie, clock=SystemClock())
        app.run()
        assert app.title[0].value == "You are signed out"
        assert "Keller" not in str(words(app))

    def test_signing_out_on_the_page(self, open_page, sign_in, cards):
        cards(CardStatus.WAITING)
        app = open_page(sign_in())
        button(app, "Sign out").click().run()
        assert app.title[0].value == "You are signed out"

    def test_a_role_that_is_taken_away_closes_the_page(self, open_page, sign_in, cards, sql):
        cards(CardStatus.WAITING)
        app = open_page(sign_in(), CARDS)
        sql("DELETE FROM memberships")
        app.run()
        assert app.title[0].value == "You don't belong to a church"
        assert "Keller" not in str(words(app))

    @pytest.mark.parametrize("role", list(Role))
    def test_every_role_of_a_church_sees_its_cards(self, open_page, sign_in, cards, role):
        cards(CardStatus.WAITING)
        app = open_page(sign_in(role), CARDS)
        assert not app.exception
        assert "Anna Keller" in words(app)

    @pytest.mark.parametrize("role", list(Role))
    def test_the_installation_is_for_ops_alone(self, open_page, sign_in, role):
        app = open_page(sign_in(role), "pages/installation.py")
        assert app.title[0].value == "This page is not for your role"

    def test_ops_sees_the_installation_and_no_card(self, open_page, sign_in, cards):
        cards(CardStatus.WAITING)
        cookie = sign_in(None, ops=True)
        assert open_page(cookie).title[0].value == "Churches"
        app = open_page(cookie, "pages/installation.py")
        assert app.title[0].value == "This installation"
        assert any("hub doctor" in one for one in words(app))
        assert open_page(cookie, CARDS).title[0].value == "This page is not for your role"

    def test_another_church_s_cards_are_nowhere(self, open_page, sign_in, cards, database):
        cards(CardStatus.WAITING)
        hope = add_church(database, slug="hope", name="Hope", timezone="America/New_York", actor="test")
        CardMaker(database, hope)(CardStatus.WAITING, first_name="Zoe")
        seen = str(words(open_page(sign_in(), CARDS, church=str(hope), church_id=str(hope))))
        assert "Anna" in seen
        assert "Zoe" not in seen

    def test_the_database_away_shows_no_card_and_a_number_for_support(
        self, open_page, sign_in, cards, database_urls, monkeypatch
    ):
        cards(CardStatus.WAITING)
        cookie = sign_in()
        monkeypatch.setenv("HUB_DATABASE_URL", "postgresql+psycopg://hub_app@127.0.0.1:1/hub")
        services.container.clear()
        app = open_page(cookie, CARDS, alone=True)
        assert not app.exception
        seen = str(words(app))
        assert "We couldn't load this page. Nothing is lost." in seen
        assert "tell support the number" in seen
        assert "Keller" not in seen


def test_every_file_is_in_the_navigation_once():
    assert sorted(page.file for page in PAGES) == sorted(file.stem for file in FOLDER.glob("*.py"))


def test_every_status_has_a_badge_with_words_and_a_picture():
    assert set(BADGES) == set(CardStatus)
    assert all(badge.label and badge.icon.startswith(":material/") for badge in BADGES.values())
    assert len({badge.label for badge in BADGES.values()}) == len(BADGES)


def test_the_entry_script_stays_short():
    assert len(SCRIPT.read_text().splitlines()) <= 40


def test_pages_ask_for_a_role_before_they_do_anything():
    for file in FOLDER.glob("*.py"):
        assert "gate.require" in file.read_text(), file
