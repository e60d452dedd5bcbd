"""The banner of an outage as each role sees it: how many are safe, *Test now* and what came of it, told once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import services
from dashboard.components import notices
from dashboard.situation import Situation
from ghl.cards.why import ChurchState, Outage
from ghl.client.breaker import Breakers
from ghl.outages import Episode
from ghl.statuses import CardStatus, OutageEnd, OutageScope, Role

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 11, 22, 18, tzinfo=UTC)
WRITE = {Role.ADMIN, Role.STAFF}


def banner(app):
    assert not app.exception, app.exception
    told = [one.value for kind in ("warning", "info", "success") for one in app.get(kind)]
    return "\n".join(told + [one.value for one in app.text])


def labels(app):
    return {one.label for one in app.button}


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    found.click().run()
    return app


@pytest.fixture
def breakers(redis_client):
    return Breakers(redis_client)


@pytest.fixture
def episode(sql, church):
    """Writes the church's episode as the scheduler would."""

    def episode(**values):
        known = {"scope": "location", "opened_at": "now() - interval '10 minutes'"} | values
        sql("DELETE FROM outages")
        columns = ", ".join(known)
        listed = ", ".join(
            repr(value) if isinstance(value, str) and "now()" not in value else str(value)
            for value in known.values()
        )
        sql(f"INSERT INTO outages (church_id, {columns}) VALUES (:church, {listed})", church=church)

    return episode


OVER = {
    "closed_at": "now() - interval '5 minutes'",
    "ended": "answered",
    "waited": 75,
    "arrived": 73,
    "needing": 2,
    "finished_at": "now() - interval '1 minute'",
}


def later(app, church):
    services.look_again(church)
    return app.run()


class TestWhileItIsAway:
    @pytest.mark.parametrize("role", list(Role))
    def test_each_role_reads_it_and_those_who_may_ask_for_a_test(
        self, open_page, sign_in, cards, breakers, connected, role
    ):
        for _ in range(3):
            cards(CardStatus.WAITING)
        breakers.record(connected, successes=0, system_errors=5)
        app = open_page(sign_in(role))
        go_on = "" if role is Role.VIEWER else "You can go on adding cards. "
        assert f"**3 cards are safe and waiting.** {go_on}We test again at" in banner(app)
        assert "When it is back, they go out within a minute." in banner(app)
        assert ("Test now" in labels(app)) is (role in WRITE)

    def test_asked_then_still_away_then_back(
        self, open_page, sign_in, cards, breakers, connected, episode, sql, church
    ):
        cards(CardStatus.WAITING)
        breakers.record(connected, successes=0, system_errors=5)
        episode()
        app = press(open_page(sign_in()), "Test now")
        assert "Asked. The answer comes in a few seconds." in banner(app)
        assert breakers.due_probes() == [connected]
        assert sql("SELECT action, facts FROM audit_entries WHERE action LIKE 'outage%'") == [
            ("outage.test_asked", {})
        ]
        sql("UPDATE outages SET tested_at = now(), test_good = false")
        breakers.probed(connected, healthy=False)
        assert "GoHighLevel still isn't answering. Nothing is lost" in banner(later(app, church))
        sql("UPDATE outages SET tested_at = now(), test_good = true")
        press(app, "Test now")
        breakers.probed(connected, healthy=True)
        sql("UPDATE outages SET closed_at = now(), ended = 'answered', waited = 1, remaining = 1")
        told = banner(later(app, church))
        assert "**0 of 1 card that waited have arrived.** All caught up at about" in told
        assert "Test now" not in labels(app)

    def test_nothing_to_test_any_more(self, open_page, sign_in, cards, breakers, connected):
        breakers.record(connected, successes=0, system_errors=5)
        app = open_page(sign_in())
        breakers.probed(connected, healthy=True)
        press(app, "Test now")
        assert not app.exception
        assert "Test now" not in labels(app)

    def test_who_became_a_viewer_meanwhile_asks_nothing(self, open_page, sign_in, breakers, connected, sql):
        breakers.record(connected, successes=0, system_errors=5)
        app = open_page(sign_in())
        sql("UPDATE memberships SET role = 'viewer'")
        press(app, "Test now")
        assert sql("SELECT count(*) FROM audit_entries WHERE action LIKE 'outage%'")[0][0] == 0
        assert breakers.due_probes() == []

    def test_without_redis_the_page_says_what_postgresql_knows(
        self, open_page, sign_in, cards, connected, episode, monkeypatch
    ):
        cards(CardStatus.WAITING)
        episode()
        monkeypatch.setenv("HUB_REDIS_URL", "redis://127.0.0.1:1/0")
        services.container.clear()
        app = open_page(sign_in())
        assert "**1 card is safe and waiting.**" in banner(app)
        assert "We test again by ourselves." in banner(app)
        assert "Test now" not in labels(app)

    def test_without_redis_and_without_an_outage_nothing_is_sent(
        self, open_page, sign_in, cards, connected, monkeypatch
    ):
        cards(CardStatus.WAITING)
        monkeypatch.setenv("HUB_REDIS_URL", "redis://127.0.0.1:1/0")
        services.container.clear()
        assert "A part of this hub is not answering" in banner(open_page(sign_in()))


class TestTheConnection:
    def test_a_token_that_was_mended_is_tested_by_a_question(
        self, open_page, sign_in, connected, sql, church
    ):
        sql("UPDATE churches SET hold_cause = 'scope_missing', hold_since = now()")
        app = press(open_page(sign_in()), "Test now")
        assert "Asked. The answer comes in a few seconds." in banner(app)
        assert [tuple(row) for row in sql("SELECT kind, params FROM questions")] == [("location", {})]
        sql("UPDATE questions SET state = 'failed', cause = 'scope_missing', answered_at = now()")
        assert "a box for it is not ticked" in banner(later(app, church))
        sql("UPDATE questions SET state = 'answered', cause = NULL, answer = '{}'")
        assert "The connection works." in banner(later(app, church))

    def test_a_pause_is_not_tested(self, open_page, sign_in, connected, sql):
        sql("UPDATE churches SET paused_at = now(), paused_reason = 'Moving'")
        assert "Test now" not in labels(open_page(sign_in()))


class TestWhenItIsBack:
    def test_it_is_told_once_a_person(self, open_page, sign_in, connected, episode, sql):
        episode(**OVER)
        ruth = sign_in()
        app = open_page(ruth)
        assert "73 waiting cards arrived by" in banner(app)
        assert "2 need you." in banner(app)
        assert any(link.label == "Show" for link in app.get("page_link"))
        assert "73 waiting cards" in banner(app.run()), "it stays until it is closed"
        assert "73 waiting cards" not in banner(open_page(ruth)), "a reload does not tell again"
        press(app, "Close this message")
        assert "73 waiting cards" not in banner(app)
        assert "73 waiting cards" in banner(open_page(sign_in(email="pat@example.org")))

    def test_a_viewer_reads_whom_they_need(self, open_page, sign_in, connected, episode):
        episode(**OVER)
        assert "2 need your team." in banner(open_page(sign_in(Role.VIEWER)))

    def test_while_they_arrive_it_is_not_over(self, open_page, sign_in, connected, episode, sql):
        episode(
            **{name: OVER[name] for name in OVER if name != "finished_at"} | {"remaining": 33, "arrived": 40}
        )
        app = open_page(sign_in())
        assert "**40 of 75 cards that waited have arrived.** All caught up at about" in banner(app)
        assert sql("SELECT count(*) FROM outage_told")[0][0] == 0


class TestWords:
    def over(self, **values):
        known = {
            "id": 1,
            "scope": OutageScope.LOCATION,
            "opened_at": NOON - timedelta(hours=1),
            "seen_at": NOON,
            "closed_at": NOON - timedelta(minutes=20),
            "ended": OutageEnd.ANSWERED,
            "finished_at": NOON - timedelta(minutes=16),
            "waited": 75,
            "arrived": 73,
            "needing": 2,
        }
        return Episode(**known | values)

    def told(self, role=Role.STAFF, **values):
        now = Situation(state=ChurchState(location="LOC"), episode=self.over(**values))
        return notices.recovered(now, role=role, zone=CHICAGO)

    def test_in_the_church_s_words(self):
        assert self.told().text == "73 waiting cards arrived by 11:44 am. 2 need you."
        assert self.told(waited=1, arrived=1, needing=0).text == "1 waiting card arrived by 11:44 am."
        assert self.told(waited=1, arrived=0, needing=1).text == "1 needs you."
        assert self.told(remaining=1).text.endswith("1 card still waits for something else.")

    def test_what_nobody_noticed_is_not_told_for_long(self):
        assert self.told(waited=0, arrived=0, needing=0) is None
        soon = {"closed_at": NOON - timedelta(minutes=2), "waited": 0, "arrived": 0, "needing": 0}
        assert self.told(**soon).text == "No card had to wait for it."
        assert self.told(closed_at=NOON - timedelta(hours=13)) is None

    def test_redis_that_forgot_is_no_recovery_before_cards_arrive(self):
        assert self.told(ended=OutageEnd.FORGOTTEN, arrived=0) is None
        assert self.told(ended=OutageEnd.FORGOTTEN) is not None

    @pytest.mark.parametrize(
        ("episode", "outage", "seconds", "words"),
        [
            ({"tested_at": None}, Outage(), 1, "Asked. The answer comes in a few seconds."),
            ({"tested_at": NOON - timedelta(minutes=1), "test_good": False}, Outage(), 1, "Asked."),
            (
                {"tested_at": NOON, "test_good": False},
                Outage(),
                2,
                "Tested at 12:00:00 pm: GoHighLevel still",
            ),
            ({"tested_at": None}, Outage(), 30, "takes longer than usual"),
            ({}, None, 3, "GoHighLevel answers again."),
        ],
    )
    def test_what_came_of_a_test(self, episode, outage, seconds, words):
        now = Situation(
            outage=outage, episode=self.over(closed_at=None, finished_at=None, ended=None, **episode)
        )
        said = notices.test_told(NOON, now, at=NOON + timedelta(seconds=seconds), zone=CHICAGO)
        assert words in said
