"""Home as each role sees it, and the words that follow from its numbers."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components import notices
from dashboard.components.tiles import accounted
from dashboard.home import in_one_sentence
from dashboard.periods import PERIODS, begins
from dashboard.situation import Situation
from ghl.cards.why import ChurchState, Outage
from ghl.delivery.drain import Budget
from ghl.statuses import CardStatus, Role

CHICAGO = ZoneInfo("America/Chicago")
SUNDAY = datetime(2026, 11, 22, 18, tzinfo=UTC)
CONNECTED = ChurchState(location="LOC")
COUNTS = st.fixed_dictionaries({status: st.integers(0, 20_000) for status in CardStatus})


def some(**counts):
    return {status: counts.get(status.value, 0) for status in CardStatus}


def words(app):
    kinds = ("title", "header", "subheader", "text", "markdown", "warning")
    return [element.value for kind in kinds for element in app.get(kind) if hasattr(element, "value")]


class TestPeriods:
    @pytest.mark.parametrize("day", range(7))
    def test_this_sunday_begins_with_the_last_sunday_at_midnight_on_the_church_s_wall(self, day):
        begun = begins("sunday", now=SUNDAY + timedelta(days=day), zone=CHICAGO)
        assert begun.isoformat() == "2026-11-22T00:00:00-06:00"

    def test_seven_days_are_today_and_six_before(self):
        assert begins("7days", now=SUNDAY, zone=CHICAGO).isoformat() == "2026-11-16T00:00:00-06:00"

    def test_a_day_of_another_length_begins_at_midnight_too(self):
        after_the_change = datetime(2026, 11, 3, 18, tzinfo=UTC)
        assert begins("sunday", now=after_the_change, zone=CHICAGO).isoformat() == "2026-11-01T00:00:00-05:00"

    @given(st.integers(0, 20 * 365 * 24), st.sampled_from(sorted(PERIODS)))
    def test_a_period_has_begun_and_is_short(self, hours, code):
        now = SUNDAY + timedelta(hours=hours)
        assert timedelta() <= now - begins(code, now=now, zone=CHICAGO) <= timedelta(days=30, hours=1)


class TestTheSentence:
    def test_what_came_in(self):
        counts = some(synced=53, to_review=5, needs_attention=2, held=2)
        assert in_one_sentence(counts, "sunday") == (
            "62 cards came in since Sunday. 53 are in GoHighLevel. 9 need you."
        )

    def test_those_that_need_somebody_from_before_are_told_apart(self):
        everything = some(synced=90, needs_attention=9)
        assert in_one_sentence(some(synced=3, needs_attention=2), "sunday", everything=everything) == (
            "5 cards came in since Sunday. 3 are in GoHighLevel. 2 need you. So do 7 older cards."
        )

    def test_what_is_on_the_way(self):
        assert in_one_sentence(some(waiting=3, sending=1), None) == (
            "4 cards came in. None is in GoHighLevel yet. 4 are on the way. Nothing is waiting for you."
        )

    def test_all_is_done(self):
        assert in_one_sentence(some(synced=62), "sunday") == (
            "All 62 cards since Sunday are in GoHighLevel. Nothing is waiting for you."
        )
        assert in_one_sentence(some(synced=1), None) == (
            "The one card is in GoHighLevel. Nothing is waiting for you."
        )

    def test_older_cards_are_not_kept_quiet(self):
        everything = some(synced=9, to_review=6, held=1)
        assert in_one_sentence(some(synced=3), "sunday", everything=everything) == (
            "All 3 cards since Sunday are in GoHighLevel. 7 older cards need you."
        )
        assert in_one_sentence(some(), "sunday", everything=everything) == (
            "No card came in since Sunday. 7 older cards need you."
        )

    def test_nothing_yet(self):
        assert in_one_sentence(some(), "sunday") == "No card came in since Sunday."
        assert in_one_sentence(some(), None) == "No card came in yet."
        assert in_one_sentence(some(), None, replies=1) == (
            "No card came in yet. 1 reply may be a stop and needs you."
        )
        assert in_one_sentence(some(synced=1), None, messages=1, replies=2, reader=Role.VIEWER) == (
            "The one card is in GoHighLevel. 1 text or e-mail needs your team. "
            "2 replies may be a stop and need your team."
        )

    def test_one_is_one(self):
        assert in_one_sentence(some(synced=1, held=1), None) == (
            "2 cards came in. 1 is in GoHighLevel. 1 needs you."
        )

    @given(COUNTS)
    def test_the_sum_names_every_status(self, counts):
        line = accounted(counts)
        if sum(counts.values()):
            total, parts = line.split(". ")[0].replace(",", "").split(" received = ")
            assert int(total) == sum(int(part) for part in parts.split(" + ")) == sum(counts.values())


class TestTheBanner:
    def told(self, role=Role.STAFF, **now):
        return notices.notice(Situation(**({"state": CONNECTED} | now)), role=role, zone=CHICAGO)

    def test_nothing_is_wrong(self):
        assert self.told(counts=some(waiting=100)) is None

    def test_gohighlevel_is_away(self):
        shown = self.told(outage=Outage(SUNDAY), counts=some(waiting=22, sending=1))
        assert shown.title == "GoHighLevel isn't answering"
        assert shown.text == (
            "**23 cards are safe and waiting.** You can go on adding cards. We test again at 12:00 pm."
            " When it is back, they go out within a minute."
        )

    def test_nobody_sends(self):
        shown = self.told(workers=0, counts=some(waiting=1))
        assert shown.title == "Nothing is being sent right now"
        assert "**1 card is safe and waiting.**" in shown.text

    def test_a_pause_is_not_blamed_on_a_worker_that_is_away(self):
        shown = self.told(workers=0, state=ChurchState(location="LOC", paused_reason="Moving house"))
        assert "paused" in shown.title.lower()

    def test_the_scheduler_is_away(self):
        assert "longer than they have to" in self.told(schedulers=0).title

    @pytest.mark.parametrize(
        ("waiting", "budget", "words"),
        [
            (1, {}, "within a minute"),
            (390, {}, "within a minute"),
            (391, {}, "in about 2 minutes"),
            (391, {"others": 50}, "in about 3 minutes"),
            (391, {"blocked_seconds": 600}, "in about 12 minutes"),
            (80_000, {}, "in about 3 hours"),
        ],
    )
    def test_how_long_the_backlog_takes_by_the_real_budget(self, waiting, budget, words):
        shown = self.told(outage=Outage(SUNDAY), counts=some(waiting=waiting), budget=Budget(**budget))
        assert shown.text.endswith(f"When it is back, they go out {words}.")

    def test_more_than_the_day_allows_is_not_promised(self):
        shown = self.told(outage=Outage(SUNDAY), counts=some(waiting=100), budget=Budget(free_today=149))
        assert shown.text.endswith("as far as GoHighLevel's limit for the day allows, the rest tomorrow.")


class TestThePage:
    def test_each_role_sees_the_numbers_and_those_who_may_the_next_things(self, open_page, sign_in, cards):
        for status in CardStatus:
            cards(status, cause="phone_invalid" if status is CardStatus.NEEDS_ATTENTION else None)
        for role in Role:
            app = open_page(sign_in(role, email=f"{role}@example.org"))
            assert not app.exception
            said = words(app)
            whom = "your team" if role is Role.VIEWER else "you"
            assert (
                f"7 cards came in since Sunday. 1 is in GoHighLevel. 2 are on the way. 3 need {whom}." in said
            )
            assert any("7 received = 1 + 1 + 1 + 1 + 1 + 1 + 1." in one for one in said)
            links = [link.label for link in app.get("page_link")]
            assert ("Add a paper card" in links) is (role is not Role.VIEWER)
            assert ("Review 1 new card" in links) is (role is not Role.VIEWER)
            assert links.count("Show") == len(CardStatus)

    def test_the_next_things_keep_their_places_when_there_is_nothing_to_do(self, open_page, sign_in, cards):
        links = [link.label for link in open_page(sign_in()).main.get("page_link")]
        first = ["No new card to review", "Nothing to mend or decide", "Add a paper card", "Import a list"]
        assert links[:4] == first
        assert links[4:] == ["Show"] * len(CardStatus)

    def test_older_cards_count_under_all_only(self, open_page, sign_in, cards):
        cards(CardStatus.SYNCED, received_at=datetime.now(UTC) - timedelta(days=40))
        cookie = sign_in()
        assert "No card came in since Sunday." in words(open_page(cookie))
        assert "The one card is in GoHighLevel. Nothing is waiting for you." in words(
            open_page(cookie, period="all")
        )
        assert "No card came in since Sunday." in words(open_page(cookie, period="nonsense"))

    def test_the_card_that_waits_longest_says_why(self, open_page, sign_in, cards):
        cards(CardStatus.WAITING, received_at=datetime.now(UTC) - timedelta(hours=3))
        app = open_page(sign_in())
        assert any("Waiting longest: card #1" in one for one in words(app))
        assert "Open card #1" in [link.label.replace("\\", "") for link in app.get("page_link")]

    def test_nobody_sends_and_home_says_so(self, open_page, sign_in, cards, sql):
        cards(CardStatus.WAITING)
        sql("UPDATE heartbeats SET seen_at = now() - interval '1 minute' WHERE kind = 'worker'")
        app = open_page(sign_in())
        assert any("1 card is safe and waiting" in one for one in words(app))

    def test_another_church_s_cards_are_not_counted(self, open_page, sign_in, cards, database):
        from ghl.churches import add_church
        from tests.support.cards import CardMaker

        other = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
        CardMaker(database, other)(CardStatus.SYNCED)
        cards(CardStatus.SYNCED)
        assert "The one card since Sunday is in GoHighLevel. Nothing is waiting for you." in words(
            open_page(sign_in())
        )
