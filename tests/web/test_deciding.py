"""Who is who: the card beside the people in GoHighLevel as they are now, by a question that a worker answers."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.card.looking import KNEW, told
from dashboard.situation import Situation
from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.cards.why import Outage
from ghl.clock import SystemClock
from ghl.ids import new_id
from ghl.questions.ask import Asked
from ghl.statuses import CardSource, CardStatus, QuestionState, Role
from tests.support.sockets import opened_sockets

CARD = "pages/card.py"
JOHN = {"first_name": "John", "last_name": "Smith", "phone": "(615) 555-0123", "email": "john@example.org"}
MARY = {
    "id": "c1",
    "gone": False,
    "first_name": "Mary",
    "last_name": "Smith",
    "phone": "+16155550123",
    "email": "mary@example.org",
    "address": "12 Oak Street, Nashville",
    "tags": ["choir", "member"],
    "added_at": "2024-11-08T15:00:00+00:00",
}
SAME, ELSE, UNSURE = (
    "Same person: update Mary",
    "Someone else: add John without this phone",
    "Not sure: keep it here",
)
NOW = datetime(2026, 11, 22, 15, 14, tzinfo=UTC)


@pytest.fixture
def held(database, church, connected, sql):
    """A held card that asks about a contact; returns its number."""

    def held(values=JOHN, cause="phone_on_other_contact", status="held", **facts):
        with database.church(church) as session:
            card = NewCard(parse_card(values), CardSource.TYPED)
            (saved,) = save_cards(session, church, [card], now=SystemClock().now())
        known = {"name": "John Smith", "field": "phone", "contact_id": "c1", "contact_name": "Mary Smith"}
        sql(
            "UPDATE cards SET status = :status, cause = :cause, facts = CAST(:facts AS jsonb)",
            cause=cause,
            facts=json.dumps(known | facts),
            status=status,
        )
        sql("UPDATE outbox SET state = 'parked'")
        return saved.number

    return held


@pytest.fixture
def answer(sql):
    """What a worker would write."""

    def answer(*contacts, state="answered", cause=None):
        sql(
            "UPDATE questions SET state = :state, cause = :cause, answered_at = now(),"
            " answer = CASE WHEN :state = 'answered' THEN CAST(:answer AS jsonb) END",
            state=state,
            cause=cause,
            answer=json.dumps({"contacts": contacts}),
        )

    return answer


@pytest.fixture
def open_card(open_page, sign_in):
    def open_card(number, role=Role.STAFF):
        return open_page(sign_in(role), CARD, number=str(number))

    return open_card


def seen(app):
    assert not app.exception, app.exception
    kinds = ("title", "header", "text", "markdown", "warning", "success", "info", "error")
    return "\n".join(one.value for kind in kinds for one in app.get(kind) if hasattr(one, "value"))


def labels(app):
    return {one.label for one in app.button} - {"Sign out"}


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found.click().run()


class TestThePage:
    def test_it_is_looked_up_and_told_with_its_age(self, open_card, held, answer, sql):
        app = open_card(held())
        assert "Looking in GoHighLevel…" in seen(app)
        assert "We knew of GoHighLevel" in seen(app)
        assert [tuple(row) for row in sql("SELECT kind, params, state FROM questions")] == [
            ("contact", {"ids": ["c1"]}, "waiting")
        ]
        answer(MARY)
        told = seen(app.run())
        assert "As GoHighLevel has it, as of " in told
        for part in (
            "Mary Smith",
            "(615) 555-0123 (the same)",
            "mary@example.org",
            "12 Oak Street, Nashville",
            "choir, member",
            "Nov 8, 2024",
            "John Smith",
            "john@example.org",
            "Mary's name in GoHighLevel stays as it is.",
            "Someone else: John gets e-mail, no texts.",
        ):
            assert part in told, part
        assert {SAME, ELSE, UNSURE, "Look again"} <= labels(app)
        assert sql("SELECT count(*) FROM questions")[0][0] == 1

    @pytest.mark.parametrize("role", list(Role))
    def test_everybody_reads_it_and_those_who_may_decide(self, open_card, held, answer, role):
        number = held()
        app = open_card(number, role)
        answer(MARY)
        app.run()
        assert "mary@example.org" in seen(app)
        assert ({SAME, ELSE, UNSURE} <= labels(app)) is (role is not Role.VIEWER)
        assert ("Someone else:" in seen(app)) is (role is not Role.VIEWER)

    @pytest.mark.parametrize(
        ("label", "verdict"), [("Same person: update Mary Smith", "same"), (ELSE, "different")]
    )
    def test_buttons_work_without_an_answer(self, open_card, held, sql, label, verdict):
        app = open_card(held())
        press(app, label)
        assert "Noted:" in seen(app)
        assert [row[0] for row in sql("SELECT verdict FROM person_decisions")] == [verdict]
        assert sql("SELECT status FROM cards")[0][0] == "waiting"
        app.run()
        assert "Is it the same person?" not in [one.value for one in app.header]

    def test_not_sure_leaves_the_card_and_says_who_looked(self, open_card, held, sql):
        app = open_card(held())
        press(app, UNSURE)
        app.run()
        told = seen(app)
        assert "Nothing was sent. The card stays here until somebody decides." in told
        assert "Looked at, and not sure: kept here" in told
        assert "By Ruth" in told
        assert sql("SELECT status FROM cards")[0][0] == "held"
        assert sql("SELECT count(*) FROM person_decisions")[0][0] == 0

    def test_a_contact_that_is_gone_is_looked_up_anew(self, open_card, held, answer, sql):
        app = open_card(held())
        answer({"id": "c1", "gone": True})
        app.run()
        told = seen(app)
        assert "Mary Smith is no longer in GoHighLevel: merged or removed there." in told
        assert not {SAME, ELSE, UNSURE} & labels(app)
        press(app, "Look anew and send")
        assert "It is in line." in seen(app)
        assert sql("SELECT status FROM cards")[0][0] == "waiting"
        assert sql("SELECT count(*) FROM person_decisions")[0][0] == 0
        assert sql("SELECT action FROM audit_entries WHERE action LIKE 'card.%'")[-1][0] == "card.sent_again"

    def test_two_people_side_by_side(self, open_card, held, answer):
        app = open_card(held(cause="two_people_match", other_id="c2", other_name="Joyce Petrie"))
        joyce = MARY | {"id": "c2", "first_name": "Joyce", "last_name": "Petrie", "email": "john@example.org"}
        answer(MARY, joyce)
        app.run()
        assert {SAME, "Same person: update Joyce", f"{ELSE} and e-mail", UNSURE} <= labels(app)
        assert "john@example.org (the same)" in seen(app)
        assert "has no phone or e-mail of their own" in seen(app)

    def test_what_went_wrong_is_told_and_asked_again(self, open_card, held, answer, sql):
        app = open_card(held())
        answer(state="failed", cause="token_refused")
        app.run()
        told = seen(app)
        assert "GoHighLevel no longer takes your church's token." in told
        assert KNEW in told
        assert SAME.replace("Mary", "Mary Smith") in labels(app)
        sql("UPDATE questions SET answered_at = now() - interval '1 minute'")
        press(app, "Look again")
        assert sql("SELECT count(*) FROM questions WHERE state = 'waiting'")[0][0] == 1
        assert "Looking in GoHighLevel…" in seen(app.run())

    def test_a_card_of_its_own_address_is_thought_over(self, open_card, held, answer):
        app = open_card(held(cause="no_address_of_its_own", status="needs_attention"))
        answer(MARY)
        app.run()
        assert SAME in labels(app)
        assert not {ELSE, UNSURE} & labels(app)

    def test_other_cards_ask_nothing(self, open_page, sign_in, cards, sql):
        cards(CardStatus.SYNCED)
        open_page(sign_in(), CARD, number="1")
        assert sql("SELECT count(*) FROM questions")[0][0] == 0

    def test_hostile_names_are_only_ever_text(self, open_card, held, answer):
        evil = "[click](https://evil.example) ![x](https://evil.example/p.png) <b>x</b>"
        app = open_card(held(contact_name=evil))
        answer(MARY | dict.fromkeys(("first_name", "last_name", "phone", "email", "address"), evil[:60]))
        app.run()
        plain = {one.value for one in app.text}
        assert any("[click]" in value for value in plain)
        rest = [one for one in seen(app).splitlines() if not any(one in value for value in plain)]
        assert "evil.example)" not in "\n".join(rest)
        assert all("[click](" not in one.label for one in app.button)

    def test_the_page_opens_no_socket_to_gohighlevel(self, open_card, held, answer, redis_url):
        number = held()
        with opened_sockets() as opened:
            app = open_card(number)
            press(app, "Someone else: add John without this phone")
            answer(MARY)
            app.run()
        own = redis_url.partition("://")[2].partition("?")[0]
        assert [one for one in opened if own not in one and "/" not in one.split()[-1]] == []


class TestWords:
    def asked(self, **how):
        known = {
            "id": new_id(),
            "kind": "contact",
            "state": QuestionState.WAITING,
            "asked_at": NOW,
            "seen_at": NOW + timedelta(seconds=1),
            "wanted_until": NOW + timedelta(seconds=60),
        }
        return Asked(**known | how)

    def told(self, asked, **situation):
        return told(asked, Situation(**situation), when=lambda at: f"{at:%H:%M}")

    def test_it_comes_any_moment(self):
        assert self.told(self.asked()).busy

    @pytest.mark.parametrize(
        ("how", "situation", "words"),
        [
            ({}, {"outage": Outage()}, "GoHighLevel isn't answering."),
            ({"cause": "ghl_not_answering"}, {}, "We look again as soon as it is back."),
            ({}, {"workers": 0}, "The sender is not running"),
            ({}, {"coordinator_away": True}, "The sender is not running"),
            ({"cause": "daily_limit_reached"}, {}, "all requests GoHighLevel allows in a day"),
            ({"seen_at": NOW + timedelta(seconds=16)}, {}, "takes longer than usual"),
            ({"seen_at": NOW + timedelta(seconds=61)}, {}, "No answer came within a minute."),
        ],
    )
    def test_nothing_turns_for_ever(self, how, situation, words):
        said = self.told(self.asked(**how), **situation)
        assert words in said.text
        assert KNEW in said.text
        assert not said.busy

    def test_slowly_on_purpose(self):
        said = self.told(self.asked(cause="going_slowly"))
        assert "Going slowly on purpose" in said.text
        assert said.busy

    def test_not_connected(self):
        assert "isn't connected" in self.told(None).text

    def test_the_age_of_an_answer(self):
        said = self.told(self.asked(state=QuestionState.ANSWERED, answered_at=NOW, answer={"contacts": []}))
        assert said.text == "As GoHighLevel has it, as of 15:14."
        assert said.again
