"""The page *Review new cards* as each role sees it, and what its presses do."""

from datetime import UTC, datetime

import pytest

from dashboard.desk import presses
from ghl.cards.actions import Action, act
from ghl.cards.correct import correct
from ghl.cards.fields import parse_card
from ghl.statuses import CardSource, CardStatus, Role
from tests.support.churches import save as save_card

REVIEW = "pages/review.py"
HOSTILE = "[x](https://evil.example) ![p](https://evil.example/p.png) <b>x</b> **b** $x$ :red[r]"


def field(app, label):
    (found,) = [one for one in (*app.text_input, *app.text_area, *app.radio) if one.label == label]
    return found


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found.click().run()


def texts(app):
    return " | ".join(one.value for one in app.text)


def labels(app):
    return [one.label for one in app.button]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A person looks before the next press; here that takes no time."""
    monkeypatch.setattr(presses, "DOUBLE_PRESS", 0.0)


@pytest.fixture
def form(database, church, connected):
    """A card that came from the web form: `form(first_name="Anna")`; the first made is the oldest."""

    def form(**values):
        values = {"first_name": "Anna", "last_name": "Keller", "email": "anna@example.org"} | values
        (saved,) = save_card(database, church, values, source=CardSource.FORM)
        return saved

    return form


@pytest.fixture
def stands(sql):
    def stands(card):
        (row,) = sql(
            "SELECT c.status, c.cause, c.facts, c.revision, r.fields FROM cards c"
            " JOIN card_revisions r ON r.card_id = c.id AND r.no = c.revision WHERE c.id = :id",
            id=card.id,
        )
        return row

    return stands


def test_a_viewer_is_told_that_this_is_for_others(open_page, sign_in, form):
    form()
    app = open_page(sign_in(Role.VIEWER), REVIEW)
    assert "Keller" not in texts(app)
    assert not app.text_input


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_save_and_next_lets_the_card_go_and_brings_the_next(open_page, sign_in, form, stands, role):
    first, second = form(), form(first_name="Ben", email="ben@example.org")
    app = open_page(sign_in(role), REVIEW)
    assert not app.exception
    assert "2 cards left to review." in texts(app)
    assert f"Card #{first.number}, from the web form" in texts(app)
    assert field(app, "First name").value == "Anna"
    app = press(app, "Save & next")
    assert "Saved: Anna Keller." in texts(app)
    assert field(app, "First name").value == "Ben"
    assert (stands(first).status, stands(first).revision) == ("waiting", 1)
    field(app, "Mobile phone").set_value("6155550123")
    app = press(app.run(), "Save & next")
    assert stands(second).fields["phone"] == "6155550123"
    assert (stands(second).status, stands(second).revision) == ("waiting", 2)
    assert "All new cards are reviewed. 2 today, the last by Ruth at" in texts(app)


def test_each_run_says_what_the_fields_hold(open_page, sign_in, form):
    """The browser may draw only the last of two runs that follow at once; a field that did not say it would be blank.

    What is drawn blank comes back as if somebody had emptied it.
    """
    form(first_time=True, notes="By the door")
    app = open_page(sign_in(), REVIEW)
    field(app, "City").set_value("Nashville").run()
    for _ in range(2):
        assert {one.proto.default for one in app.text_input} >= {
            "Anna",
            "Keller",
            "anna@example.org",
            "Nashville",
        }
        assert "By the door" in [one.proto.default for one in app.text_area]
        (first_time,) = [one for one in app.radio if one.label == "First time here?"]
        assert first_time.options[first_time.proto.default] == first_time.value == "Yes"
        app.run()


def test_no_card_yet(open_page, sign_in, connected):
    app = open_page(sign_in(), REVIEW)
    assert "All new cards are reviewed." in texts(app)
    assert not app.exception


def test_a_wrong_phone_is_saved_and_needs_attention(open_page, sign_in, form, stands):
    card = form()
    app = open_page(sign_in(), REVIEW)
    field(app, "Mobile phone").set_value("555-01")
    app = press(app.run(), "Save & next")
    assert "It needs attention" in texts(app)
    assert stands(card).status == "needs_attention"


def test_an_impossible_date_stays_in_the_form(open_page, sign_in, form, stands):
    card = form()
    app = open_page(sign_in(), REVIEW)
    field(app, "Birthday").set_value("2/30/1990")
    app = press(app.run(), "Save & next")
    assert [one.value for one in app.error] == ["This day is not in the calendar."]
    assert field(app, "Birthday").value == "2/30/1990"
    assert stands(card).status == "to_review"


def test_hold_asks_why_and_keeps_what_was_mended(open_page, sign_in, form, stands):
    card = form()
    form(first_name="Ben", email="ben@example.org")
    app = open_page(sign_in(), REVIEW)
    field(app, "City").set_value("Nashville")
    app = press(app.run(), "Keep back")
    app = press(app, "Keep it back")
    assert "Write a few words" in app.error[0].value
    field(app, "Why is this card kept back?").set_value("Ask Pat about her")
    app = press(app.run(), "Keep it back")
    row = stands(card)
    assert (row.status, row.cause) == ("held", "held_by_staff")
    assert row.facts["reason"] == "Ask Pat about her"
    assert row.fields["city"] == "Nashville"
    assert field(app, "First name").value == "Ben"


def test_a_card_nobody_can_read_is_kept_with_that_reason(open_page, sign_in, form, stands):
    card = form()
    app = press(open_page(sign_in(), REVIEW), "Can't read this")
    assert field(app, "Why is this card kept back?").value == "Can't read this card"
    press(app, "Keep it back")
    assert stands(card).facts["reason"] == "Can't read this card"


def test_set_aside_asks_why_and_can_be_thought_better_of(open_page, sign_in, form, stands):
    card = form()
    app = press(open_page(sign_in(), REVIEW), "Set aside")
    app = press(app, "Go on with the card")
    app = press(app, "Set aside")
    field(app, "Why is this card set aside?").set_value("A test")
    app = press(app.run(), "Set it aside")
    assert stands(card).status == "dismissed"


def test_skipped_comes_back_at_the_end(open_page, sign_in, form):
    form()
    form(first_name="Ben", email="ben@example.org")
    app = press(open_page(sign_in(), REVIEW), "Skip for now")
    assert "Skipped. It comes back at the end." in texts(app)
    assert field(app, "First name").value == "Ben"
    app = press(app, "Save & next")
    assert field(app, "First name").value == "Anna"


def test_back_opens_the_card_saved_a_moment_ago_for_a_correction(open_page, sign_in, form, stands):
    card = form()
    form(first_name="Ben", email="ben@example.org")
    app = press(open_page(sign_in(), REVIEW), "Save & next")
    app = press(app, "Back to the last card")
    assert field(app, "First name").value == "Anna"
    assert "Reviewed already. It is on its way to GoHighLevel. What you save now corrects it." in texts(app)
    field(app, "First name").set_value("Hannah")
    app = press(app.run(), "Save the correction")
    assert "Corrected: Hannah Keller." in texts(app)
    assert (stands(card).revision, stands(card).fields["first_name"]) == (2, "Hannah")
    assert field(app, "First name").value == "Ben"


def test_what_was_typed_is_offered_again(open_page, sign_in, form):
    form()
    app = open_page(sign_in(), REVIEW)
    field(app, "City").set_value("Nashville")
    app.run()
    again = open_page(sign_in(), REVIEW)
    assert "This is what you typed at" in texts(again)
    assert field(again, "City").value == "Nashville"
    again = press(again, "Start again from the card")
    assert field(again, "City").value == ""
    assert "This is what you typed at" not in texts(open_page(sign_in(), REVIEW))


def test_two_people_get_different_cards_and_see_each_other(open_page, sign_in, form, database, church):
    form()
    app = open_page(sign_in(), REVIEW)
    assert field(app, "First name").value == "Anna"
    other = open_page(sign_in(email="ben@example.org"), REVIEW)
    assert "Ruth is on the last card. It comes back here if nobody touches it for 10 minutes." in texts(other)
    form(first_name="Ben", email="ben@example.org")
    other = open_page(sign_in(email="ben@example.org"), REVIEW)
    assert field(other, "First name").value == "Ben"


def test_after_ten_minutes_somebody_else_may_have_the_card(open_page, sign_in, form, stands, sql):
    card = form()
    cookie = sign_in()
    app = open_page(cookie, REVIEW)
    field(app, "City").set_value("Nashville")
    app = app.run()
    sql("UPDATE card_reservations SET until = now() - interval '1 second'")
    open_page(sign_in(email="ben@example.org"), REVIEW)
    from dashboard import gate

    gate.browser_cookies = lambda: {gate.COOKIE: cookie}
    app = press(app, "Save & next")
    assert "Ruth is on this card now." in texts(app)
    assert stands(card).status == "to_review"
    assert sql("SELECT values FROM card_drafts")[0].values["said"]["city"] == "Nashville"
    app = press(app, "Next card")
    assert "Ruth is on the last card." in texts(app)


def test_a_card_somebody_corrected_meanwhile_is_not_overwritten(
    open_page, sign_in, form, database, church, stands
):
    card = form()
    app = open_page(sign_in(), REVIEW)
    parsed = parse_card(
        {"first_name": "Anna", "last_name": "Keller", "email": "anna@example.org", "city": "Ames"}
    )
    with database.church(church) as session:
        correct(session, church, card.id, parsed, base_revision=1, actor="test", now=datetime.now(UTC))
    field(app, "City").set_value("Nashville")
    app = press(app.run(), "Save & next")
    assert "saved this card at" in texts(app)
    assert "City: nothing → Ames" in texts(app)
    assert "Save & next" not in labels(app), "it would fail for ever"
    assert stands(card).fields["city"] == "Ames"


class TestTwoWroteAtOnce:
    @pytest.fixture
    def met(self, open_page, sign_in, form, database, church):
        """A page with a city of its own, on a card that a colleague has corrected meanwhile."""
        card = form()

        def met(press_save=True):
            cookie = sign_in()
            app = open_page(cookie, REVIEW)
            field(app, "City").set_value("Nashville")
            app = app.run()
            parsed = parse_card(
                {"first_name": "Anna", "last_name": "Keller", "email": "anna@example.org", "city": "Ames"}
            )
            with database.church(church) as session:
                correct(
                    session, church, card.id, parsed, base_revision=1, actor="test", now=datetime.now(UTC)
                )
            return card, press(app, "Save & next") if press_save else open_page(cookie, REVIEW)

        return met

    def test_mine_over_theirs(self, met, stands):
        card, app = met()
        app = press(app, "Save mine over it")
        assert "Saved: Anna Keller." in texts(app)
        row = stands(card)
        assert (row.status, row.revision, row.fields["city"]) == ("waiting", 3, "Nashville")

    def test_theirs(self, met, stands):
        card, app = met()
        app = press(app, "Take theirs and start again")
        assert field(app, "City").value == "Ames"
        press(app, "Save & next")
        row = stands(card)
        assert (row.status, row.revision, row.fields["city"]) == ("waiting", 2, "Ames")

    def test_after_a_reload_what_was_typed_is_offered_beside_theirs(self, met, stands):
        card, app = met(press_save=False)
        assert field(app, "City").value == "Nashville"
        assert "City: nothing → Ames" in texts(app)
        assert "Save & next" not in labels(app)
        press(app, "Save mine over it")
        assert (stands(card).revision, stands(card).fields["city"]) == (3, "Nashville")

    def test_what_was_meant_is_done_with_mine(self, met, stands, open_page, sign_in):
        card, app = met(press_save=False)
        # A question that is answered meanwhile never takes the newer card for the one that was read.
        app = press(app, "Take theirs and start again")
        app = press(app, "Keep back")
        field(app, "Why is this card kept back?").set_value("Ask Pat")
        press(app.run(), "Keep it back")
        assert (stands(card).status, stands(card).fields["city"]) == ("held", "Ames")


class TestBackOnACardThatIsNotSent:
    @pytest.fixture
    def back(self, open_page, sign_in, form):
        def back(*, hold):
            card = form()
            app = press(open_page(sign_in(), REVIEW), "Keep back" if hold else "Set aside")
            why = "Why is this card kept back?" if hold else "Why is this card set aside?"
            field(app, why).set_value("A minor, ask the mother")
            app = press(app.run(), "Keep it back" if hold else "Set it aside")
            assert "All new cards are reviewed." in texts(app)
            return card, press(app, "Back to the last card")

        return back

    def test_a_correction_leaves_it_kept_back(self, back, stands):
        card, app = back(hold=True)
        assert "Kept back by Ruth: A minor, ask the mother. It is not sent." in texts(app)
        field(app, "City").set_value("Nashville")
        app = press(app.run(), "Save the correction")
        assert "Corrected: Anna Keller. It stays kept back and is not sent." in texts(app)
        row = stands(card)
        assert (row.status, row.cause, row.fields["city"]) == ("held", "held_by_staff", "Nashville")

    def test_a_correction_leaves_it_set_aside(self, back, stands):
        card, app = back(hold=False)
        assert "Set aside by Ruth: A minor, ask the mother. It is not sent." in texts(app)
        field(app, "City").set_value("Nashville")
        app = press(app.run(), "Save the correction")
        assert "Corrected: Anna Keller. It stays set aside and is not sent." in texts(app)
        assert stands(card).status == "dismissed"

    def test_it_is_sent_by_a_button_of_its_own(self, back, stands):
        card, app = back(hold=True)
        app = press(app, "Save and send it now")
        assert "Sent on: Anna Keller." in texts(app)
        assert stands(card).status == "waiting"

    @pytest.mark.parametrize("hold", [True, False])
    def test_put_back_it_is_reviewed(self, back, stands, hold):
        card, app = back(hold=hold)
        app = press(app, "Put back")
        assert "Put back: it is to be reviewed." in texts(app)
        assert stands(card).status == "to_review"
        press(app, "Save & next")
        assert stands(card).status == "waiting"

    def test_it_can_be_left_as_it_was(self, back, stands):
        card, app = back(hold=True)
        app = press(app, "On to the next card")
        assert "Left as it was." in texts(app)
        assert stands(card).status == "held"


def test_keeping_back_is_undone(open_page, sign_in, form, stands):
    card = form()
    app = press(press(open_page(sign_in(), REVIEW), "Can't read this"), "Keep it back")
    app = press(app, "Undo")
    assert stands(card).status == "to_review"
    assert field(app, "First name").value == "Anna"


def test_service_and_date_of_the_last_card_are_offered_where_a_card_has_none(
    open_page, sign_in, form, stands
):
    form(service="Sunday 9:00 am", visit_date="2026-11-22")
    second = form(first_name="Ben", email="ben@example.org", service="Sunday 11:00 am")
    third = form(first_name="Clara", email="clara@example.org")
    app = press(open_page(sign_in(), REVIEW), "Save & next")
    assert field(app, "Date on the card").value == "", "nothing is written on a card without a press"
    app = press(app, r"As on the last card: 11/22/2026")
    assert (field(app, "Service").value, field(app, "Date on the card").value) == (
        "Sunday 11:00 am",
        "11/22/2026",
    )
    press(app, "Save & next")
    assert stands(second).fields["service"] == "Sunday 11:00 am"
    again = open_page(sign_in(), REVIEW)
    again = press(again, r"As on the last card: Sunday 11\:00 am, 11/22/2026")
    press(again, "Save & next")
    row = stands(third)
    assert (row.fields["service"], row.fields["visit_date"]) == ("Sunday 11:00 am", "2026-11-22")


def test_nobody_says_yes_for_a_guest_of_the_web_form(open_page, sign_in, form, stands):
    card = form(
        phone="6155550123", sms_consent=True, consent_wording="You may text me.", consent_at="2026-11-22"
    )
    app = open_page(sign_in(), REVIEW)
    fields = {one.label for one in (*app.text_input, *app.text_area, *app.radio)}
    assert not fields & {"May we text this person?", "May we e-mail this person?", "Date signed"}
    assert "May we text this person? Yes, box ticked" in texts(app)
    assert "May we e-mail this person? Left blank" in texts(app)
    assert "Only the person can say yes: by the form, or on a new card." in texts(app)
    field(app, "City").set_value("Nashville")
    press(app.run(), "Save & next")
    said = stands(card).fields
    assert (said["sms_consent"], said["consent_wording"]) == (True, "You may text me.")
    assert (said["consent_at"], said["city"]) == ("2026-11-22", "Nashville")
    assert "email_consent" not in said


def test_a_card_dealt_with_in_a_window_of_ones_own(open_page, sign_in, form):
    form()
    cookie = sign_in()
    one, two = open_page(cookie, REVIEW), open_page(cookie, REVIEW)
    press(two, "Save & next")
    one = press(one, "Save & next")
    assert "You have dealt with this card in another window. It is on its way to GoHighLevel." in texts(one)


def test_a_card_dealt_with_by_somebody_else(open_page, sign_in, form, database, church):
    card = form()
    app = open_page(sign_in(), REVIEW)
    with database.church(church) as session:
        act(session, church, Action.HOLD, card.id, reason="x", actor="test", now=datetime.now(UTC))
    app = press(app, "Save & next")
    assert "has dealt with this card meanwhile. It is kept back." in texts(app)


def test_a_link_opens_one_card(open_page, sign_in, form):
    form()
    second = form(first_name="Ben", email="ben@example.org")
    app = open_page(sign_in(), REVIEW, number=str(second.number))
    assert field(app, "First name").value == "Ben"


def test_a_prayer_request_is_told_of_and_kept_and_not_shown(open_page, sign_in, form, sql):
    form(prayer_request="for my mother")
    app = open_page(sign_in(), REVIEW)
    assert "A prayer request is kept with this card" in texts(app)
    assert "mother" not in texts(app)
    press(app, "Save & next")
    assert sql("SELECT text FROM prayer_requests")[0].text == "for my mother"


class TestLookalikes:
    @pytest.fixture
    def contact(self, sql, church, connected):
        """A contact in GoHighLevel with the phone of the card."""
        sql(
            "INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone,"
            " newest_applied_at, seen_at) SELECT id, 'con1', church_id, 'Mary', 'Smith', '+16155550123', now(), now()"
            " FROM locations"
        )

    @pytest.mark.parametrize(
        ("label", "verdict"), [("Same person", "same"), ("Different people", "different")]
    )
    def test_a_phone_on_somebody_else_in_gohighlevel(
        self, open_page, sign_in, form, contact, sql, label, verdict
    ):
        form(phone="6155550123")
        app = open_page(sign_in(), REVIEW)
        question = "This phone is already on Mary Smith in GoHighLevel. The card says Anna Keller."
        assert question in texts(app)
        field(app, "City").set_value("Nashville")
        app = press(app.run(), label)
        assert question not in texts(app)
        assert field(app, "City").value == "Nashville", "what was typed stays"
        assert sql("SELECT verdict FROM person_decisions")[0].verdict == verdict
        app = press(app, "Undo")
        assert question in texts(app)
        assert field(app, "City").value == "Nashville"
        assert sql("SELECT verdict FROM person_decisions") == []

    def test_the_next_question_has_buttons_of_its_own(
        self, open_page, sign_in, form, contact, sql, stands, monkeypatch
    ):
        form(phone="6155550123", visit_date="2026-11-22")
        second = form(phone="6155550123", visit_date="2026-11-22", notes="again")
        app = press(open_page(sign_in(), REVIEW), "Skip for now")
        (first,) = [one.key for one in app.button if one.label == "Same person"]
        app = press(app, "Same person")
        (other,) = [one.key for one in app.button if one.label == "Same card: set this one aside"]
        assert first != other
        monkeypatch.setattr(presses, "DOUBLE_PRESS", 60.0)
        app = press(app, "Same card: set this one aside")
        assert stands(second).status == "to_review", "the second half of a double press"

    def test_the_same_card_again_is_set_aside(self, open_page, sign_in, form, stands):
        form(visit_date="2026-11-22", phone="6155550123")
        second = form(visit_date="2026-11-22", phone="6155550123", notes="again")
        app = press(open_page(sign_in(), REVIEW), "Skip for now")
        assert "Looks like the same card: Anna Keller has card #1" in texts(app)
        app = press(app, "Same card: set this one aside")
        row = stands(second)
        assert (row.status, row.facts["reason"]) == ("dismissed", "The same card as #1")
        app = press(app, "Undo")
        assert "Looks like the same card: Anna Keller has card #1" in texts(app)
        assert stands(second).status == "to_review"

    def test_two_different_cards_are_asked_about_once(self, open_page, sign_in, form, stands):
        form(phone="6155550123")
        second = form(first_name="Ben", phone="6155550123")
        app = press(open_page(sign_in(), REVIEW), "Skip for now")
        assert "Anna Keller has card #1" in texts(app)
        app = press(app, "Two different cards")
        assert "Anna Keller has card #1" not in texts(app)
        app = press(app, "Undo")
        assert "Anna Keller has card #1" in texts(app)
        app = press(app, "Two different cards")
        press(app, "Save & next")
        assert stands(second).status == "waiting"

    def test_their_names_are_plain_text(self, open_page, sign_in, form):
        form(first_name=HOSTILE[:90], phone="6155550123")
        form(first_name="Ben", last_name=HOSTILE[:90], phone="6155550123", church_dog=HOSTILE, notes=HOSTILE)
        app = press(open_page(sign_in(), REVIEW), "Skip for now")
        assert "[x](https://evil.example)" in texts(app)
        kinds = ("title", "header", "markdown", "caption", "success", "warning", "error", "info")
        drawn = [one.value for kind in kinds for one in app.get(kind)] + labels(app)
        assert "evil" not in str(drawn)


def test_cards_that_are_not_to_be_reviewed_never_come(open_page, sign_in, cards):
    for status in CardStatus:
        if status is not CardStatus.TO_REVIEW:
            cards(status)
    assert "All new cards are reviewed." in texts(open_page(sign_in(), REVIEW))
