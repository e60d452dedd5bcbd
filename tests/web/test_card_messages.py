"""The texts and e-mails on the page of a card: who may press what, what a second press does, and why nobody was texted."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from ghl.messages import ask
from ghl.messages.templates import ensure_defaults, publish, templates_of
from ghl.statuses import Channel, Role
from tests.support.churches import card_values, save
from tests.support.messages import AGREED

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
def open_card(open_page, sign_in):
    def open_card(card, role=Role.STAFF):
        return open_page(sign_in(role), CARD, number=str(card.number))

    return open_card


def seen(app):
    assert not app.exception, app.exception
    kinds = ("title", "header", "text", "markdown", "warning", "error", "success")
    return "\n".join(one.value for kind in kinds for one in app.get(kind))


def badges(app):
    return [one.value for one in app.get("markdown") if "badge" in one.value]


def labels(app):
    return [one.label for one in app.button]


def press(app, label):
    found = [one for one in app.button if one.label == label]
    assert found, labels(app)
    return found[0].click().run()


def messages(sql):
    return sql("SELECT channel, state, cause FROM messages ORDER BY channel")


def test_one_press_sends_once_and_the_second_says_so(open_card, agreed, sql):
    app = open_card(agreed())
    assert "No text and no e-mail was asked for yet." in seen(app)
    app = press(app, "Send onboarding materials")
    told = seen(app)
    before = messages(sql)
    assert {row[0] for row in before} == {"sms", "email"}
    assert "The text leaves" in told or "The text" in told
    assert "Undo" in labels(app)
    app.session_state  # noqa: B018
    app = press(later(app), "Send onboarding materials")
    assert "already on its way" in seen(app)
    assert messages(sql) == before


def later(app):
    """The person waits long enough that the next press is no double click."""
    for key in list(app.session_state.filtered_state):
        if str(key).startswith("messages_"):
            app.session_state[key].pressed_at = None
    return app
