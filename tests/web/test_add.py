"""The page *Add a card* as each role sees it, and what its presses do."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from dashboard.desk import presses
from ghl.clock import SystemClock
from ghl.people.sessions import sign_out
from ghl.statuses import CardStatus, Role

ADD = "pages/add.py"
HOSTILE = "[x](https://evil.example) ![p](https://evil.example/p.png) <b>x</b> **b** $x$ :red[r]"


def field(app, label):
    (found,) = [one for one in (*app.text_input, *app.text_area, *app.radio) if one.label == label]
    return found


def button(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found


def texts(app):
    return " | ".join(one.value for one in app.text)


def type_in(app, **values):
    labels = {
        "first": "First name",
        "last": "Last name",
        "phone": "Mobile phone",
        "email": "E-mail",
        "born": "Birthday",
        "service": "Service",
        "texts": "May we text this person?",
    }
    for name, value in values.items():
        field(app, labels[name]).set_value(value)
    return app.run()


def save(app):
    return button(app, "Save & next").click().run()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A person looks before the next press; here that takes no time."""
    monkeypatch.setattr(presses, "DOUBLE_PRESS", 0.0)


@pytest.fixture
def saved(sql):
    def saved():
        return sql(
            "SELECT c.number, c.status, c.source, r.fields, r.created_by FROM cards c"
            " JOIN card_revisions r ON r.card_id = c.id AND r.no = c.revision ORDER BY c.number"
        )

    return saved


def test_a_viewer_is_told_that_this_is_for_others(open_page, sign_in, saved):
    app = open_page(sign_in(Role.VIEWER), ADD)
    assert app.title[0].value == "This page is not for your role"
    assert not app.text_input


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_staff_and_admins_type_cards(open_page, sign_in, connected, saved, sql, role):
    app = open_page(sign_in(role), ADD)
    assert not app.exception
    app = type_in(app, first="Anna", last="Keller", phone="6155550123", texts="Yes, box ticked")
    app = save(app)
    assert not app.exception
    (card,) = saved()
    assert (card.status, card.source) == ("waiting", "typed")
    assert card.created_by.startswith("user:")
    assert card.fields["sms_consent"] is True
    assert "Saved: Anna Keller." in texts(app)
    assert "1 card typed today." in texts(app)
    assert field(app, "First name").value == ""
    assert sql("SELECT count(*) FROM card_drafts WHERE place LIKE 'add:%'")[0].count == 0


def test_while_something_is_down_it_says_that_the_card_goes_later(open_page, sign_in, saved):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    assert "Saved: Anna. It goes to GoHighLevel later. Nothing to do. 1 card typed today." in texts(app)


def test_a_wrong_phone_is_saved_and_told(open_page, sign_in, connected, saved):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", phone="(615) 555-01"))
    assert saved()[0].status == "needs_attention"
    assert "It needs attention: GoHighLevel won't take this phone number" in texts(
        app
    ) or "ten digits" in texts(app)


def test_nothing_at_all_and_impossible_dates_stay_in_the_form(open_page, sign_in, saved):
    app = save(open_page(sign_in(), ADD))
    assert [one.value for one in app.error] == ["The card has no name, no phone and no e-mail."]
    app = save(type_in(app, first="Anna", born="2/30/1990"))
    assert [one.value for one in app.error] == ["This day is not in the calendar."]
    assert field(app, "Birthday").value == "2/30/1990"
    assert field(app, "First name").value == "Anna"
    assert saved() == []


def test_undo_sets_the_card_aside_and_a_second_one_changes_nothing(open_page, sign_in, saved, sql):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    app = button(app, "Undo").click().run()
    assert "Undone. The card is set aside and goes nowhere." in texts(app)
    assert saved()[0].status == "dismissed"
    assert sql("SELECT facts FROM cards")[0].facts["reason"] == "Undone right after typing"
    # The same card once more would be found again, set aside; so it can be taken up.
    app = save(type_in(app, first="Anna", email="anna@example.org"))
    assert "It was set aside." in texts(app)
    app = button(app, "Send it after all").click().run()
    assert "Taken up again. It goes to GoHighLevel later." in texts(app)
    assert saved()[0].status == "waiting"


def test_undo_is_never_offered_for_a_card_that_goes_at_once(open_page, sign_in, connected, saved):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    assert "Undo" not in [one.label for one in app.button]
    assert "Open card #1 to correct it" in [one.label for one in app.get("page_link")]


def test_undo_says_when_it_is_too_late(open_page, sign_in, saved, sql):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    sql("UPDATE cards SET status = 'synced', synced_at = now()")
    sql("UPDATE outbox SET state = 'done'")
    app = button(app, "Undo").click().run()
    assert "Too late for that. It is in GoHighLevel or on its way there." in texts(app)
    assert saved()[0].status == "synced"


def test_taking_up_again_says_where_the_card_stands(open_page, sign_in, connected, saved, sql):
    sql("UPDATE churches SET review_all = true")
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    button(app, "Undo").click().run()
    app = save(type_in(app, first="Anna", email="anna@example.org"))
    app = button(app, "Send it after all").click().run()
    assert "Taken up again. It waits for review." in texts(app)
    assert saved()[0].status == "to_review"


def test_a_second_press_leaves_what_was_said(open_page, sign_in, connected, saved, monkeypatch):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    monkeypatch.setattr(presses, "DOUBLE_PRESS", 60.0)
    app = save(app)
    assert "Saved: Anna." in texts(app)
    assert not app.error, "the second half of a double press"
    monkeypatch.setattr(presses, "DOUBLE_PRESS", 0.0)
    app = save(app)
    assert [one.value for one in app.error] == ["The card has no name, no phone and no e-mail."]
    assert "Saved: Anna." in texts(app), "what was saved is still told"
    assert len(saved()) == 1


def test_another_person_is_not_offered_over_a_card_that_is_begun(open_page, sign_in, connected, sql):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", last="Keller"))
    assert not button(app, "Add another person from this card").disabled
    app = type_in(app, first="Benjamin")
    assert button(app, "Add another person from this card").disabled
    assert field(app, "First name").value == "Benjamin"
    (draft,) = sql("SELECT values FROM card_drafts WHERE place LIKE 'add:%'")
    assert draft.values["said"]["first_name"] == "Benjamin"


def test_saving_one_card_leaves_the_drafts_of_others_which_are_offered_then(
    open_page, sign_in, connected, sql
):
    first = type_in(open_page(sign_in(), ADD), first="Anna")
    sql(
        "INSERT INTO card_drafts (user_id, church_id, place, values, changed_at) SELECT user_id, church_id,"
        """ 'add:other', '{"said": {"first_name": "Ben"}, "revision": 0}', now() - interval '1 hour' FROM card_drafts"""
    )
    app = save(first)
    assert [one.place for one in sql("SELECT place FROM card_drafts WHERE place LIKE 'add:%'")] == [
        "add:other"
    ]
    again = open_page(sign_in(), ADD)
    assert field(again, "First name").value == "Ben"
    assert not app.exception


def test_a_save_that_fails_keeps_what_was_typed(open_page, sign_in, connected, saved, sql):
    app = type_in(open_page(sign_in(), ADD), first="Anna")
    sql("REVOKE INSERT ON cards FROM hub_tenant")
    app = save(type_in(app, last="Keller"))
    assert not app.exception
    assert "The card isn't saved yet, and everything you typed is still here." in app.error[0].value
    assert (field(app, "First name").value, field(app, "Last name").value) == ("Anna", "Keller")
    sql("GRANT INSERT ON cards TO hub_tenant")
    app = button(app, "Try again").click().run()
    assert "Saved: Anna Keller." in texts(app)
    assert len(saved()) == 1


def test_another_person_cannot_see_my_draft(open_page, sign_in, connected):
    type_in(open_page(sign_in(), ADD), first="Anna", last="Keller")
    again = open_page(sign_in(), ADD)
    assert "This is what you typed at" in texts(again)
    assert field(again, "First name").value == "Anna"
    other = open_page(sign_in(email="ben@example.org"), ADD)
    assert field(other, "First name").value == ""
    assert "This is what you typed" not in texts(other)


def test_what_stays_from_card_to_card_is_forgotten_by_the_next_sunday(open_page, sign_in, connected, sql):
    save(type_in(open_page(sign_in(), ADD), first="Anna", service="9:00 am"))
    assert field(open_page(sign_in(), ADD), "Service").value == "9:00 am"
    sql("UPDATE card_drafts SET changed_at = :then", then=datetime.now(UTC) - timedelta(days=6))
    assert field(open_page(sign_in(), ADD), "Service").value == ""


def test_an_ended_session_saves_nothing(open_page, sign_in, connected, saved, database):
    cookie = sign_in()
    app = type_in(open_page(cookie, ADD), first="Anna")
    sign_out(database, cookie, clock=SystemClock())
    app = save(app)
    assert app.title[0].value == "You are signed out"
    assert saved() == []


def test_a_role_taken_away_saves_nothing(open_page, sign_in, connected, saved, sql):
    app = type_in(open_page(sign_in(), ADD), first="Anna")
    sql("UPDATE memberships SET role = 'viewer'")
    app = save(app)
    assert app.title[0].value != "Add a card"
    assert saved() == []


def test_hostile_text_is_in_plain_text_alone(open_page, sign_in, connected, saved):
    app = type_in(open_page(sign_in(), ADD), first=HOSTILE[:90], service=HOSTILE[:90])
    app = save(app)
    assert "[x](https://evil.example)" in texts(app)
    others = ("title", "header", "markdown", "caption", "success", "warning", "error", "info")
    drawn = [one.value for kind in others for one in app.get(kind)] + [one.label for one in app.button]
    assert "evil" not in str(drawn)


class TestWordsBesideTheBoxes:
    """They are proof, so nobody but who holds the paper card says what they are."""

    YES = MappingProxyType({"phone": "6155550123", "texts": "Yes, box ticked"})

    @pytest.fixture
    def own(self, database, church):
        from ghl.forms import current_wordings

        with database.church(church) as session:
            return current_wordings(session, church)["sms"]

    @pytest.fixture
    def proof(self, sql):
        def proof():
            rows = sql("SELECT wording, wording_version FROM consent_events ORDER BY id")
            return [tuple(row) for row in rows]

        return proof

    def test_without_an_answer_none_are_kept(self, open_page, sign_in, connected, own, proof):
        app = open_page(sign_in(), ADD)
        assert own.text in texts(app)
        app = save(type_in(app, first="Anna", **self.YES))
        assert proof() == [(None, None)]
        assert "Until you answer, a yes is kept without words." in texts(app)

    def test_the_churchs_own_go_with_their_version_and_are_asked_once(
        self, open_page, sign_in, connected, own, proof, sql
    ):
        app = button(open_page(sign_in(), ADD), "Yes, these words").click().run()
        assert "Words beside the boxes: your web form's." in texts(app)
        save(type_in(app, first="Anna", **self.YES))
        # Reloaded, the pile is the same; left blank, the words prove nothing and are not kept.
        app = open_page(sign_in(), ADD)
        assert "Words beside the boxes: your web form's." in texts(app)
        save(type_in(app, first="Ben"))
        assert proof() == [(own.text, str(own.version))]
        newest = sql("SELECT fields FROM card_revisions ORDER BY created_at DESC")[0]
        assert "consent_wording" not in newest.fields

    def test_new_words_of_the_church_are_asked_about_again(
        self, open_page, sign_in, connected, own, database, church
    ):
        from ghl.forms.wordings import add_version
        from ghl.statuses import Channel

        button(open_page(sign_in(), ADD), "Yes, these words").click().run()
        with database.church(church) as session:
            add_version(session, church, Channel.SMS, "Other words.", version=2, actor="test")
        assert "Do the boxes on your paper cards say these words?" in texts(open_page(sign_in(), ADD))

    def test_other_words_are_kept_as_they_are_typed_and_without_a_version(
        self, open_page, sign_in, connected, own, proof
    ):
        app = button(open_page(sign_in(), ADD), "Something else").click().run()
        field(app, "The words beside the boxes, exactly as on the card").set_value("Text me!")
        app = button(app.run(), "Use these words").click().run()
        assert "Words beside the boxes: Text me!" in texts(app)
        save(type_in(app, first="Anna", **self.YES))
        assert proof() == [("Text me!", None)]

    def test_a_card_without_words_and_a_second_thought(self, open_page, sign_in, connected, own, proof):
        app = button(open_page(sign_in(), ADD), "No words at all").click().run()
        app = save(type_in(app, first="Anna", **self.YES))
        app = button(app, "Change").click().run()
        app = button(app, "Yes, these words").click().run()
        save(type_in(app, first="Ben", phone="6155550124", texts="Yes, box ticked"))
        assert proof() == [(None, None), (own.text, str(own.version))]

    def test_a_church_without_words_of_its_own_is_asked_as_well(self, open_page, sign_in, connected):
        app = open_page(sign_in(), ADD)
        assert "What do the boxes for texts and e-mails on your paper cards say?" in texts(app)
        assert {"Type the words", "No words at all"} <= {one.label for one in app.button}


def test_every_way_out_of_a_save_has_words(open_page, sign_in, connected, sql, church):
    sql("UPDATE churches SET review_all = true WHERE id = :church", church=church)
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    assert "Saved: Anna. It waits for review." in texts(app)
    assert sql("SELECT status FROM cards")[0].status == CardStatus.TO_REVIEW
