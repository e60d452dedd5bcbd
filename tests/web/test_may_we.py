"""The pages that say *May we text?* ask GoHighLevel, join its answer with ours, and tell what a send does without one."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.consent.asking import ASKING, OURS, WAITS, age, told
from dashboard.consent.words import lifted_line
from dashboard.situation import Situation
from ghl.cards.why import ChurchState, Outage
from ghl.clock import SystemClock
from ghl.consent import ask, ledger
from ghl.ids import new_id
from ghl.questions.ask import Asked
from ghl.statuses import Channel, QuestionState
from tests.web.said import PHONE, say_yes, stop

PERSON, CONSENT, CARD = "pages/person.py", "pages/consent.py", "pages/card.py"
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
EMAIL = "anna@example.org"


def texts(app):
    return [one.value for one in app.text]


def said(app, words):
    return [one for one in texts(app) if words in one]


def press(app, label):
    [found] = [one for one in app.button if one.label == label]
    found.click().run()
    assert not app.exception


@pytest.fixture
def answer(sql):
    """What a worker would write: the contact with its do-not-disturb, and what erased people said."""

    def answer(*, blocks=(), contact=True, erased=(), state="answered", cause=None):
        there = {
            "id": "c1",
            "gone": False,
            "addresses": {"sms": PHONE, "email": EMAIL},
            "blocks": list(blocks),
            "stops": [],
        }
        channels = {
            channel: {
                "address": address,
                "contact": there if contact else None,
                "timezone": None,
                "erased": list(erased) if channel == "sms" else [],
            }
            for channel, address in (("sms", PHONE), ("email", EMAIL))
        }
        sql(
            "UPDATE questions SET state = :state, cause = :cause, answered_at = now(),"
            " answer = CASE WHEN :state = 'answered' THEN CAST(:answer AS jsonb) END",
            state=state,
            cause=cause,
            answer=json.dumps({"channels": channels}),
        )

    return answer


@pytest.fixture
def opened(open_page, sign_in, database, church, connected):
    """The page of Anna's person, or where she was looked for."""

    def opened(page):
        if page != CONSENT:
            return open_page(sign_in(), page, number="1")
        app = open_page(sign_in(), page)
        app.text_input[0].input("Anna").run()
        return app

    return opened


@pytest.mark.parametrize("page", [PERSON, CONSENT])
class TestThePages:
    def test_our_own_log_first_and_then_what_both_say(self, opened, database, church, sql, answer, page):
        say_yes(database, church)
        app = opened(page)
        assert said(app, "May we text Anna? Yes: Anna said yes on")
        assert said(app, ASKING)
        assert [tuple(row) for row in sql("SELECT kind, state FROM questions")] == [("may_we", "waiting")]
        answer(blocks=["sms"])
        app.run()
        assert not app.exception
        [line] = said(app, "May we text Anna?")
        assert "No: GoHighLevel has “do not disturb” on for Anna." in line
        assert said(app, "May we e-mail Anna? Yes")
        assert said(app, "GoHighLevel was asked")
        assert sql("SELECT count(*) FROM questions")[0][0] == 1

    def test_it_is_asked_anew_on_demand(self, opened, database, church, sql, answer, page):
        say_yes(database, church)
        app = opened(page)
        answer()
        sql("UPDATE questions SET answered_at = now() - interval '10 minutes'")
        app.run()
        press(app, "Ask GoHighLevel again")
        assert said(app, ASKING)
        assert sql("SELECT count(*) FROM questions")[0][0] == 2

    def test_a_stop_that_comes_afterwards_is_a_no(self, opened, database, church, answer, page):
        say_yes(database, church)
        app = opened(page)
        answer()
        stop(database, church)
        app.run()
        assert said(app, "May we text Anna? No: Anna replied")

    def test_the_stop_of_somebody_erased_is_a_no(self, opened, database, church, answer, page):
        say_yes(database, church)
        app = opened(page)
        erased = {"kind": "stop", "source": "keyword", "purpose": "all", "worded": False}
        answer(erased=[erased | {"recorded_at": SystemClock().now().isoformat(), "signed_at": None}])
        app.run()
        assert said(app, "May we text Anna? No: Anna asked for no more texts")

    def test_nobody_there_has_the_address(self, opened, database, church, answer, page):
        say_yes(database, church)
        app = opened(page)
        answer(contact=False)
        app.run()
        assert said(app, "Nobody in GoHighLevel has this phone yet. A text waits until the card is there")
        assert said(app, "Nobody in GoHighLevel has this e-mail address yet. An e-mail waits")

    def test_a_no_of_ours_asks_nobody(self, opened, database, church, sql, page):
        say_yes(database, church, sms_consent="", email_consent="")
        app = opened(page)
        assert said(app, "No: We have no yes from Anna")
        assert sql("SELECT count(*) FROM questions")[0][0] == 0

    def test_what_gohighlevel_refuses_is_told(self, opened, database, church, answer, page):
        say_yes(database, church)
        app = opened(page)
        answer(state="failed", cause="token_refused")
        app.run()
        assert said(app, WAITS)

    def test_each_purpose_whose_answer_is_another_one(self, opened, database, church, sql, page):
        say_yes(database, church)
        sql(
            "INSERT INTO message_templates (id, church_id, key, name, channel, purpose, onboarding, changed_by)"
            " SELECT gen_random_uuid(), :c, p, p, 'sms', p, false, 'x'"
            " FROM unnest(ARRAY['follow-up', 'giving']) AS p",
            c=church,
        )
        app = opened(page)
        assert said(app, "May we text Anna about follow-up? Yes")
        [line] = said(app, "May we text Anna about giving? No")
        assert "something else than giving" in line
        assert said(app, "May we e-mail Anna? Yes")


def test_the_card_asks_on_demand(opened, database, church, sql, answer):
    say_yes(database, church)
    app = opened(CARD)
    assert said(app, f"{OURS} GoHighLevel is asked before anything leaves.")
    assert sql("SELECT count(*) FROM questions WHERE kind = 'may_we'")[0][0] == 0
    press(app, "Ask GoHighLevel now")
    answer(blocks=["sms"])
    app.run()
    assert said(app, "May we text Anna? No: GoHighLevel has “do not disturb” on")


@pytest.mark.parametrize("page", [PERSON, CARD, CONSENT])
def test_a_stop_that_start_lifted_is_told_with_both_times(opened, database, church, page):
    say_yes(database, church)
    now = SystemClock().now()
    stop(database, church, now=now - timedelta(minutes=5))
    with database.church(church) as session:
        ledger.record_start(
            session, church, channel=Channel.SMS, address=PHONE, source="keyword", recorded_by="x", now=now
        )
    app = opened(page)
    assert said(app, "May we text Anna? Yes")
    [line] = said(app, "lifted that.")
    assert line.startswith("Before: Anna replied that no more should come, on ")
    assert ". START on " in line


def test_a_stop_in_force_tells_of_nothing_lifted(opened, database, church):
    say_yes(database, church)
    stop(database, church)
    app = opened(PERSON)
    assert not said(app, "lifted that.")


class TestWords:
    def asked(self, **changes):
        known = {
            "id": new_id(),
            "kind": "may_we",
            "state": QuestionState.WAITING,
            "asked_at": NOW,
            "seen_at": NOW,
            "wanted_until": NOW + timedelta(seconds=60),
        }
        return Asked(**known | changes)

    @pytest.mark.parametrize(
        ("changes", "situation", "words", "again"),
        [
            ({}, {}, "We are asking GoHighLevel", False),
            ({"seen_at": NOW + timedelta(seconds=20)}, {}, "takes longer than usual", False),
            ({"seen_at": NOW + timedelta(seconds=61)}, {}, "No answer came", True),
            ({}, {"outage": Outage()}, "GoHighLevel isn't answering", False),
            ({"cause": "ghl_not_answering"}, {}, "GoHighLevel isn't answering", False),
            ({}, {"workers": 0}, "The sender is not running", False),
            ({}, {"coordinator_away": True}, "The sender is not running", False),
            ({"cause": "daily_limit_reached"}, {}, OURS, False),
            ({"state": QuestionState.FAILED, "cause": "scope_missing"}, {}, WAITS, True),
        ],
    )
    def test_why_no_answer_comes(self, changes, situation, words, again):
        found = told(self.asked(**changes), Situation(**situation), now=NOW)
        assert words in found.text
        assert OURS in found.text
        assert found.again is again
        assert not found.there

    def test_not_connected(self):
        assert "isn't connected" in told(None, Situation(), now=NOW).text

    @pytest.mark.parametrize(
        ("situation", "words"),
        [
            ({}, "just now."),
            ({"state": ChurchState("loc", paused_reason="We move")}, "Sending is paused, so nothing leaves"),
            ({"state": ChurchState("loc", hold_cause="token_refused")}, "Nothing leaves meanwhile."),
            ({"workers": 0}, "The sender is not running, so nothing leaves"),
        ],
    )
    def test_an_answer_tells_what_keeps_a_send_from_leaving(self, situation, words):
        asked = self.asked(state=QuestionState.ANSWERED, answered_at=NOW, answer={"channels": {}})
        found = told(asked, Situation(**{"state": ChurchState("loc")} | situation), now=NOW)
        assert found.text.startswith("GoHighLevel was asked just now.")
        assert found.text.endswith(words) or words in found.text

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (-3, "just now"),
            (9, "just now"),
            (29, "20 seconds ago"),
            (60, "1 minute ago"),
            (7300, "2 hours ago"),
            (90_000, "more than a day ago"),
        ],
    )
    def test_the_age_of_an_answer(self, seconds, words):
        assert age(NOW, now=NOW + timedelta(seconds=seconds)) == words

    def test_nothing_lifted_says_nothing(self, database, church):
        say_yes(database, church)
        with database.church(church) as session:
            person = ask.of_number(session, church, 1, now=SystemClock().now())
        assert not any(lifted_line(one, name="Anna", zone=UTC) for one in person.answers)
