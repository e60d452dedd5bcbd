"""The page of one card, as each person sees it, in each state, and with hostile words in every field."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from dashboard import gate
from dashboard.components.badges import BADGES
from dashboard.reading import Trouble
from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.people.sessions import sign_out
from ghl.people.users import add_user
from ghl.statuses import CardSource, CardStatus, Role
from tests.support.browser import poll
from tests.support.cards import CardMaker

CARD = "pages/card.py"
ANNA = {"first_name": "Anna", "last_name": "Keller", "phone": "(615) 555-0123", "email": "anna@example.org"}
HOSTILE = "[click](https://evil.example) ![x](https://evil.example/p.png) <b>x</b> **b** $x$ :red[r]"


@pytest.fixture
def save(database, church, connected):
    """Saves a card as it comes in, and returns its number."""

    def save(values=ANNA, *, of=church, source=CardSource.TYPED, **how):
        with database.church(of) as session:
            (saved,) = save_cards(
                session, of, [NewCard(parse_card(values), source, **how)], now=SystemClock().now()
            )
        return saved.number

    return save


@pytest.fixture
def number_of(database, church):
    def number_of(card_id):
        with database.church(church) as session:
            return session.execute(
                text("SELECT number FROM cards WHERE id = :id"), {"id": card_id}
            ).scalar_one()

    return number_of


@pytest.fixture
def open_card(open_page, sign_in):
    def open_card(number, role=Role.STAFF, *, cookie=None):
        return open_page(cookie or sign_in(role), CARD, number=str(number))

    return open_card


def words(app):
    kinds = ("title", "header", "subheader", "text", "markdown", "warning", "success", "error", "caption")
    return [one.value for kind in kinds for one in app.get(kind) if hasattr(one, "value")]


def seen(app):
    assert not app.exception, app.exception
    return "\n".join(words(app))


def labels(app):
    return {one.label for one in app.button} - {"Sign out"}


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found.click().run()


def field(app, label):
    (found,) = [one for kind in ("text_input", "text_area") for one in app.get(kind) if one.label == label]
    return found


class TestWhoSeesWhat:
    @pytest.mark.parametrize("role", list(Role))
    def test_everybody_of_the_church_reads_the_card(self, open_card, save, role):
        app = open_card(save(), role)
        told = seen(app)
        assert app.title[0].value.startswith("Card #")
        for part in ("Anna Keller", "(615) 555-0123", "anna@example.org", "connect-card", "Typed in."):
            assert part in told

    def test_a_viewer_has_no_button_that_changes_anything(self, open_card, save):
        app = open_card(save(), Role.VIEWER)
        assert labels(app) == set()
        assert [one.label for one in app.text_area] == []
        assert "You can" not in seen(app)

    @pytest.mark.parametrize("asked", ["9", "1e3", "x", "", "-1", "9" * 40, "1042; drop table", "٣"])
    def test_a_number_that_is_no_card_says_so(self, open_card, asked):
        app = open_card(asked)
        assert app.title[0].value == "There is no such card"
        assert not app.exception

    def test_another_church_s_card_is_no_card(self, open_card, save, database):
        hope = add_church(database, slug="hope", name="Hope", timezone="America/New_York", actor="test")
        save(of=hope)
        theirs = save({**ANNA, "first_name": "Zoe"}, of=hope)
        app = open_card(theirs)
        assert app.title[0].value == "There is no such card"
        assert "Zoe" not in seen(app)

    def test_a_session_that_ended_shows_nothing_and_changes_nothing(
        self, open_page, sign_in, save, database, sql
    ):
        cookie, number = sign_in(), save()
        sql("UPDATE outbox SET due_at = now() + interval '9 minutes'")
        app = open_page(cookie, CARD, number=str(number))
        sign_out(database, cookie, clock=SystemClock())
        press(app, "Send now")
        assert app.title[0].value == "You are signed out"
        assert "Keller" not in seen(app)
        assert sql("SELECT count(*) FROM audit_entries WHERE action LIKE 'card.%'")[0][0] == 0

    def test_who_became_a_viewer_meanwhile_changes_nothing(self, open_card, save, sql):
        number = save()
        sql("UPDATE outbox SET due_at = now() + interval '9 minutes'")
        app = open_card(number)
        sql("UPDATE memberships SET role = 'viewer'")
        press(app, "Send now")
        assert "Send now" not in labels(app)
        assert "goes to GoHighLevel now" not in seen(app)
        assert sql("SELECT count(*) FROM audit_entries WHERE action LIKE 'card.%'")[0][0] == 0


class TestWhereItStands:
    @pytest.mark.parametrize("status", list(CardStatus))
    @pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
    def test_each_state_has_its_badge_and_what_follows(self, open_card, cards, number_of, status, role):
        cause = {CardStatus.NEEDS_ATTENTION: "phone_invalid", CardStatus.HELD: "same_card_again"}.get(status)
        app = open_card(number_of(cards(status, cause=cause)), role)
        told = seen(app)
        assert BADGES[status].label in told
        assert "Nobody has to do anything." in told or "can do this." in told

    @pytest.mark.parametrize(
        ("status", "cause", "buttons"),
        [
            (CardStatus.TO_REVIEW, None, {"Keep back", "Set aside"}),
            (CardStatus.WAITING, None, {"Keep back", "Set aside"}),
            (CardStatus.SENDING, None, set()),
            (CardStatus.SYNCED, None, set()),
            (CardStatus.NEEDS_ATTENTION, "phone_invalid", {"Keep back", "Set aside"}),
            (CardStatus.NEEDS_ATTENTION, "refused_by_ghl", {"Retry", "Keep back", "Set aside"}),
            (CardStatus.HELD, "held_by_staff", {"Send it now", "Set aside"}),
            (CardStatus.DISMISSED, None, {"Put back"}),
        ],
    )
    def test_each_state_offers_what_may_be_done(self, open_card, cards, number_of, status, cause, buttons):
        app = open_card(number_of(cards(status, cause=cause)))
        always = {"Correct this card", "Keep the note", "Send onboarding materials"}
        assert labels(app) == buttons | always

    def test_a_card_that_waits_for_a_next_try_can_go_now(self, open_card, cards, number_of):
        app = open_card(number_of(cards(CardStatus.WAITING, due_in=timedelta(minutes=9))))
        assert "Send now" in labels(app)
        press(app, "Send now")
        assert "It is in line and goes to GoHighLevel now." in seen(app)
        assert "Send now" not in labels(app)

    def test_what_went_is_told_as_it_went(self, open_card, save, sql, connected):
        number = save()
        sql(
            "UPDATE cards SET status = 'synced', synced_at = now(), contact_id = 'c1',"
            " facts = jsonb_build_object('left_out', 'phone')"
        )
        sql(
            "INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone, email,"
            " newest_applied_at, seen_at) SELECT l.id, 'c1', l.church_id, 'Mary', 'Smith', '+16155550123', '', now(),"
            " now() FROM locations l"
        )
        said = seen(open_card(number))
        assert "What went to GoHighLevel" in said
        went = said.split("What went to GoHighLevel")[1]
        assert "Mary Smith" in went
        assert "Left out: it is somebody else's" in went

    def test_the_contact_has_a_link_and_in_a_demo_its_id(self, open_card, cards, number_of, sql, connected):
        card_id = cards(CardStatus.SYNCED)
        sql("UPDATE cards SET contact_id = 'abc/../1'")
        app = open_card(number_of(card_id))
        (link,) = app.get("link_button")
        assert link.url == f"https://app.gohighlevel.com/v2/location/{connected}/contacts/detail/abc%2F..%2F1"
        sql("UPDATE churches SET is_demo = true")
        app.run()
        assert app.get("link_button") == []
        assert "abc/../1. This is a demo" in seen(app)

    def test_a_church_that_is_stopped_says_who_acts(self, open_card, save, sql):
        number = save()
        sql("UPDATE churches SET hold_cause = 'token_refused', hold_since = now()")
        assert "An admin of your church can mend this." in seen(open_card(number))


class TestTheWayHere:
    """What the address says besides the card: where one came from, and what one came for."""

    @pytest.mark.parametrize(
        ("role", "asked", "leads"),
        [
            (Role.STAFF, "attention", "Needs attention"),
            (Role.STAFF, "home", "Home"),
            (Role.STAFF, "", "All cards"),
            (Role.STAFF, "card", "All cards"),
            (Role.STAFF, "//evil.example", "All cards"),
            (Role.STAFF, "form", "All cards"),
            (Role.VIEWER, "attention", "All cards"),
        ],
    )
    def test_the_way_back_leads_where_one_came_from(self, open_page, sign_in, save, role, asked, leads):
        app = open_page(sign_in(role), CARD, number=str(save()), **{"from": asked})
        assert not app.exception
        assert app.get("page_link")[0].proto.label == leads

    def test_who_comes_to_correct_finds_the_form_open_once(self, open_page, sign_in, save):
        cookie, number = sign_in(), str(save())
        app = open_page(cookie, CARD, number=number, open="correction")
        assert field(app, "First name").value == "Anna"
        assert "open" not in app.query_params
        press(app, "Don't save")
        assert "Save" not in labels(app)

    def test_a_viewer_finds_no_form(self, open_page, sign_in, save):
        app = open_page(sign_in(Role.VIEWER), CARD, number=str(save()), open="correction")
        assert labels(app) == set()


class TestActing:
    def test_set_aside_with_a_reason_and_put_back(self, open_card, save, sql):
        app = open_card(save())
        press(app, "Set aside")
        press(app, "Set it aside")
        assert "Say why this card is set aside: somebody will ask one day." in seen(app)
        field(app, "Why?").set_value("A child drew on it").run()
        press(app, "Set it aside")
        told = seen(app)
        assert "Set aside. It is kept, and not sent." in told
        assert "By Ruth: A child drew on it. Not sent." in told
        press(app, "Put back")
        assert "Put back." in seen(app)
        assert sql("SELECT status FROM cards")[0][0] == "waiting"

    def test_kept_back_and_sent(self, open_card, save, sql):
        app = open_card(save())
        press(app, "Keep back")
        field(app, "Why?").set_value("Ask his wife first").run()
        press(app, "Keep it back")
        assert "Ruth keeps this card here: Ask his wife first" in seen(app)
        press(app, "Send it now")
        assert "It is in line and goes to GoHighLevel now." in seen(app)
        assert sql("SELECT status FROM cards")[0][0] == "waiting"

    def test_the_second_half_of_a_double_click_hits_nothing(self, open_card, save, sql, clock):
        number = save()
        sql("UPDATE cards SET status = 'needs_attention', cause = 'refused_by_ghl'")
        app = open_card(number)
        press(app, "Retry")
        assert "It is in line and goes to GoHighLevel now." in seen(app)
        assert "Queued again" in labels(app)
        press(app, "Correct this card")
        assert "Save" not in labels(app)
        assert "It is in line and goes to GoHighLevel now." in seen(app)
        press(app, "Queued again")
        assert "It is in line and goes to GoHighLevel now." in seen(app)
        assert sql("SELECT count(*) FROM audit_entries WHERE action = 'card.sent_again'")[0][0] == 1
        clock.pass_by(seconds=1)
        press(app, "Correct this card")
        assert "Save" in labels(app), "a click of its own counts again"

    def test_sent_on_without_an_address_is_not_said_to_go(self, open_card, save, sql):
        number = save({"first_name": "Nobody", "last_name": "Reachable"})
        sql("UPDATE cards SET status = 'held', cause = 'held_by_staff'")
        app = open_card(number)
        press(app, "Send it now")
        assert "It can't go yet: something on the card has to be mended first." in seen(app)
        assert sql("SELECT status FROM cards")[0][0] == "needs_attention"

    def test_a_database_away_is_not_told_as_a_lost_role(self, open_card, save, sql, monkeypatch):
        app = open_card(save())
        with monkeypatch.context() as away:
            away.setattr(gate, "who", lambda **_: Trouble("7F3K"))
            press(app, "Set aside")
        app.run()
        assert "tell support the number 7F3K" in seen(app)
        assert "Your sign-in has ended" not in seen(app)

    def test_what_was_done_meanwhile_is_told(self, open_card, save, sql):
        number = save()
        sql("UPDATE cards SET status = 'needs_attention', cause = 'refused_by_ghl'")
        app = open_card(number)
        sql("UPDATE cards SET status = 'synced', synced_at = now(), cause = NULL")
        press(app, "Retry")
        assert "Nothing was done: already in GoHighLevel." in seen(app)

    def test_not_now_changes_nothing(self, open_card, save, sql):
        app = open_card(save())
        press(app, "Set aside")
        press(app, "Not now")
        assert "Why?" not in {one.label for one in app.text_area}
        assert sql("SELECT status FROM cards")[0][0] == "waiting"


class TestCorrecting:
    def test_what_is_wrong_is_mended_and_what_was_is_told(self, open_card, save, sql):
        app = open_card(save({**ANNA, "phone": "(615) 555-01", "What now?": "Pizza"}))
        press(app, "Correct this card")
        field(app, "Mobile phone").set_value("(615) 555-0123").run()
        press(app, "Save")
        told = seen(app)
        assert "Saved. It goes to GoHighLevel in a few seconds." in told
        assert "Mobile phone: (615) 555-01 → (615) 555-0123" in told
        assert "By Ruth" in told
        ((fields,),) = sql("SELECT fields FROM card_revisions WHERE no = 2")
        assert fields["custom_answers"] == {"What now?": "Pizza"}
        assert sql("SELECT count(*) FROM card_drafts")[0][0] == 0

    def test_a_problem_stands_at_its_field_and_what_was_typed_stays(self, open_card, save, sql):
        app = open_card(save())
        press(app, "Correct this card")
        field(app, "Birthday").set_value("the day before").run()
        press(app, "Save")
        assert any("2026-11-22" in one.value for one in app.error)
        assert field(app, "Birthday").value == "the day before"
        assert sql("SELECT count(*) FROM card_revisions")[0][0] == 1

    def test_what_others_saved_meanwhile_is_shown_and_not_lost(self, open_card, save, sql, database, church):
        number = save()
        app = open_card(number)
        press(app, "Correct this card")
        field(app, "City").set_value("Nashville").run()
        pat = add_user(
            database, "pat@example.org", name="Pat", church_id=church, role=Role.STAFF, actor="test"
        )
        sql(
            "INSERT INTO card_revisions (card_id, no, church_id, fields, created_at, created_by)"
            ' SELECT card_id, 2, church_id, fields || \'{"first_name": "Anne"}\', now(), :by'
            " FROM card_revisions",
            by=f"user:{pat}",
        )
        sql("UPDATE cards SET revision = 2, first_name = 'Anne'")
        press(app, "Save")
        told = seen(app)
        assert "saved this card at" in told
        assert "First name: Anna → Anne" in told
        assert field(app, "City").value == "Nashville"
        assert sql("SELECT max(no) FROM card_revisions")[0][0] == 2
        press(app, "Save mine over it")
        assert "First name: Anne → Anna" in seen(app)
        ((fields,),) = sql("SELECT fields FROM card_revisions WHERE no = 3")
        assert (fields["first_name"], fields["city"]) == ("Anna", "Nashville")

    def test_taking_theirs_begins_anew(self, open_card, save, sql):
        app = open_card(save())
        press(app, "Correct this card")
        field(app, "City").set_value("Nashville").run()
        sql(
            "INSERT INTO card_revisions (card_id, no, church_id, fields, created_at, created_by)"
            " SELECT card_id, 2, church_id, fields || '{\"city\": \"Franklin\"}', now(), 'x' FROM card_revisions"
        )
        sql("UPDATE cards SET revision = 2")
        press(app, "Save")
        press(app, "Take theirs and start again")
        assert field(app, "City").value == "Franklin"
        press(app, "Save")
        assert "Nothing was changed, so nothing is sent." in seen(app)

    def test_what_was_typed_is_back_after_the_page_was_left(self, open_card, save, sign_in, sql):
        number, cookie = save(), sign_in()
        app = open_card(number, cookie=cookie)
        press(app, "Correct this card")
        field(app, "City").set_value("Nashville").run()
        again = open_card(number, cookie=cookie)
        press(again, "Go on correcting")
        assert field(again, "City").value == "Nashville"
        assert "is back." in seen(again)
        press(again, "Don't save")
        assert sql("SELECT count(*) FROM card_drafts")[0][0] == 0
        assert "Correct this card" in labels(again)


class TestDeciding:
    def ask(self, sql, cause="same_person_doubt", **facts):
        known = {"name": "Anna Keller", "field": "phone", "contact_id": "c1", "contact_name": "Mary Smith"}
        pairs = ", ".join(f"'{name}', '{value}'" for name, value in (known | facts).items())
        sql(
            f"UPDATE cards SET status = 'held', cause = :cause, facts = jsonb_build_object({pairs})",
            cause=cause,
        )
        sql("UPDATE outbox SET state = 'parked'")

    @pytest.mark.parametrize(
        ("answer", "verdict"),
        [
            ("Same person: update Mary", "same"),
            ("Someone else: add Anna without this phone", "different"),
        ],
    )
    def test_who_is_who_is_asked_side_by_side(self, open_card, save, sql, church, answer, verdict):
        number = save()
        self.ask(sql)
        sql(
            "INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone, email,"
            " newest_applied_at, seen_at) SELECT id, 'c1', church_id, 'Mary', 'Smith', '+16155550123',"
            " 'mary@example.org', now(), now() FROM locations"
        )
        app = open_card(number)
        told = seen(app)
        assert "Is it the same person?" in told
        assert "mary@example.org" in told
        press(app, answer)
        assert "Noted:" in seen(app)
        assert [row[0] for row in sql("SELECT verdict FROM person_decisions")] == [verdict]
        assert sql("SELECT status FROM cards")[0][0] == "waiting"

    def test_two_people_are_three_answers(self, open_card, save, sql):
        number = save()
        self.ask(sql, "two_people_match", other_id="c2", other_name="Joyce Petrie")
        app = open_card(number)
        assert "the phone of this card" in seen(app)
        assert "the e-mail of this card" in seen(app)
        assert "Same person: update Joyce Petrie" in labels(app)
        press(app, "Someone else: add Anna without this phone and e-mail")
        assert sql("SELECT count(*) FROM person_decisions WHERE verdict = 'different'")[0][0] == 2

    def test_a_viewer_sees_the_question_and_no_answer(self, open_card, save, sql):
        number = save()
        self.ask(sql)
        app = open_card(number, Role.VIEWER)
        assert "Mary Smith" in seen(app)
        assert labels(app) == set()


class TestPrayers:
    def test_who_may_not_read_it_is_told_that_there_is_one(self, open_card, save, sql):
        app = open_card(save({**ANNA, "prayer_request": "For my mother"}), Role.ADMIN)
        assert "There is a prayer request. Only your prayer team can read it." in seen(app)
        assert "mother" not in seen(app)
        assert "Read the prayer request" not in labels(app)

    @pytest.mark.parametrize("role", list(Role))
    def test_the_prayer_team_reads_it_when_it_asks_and_each_reading_is_noted(
        self, open_card, save, sql, sign_in, role
    ):
        number, cookie = save({**ANNA, "prayer_request": "For my mother"}), sign_in(role)
        sql("UPDATE memberships SET reads_prayers = true")
        app = open_card(number, cookie=cookie)
        assert "mother" not in seen(app)
        press(app, "Read the prayer request")
        assert "For my mother" in seen(app)
        app.run()
        assert "For my mother" in seen(app), "it stands there until it is hidden"
        assert "Read the prayer request" not in labels(app)
        assert "Prayer request read" in seen(app)
        entries = sql("SELECT subject, facts FROM audit_entries WHERE action = 'prayer.read'")
        assert len(entries) == 1
        assert entries[0].facts == {}

    def test_a_right_that_was_taken_away_counts_at_once(self, open_card, save, sql, sign_in):
        number, cookie = save({**ANNA, "prayer_request": "For my mother"}), sign_in()
        sql("UPDATE memberships SET reads_prayers = true")
        app = open_card(number, cookie=cookie)
        sql("UPDATE memberships SET reads_prayers = false")
        if "Read the prayer request" in labels(app):
            press(app, "Read the prayer request")
        assert "mother" not in seen(app)
        assert sql("SELECT count(*) FROM audit_entries WHERE action = 'prayer.read'")[0][0] == 0

    def test_two_presses_are_one_reading_and_one_after_hiding_is_another(self, open_card, save, sql, sign_in):
        number, cookie = save({**ANNA, "prayer_request": "For my mother"}), sign_in()
        sql("UPDATE memberships SET reads_prayers = true")
        app = open_card(number, cookie=cookie)
        (button,) = [one for one in app.button if one.label == "Read the prayer request"]
        button.click().run()
        button.click().run()
        assert "For my mother" in seen(app)
        readings = "SELECT count(*) FROM audit_entries WHERE action = 'prayer.read'"
        assert sql(readings)[0][0] == 1
        press(app, "Hide it")
        assert "mother" not in seen(app)
        poll(lambda: press(app, "Read the prayer request") and "For my mother" in seen(app), 20)
        assert sql(readings)[0][0] == 2
        app = open_card(number, cookie=cookie)
        assert "mother" not in seen(app), "another visit reads it anew"

    def prayed(self, save, sql, sign_in, prayer="For my mother", role=Role.STAFF):
        number, cookie = save({**ANNA, "prayer_request": prayer}), sign_in(role)
        sql("UPDATE memberships SET reads_prayers = true")
        return number, cookie

    def test_who_may_read_it_corrects_it_and_its_words_are_in_no_log(self, open_card, save, sql, sign_in):
        number, cookie = self.prayed(save, sql, sign_in)
        app = open_card(number, cookie=cookie)
        press(app, "Correct this card")
        press(app, "Correct the prayer request too")
        assert field(app, "Prayer request").value == "For my mother"
        field(app, "Prayer request").set_value("For my brother").run()
        press(app, "Save")
        assert "A prayer request stays here, so nothing is sent." in seen(app)
        assert sql("SELECT text FROM prayer_requests") == [("For my brother",)]
        entries = sql(
            "SELECT action, facts FROM audit_entries WHERE action IN ('card.corrected', 'prayer.read')"
        )
        assert [one.action for one in entries] == ["prayer.read", "card.corrected"]
        assert entries[1].facts["fields"] == ["prayer_request"]
        assert "mother" not in str(sql("SELECT facts FROM audit_entries")) + str(
            sql("SELECT fields FROM card_revisions")
        )
        press(app, "Read the prayer request")
        assert "For my brother" in seen(app)

    def test_what_was_typed_of_it_comes_back_and_can_be_emptied(self, open_card, save, sql, sign_in):
        number, cookie = self.prayed(save, sql, sign_in)
        app = open_card(number, cookie=cookie)
        press(app, "Correct this card")
        press(app, "Correct the prayer request too")
        field(app, "Prayer request").set_value("").run()
        app = open_card(number, cookie=cookie)
        press(app, "Go on correcting")
        assert field(app, "Prayer request").value == ""
        press(app, "Save")
        assert sql("SELECT count(*) FROM prayer_requests") == [(0,)]

    def test_who_may_not_read_it_leaves_it_as_it_is(self, open_card, save, sql):
        app = open_card(save({**ANNA, "prayer_request": "For my mother"}), Role.ADMIN)
        press(app, "Correct this card")
        assert "Only your prayer team can correct it." in seen(app)
        assert "Correct the prayer request too" not in labels(app)
        field(app, "First name").set_value("Hanna").run()
        press(app, "Save")
        assert sql("SELECT text FROM prayer_requests") == [("For my mother",)]

    def test_the_right_may_go_while_it_is_corrected(self, open_card, save, sql, sign_in):
        number, cookie = self.prayed(save, sql, sign_in)
        app = open_card(number, cookie=cookie)
        press(app, "Correct this card")
        press(app, "Correct the prayer request too")
        field(app, "Prayer request").set_value("For nobody").run()
        sql("UPDATE memberships SET reads_prayers = false")
        press(app, "Save")
        assert "You may no longer read prayer requests" in seen(app)
        assert sql("SELECT text FROM prayer_requests") == [("For my mother",)]
        app = open_card(number, cookie=cookie)
        press(app, "Go on correcting")
        assert "nobody" not in seen(app)
        assert not [one for one in app.text_area if one.label == "Prayer request"]

    def test_another_ones_correction_is_not_written_over(self, open_card, save, sql, sign_in):
        number, cookie = self.prayed(save, sql, sign_in)
        app = open_card(number, cookie=cookie)
        press(app, "Correct this card")
        press(app, "Correct the prayer request too")
        sql("UPDATE prayer_requests SET text = 'For my aunt'")
        field(app, "Prayer request").set_value("For my uncle").run()
        press(app, "Save")
        assert "Somebody else changed the prayer request meanwhile" in seen(app)
        assert sql("SELECT text FROM prayer_requests") == [("For my aunt",)]
        assert field(app, "Prayer request").value == "For my uncle"

    def test_a_card_without_one_gets_one(self, open_card, save, sql, sign_in):
        number, cookie = self.prayed(save, sql, sign_in, prayer="")
        app = open_card(number, cookie=cookie)
        press(app, "Correct this card")
        press(app, "Add a prayer request")
        field(app, "Prayer request").set_value("For my brother").run()
        press(app, "Save")
        assert sql("SELECT text FROM prayer_requests") == [("For my brother",)]


class TestNotesAndOtherCards:
    def test_a_half_typed_note_survives_a_reload_and_a_new_sign_in(self, open_card, save, sql, sign_in):
        number = save()
        app = open_card(number)
        field(app, "A new note").set_value("Call her on").run()
        app = open_card(number)
        assert field(app, "A new note").value == "Call her on"
        assert "is back." in seen(app)
        assert field(open_card(save({**ANNA, "last_name": "Lee"})), "A new note").value == ""
        assert field(open_card(number, cookie=sign_in(email="ben@example.org")), "A new note").value == ""
        app = open_card(number)
        press(app, "Keep the note")
        assert sql("SELECT text FROM card_notes") == [("Call her on",)]
        assert sql("SELECT count(*) FROM card_drafts") == [(0,)]
        assert "is back." not in seen(app)
        assert field(open_card(number), "A new note").value == ""

    def test_a_note_that_was_begun_can_be_given_up(self, open_card, save, sql):
        number = save()
        app = open_card(number)
        field(app, "A new note").set_value("Call").run()
        app = open_card(number)
        press(app, "Start again")
        assert field(app, "A new note").value == ""
        assert sql("SELECT count(*) FROM card_drafts") == [(0,)]

    def test_a_note_of_somebody_whose_role_was_taken_is_still_theirs(self, open_card, save, sql):
        number = save()
        app = open_card(number)
        field(app, "A new note").set_value("Call her").run()
        sql("UPDATE memberships SET role = 'viewer'")
        if "Keep the note" in labels(app):
            press(app, "Keep the note")
        assert sql("SELECT count(*) FROM card_notes") == [(0,)]
        sql("UPDATE memberships SET role = 'staff'")
        assert field(open_card(number), "A new note").value == "Call her"

    def test_a_note_is_kept_and_the_field_is_empty_again(self, open_card, save, sql):
        app = open_card(save())
        press(app, "Keep the note")
        assert "Write something first." in seen(app)
        field(app, "A new note").set_value("She called.").run()
        press(app, "Keep the note")
        told = seen(app)
        assert "The note is kept." in told
        assert "She called." in told
        assert "Ruth, " in told
        assert field(app, "A new note").value == ""
        assert [tuple(row) for row in sql("SELECT text FROM card_notes")] == [("She called.",)]

    def test_the_person_s_other_cards_are_linked(self, open_card, save):
        first = save()
        second = save({"first_name": "Annie", "phone": "6155550123"})
        app = open_card(first)
        assert "Annie" in seen(app)
        assert [link.label for link in app.get("page_link") if "#" in link.label] == [f"#{second}"]


def test_a_card_whose_every_field_is_hostile_is_only_ever_text(open_card, save, sql, database, church):
    values = dict.fromkeys(
        ("first_name", "last_name", "address", "city", "state", "service", "campus", "notes"), HOSTILE[:60]
    )
    values |= {"phone": HOSTILE[:64], "email": HOSTILE, "interests": [HOSTILE], "consent_wording": HOSTILE}
    values |= {HOSTILE[:90]: HOSTILE, "guardian_name": HOSTILE}
    number = save(values, source=CardSource.API, source_name=HOSTILE)
    sql("UPDATE churches SET name = :name", name=HOSTILE)
    sql(
        "INSERT INTO card_notes (church_id, card_id, text, written_by) SELECT church_id, id, :text, 'x' FROM cards",
        text=HOSTILE,
    )
    CardMaker(database, church)(CardStatus.SYNCED, first_name=HOSTILE)
    app = open_card(number)
    assert not app.exception
    assert any("[click](https://evil.example)" in one.value for one in app.text)
    press(app, "Correct this card")
    press(app, "Save")
    plain = {one.value for one in app.text}
    others = [one for one in words(app) if one not in plain]
    assert "evil" not in str(others)
    assert "evil" not in str(labels(app))
    assert "evil" not in str([link.label for link in app.get("page_link")])


def test_a_long_story_is_folded_until_somebody_asks(open_card, save, sql):
    number = save()
    sql(
        "INSERT INTO attempts (church_id, outbox_id, card_id, lease_token, number, started_at, ended_at, outcome,"
        " cause) SELECT church_id, id, card_id, gen_random_uuid(), n, now() + n * interval '1 second', now(),"
        " 'waits', 'ghl_not_answering' FROM outbox, generate_series(1, 60) AS n"
    )
    app = open_card(number)
    assert "39 steps between are folded away" in seen(app)
    press(app, "Show all 63 steps")
    assert "folded away" not in seen(app)
    assert seen(app).count("Sent, but not through yet") == 60
