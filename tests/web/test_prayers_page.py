"""The page *Prayer requests*: for whom it is, what it shows, and that each opening is noted once."""

import pytest

from dashboard.navigation import PRAYERS, pages_for
from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.clock import SystemClock
from ghl.people.sessions import current
from ghl.statuses import CardSource, Role

PAGE = "pages/prayers.py"
HOSTILE = "**Pray** ![x](https://evil.example/x.png) <b>now</b>"


def words(app):
    return [one.value for one in app.text]


@pytest.fixture
def ask(database, church, connected):
    def ask(prayer, name="Anna"):
        card = parse_card(
            {"first_name": name, "email": f"{name.lower()}@example.org", "prayer_request": prayer}
        )
        with database.church(church) as session:
            (saved,) = save_cards(session, church, [NewCard(card, CardSource.TYPED)], now=SystemClock().now())
        return saved

    return ask


@pytest.fixture
def member(sign_in, sql):
    """Signs somebody in who may read prayer requests."""

    def member(role=Role.VIEWER, *, reads=True):
        cookie = sign_in(role)
        sql("UPDATE memberships SET reads_prayers = :reads", reads=reads)
        return cookie

    return member


@pytest.fixture
def openings(sql):
    return lambda: sql("SELECT facts FROM audit_entries WHERE action = 'prayers.opened' ORDER BY id")


@pytest.mark.parametrize("role", list(Role))
def test_it_is_for_the_prayer_team_whatever_their_role(open_page, member, ask, openings, database, sql, role):
    ask(HOSTILE)
    cookie = member(role)
    app = open_page(cookie, PAGE)
    assert not app.exception
    assert {HOSTILE, "Anna"} <= set(words(app))
    person = current(database, cookie, clock=SystemClock())
    assert PRAYERS in pages_for(person)
    assert [row.facts for row in openings()] == [{"cards": [1]}]

    sql("UPDATE memberships SET reads_prayers = false")
    app.run()
    assert app.title[0].value == "This page is not for your role"
    assert HOSTILE not in words(app)
    assert PRAYERS not in pages_for(current(database, cookie, clock=SystemClock()))
    assert open_page(cookie, PAGE).title[0].value == "This page is not for your role"
    assert len(openings()) == 1


def test_ops_see_none(open_page, sign_in, ask, openings):
    ask(HOSTILE)
    app = open_page(sign_in(None, ops=True), PAGE)
    assert app.title[0].value == "This page is not for your role"
    assert openings() == []


def test_empty(open_page, member, openings):
    app = open_page(member(), PAGE)
    assert not app.exception
    assert "No prayer request yet." in words(app)
    assert openings() == []


def test_one_visit_is_one_opening_and_ticks_go_on_in_it(open_page, member, ask, openings, sql):
    ask("For Tom")
    app = open_page(member(), PAGE)
    box = app.checkbox[0]
    assert (box.label, box.value) == ("Prayed for", False)
    box.check().run()
    assert app.checkbox[0].value is True
    assert any(one.startswith("by Ruth, ") for one in words(app))
    (row,) = sql("SELECT prayed_by, prayed_at FROM prayer_requests")
    assert row.prayed_by.startswith("user:")

    # The second half of a double click is no wish to take it back.
    app.checkbox[0].uncheck().run()
    assert app.checkbox[0].value is True

    # Somebody else takes it back.
    sql("UPDATE prayer_requests SET prayed_by = NULL, prayed_at = NULL")
    app.run()
    assert app.checkbox[0].value is False
    assert len(openings()) == 1

    app.switch_page("../pages/home.py").run()
    app.switch_page("../pages/prayers.py").run()
    assert len(openings()) == 2


def test_older_and_newer(open_page, member, ask, openings):
    for number in range(27):
        ask(f"Prayer {number:02}", name=f"Anna{number}")
    app = open_page(member(), PAGE)
    assert [one for one in words(app) if one.startswith("Prayer ")][:2] == ["Prayer 26", "Prayer 25"]
    next(one for one in app.button if one.label == "Older").click().run()
    assert [one for one in words(app) if one.startswith("Prayer ")] == ["Prayer 01", "Prayer 00"]
    next(one for one in app.button if one.label == "Newer").click().run()
    assert "Prayer 26" in words(app)
    assert [len(row.facts["cards"]) for row in openings()] == [25, 2, 25]


def test_who_lost_the_right_ticks_nothing(open_page, member, ask, sql):
    ask("For Tom")
    app = open_page(member(), PAGE)
    sql("UPDATE memberships SET reads_prayers = false")
    app.checkbox[0].check().run()
    assert sql("SELECT count(*) FROM prayer_requests WHERE prayed_at IS NOT NULL")[0][0] == 0
    assert "For Tom" not in words(app)


def test_nothing_can_be_taken_away_as_a_file(open_page, member, ask):
    ask("For Tom")
    app = open_page(member(), PAGE)
    assert not app.get("download_button")
    assert not app.get("dataframe")
