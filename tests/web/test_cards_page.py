"""All cards: what the list shows and to whom, its filters and their address, and acting on one card or many."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import card_actions, services
from dashboard.card_filter import Asked, from_address, in_words, to_address, wanted
from dashboard.components.badges import BADGES
from dashboard.components.bulk import ticked
from dashboard.components.filters import FIND, FIRST, SERVICES, SINCE, STATUSES, UNTIL, WHEN
from dashboard.periods import PERIODS
from ghl.cards.find import Choices
from ghl.cards.review import reserve
from ghl.churches import pause
from ghl.statuses import CardSource, CardStatus, Role
from tests.support.churches import save

CARDS = "pages/cards.py"
CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 11, 22, 18, tzinfo=UTC)
HOSTILE = "[click](https://evil.example) ![x](https://evil.example/p.png) <b>x</b> **b** $x$ :red[r]"
CHOICES = Choices(services=("11:00 am", "9:00 am"), campuses=("North", "South & East"))


def days_ago(days):
    return (datetime.now(CHICAGO) - timedelta(days=days)).date()


def words(app):
    """Everything that is written on the page, except names and buttons."""
    kinds = ("title", "header", "subheader", "text", "markdown", "warning", "error", "code", "caption")
    return [element.value for kind in kinds for element in app.get(kind) if hasattr(element, "value")]


def names(app):
    """The names in the list, in its order."""
    return [link.value.replace("\\", "") for link in app.main.get("page_link") if link.proto.page == "card"]


def button(app, label):
    (found,) = [one for one in app.button if label in one.label]
    return found


def labels(app):
    return [one.label for one in app.button]


def keyed(app, key):
    return app.button(key=key)


def of_run(app, key):
    (found,) = [one for one in app.button if str(one.key).startswith(f"{key}_")]
    return found


def field(fields, name):
    (found,) = [one for one in fields if str(one.key).startswith(f"{name}_")]
    return found


def box(app, card_id):
    (found,) = [one for one in app.checkbox if str(one.key).startswith(f"pick_{card_id}")]
    return found


def tick(app, card_id):
    box(app, card_id).check()
    return app


@pytest.fixture
def at_work_alone():
    """No run of another test is in the way."""
    card_actions.runs.clear()
    services.choices.clear()
    yield
    card_actions.runs.clear()


@pytest.fixture
def page(open_page, sign_in, at_work_alone):
    """The page as somebody of this role sees it, with this in its address."""

    def page(role=Role.STAFF, **query):
        app = open_page(sign_in(role), CARDS, **query)
        assert not app.exception
        return app

    return page


@pytest.fixture
def status_of(sql):
    def status_of(card_id):
        return sql("SELECT status FROM cards WHERE id = :id", id=card_id)[0][0]

    return status_of


class TestTheAddress:
    @given(
        st.builds(
            Asked,
            statuses=st.sets(st.sampled_from(CardStatus)).map(
                lambda some: tuple(s for s in BADGES if s in some)
            ),
            services=st.sampled_from([(), ("9:00 am",), CHOICES.services]),
            campuses=st.sampled_from([(), ("South & East",)]),
            sources=st.sampled_from([(), (CardSource.FORM,), (CardSource.TYPED, CardSource.API)]),
            period=st.sampled_from(["", *PERIODS]),
            first_time=st.booleans(),
        )
    )
    def test_a_link_opens_the_same_view(self, asked):
        address = {k: [v] if isinstance(v, str) else v for k, v in to_address(asked).items()}
        assert from_address(address, CHOICES) == asked

    def test_two_days_of_the_church_both_included(self):
        asked = from_address({"from": ["2026-11-15"], "to": ["2026-11-01"]}, CHOICES)
        assert to_address(asked) == {"from": "2026-11-01", "to": "2026-11-15"}
        filter_ = wanted(asked, "", now=NOON, zone=CHICAGO)
        assert filter_.received_from == datetime(2026, 11, 1, tzinfo=CHICAGO)
        assert filter_.received_before == datetime(2026, 11, 16, tzinfo=CHICAGO)

    @given(
        st.dictionaries(
            st.sampled_from(["status", "service", "campus", "source", "period", "from", "to", "first"]),
            st.lists(st.text(max_size=30), max_size=3),
        )
    )
    def test_what_somebody_made_up_leaves_nothing_out_and_breaks_nothing(self, address):
        asked = from_address({k: [f"x{v}" for v in values] for k, values in address.items()}, CHOICES)
        assert replace(asked, services=(), campuses=()) == Asked()
        from_address(address, CHOICES)

    def test_a_service_that_is_no_choice_any_more_stays_in_the_filter_and_finds_nothing(self):
        asked = from_address({"service": ["Easter 2019", "9:00 am", "x" * 101]}, CHOICES)
        assert asked.services == ("9:00 am", "Easter 2019")
        assert len(from_address({"campus": [f"C{n}" for n in range(500)]}, CHOICES).campuses) == 10

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-13-01", "yesterday", ""])
    def test_a_day_that_no_church_has_is_no_day(self, day):
        assert from_address({"from": [day], "to": [day]}, CHOICES) == Asked()

    def test_words_for_people_and_never_in_the_address(self):
        asked = Asked(
            statuses=(CardStatus.NEEDS_ATTENTION, CardStatus.HELD),
            services=("9:00 am",),
            sources=(CardSource.FORM,),
            since=date(2026, 11, 1),
            period="range",
            first_time=True,
        )
        assert in_words(asked, "Anna") == (
            "Needs attention or Needs a decision, service 9:00 am, from the web form, received since Nov 1, 2026, "
            "first-time guests, found by “Anna”"
        )
        assert "Anna" not in str(to_address(asked))
        assert "Anna" not in repr(wanted(asked, "Anna", now=NOON, zone=CHICAGO))


class TestTheList:
    def test_no_card_yet(self, page, connected):
        app = page()
        assert "No cards yet." in words(app)
        assert not app.checkbox or all("Select" not in one.label for one in app.checkbox)

    def test_a_card_in_every_state_has_its_badge_and_its_why(self, page, cards):
        for status in CardStatus:
            cards(status, cause="phone_invalid" if status == CardStatus.NEEDS_ATTENTION else None)
        seen = str(words(page()))
        for badge in BADGES.values():
            assert badge.label in seen
            assert badge.icon in seen
        assert "GoHighLevel won't take this phone number." in seen
        assert "All 7 cards, newest first." in seen

    def test_who_has_a_card_open_for_review(self, page, cards, database, church, sql):
        card = cards(CardStatus.TO_REVIEW)
        page()
        ((ruth,),) = sql("SELECT id FROM users")
        with database.church(church) as session:
            assert reserve(session, church, ruth, card)
        assert "Ruth is on this one." in words(page(Role.ADMIN))

    def test_tries_and_the_next_try(self, page, cards):
        cards(
            CardStatus.WAITING,
            cause="refused_by_ghl",
            tries=4,
            attempts=3,
            due_in=timedelta(minutes=30),
        )
        assert "Try 3 of 8 · next try " in str(words(page()))

    def test_what_the_card_is_from(self, page, cards, sql):
        cards(CardStatus.SYNCED)
        sql("UPDATE cards SET service = '9:00 am', campus = 'North', first_time = true")
        assert "9:00 am · North · first-time guest" in words(page())

    def test_a_hostile_card_stays_text(self, page, cards, sql):
        cards(
            CardStatus.NEEDS_ATTENTION, first_name=HOSTILE, cause="refused_by_ghl", facts={"answer": HOSTILE}
        )
        sql("UPDATE cards SET service = :hostile, campus = :hostile", hostile=HOSTILE)
        app = page()
        assert names(app)[0].startswith("[click](https://evil.example)")
        assert "\\[click\\]\\(https\\:" in app.main.get("page_link")[0].value
        others = [one for one in words(app) if one not in [text_.value for text_ in app.text]]
        assert "evil" not in str(others)
        assert "evil" not in str(labels(app))

    def test_older_and_newer(self, page, cards):
        for n in range(30):
            cards(CardStatus.SYNCED, first_name=f"Nr{n:02}")
        app = page()
        assert "Cards 1 to 25 of 30" in words(app)
        keyed(app, "older").click().run()
        assert "Cards 26 to 30 of 30" in words(app)
        assert names(app)[0] == "Nr25 Keller"
        assert keyed(app, "older").disabled
        keyed(app, "newer").click().run()
        assert names(app)[0] == "Nr00 Keller"

    def test_rows_hold_still_while_what_they_say_changes(self, page, cards, sql):
        first = cards(CardStatus.WAITING)
        app = page()
        cards(CardStatus.WAITING, first_name="Newcomer", received_at=datetime.now(UTC))
        sql("UPDATE cards SET status = 'synced', synced_at = now() WHERE id = :id", id=first)
        app.run()
        assert names(app) == ["Anna Keller"]
        assert "Arrived" in str(words(app))
        button(app, "Show 1 more card").click().run()
        assert names(app) == ["Newcomer Keller", "Anna Keller"]

    def test_cards_that_moved_on_stay_until_asked(self, page, cards, sql):
        cards(CardStatus.WAITING)
        app = page(status="waiting")
        sql("UPDATE cards SET status = 'synced', synced_at = now()")
        app.run()
        assert names(app) == ["Anna Keller"]
        button(app, "1 card moved on").click().run()
        assert "No card matches. Try another word, or show every card again." in words(app)

    def test_a_paused_church_is_told_so_above_its_cards(self, page, cards, database, church):
        cards(CardStatus.WAITING)
        pause(database, church, reason="we move [house](https://x.example)", actor="test")
        app = page(Role.ADMIN)
        assert "house" not in app.warning[0].value
        assert any("we move [house](https://x.example)" in one.value for one in app.text)

    def test_an_open_breaker_is_told_with_the_next_test(self, open_page, sign_in, cards, connected):
        cards(CardStatus.WAITING)
        cookie = sign_in()
        services.container().breakers.record(connected, successes=0, system_errors=5)
        app = open_page(cookie, CARDS)
        assert "We test again at" in app.warning[0].value
        assert "GoHighLevel isn't answering. The card is safe and waiting. Nothing to do." in words(app)

    @pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", ""])
    def test_redis_away_changes_nothing(self, page, cards, monkeypatch, url, status_of):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        if url:
            monkeypatch.setenv("HUB_REDIS_URL", url)
        else:
            monkeypatch.delenv("HUB_REDIS_URL")
        app = page()
        assert names(app) == ["Anna Keller"]
        keyed(app, f"do_{card}").click().run()
        assert not app.exception
        assert status_of(card) == CardStatus.WAITING


class TestFinding:
    @pytest.fixture
    def three(self, database, church, connected):
        """Anna and Ben of today, Cleo of last month; only Ben is there for the first time."""
        now = datetime.now(UTC)
        anna = {"first_name": "Anna", "last_name": "Keller", "phone": "(615) 555-0123", "service": "9:00 am"}
        ben = {"first_name": "Ben", "last_name": "Smith", "email": "ben@example.org", "first_time": True}
        cleo = {
            "first_name": "Cleo",
            "last_name": "Jones",
            "email": "cleo@example.org",
            "service": "11:00 am",
        }
        save(database, church, anna, ben, now=now)
        save(database, church, cleo, now=now - timedelta(days=40), source=CardSource.FORM)

    @pytest.mark.parametrize("typed", ["anna", "KELLER", "615.555.0123", "555 0123", "#1", "ke an"])
    def test_words_phone_and_number(self, page, three, typed):
        app = page()
        field(app.text_input, FIND).set_value(typed).run()
        assert names(app) == ["Anna Keller"]
        assert f"1 card: found by “{typed}”." in words(app)
        assert app.query_params == {}, "names and phones stay out of the address"

    def test_an_e_mail_address(self, page, three):
        app = page()
        field(app.text_input, FIND).set_value("ben@example.org").run()
        assert names(app) == ["Ben Smith"]

    @pytest.mark.parametrize(
        ("address", "found"),
        [
            ({"first": "1"}, ["Ben Smith"]),
            ({"service": "11:00 am"}, ["Cleo Jones"]),
            ({"service": ["11:00 am", "9:00 am"]}, ["Anna Keller", "Cleo Jones"]),
            ({"source": "form"}, ["Cleo Jones"]),
            ({"source": "form", "first": "1"}, []),
            ({"to": str(days_ago(20))}, ["Cleo Jones"]),
            ({"from": str(days_ago(50)), "status": "to_review"}, ["Cleo Jones"]),
        ],
    )
    def test_a_link_to_a_filter(self, page, three, address, found):
        assert names(page(**address)) == found

    def test_the_last_days(self, page, three):
        assert set(names(page(period="7days"))) == {"Anna Keller", "Ben Smith"}

    def test_a_service_that_no_card_names_shows_none(self, page, three):
        app = page(service="Easter 2019")
        assert names(app) == []
        assert "No card matches. Try another word, or show every card again." in words(app)
        button(app, "Clear filters").click().run()
        assert len(names(app)) == 3

    def test_an_address_somebody_made_up_shows_every_card(self, page, three):
        app = page(status="'; drop table", period="ever", **{"from": "then"})
        assert len(names(app)) == 3

    def test_what_is_chosen_goes_into_the_address(self, page, three):
        app = page()
        field(app.pills, STATUSES).set_value([CardStatus.TO_REVIEW]).run()
        assert names(app) == ["Cleo Jones"]
        field(app.multiselect, SERVICES).set_value(["11:00 am"]).run()
        field(app.selectbox, WHEN).set_value("sunday").run()
        field(app.checkbox, FIRST).check().run()
        assert app.query_params == {
            "status": "to_review",
            "service": "11:00 am",
            "period": "sunday",
            "first": "1",
        }
        assert "No card matches. Try another word, or show every card again." in words(app)
        button(app, "Clear filters").click().run()
        assert len(names(app)) == 3
        assert app.query_params == {}
        assert field(app.pills, STATUSES).value == []

    def test_from_a_day_to_a_day(self, page, three):
        app = page()
        field(app.selectbox, WHEN).set_value("range").run()
        assert len(names(app)) == 3
        field(app.date_input, UNTIL).set_value(days_ago(20)).run()
        assert names(app) == ["Cleo Jones"]
        field(app.date_input, SINCE).set_value(days_ago(50)).run()
        assert names(app) == ["Cleo Jones"]
        assert set(app.query_params) == {"from", "to"}

    def test_a_link_opened_later_says_all_there_is_to_the_view(self, page, three):
        app = page()
        field(app.text_input, FIND).set_value("Anna").run()
        app.query_params["source"] = "form"
        app.run()
        assert names(app) == ["Cleo Jones"]
        assert field(app.text_input, FIND).value == ""

    def test_words_stay_while_another_page_is_open(self, page, three):
        app = page()
        field(app.text_input, FIND).set_value("Anna").run()
        app.switch_page("../pages/review.py").run()
        app.switch_page(f"../{CARDS}").run()
        assert field(app.text_input, FIND).value == "Anna"
        assert names(app) == ["Anna Keller"]


class TestOneCard:
    @pytest.mark.parametrize(
        ("status", "more", "says", "becomes"),
        [
            (CardStatus.NEEDS_ATTENTION, {"cause": "refused_by_ghl"}, "Retry", CardStatus.WAITING),
            (CardStatus.WAITING, {"due_in": timedelta(hours=1)}, "Send now", CardStatus.WAITING),
            (CardStatus.HELD, {"cause": "same_card_again"}, "Send now", CardStatus.WAITING),
            (CardStatus.DISMISSED, {"facts": {"was": "to_review"}}, "Put back", CardStatus.TO_REVIEW),
        ],
    )
    def test_a_click_acts_says_so_and_stays(self, page, cards, sql, status_of, status, more, says, becomes):
        card = cards(status, **more)
        sql("""UPDATE card_revisions SET fields = fields || '{"email": "anna@example.org"}'""")
        app = page()
        assert keyed(app, f"do_{card}").label == says
        keyed(app, f"do_{card}").click().run()
        assert status_of(card) == becomes
        assert keyed(app, f"do_{card}").label == ("Back again" if says == "Put back" else "Queued again")
        if becomes is CardStatus.WAITING:
            assert sql("SELECT due_at <= now() FROM outbox")[0][0]

    def test_a_double_click_acts_once(self, page, cards, sql, clock):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        keyed(app, f"do_{card}").click().run()
        keyed(app, f"do_{card}").click().run()
        assert sql("SELECT count(*) FROM audit_entries WHERE action = 'card.sent_again'")[0][0] == 1

    def test_a_card_that_somebody_else_dealt_with_is_left(self, page, cards, sql, status_of):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        sql("UPDATE cards SET status = 'synced', synced_at = now()")
        keyed(app, f"do_{card}").click().run()
        assert status_of(card) == CardStatus.SYNCED
        assert keyed(app, f"do_{card}").label == "Nothing to do"

    @pytest.mark.parametrize(
        ("status", "cause", "says"),
        [
            (CardStatus.NEEDS_ATTENTION, "phone_invalid", "Mend it"),
            (CardStatus.HELD, "same_person_doubt", "Decide"),
        ],
    )
    def test_what_a_click_cannot_do_leads_to_the_card(self, page, cards, status, cause, says):
        card = cards(status, cause=cause)
        app = page()
        assert f"do_{card}" not in [one.key for one in app.button]
        assert says in [link.value for link in app.main.get("page_link")]

    def test_a_card_that_proves_wrong_when_it_is_checked_anew_says_so(self, page, cards, status_of):
        card = cards(CardStatus.HELD, cause="same_card_again")
        app = page()
        keyed(app, f"do_{card}").click().run()
        assert status_of(card) == CardStatus.NEEDS_ATTENTION
        assert "Mend it" in [link.value for link in app.main.get("page_link")]
        assert "Queued again" not in labels(app)

    def test_a_role_that_was_taken_away_acts_on_nothing(self, page, cards, sql, status_of):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        sql("UPDATE memberships SET role = 'viewer'")
        keyed(app, f"do_{card}").click().run()
        assert status_of(card) == CardStatus.NEEDS_ATTENTION
        assert all("Select" not in one.label for one in app.checkbox)

    def test_a_viewer_sees_and_changes_nothing(self, page, cards):
        for status in CardStatus:
            cards(status)
        app = page(Role.VIEWER)
        assert len(names(app)) == 7
        assert set(labels(app)) == {"Find", "No new cards", "Sign out"}
        assert [one.label for one in app.checkbox] == ["First-time guests only"]


class TestMany:
    @pytest.fixture
    def thirty(self, cards):
        """Thirty that need attention; the first is the newest."""
        return [cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl") for _ in range(30)]

    def test_ticks_stay_with_their_cards(self, page, cards, thirty):
        app = tick(page(), thirty[1]).run()
        assert "1 card selected" in words(app)
        cards(CardStatus.WAITING, received_at=datetime.now(UTC))
        app.run()
        button(app, "Show 1 more card").click().run()
        assert box(app, thirty[1]).value
        assert not box(app, thirty[0]).value
        keyed(app, "older").click().run()
        assert "1 card selected, 1 of them not on this page" in words(app)
        tick(app, thirty[29]).run()
        keyed(app, "newer").click().run()
        assert "2 cards selected, 1 of them not on this page" in words(app)
        assert box(app, thirty[1]).value

    def test_a_page_and_none(self, page, thirty):
        app = page()
        keyed(app, "tick_page").click().run()
        assert "25 cards selected" in words(app)
        assert all(box(app, card).value for card in thirty[:25])
        keyed(app, "bulk_clear").click().run()
        assert not any(box(app, card).value for card in thirty[:25])
        assert "bulk_clear" not in [one.key for one in app.button]

    def test_everything_that_matches_is_sent_and_what_came_later_is_not(self, page, cards, thirty, status_of):
        cards(CardStatus.SYNCED)
        app = page(status="needs_attention")
        late = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl", received_at=datetime.now(UTC))
        assert keyed(app, "tick_all").label == "Select all 30 cards that match"
        keyed(app, "tick_all").click().run()
        assert "30 cards selected, 5 of them not on this page" in words(app)
        keyed(app, "bulk_send_now").click().run()
        assert "30 cards go to GoHighLevel now." in words(app)
        assert keyed(app, "bulk_confirm").label == "Send 30 cards now"
        keyed(app, "bulk_confirm").click().run()
        assert "30 cards were put in line for GoHighLevel." in words(app)
        assert "bulk_confirm" not in [one.key for one in app.button]
        assert {status_of(card) for card in thirty} == {CardStatus.WAITING}
        assert status_of(late) == CardStatus.NEEDS_ATTENTION
        of_run(app, "bulk_read").click().run()
        assert "30 cards were put in line for GoHighLevel." not in words(app)

    def test_everything_that_matches_one_filter_is_not_ticked_under_another(self, page, cards, thirty):
        cards(CardStatus.WAITING)
        app = page(status="needs_attention")
        keyed(app, "tick_all").click().run()
        field(app.button_group, STATUSES).set_value(["waiting"]).run()
        assert names(app) == ["Anna Keller"]
        assert not any(str(one.key).startswith("pick_") and one.value for one in app.checkbox)
        assert "bulk_clear" not in [one.key for one in app.button]

    def test_more_than_the_list_counts_are_told_as_such(self):
        assert ticked(10_001, 9_976) == "10,000+ cards selected, 9,976 of them not on this page"

    def test_one_unticked_out_of_everything_leaves_the_rest_of_the_page(self, page, thirty):
        app = page(status="needs_attention")
        keyed(app, "tick_all").click().run()
        box(app, thirty[0]).uncheck().run()
        assert "24 cards selected" in words(app)

    def test_set_aside_needs_a_reason_and_can_be_put_back(self, page, thirty, status_of, sql):
        app = tick(tick(page(), thirty[0]).run(), thirty[1]).run()
        keyed(app, "bulk_set_aside").click().run()
        assert "2 cards are set aside. They are kept, and not sent." in words(app)
        keyed(app, "bulk_confirm").click().run()
        assert "Say in a few words why: somebody will ask one day." in words(app)
        assert status_of(thirty[0]) == CardStatus.NEEDS_ATTENTION
        app.text_area(key="bulk_reason").set_value("Test cards").run()
        keyed(app, "bulk_confirm").click().run()
        assert "2 cards were set aside." in words(app)
        assert status_of(thirty[0]) == status_of(thirty[1]) == CardStatus.DISMISSED
        assert "By Ruth: Test cards. Not sent." in words(app)
        of_run(app, "bulk_undo").click().run()
        assert "2 cards were put back." in words(app)
        assert "2 cards were set aside." not in words(app)
        # Put back, a card is checked anew: these have no address to be sent to.
        assert status_of(thirty[0]) == status_of(thirty[1]) == CardStatus.NEEDS_ATTENTION
        told = sql("SELECT action, count(*) FROM audit_entries WHERE action LIKE 'card.%' GROUP BY 1")
        assert {row[0]: row[1] for row in told} == {"card.dismissed": 2, "card.put_back": 2}

    def test_keeping_back_says_what_stays_as_it_is(self, page, cards, status_of):
        arrived, mine = cards(CardStatus.SYNCED), cards(CardStatus.WAITING)
        app = tick(tick(page(), arrived).run(), mine).run()
        keyed(app, "bulk_hold").click().run()
        assert "1 card is kept here and not sent, until somebody sends it." in words(app)
        assert "1 card stays as it is: already in GoHighLevel." in words(app)
        app.text_area(key="bulk_reason").set_value("Waits for [Pat](https://evil.example)").run()
        keyed(app, "bulk_confirm").click().run()
        assert status_of(mine) == CardStatus.HELD
        assert status_of(arrived) == CardStatus.SYNCED
        (why,) = [one.value for one in app.text if "Waits for" in one.value]
        assert "Ruth keeps this card here" in why

    def test_nothing_to_do_offers_nothing(self, page, cards):
        card = cards(CardStatus.SYNCED)
        app = tick(page(), card).run()
        keyed(app, "bulk_send_now").click().run()
        assert "Nothing to do with these cards." in words(app)
        assert "bulk_confirm" not in [one.key for one in app.button]

    def test_not_now_changes_nothing(self, page, thirty, status_of):
        app = tick(page(), thirty[0]).run()
        keyed(app, "bulk_set_aside").click().run()
        keyed(app, "bulk_never_mind").click().run()
        assert "bulk_confirm" not in [one.key for one in app.button]
        assert "1 card selected" in words(app)
        assert status_of(thirty[0]) == CardStatus.NEEDS_ATTENTION

    def test_the_same_answer_twice_and_a_second_tab_act_once(self, page, thirty, sql):
        one, other = tick(page(), thirty[0]).run(), tick(page(), thirty[0]).run()
        for tab in (one, other):
            keyed(tab, "bulk_set_aside").click().run()
            tab.text_area(key="bulk_reason").set_value("Twice").run()
        keyed(one, "bulk_confirm").click().run()
        keyed(other, "bulk_confirm").click().run()
        assert "Nothing was changed." in words(other)
        assert "1 card stays as it is: set aside." in words(other)
        assert sql("SELECT count(*) FROM audit_entries WHERE action = 'card.dismissed'")[0][0] == 1

    def test_set_aside_ones_can_be_put_back_together(self, page, cards, status_of):
        card = cards(CardStatus.DISMISSED, facts={"was": "to_review"})
        app = tick(page(status="dismissed"), card).run()
        assert "bulk_send_now" not in [one.key for one in app.button]
        keyed(app, "bulk_put_back").click().run()
        keyed(app, "bulk_confirm").click().run()
        assert status_of(card) == CardStatus.TO_REVIEW


class TestTheFile:
    def test_it_is_made_for_the_ticked_cards_and_recorded(self, page, cards, sql):
        first = cards(CardStatus.SYNCED)
        cards(CardStatus.SYNCED)
        app = tick(page(), first).run()
        keyed(app, "bulk_export").click().run()
        assert "Prayer requests are not in the file. It holds names and addresses: keep it safe." in words(
            app
        )
        keyed(app, "export_make").click().run()
        (saved,) = app.get("download_button")
        today = datetime.now(CHICAGO).date()
        assert saved.label == f"Save cards-{today}.csv (1 KB)"
        assert sql("SELECT facts FROM audit_entries WHERE action = 'card.exported'") == [({"cards": 1},)]

    def test_a_role_that_was_taken_away_gets_no_file(self, page, cards, sql):
        card = cards(CardStatus.SYNCED)
        app = tick(page(), card).run()
        keyed(app, "bulk_export").click().run()
        sql("UPDATE memberships SET role = 'viewer'")
        keyed(app, "export_make").click().run()
        assert not app.get("download_button")
        assert sql("SELECT count(*) FROM audit_entries WHERE action = 'card.exported'")[0][0] == 0
