"""The texts and e-mails on the page of a card: who may press what, what a second press does, and why nobody was texted."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.card import message_part
from ghl.messages.templates import ensure_defaults
from ghl.statuses import Role
from tests.support.churches import card_values, save
from tests.support.messages import AGREED
from tests.web.said import stop

CARD = "pages/card.py"


@pytest.fixture
def agreed(database, church, connected, sql):
    """A card whose person said yes to texts and e-mails, at a church with published words."""
    with database.church(church) as session:
        ensure_defaults(session, church, now=datetime.now(UTC))
    sql(
        "UPDATE message_templates SET published_version = version, send_within_hours = NULL WHERE church_id = :c",
        c=church,
    )

    def agreed(number=1, **changes):
        (saved,) = save(database, church, card_values(number, **AGREED | changes))
        return saved

    return agreed


@pytest.fixture
def unhurried(monkeypatch):
    """A person looks before the next press; here that takes no time."""
    monkeypatch.setattr(message_part, "ONE_CLICK", timedelta())


@pytest.fixture
def open_card(open_page, sign_in):
    def open_card(card, role=Role.STAFF):
        return open_page(sign_in(role), CARD, number=str(card.number))

    return open_card


def seen(app):
    assert not app.exception, app.exception
    kinds = ("title", "header", "text", "markdown", "warning", "error", "success")
    return "\n".join(one.value for kind in kinds for one in app.get(kind))


def labels(app):
    return [one.label for one in app.button]


def press(app, label):
    found = [one for one in app.button if one.label == label]
    assert found, labels(app)
    return found[0].click().run()


def messages(sql):
    return sql("SELECT channel, state, cause FROM messages ORDER BY channel")


def texts(sql):
    return [row[0] for row in messages(sql)].count("sms")


@pytest.mark.usefixtures("unhurried")
def test_one_press_sends_once_and_the_second_says_so(open_card, agreed, sql):
    app = open_card(agreed())
    assert "No text and no e-mail was asked for yet." in seen(app)
    app = press(app, "Send onboarding materials")
    told = seen(app)
    before = messages(sql)
    assert {row[0] for row in before} == {"sms", "email"}
    assert "The text leaves" in told or "The text" in told
    assert "Undo" in labels(app)
    app = press(app, "Send onboarding materials")
    assert "already on its way" in seen(app)
    assert messages(sql) == before


def test_a_viewer_reads_why_and_presses_nothing(open_card, agreed):
    app = open_card(agreed(), Role.VIEWER)
    told = seen(app)
    assert "Texts and e-mails" in told
    assert "May we text" in told
    assert not {"Send onboarding materials", "Undo"} & set(labels(app))


@pytest.mark.usefixtures("unhurried")
def test_undo_takes_it_back_and_the_story_says_who(open_card, agreed, sql):
    app = press(open_card(agreed()), "Send onboarding materials")
    app = press(app, "Undo")
    assert "Taken back. It was not sent." in seen(app)
    assert sorted(row[1] for row in messages(sql)) == ["not_sent", "waiting", "waiting"]
    assert "taken back before it left" in seen(app)


def test_a_double_click_is_one(open_card, agreed, sql):
    app = press(open_card(agreed()), "Send onboarding materials")
    app = press(app, "Undo")
    assert {row[1] for row in messages(sql)} == {"waiting"}


def test_without_a_yes_the_page_says_why_nobody_was_texted(open_card, agreed, sql):
    app = press(
        open_card(agreed(sms_consent="", email_consent="", consent_wording="")), "Send onboarding materials"
    )
    told = seen(app)
    assert "not a yes" in told
    assert "Text not sent" in told
    assert {row[1] for row in messages(sql)} == {"not_sent"}


def test_who_became_a_viewer_meanwhile_sends_nothing(open_card, agreed, sql):
    app = open_card(agreed())
    sql("UPDATE memberships SET role = 'viewer'")
    press(app, "Send onboarding materials")
    assert messages(sql) == []


def test_what_nobody_knows_is_for_a_person_to_say(open_card, agreed, sql):
    card = agreed()
    press(open_card(card), "Send onboarding materials")
    sql("UPDATE messages SET state = 'unsure', cause = 'unsure_none_found' WHERE channel = 'sms'")
    app = open_card(card)
    assert "We could not find out whether this text went out." in seen(app)
    app = press(app, "It arrived")
    assert sql("SELECT state FROM messages WHERE channel = 'sms'") == [("sent",)]


def test_what_left_or_may_have_left_has_no_undo(open_card, agreed, sql):
    card = agreed()
    press(open_card(card), "Send onboarding materials")
    for state in ("sending", "unsure", "failed"):
        sql(f"UPDATE messages SET state = '{state}', sending_at = now()")
        assert "Undo" not in labels(open_card(card))


def test_too_old_is_sent_all_the_same_only_with_a_yes(open_card, agreed, sql, database, church):
    card = agreed()
    press(open_card(card), "Send onboarding materials")
    sql("UPDATE messages SET state = 'not_sent', cause = 'too_old'")
    assert "Send it all the same" in labels(open_card(card))
    before = labels(open_card(card)).count("Send it all the same")
    stop(database, church, address=sql("SELECT address FROM messages WHERE channel = 'sms' LIMIT 1")[0][0])
    after = labels(open_card(card)).count("Send it all the same")
    assert after == before - texts(sql), "the e-mails may still go"


@pytest.mark.usefixtures("unhurried")
def test_once_more_takes_a_reason_and_is_another_message(open_card, agreed, sql):
    card = agreed()
    press(open_card(card), "Send onboarding materials")
    sql(
        "UPDATE messages SET state = 'delivered', sent_at = now(), delivered_at = now();"
        "UPDATE outbox SET state = 'done' WHERE kind = 'message'"
    )
    app = press(open_card(card), "Send it once more…")
    app = press(app, "Send it once more")
    assert "Say in a few words why" in seen(app)
    (why,) = [one for one in app.text_input if one.label.startswith("Why does this")]
    why.set_value("She lost her phone.").run()
    app = press(app, "Send it once more")
    assert "She lost her phone." in seen(app)
    assert len(messages(sql)) == 4


def test_what_went_is_not_offered_once_more_to_somebody_who_said_stop(
    open_card, agreed, sql, database, church
):
    card = agreed()
    press(open_card(card), "Send onboarding materials")
    sql(
        "UPDATE messages SET state = 'delivered', sent_at = now(), delivered_at = now();"
        "UPDATE outbox SET state = 'done' WHERE kind = 'message'"
    )
    assert labels(open_card(card)).count("Send it once more…") == len(messages(sql))
    stop(database, church, address=sql("SELECT address FROM messages WHERE channel = 'sms' LIMIT 1")[0][0])
    after = labels(open_card(card)).count("Send it once more…")
    assert after == len(messages(sql)) - texts(sql), "the e-mails may still go"


@pytest.mark.usefixtures("unhurried")
def test_a_second_press_names_no_hour_that_the_badge_contradicts(open_card, agreed, sql):
    app = press(open_card(agreed()), "Send onboarding materials")
    sql("UPDATE outbox SET due_at = now() + interval '9 hours' WHERE kind = 'message'")
    app = press(app, "Send onboarding materials")
    assert "The text is already on its way. Nothing goes twice." in seen(app)


def test_what_is_there_twice_has_its_own_answers(open_card, agreed, sql):
    card = agreed()
    press(open_card(card), "Send onboarding materials")
    sql("UPDATE messages SET state = 'unsure', cause = 'unsure_two_found' WHERE channel = 'sms'")
    app = open_card(card)
    assert {"It went out", "It did not: send it"} <= set(labels(app))
    press(app, "It went out")
    assert sql("SELECT state FROM messages WHERE channel = 'sms'") == [("sent",)]
