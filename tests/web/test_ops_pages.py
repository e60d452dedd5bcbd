"""*Churches*, *Church* and *People*: for who runs the installation, without a card or a guest; and what admins answer."""

import pytest

from ghl.churches import add_church, list_churches
from ghl.people import help as helping
from ghl.people import team
from ghl.people.users import add_user, find_user
from ghl.statuses import CardStatus, Role

CHURCHES, CHURCH, PEOPLE = "pages/churches.py", "pages/church.py", "pages/people.py"
OPS_PAGES = (CHURCHES, CHURCH, PEOPLE)


def texts(app):
    return [one.value for one in app.text]


def everything(app):
    kinds = ("title", "header", "text", "markdown", "caption", "code", "error", "metric")
    return str([one.value for kind in kinds for one in app.get(kind)]) + "".join(
        one.value.to_csv() for one in app.dataframe
    )


def press(app, label):
    found = [one for one in app.button if one.label == label]
    assert len(found) == 1, [(one.label, one.key) for one in app.button]
    return found[0].click().run()


def field(app, name, kind="text_input"):
    (found,) = [
        one
        for one in app.get(kind)
        if one.key and one.key.endswith(f"_{name}") and one.key != "church_remove_name"
    ]
    return found


@pytest.fixture
def ops(sign_in):
    return sign_in(None, ops=True, email="olga@example.org")


@pytest.fixture
def olga(database, ops):
    with database.identity() as session:
        return find_user(session, "olga@example.org")


@pytest.fixture
def pat(database, church):
    return add_user(database, "pat@example.org", name="Pat", church_id=church, role=Role.ADMIN, actor="test")


@pytest.mark.parametrize("page", OPS_PAGES)
@pytest.mark.parametrize("role", list(Role))
def test_nobody_of_a_church_sees_them(open_page, sign_in, page, role):
    app = open_page(sign_in(role), page)
    assert app.title[0].value == "This page is not for your role"
    assert "Grace" not in everything(app).replace("Grace Church", "", 1)


@pytest.mark.parametrize("page", OPS_PAGES)
def test_they_show_no_card_and_no_guest(open_page, ops, page, cards, pat):
    cards(CardStatus.NEEDS_ATTENTION, cause="phone_invalid", first_name="Zebedee")
    cards(CardStatus.WAITING, first_name="Zebedee")
    app = open_page(ops, page, church="grace")
    assert not app.exception
    seen = everything(app)
    assert "Zebedee" not in seen
    assert "Keller" not in seen


@pytest.mark.parametrize("page", OPS_PAGES)
def test_a_hostile_name_stays_text(open_page, ops, page, sql, pat):
    hostile = "[x](https://evil.example) ![p](https://evil.example/p.png) :red[r]"
    sql("UPDATE churches SET name = :name, paused_at = now(), paused_reason = :name", name=hostile)
    sql("UPDATE memberships SET name = :name", name=hostile)
    sql("UPDATE users SET name = :name", name=hostile)
    app = open_page(ops, page, church="grace")
    assert not app.exception
    marked = ("title", "header", "markdown", "caption", "error", "warning", "info", "metric")
    assert "evil" not in str([one.value for kind in marked for one in app.get(kind)])


class TestChurches:
    def test_without_any_there_is_one_thing_to_do(self, open_page, sign_in, database, sql):
        cookie = sign_in(None, ops=True)
        sql("ALTER TABLE audit_entries DROP CONSTRAINT fk_audit_entries_church_id")
        sql("DELETE FROM churches")
        app = open_page(cookie)
        assert app.header[0].value == "No church yet."
        assert not app.dataframe
        assert app.expander[0].label == "Add a church"

    def test_one_sentence_and_a_line_a_church_worst_first(self, open_page, ops, cards, pat, database, sql):
        cards(CardStatus.WAITING)
        hope = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
        add_church(database, slug="new", name="New Life", timezone="America/Chicago", actor="test")
        sql(
            "INSERT INTO locations (id, church_id, ghl_id, active, allow_duplicates, checked_at)"
            " VALUES (gen_random_uuid(), :hope, 'loc2', true, false, now())",
            hope=hope,
        )
        sql(
            "UPDATE churches SET hold_cause = 'token_refused', hold_since = now() WHERE id = :hope", hope=hope
        )
        app = open_page(ops)
        assert app.title[0].value == "Churches"
        assert (
            app.header[0].value
            == "3 churches. 1 well, 1 setting up, 1 stopped. 1 card waits; all caught up within a minute."
        )
        shown = app.dataframe[0].value
        assert list(shown["Church"]) == ["Hope", "New Life", "Grace Church"]
        assert [one[0] for one in shown["State"]] == ["Stopped", "Setting up", "Well"]
        assert list(shown["Who acts"])[:2] == ["Their admin", "You"]
        assert list(shown["Waiting"]) == [0, 0, 1]
        # The same for a telephone, one below the other.
        links = [one.label for one in app.main.get("page_link")]
        assert links[:3] == ["Hope", "New Life", "Grace Church"]
        assert [one for one in texts(app) if one.startswith("1 waiting, the oldest ")]
        assert "0 waiting · no card yet" in texts(app)

    def test_a_church_is_opened_by_its_name(self, open_page, ops, cards):
        app = open_page(ops)
        (choice,) = [one for one in app.selectbox if one.label == "Open a church"]
        app = choice.set_value("grace").run()
        assert not app.exception
        assert app.title[0].value == "Church"
        assert "Grace Church" in texts(app)

    def test_adding_leads_to_its_page_where_its_admin_is_invited(self, open_page, ops, database, church):
        app = open_page(ops)
        field(app, "name").set_value("Hope Church")
        field(app, "slug").set_value("Hope!")
        app = press(app, "Add the church")
        assert app.error[0].value.replace("\\", "") == "Choose the church's time zone."
        field(app, "zone", "selectbox").set_value("America/Denver")
        app = press(app, "Add the church")
        assert "short name" in app.error[0].value
        field(app, "slug").set_value("hope")
        app = press(app, "Add the church")
        assert not app.exception
        assert app.title[0].value == "Church"
        assert "Hope Church" in texts(app)
        field(app, "name").set_value("Jo")
        field(app, "email").set_value("jo@example.org")
        app = press(app, "Invite this admin")
        assert "/sign-in?t=" in app.code[0].value
        hope = next(one for one in list_churches(database) if one.slug == "hope")
        (jo,) = team.members(database, hope.id)
        assert (jo.name, jo.role) == ("Jo", Role.ADMIN)


class TestChurch:
    @pytest.mark.parametrize("slug", ["", "nowhere", "../grace", "Grace"])
    def test_an_unknown_one_is_none(self, open_page, ops, church, slug):
        app = open_page(ops, CHURCH, church=slug)
        assert not app.exception
        assert "There is no such church." in texts(app)

    def test_pause_wants_a_reason_and_resume_ends_it(self, open_page, ops, cards, pat, sql):
        app = press(open_page(ops, CHURCH, church="grace"), "Pause")
        assert any(one.startswith("Say why the church is paused") for one in texts(app))
        app.text_input(key="church_pause_reason").set_value("Moving to a new account")
        app = press(app, "Pause")
        assert "Moving to a new account" in texts(app)
        assert sql("SELECT paused_reason FROM churches") == [("Moving to a new account",)]
        app = press(app, "Resume")
        assert sql("SELECT paused_reason FROM churches") == [(None,)]
        told = sql("SELECT action, actor FROM audit_entries WHERE action LIKE 'church.%' ORDER BY id")
        assert [row.action for row in told] == ["church.added", "church.paused", "church.resumed"]
        assert all(row.actor.startswith("user:") for row in told[1:])

    def test_removing_wants_the_name_and_stops_everything(self, open_page, ops, cards, pat, sql):
        app = open_page(ops, CHURCH, church="grace")
        app.text_input(key="church_remove_typed").set_value("Grace")
        app = press(app, "Remove it for ever")
        assert "That is not the name of this church. Nothing was removed." in texts(app)
        assert sql("SELECT removing_at FROM churches") == [(None,)]
        app.text_input(key="church_remove_typed").set_value("grace church")
        app = press(app, "Remove it for ever")
        assert any(one.startswith("Grace Church is being removed.") for one in texts(app))
        assert sql("SELECT removing_at IS NULL, paused_at IS NULL FROM churches") == [(False, False)]
        assert sql("SELECT count(*) FROM memberships") == [(0,)]
        assert "Grace" not in everything(open_page(ops, CHURCHES))

    def test_the_set_up_follows_from_facts(self, open_page, ops, cards, pat):
        app = open_page(ops, CHURCH, church="grace")
        badges = [one.value for one in app.markdown if "badge" in one.value]
        assert sum("Done" in one for one in badges) == 2, "an admin, and connected"
        cards(CardStatus.SYNCED)
        app = open_page(ops, CHURCH, church="grace")
        badges = [one.value for one in app.markdown if "badge" in one.value]
        assert sum("Done" in one for one in badges) == 3

    def test_who_runs_it_no_more_does_nothing(self, open_page, ops, cards, sql):
        app = open_page(ops, CHURCH, church="grace")
        app.text_input(key="church_pause_reason").set_value("Because")
        sql("UPDATE users SET is_ops = false")
        app = press(app, "Pause")
        assert sql("SELECT paused_reason FROM churches") == [(None,)]

    def test_help_access_from_asking_to_the_end(
        self, open_page, sign_in, ops, olga, cards, pat, database, church
    ):
        cards(CardStatus.WAITING)
        app = press(open_page(ops, CHURCH, church="grace"), "Ask for help access")
        assert any(one.startswith("Say why") for one in texts(app))
        app.text_input(key="church_help_reason").set_value("Cards wait since Sunday")
        app = press(app, "Ask for help access")
        assert any("has not answered yet" in one for one in texts(app))

        staff = open_page(sign_in(Role.STAFF))
        assert "Cards wait since Sunday" not in str(texts(staff)), "an admin decides"
        admin = sign_in(Role.ADMIN, email="pat@example.org")
        home = open_page(admin)
        assert "Why: Cards wait since Sunday" in texts(home)
        assert any(one.startswith("Ruth (olga@example.org) runs this hub") for one in texts(home))
        home = press(home, "Agree for 24 hours")
        assert not home.exception
        assert "They may look for 24 hours." in texts(home)

        app = press(open_page(ops, CHURCH, church="grace"), "Go in and look")
        assert app.title[0].value == "Home"
        assert any(one.startswith("You are in Grace Church to help") for one in texts(app))

        home = press(open_page(admin, "pages/team.py"), "End it now")
        assert "Ended. They see nothing of your church any more." in texts(home)
        app = open_page(ops)
        assert app.title[0].value == "Churches"
        assert not [one for one in app.selectbox if one.label == "Church"]

    def test_a_no_is_told(self, open_page, sign_in, ops, olga, pat, database, church):
        helping.ask(database, church, olga, reason="Please")
        press(open_page(sign_in(Role.ADMIN, email="pat@example.org")), "Decline")
        app = open_page(ops, CHURCH, church="grace")
        assert "An admin of the church said no." in texts(app)
        assert [one for one in app.button if one.label == "Ask for help access"]


class TestPeople:
    def test_who_may_sign_in_where(self, open_page, ops, pat, database):
        hope = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
        add_user(
            database, "pat@example.org", church_id=hope, role=Role.VIEWER, actor="test", reads_prayers=True
        )
        app = open_page(ops, PEOPLE)
        assert "Grace Church: Admin; has not signed in yet" in texts(app)
        assert "Hope: Viewer, reads prayer requests; has not signed in yet" in texts(app)
        assert "olga@example.org" in texts(app)
        (choice,) = [one for one in app.selectbox if one.key == "people_church"]
        app = choice.set_value(hope).run()
        assert "pat@example.org" in texts(app)
        assert texts(app).count("olga@example.org") == 1, "in the frame"

    def test_many_are_turned_page_by_page(self, open_page, ops, database, sql):
        sql(
            "INSERT INTO users (id, email) SELECT gen_random_uuid(), 'a' || lpad(n::text, 3, '0') || '@example.org'"
            " FROM generate_series(1, 60) AS n"
        )
        app = open_page(ops, PEOPLE)
        assert "a050@example.org" in texts(app)
        assert "a051@example.org" not in texts(app)
        app = press(app, "On")
        assert "a051@example.org" in texts(app)
        app = press(app, "Back")
        assert "a001@example.org" in texts(app)

    def test_a_church_s_first_admin_is_invited(self, open_page, ops, church, database):
        app = open_page(ops, PEOPLE)
        (choice,) = [one for one in app.selectbox if one.key == "people_invite"]
        app = choice.set_value(church).run()
        field(app, "name").set_value("Pat")
        field(app, "email").set_value("pat@example.org")
        app = press(app, "Invite this admin")
        assert not app.exception
        assert "/sign-in?t=" in app.code[0].value
        assert team.members(database, church)[0].role is Role.ADMIN


class TestHomeOfAnAdmin:
    def test_it_says_what_comes_next_while_something_is_missing(self, open_page, sign_in, church):
        said = "Set up: 1 of 6 done. Next: paste your GoHighLevel token."
        assert said in texts(open_page(sign_in(Role.ADMIN)))
        assert said not in texts(open_page(sign_in(Role.STAFF, email="sam@example.org")))

    def test_and_nothing_once_it_is_ready(self, open_page, sign_in, cards, sql, church):
        cards(CardStatus.SYNCED)
        cookie = sign_in(Role.ADMIN)
        assert any(one.startswith("Set up: 3 of 6 done.") for one in texts(open_page(cookie)))
        sql("UPDATE churches SET created_at = now() - interval '31 days'")
        assert not [one for one in texts(open_page(cookie)) if one.startswith("Set up:")]
