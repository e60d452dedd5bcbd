"""*Send onboarding materials* where several people get it: from the list of cards, and under a card that was reviewed."""

from datetime import UTC, datetime

import pytest

from dashboard import bulk, card_actions
from dashboard.desk import presses
from ghl.messages.templates import ensure_defaults
from ghl.statuses import CardSource, Role
from tests.support.churches import card_values, save
from tests.support.messages import AGREED

CARDS, REVIEW = "pages/cards.py", "pages/review.py"
TICK = "Send the welcome text and e-mail"


@pytest.fixture
def agreed(database, church, connected, sql):
    """Cards of people who said yes to texts and e-mails, at a church with published words."""
    with database.church(church) as session:
        ensure_defaults(session, church, now=datetime.now(UTC))
    sql("UPDATE message_templates SET published_version = version, send_within_hours = NULL")

    def agreed(number=1, *, source=CardSource.TYPED, **changes):
        (saved,) = save(database, church, card_values(number, **AGREED | changes), source=source)
        return saved

    return agreed


@pytest.fixture
def asked_for(sql):
    """How many cards messages were asked for, and how many messages."""
    return lambda: tuple(sql("SELECT count(DISTINCT card_id), count(*) FROM messages")[0])


def texts(app):
    assert not app.exception, app.exception
    return "\n".join(one.value for kind in ("text", "error") for one in app.get(kind))


def keys(app):
    return [str(one.key) for one in app.button]


class TestAllCards:
    @pytest.fixture(autouse=True)
    def patient(self, monkeypatch):
        """A click waits for the end of what it began, however busy the machine is."""
        monkeypatch.setattr(card_actions, "AT_ONCE", 30.0)
        card_actions.runs.clear()

    @pytest.fixture
    def asking(self, open_page, sign_in, agreed):
        """The dialog about four cards, of which one never said yes."""
        for number in range(1, 4):
            agreed(number)
        agreed(4, sms_consent="", email_consent="", consent_wording="")

        def asking():
            app = open_page(sign_in(), CARDS)
            app = app.button(key="tick_page").click().run()
            return app.button(key="bulk_send_onboarding").click().run()

        return asking

    def test_it_is_foreseen_and_nothing_is_sent_before_the_answer(self, asking, asked_for):
        app = asking()
        told = texts(app)
        assert "3 cards get a text or an e-mail." in told
        assert "1 text not sent: no yes." in told
        assert "2 e-mails not sent: no yes." in told
        assert app.button(key="bulk_confirm").label == "Send for 3 cards"
        app = app.button(key="bulk_never_mind").click().run()
        assert "bulk_confirm" not in keys(app)
        assert asked_for() == (0, 0)

    def test_two_presses_in_two_tabs_ask_once(self, asking, asked_for):
        one, other = asking(), asking()
        one = one.button(key="bulk_confirm").click().run()
        assert "Texts and e-mails are on their way for 3 cards." in texts(one)
        before = asked_for()
        assert before[0] == 4, "the fourth says why nothing goes"
        other = other.button(key="bulk_confirm").click().run()
        assert "3 texts not sent: already on its way." in texts(other)
        assert asked_for() == before

    def test_all_that_match_are_asked_for(self, open_page, sign_in, agreed, asked_for):
        for number in range(1, 29):
            agreed(number)
        app = open_page(sign_in(), CARDS)
        app = app.button(key="tick_all").click().run()
        app = app.button(key="bulk_send_onboarding").click().run()
        app = app.button(key="bulk_confirm").click().run()
        assert asked_for()[0] == 28

    def test_who_became_a_viewer_meanwhile_sends_nothing(self, asking, asked_for, sql):
        app = asking()
        sql("UPDATE memberships SET role = 'viewer'")
        app.button(key="bulk_confirm").click().run()
        assert asked_for() == (0, 0)

    def test_a_viewer_sees_no_button(self, open_page, sign_in, agreed):
        agreed()
        app = open_page(sign_in(Role.VIEWER), CARDS)
        assert not [one for one in keys(app) if "bulk" in one or "tick" in one]

    def test_a_reason_without_a_kind_is_about_all(self):
        action = card_actions.MessageAction.ONBOARDING
        assert bulk.left_out(action, {"no published words": 3, "text: too old": 2, "e-mail: too old": 0}) == [
            "3 not sent: no published words.",
            "2 texts not sent: too old.",
        ]


class TestReview:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch):
        """A person looks before the next press; here that takes no time."""
        monkeypatch.setattr(presses, "DOUBLE_PRESS", 0.0)

    @pytest.fixture
    def desk(self, open_page, sign_in, agreed):
        """The desk with two cards to review."""
        agreed(1, source=CardSource.FORM)
        agreed(2, source=CardSource.FORM)
        return open_page(sign_in(), REVIEW)

    @staticmethod
    def tick(app):
        (found,) = [one for one in app.checkbox if one.label == TICK]
        return found

    @staticmethod
    def press(app, label):
        (found,) = [one for one in app.button if one.label == label]
        return found.click().run()

    def test_without_the_tick_nothing_is_asked_for(self, desk, asked_for):
        self.press(desk, "Save & next")
        assert asked_for() == (0, 0)

    def test_with_it_the_card_and_its_messages_are_saved_together(self, desk, asked_for):
        app = self.tick(desk).check().run()
        app = self.press(app, "Save & next")
        assert asked_for()[0] == 1
        told = texts(app)
        assert "Saved: Anna1 Keller." in told
        assert "The text leaves" in told
        assert not self.tick(app).value, "nobody is texted because of the tick of the card before"
        self.press(app, "Save & next")
        assert asked_for()[0] == 1

    def test_a_card_that_is_not_saved_sends_nothing(self, desk, asked_for):
        app = self.tick(desk).check().run()
        self.press(app, "Skip for now")
        assert asked_for() == (0, 0)

    def test_a_correction_has_no_tick(self, desk):
        app = self.press(desk, "Save & next")
        app = self.press(app, "Back to the last card")
        assert TICK not in [one.label for one in app.checkbox]
