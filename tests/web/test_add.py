"""The page *Add a card* as each role sees it, and what its presses do."""

from datetime import UTC, datetime, timedelta

import pytest

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
    assert sql("SELECT count(*) FROM card_drafts WHERE place = 'add'")[0].count == 0


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


def test_undo_sets_the_card_aside_and_a_second_one_changes_nothing(open_page, sign_in, connected, saved, sql):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    app = button(app, "Undo").click().run()
    assert "Undone. The card is set aside and goes nowhere." in texts(app)
    assert saved()[0].status == "dismissed"
    assert sql("SELECT facts FROM cards")[0].facts["reason"] == "Undone right after typing"
    # The same card once more would be found again, set aside; so it can be taken up.
    app = save(type_in(app, first="Anna", email="anna@example.org"))
    assert "It was set aside." in texts(app)
    app = button(app, "Send it after all").click().run()
    assert saved()[0].status == "waiting"


def test_undo_says_when_it_is_too_late(open_page, sign_in, connected, saved, sql):
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    sql("UPDATE cards SET status = 'synced', synced_at = now()")
    sql("UPDATE outbox SET state = 'done'")
    app = button(app, "Undo").click().run()
    assert "Too late for that: the card has moved on." in texts(app)
    assert saved()[0].status == "synced"


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


def test_the_words_of_the_churchs_own_boxes_go_with_their_version(
    open_page, sign_in, connected, church, database, sql
):
    from ghl.forms import current_wordings

    with database.church(church) as session:
        words = current_wordings(session, church)
    app = type_in(open_page(sign_in(), ADD), first="Anna", phone="6155550123", texts="Yes, box ticked")
    save(app)
    (event,) = sql("SELECT wording, wording_version FROM consent_events")
    assert (event.wording, event.wording_version) == (words["sms"].text, str(words["sms"].version))
    # Left blank on both boxes, the words prove nothing and are not kept.
    save(type_in(open_page(sign_in(), ADD), first="Ben"))
    assert (
        "consent_wording" not in sql("SELECT fields FROM card_revisions ORDER BY created_at DESC")[0].fields
    )


def test_every_way_out_of_a_save_has_words(open_page, sign_in, connected, sql, church):
    sql("UPDATE churches SET review_all = true WHERE id = :church", church=church)
    app = save(type_in(open_page(sign_in(), ADD), first="Anna", email="anna@example.org"))
    assert "Saved: Anna. It waits for review." in texts(app)
    assert sql("SELECT status FROM cards")[0].status == CardStatus.TO_REVIEW
