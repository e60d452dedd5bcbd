"""Each page as each person sees it, with no cards, many, and hostile ones."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard import services
from dashboard.components.badges import BADGES
from dashboard.navigation import FOLDER, PAGES
from dashboard.web import SCRIPT
from ghl.churches import add_church, pause
from ghl.clock import SystemClock
from ghl.people.sessions import sign_out
from ghl.statuses import CardStatus, Role
from tests.support.cards import CardMaker

HOSTILE = "[click](https://evil.example) ![x](https://evil.example/p.png) <b>x</b> **b** $x$ :red[r]"


def words(app):
    """Everything that is written on the page, except on buttons."""
    kinds = ("title", "header", "subheader", "text", "markdown", "warning", "code", "caption")
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
        app = open_page(cookie, script)
        assert not app.exception
        assert app.title[0].value == "You are signed out"
        assert "Keller" not in str(words(app))

    @pytest.mark.parametrize("script", ["dashboard/app.py", "pages/cards.py"])
    def test_a_session_that_ends_while_the_page_is_open_ends_at_the_next_run(
        self, open_page, sign_in, cards, database, script
    ):
        cards(CardStatus.WAITING)
        cookie = sign_in()
        app = open_page(cookie, script)
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
        app = open_page(sign_in())
        sql("DELETE FROM memberships")
        app.run()
        assert app.title[0].value == "You don't belong to a church yet"
        assert "Keller" not in str(words(app))

    @pytest.mark.parametrize("role", list(Role))
    def test_every_role_of_a_church_sees_its_cards(self, open_page, sign_in, cards, role):
        cards(CardStatus.WAITING)
        app = open_page(sign_in(role))
        assert not app.exception
        assert "Anna Keller" in words(app)

    @pytest.mark.parametrize("role", list(Role))
    def test_the_installation_is_for_ops_alone(self, open_page, sign_in, role):
        app = open_page(sign_in(role), "pages/installation.py")
        assert app.title[0].value == "This page is not for your role"

    def test_ops_sees_the_installation_and_no_card(self, open_page, sign_in, cards):
        cards(CardStatus.WAITING)
        cookie = sign_in(None, ops=True)
        app = open_page(cookie)
        assert app.title[0].value == "This installation"
        assert any("hub church add" in one for one in words(app))
        assert open_page(cookie, "pages/cards.py").title[0].value == "This page is not for your role"

    def test_another_church_s_cards_are_nowhere(self, open_page, sign_in, cards, database):
        cards(CardStatus.WAITING)
        hope = add_church(database, slug="hope", name="Hope", timezone="America/New_York", actor="test")
        CardMaker(database, hope)(CardStatus.WAITING, first_name="Zoe")
        seen = str(words(open_page(sign_in(), church=str(hope), church_id=str(hope))))
        assert "Anna" in seen
        assert "Zoe" not in seen

    def test_the_database_away_shows_no_card_and_a_number_for_support(
        self, open_page, sign_in, cards, database_urls, monkeypatch
    ):
        cards(CardStatus.WAITING)
        cookie = sign_in()
        monkeypatch.setenv("HUB_DATABASE_URL", "postgresql+psycopg://hub_app@127.0.0.1:1/hub")
        services.container.clear()
        app = open_page(cookie)
        assert not app.exception
        seen = str(words(app))
        assert "We couldn't load this page. Nothing is lost." in seen
        assert "tell support the number" in seen
        assert "Keller" not in seen


class TestTheList:
    def test_no_card_yet(self, open_page, sign_in, connected):
        app = open_page(sign_in())
        assert "No cards yet." in words(app)

    def test_a_card_in_every_state_has_its_badge_and_its_why(self, open_page, sign_in, cards):
        for status in CardStatus:
            cards(status, cause="phone_invalid" if status == CardStatus.NEEDS_ATTENTION else None)
        seen = str(words(open_page(sign_in())))
        for badge in BADGES.values():
            assert badge.label in seen
            assert badge.icon in seen
        assert "GoHighLevel won't take this phone number." in seen
        assert "7 received = 1 + 1 + 1 + 1 + 1 + 1 + 1. Every card is accounted for." in seen

    def test_tries_and_the_next_try(self, open_page, sign_in, cards):
        cards(
            CardStatus.WAITING,
            cause="refused_by_ghl",
            tries=4,
            attempts=3,
            due_in=timedelta(minutes=30),
        )
        assert "Try 3 of 8 · next try " in str(words(open_page(sign_in())))

    def test_a_hostile_card_stays_text(self, open_page, sign_in, cards):
        cards(
            CardStatus.NEEDS_ATTENTION, first_name=HOSTILE, cause="refused_by_ghl", facts={"answer": HOSTILE}
        )
        app = open_page(sign_in())
        assert not app.exception
        assert any(one.value.startswith("[click](https://evil.example)") for one in app.text)
        others = [one for one in words(app) if one not in [text_.value for text_ in app.text]]
        assert "evil" not in str(others)
        assert "evil" not in str(labels(app))

    def test_older_and_newer(self, open_page, sign_in, cards):
        for n in range(30):
            cards(CardStatus.SYNCED, first_name=f"Nr{n:02}")
        app = open_page(sign_in())
        assert "Cards 1 to 25 of 30" in words(app)
        button(app, "Older").click().run()
        assert "Cards 26 to 30 of 30" in words(app)
        assert "Nr25 Keller" in words(app)
        assert button(app, "Older").disabled
        button(app, "Newer").click().run()
        assert "Nr00 Keller" in words(app)

    def test_rows_hold_still_while_what_they_say_changes(self, open_page, sign_in, cards, sql):
        first = cards(CardStatus.WAITING)
        app = open_page(sign_in())
        cards(CardStatus.WAITING, first_name="Newcomer", received_at=datetime.now(UTC))
        sql("UPDATE cards SET status = 'synced', synced_at = now() WHERE id = :id", id=first)
        app.run()
        seen = str(words(app))
        assert "Newcomer" not in seen
        assert "Arrived" in seen
        button(app, "Show 1 card more").click().run()
        assert "Newcomer Keller" in words(app)

    def test_a_filter_by_address_and_by_tile(self, open_page, sign_in, cards):
        cards(CardStatus.WAITING, first_name="Wanda")
        cards(CardStatus.HELD, first_name="Hilda")
        app = open_page(sign_in(), status="held")
        assert "Hilda Keller" in words(app)
        assert "Wanda Keller" not in words(app)
        button(app, "Waiting").click().run()
        assert "Wanda Keller" in words(app)
        assert app.query_params["status"] == "waiting"

    def test_an_address_somebody_made_up_shows_every_card(self, open_page, sign_in, cards):
        cards(CardStatus.WAITING)
        assert "Anna Keller" in words(open_page(sign_in(), status="'; drop table"))

    def test_nothing_matches_and_the_way_out(self, open_page, sign_in, cards):
        cards(CardStatus.WAITING)
        app = open_page(sign_in(), status="held")
        assert "No card matches. Show every card again?" in words(app)
        button(app, "Clear filters").click().run()
        assert "Anna Keller" in words(app)

    def test_cards_that_moved_on_stay_until_asked(self, open_page, sign_in, cards, sql):
        cards(CardStatus.WAITING)
        app = open_page(sign_in(), status="waiting")
        sql("UPDATE cards SET status = 'synced', synced_at = now()")
        app.run()
        assert "Anna Keller" in words(app)
        button(app, "1 card moved on").click().run()
        assert "No card matches. Show every card again?" in words(app)

    def test_a_paused_church_is_told_so_above_its_cards(self, open_page, sign_in, cards, database, church):
        cards(CardStatus.WAITING)
        pause(database, church, reason="we move [house](https://x.example)", actor="test")
        app = open_page(sign_in(Role.ADMIN))
        assert "**1 card is safe and waiting.** Resume when you are ready" in app.warning[0].value
        assert "house" not in app.warning[0].value
        assert any("we move [house](https://x.example)" in one.value for one in app.text)

    def test_a_refused_token_tells_staff_who_acts(self, open_page, sign_in, cards, sql):
        cards(CardStatus.WAITING)
        sql("UPDATE churches SET hold_cause = 'token_refused', hold_since = now()")
        app = open_page(sign_in())
        assert "An admin of your church can mend this." in app.warning[0].value

    def test_an_open_breaker_is_told_with_the_next_test(self, open_page, sign_in, cards, connected):
        cards(CardStatus.WAITING)
        cookie = sign_in()
        services.container().breakers.record(connected, successes=0, system_errors=5)
        app = open_page(cookie)
        assert "We test again at" in app.warning[0].value
        assert "GoHighLevel isn't answering. The card is safe and waiting. Nothing to do." in words(app)

    @pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", ""])
    def test_redis_away_changes_nothing(self, open_page, sign_in, cards, monkeypatch, url):
        cards(CardStatus.WAITING)
        if url:
            monkeypatch.setenv("HUB_REDIS_URL", url)
        else:
            monkeypatch.delenv("HUB_REDIS_URL")
        app = open_page(sign_in())
        assert not app.warning
        assert "Anna Keller" in words(app)


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
