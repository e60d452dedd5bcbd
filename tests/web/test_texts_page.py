"""Texts and e-mails as each role sees them: the log, the line on Home, and what waits on Needs attention."""

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from dashboard import services
from dashboard.texts.words import accounted, at_home
from ghl.attention import messages as waiting
from ghl.consent import ledger
from ghl.messages import counts, log
from ghl.messages.counts import Together
from ghl.messages.export import export_csv
from ghl.messages.log import LogFilter
from ghl.messages.shown import BadgeCode
from ghl.statuses import CardStatus, Channel, MessageState, Role
from tests.support.churches import card_values, save
from tests.support.message_rows import MessageMaker
from tests.support.messages import AGREED

PAGE, ATTENTION = "pages/texts.py", "pages/attention.py"
NOON = datetime(2026, 11, 22, 18, tzinfo=UTC)


@pytest.fixture
def texts(database, church):
    return MessageMaker(database, church)


@pytest.fixture
def card(cards):
    return cards(CardStatus.SYNCED, first_name="Anna", last_name="Keller")


@pytest.fixture
def agreed(database, church, connected, texts, sql):
    """Makes a card that arrived, of somebody who agreed, with a text that was not sent; returns their phone."""
    numbers = count(1)

    def agreed(cause, **changes):
        number = next(numbers)
        values = card_values(number, **AGREED | changes)
        (saved,) = save(database, church, values)
        sql("UPDATE cards SET status = 'synced' WHERE id = :card", card=saved.id)
        phone, person = str(values["phone"]), f"anna{number} keller"
        texts(saved.id, MessageState.NOT_SENT, cause=cause, address=phone, person=person, what="text")
        return phone

    return agreed


def record_stop(database, church, phone):
    with database.church(church) as session:
        ledger.record_stop(
            session,
            church,
            channel=Channel.SMS,
            address=phone,
            source="spoken",
            recorded_by="user:ruth",
            now=NOON,
        )


def said(app):
    return [one.value for one in app.text]


def says(app, words):
    return any(words in one for one in said(app))


def button(app, label):
    return next((one for one in app.button if one.label == label), None)


def stands(sql):
    return [(row.state, row.cause) for row in sql("SELECT state, cause FROM messages ORDER BY id")]


class TestTheLog:
    def test_nothing_yet_says_when_a_text_goes(self, open_page, sign_in, church):
        app = open_page(sign_in(Role.VIEWER), PAGE)
        assert not app.exception
        assert says(app, "No texts yet. A text goes only when somebody presses 'Send onboarding materials'")

    def test_each_row_says_whose_it_is_where_it_stands_and_why(self, open_page, sign_in, texts, card):
        texts(card, MessageState.NOT_SENT, cause="stopped", what="text")
        texts(card, MessageState.DELIVERED, channel=Channel.EMAIL, address="anna@example.org")
        app = open_page(sign_in(Role.VIEWER), PAGE)
        assert not app.exception
        assert says(app, "Anna asked for no more texts") or says(app, "Anna Keller asked for no more texts")
        assert says(app, "Delivered")
        assert says(app, "anna@example.org")

    @pytest.mark.parametrize(
        ("region", "home", "abroad"),
        [("US", "(615) 555-0100", "+44 1632 960961"), ("GB", "+1 615-555-0100", "01632 960961")],
    )
    def test_numbers_read_as_people_of_the_church_write_them(
        self, open_page, sign_in, texts, card, church, sql, region, home, abroad
    ):
        sql("UPDATE churches SET region = :r WHERE id = :c", r=region, c=church)
        texts(card, MessageState.DELIVERED)
        texts(card, MessageState.DELIVERED, address="+441632960961")
        app = open_page(sign_in(Role.VIEWER), PAGE)
        assert says(app, f"#1 · {home}")
        assert says(app, f"#1 · {abroad}")

    def test_filters_stand_in_the_address_as_codes_and_words_never(self, open_page, sign_in, texts, card):
        texts(card, MessageState.FAILED, cause="carrier_refused")
        texts(card, MessageState.DELIVERED)
        app = open_page(sign_in(), PAGE, state="needs_attention")
        assert says(app, "1 text or e-mail: Needs attention")
        assert says(app, "the phone company did not deliver it")
        app.text_input[0].input("Nobody at all").run()
        assert says(app, "No text or e-mail matches")
        assert "Nobody" not in str(app.query_params)
        button(app, "Clear filters").click().run()
        assert says(app, "2 texts and e-mails")

    def test_a_filter_that_asks_nothing_says_so(self, open_page, sign_in, texts, card):
        texts(card)
        texts(card, channel=Channel.EMAIL, address="anna@example.org")
        app = open_page(sign_in(), PAGE)
        fields = {one.label: one for one in app.selectbox}
        assert [fields[label].value for label in ("Kind", "Words")] == ["", ""]
        app = fields["Kind"].select(Channel.EMAIL).run()
        assert says(app, "1 text or e-mail: e-mails only")
        app = button(app, "Clear filters").click().run()
        assert says(app, "2 texts and e-mails, newest first")

    def test_a_viewer_changes_nothing_and_gets_no_file(self, open_page, sign_in, texts, card):
        texts(card, MessageState.FAILED, cause="carrier_refused")
        app = open_page(sign_in(Role.VIEWER), PAGE)
        assert button(app, "Send again") is None
        assert button(app, "Make a CSV file") is None

    def test_a_double_click_acts_once(self, open_page, sign_in, texts, card, sql, clock):
        texts(card, MessageState.FAILED, cause="carrier_refused")
        app = open_page(sign_in(), PAGE)
        button(app, "Send again").click().run()
        assert button(app, "It is sent again")
        assert stands(sql) == [("waiting", None)]
        assert len(sql("SELECT 1 FROM audit_entries WHERE action = 'message.sent_again'")) == 1
        button(app, "It is sent again").click().run()
        assert len(sql("SELECT 1 FROM audit_entries WHERE action = 'message.sent_again'")) == 1

    @pytest.mark.parametrize(
        ("cause", "label"), [("too_old", "Send it all the same"), ("undone", "Send it after all")]
    )
    def test_one_that_was_not_sent_is_offered_singly(self, open_page, sign_in, agreed, sql, cause, label):
        agreed(cause)
        app = open_page(sign_in(), PAGE)
        button(app, label).click().run()
        assert stands(sql) == [("waiting", None)]

    def test_one_that_may_not_leave_says_why_instead_of_a_button(
        self, open_page, sign_in, agreed, database, church
    ):
        agreed("too_old")
        agreed("left_unsent", sms_consent="")
        record_stop(database, church, agreed("undone"))
        app = open_page(sign_in(), PAGE)
        assert [one.label for one in app.button if one.label.startswith("Send it")] == [
            "Send it all the same"
        ]
        assert says(app, "It can't be sent all the same. We have no yes from Anna2 Keller for texts.")
        assert says(
            app, "It can't be sent all the same. Anna3 Keller asked for no more texts on Nov 22, 2026."
        )

    def test_a_stop_takes_the_offer_away_while_the_page_is_open(
        self, open_page, sign_in, agreed, database, church
    ):
        phone = agreed("too_old")
        app = open_page(sign_in(), PAGE)
        assert button(app, "Send it all the same")
        record_stop(database, church, phone)
        app.run()
        assert button(app, "Send it all the same") is None

    def test_who_only_reads_is_not_told_what_others_could_not_do(self, open_page, sign_in, agreed):
        agreed("too_old", sms_consent="")
        assert not says(open_page(sign_in(Role.VIEWER), PAGE), "all the same")

    def test_undo_while_it_waits(self, open_page, sign_in, texts, card, sql):
        texts(card)
        app = open_page(sign_in(), PAGE)
        button(app, "Undo").click().run()
        assert stands(sql) == [("not_sent", "undone")]

    def test_beside_undo_the_seconds_run_down(self, open_page, sign_in, texts, card, clock):
        texts(card, due_at=clock.now() + timedelta(seconds=50))
        app = open_page(sign_in(), PAGE)
        assert says(app, "Leaves in 50 s")
        clock.pass_by(seconds=10)
        app.run()
        assert says(app, "Leaves in 40 s")
        clock.pass_by(seconds=40)
        app.run()
        assert not [one for one in said(app) if one.startswith("Leaves in ") and one.endswith(" s")]

    def test_no_seconds_beside_what_waits_for_more_than_its_time(
        self, open_page, sign_in, texts, card, cards
    ):
        soon = datetime.now(UTC) + timedelta(seconds=50)
        texts(card, cause="quiet_hours", due_at=soon)
        texts(cards(CardStatus.WAITING), due_at=soon)
        texts(card, due_at=datetime.now(UTC) + timedelta(hours=2))
        app = open_page(sign_in(), PAGE)
        assert len([one for one in app.button if one.label == "Undo"]) == 3
        assert not [one for one in said(app) if one.startswith("Leaves in ") and one.endswith(" s")]

    def test_rows_hold_still_and_news_are_offered(self, open_page, sign_in, texts, card):
        texts(card)
        app = open_page(sign_in(), PAGE)
        texts(card, MessageState.DELIVERED, at=datetime.now(UTC))
        app.run()
        assert not says(app, "Delivered")
        button(app, "Show 1 new").click().run()
        assert says(app, "Delivered")


class TestReading:
    def test_pages_follow_each_other_and_filters_narrow(self, database, church, texts, card):
        ids = [texts(card, MessageState.DELIVERED, at=NOON + timedelta(minutes=n)) for n in range(5)]
        held = texts(card, MessageState.HELD, cause="other_number", at=NOON)
        decide = texts(card, MessageState.UNSURE, cause="unsure_none_found", at=NOON + timedelta(hours=1))
        sought = texts(card, MessageState.UNSURE, at=NOON + timedelta(hours=2))
        texts(card, is_test=True)
        with database.church(church) as session:
            first = log.find(session, church, LogFilter(badges=frozenset({BadgeCode.DELIVERED})), limit=3)
            rest = log.find(
                session, church, LogFilter(badges=frozenset({BadgeCode.DELIVERED})), after=first.last, limit=3
            )
            assert [*first.ids, *rest.ids] == ids[::-1]
            assert (first.more, rest.more) == (True, False)
            people = log.find(session, church, LogFilter(badges=frozenset({BadgeCode.NEEDS_DECISION})))
            assert people.ids == (decide, held)
            waits = log.find(session, church, LogFilter(badges=frozenset({BadgeCode.WAITING})))
            assert waits.ids == (sought,)
            assert log.count_found(session, church, LogFilter()) == 8
            assert log.count_found(session, church, LogFilter(channel=Channel.EMAIL)) == 0
            assert counts.for_people(session, church) == 2

    def test_words_find_the_person_by_name_and_phone(self, database, church, connected, texts, card):
        (saved,) = save(database, church, card_values(7))
        theirs = texts(saved.id)
        texts(card)
        with database.church(church) as session:
            for words in (card_values(7)["last_name"], card_values(7)["phone"]):
                assert log.find(session, church, LogFilter(words=str(words))).ids == (theirs,)
            assert not log.find(session, church, LogFilter(words="Zerubbabel")).ids

    def test_every_query_goes_along_an_index(self, database, church, texts, card):
        for state in MessageState:
            for _ in range(3):
                texts(card, state, cause="unknown")
        found = [
            LogFilter(),
            LogFilter(badges=frozenset({BadgeCode.NEEDS_DECISION, BadgeCode.DELIVERED})),
            LogFilter(template_id=texts.templates[Channel.SMS]),
            LogFilter(requested_from=NOON, channel=Channel.SMS),
        ]
        with database.church(church) as session:
            session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
            for one in found:
                query = log.found_messages(church, one, most=26).compile(
                    session.connection(), compile_kwargs={"literal_binds": True}
                )
                plan = "\n".join(
                    row[0]
                    for row in session.connection().exec_driver_sql(f"EXPLAIN {query}".replace("%", "%%"))
                )
                assert "Seq Scan" not in plan, plan
                assert "ix_messages_" in plan, plan

    def test_the_file_says_what_the_page_says(self, database, church, texts, card, sql):
        texts(card, MessageState.FAILED, cause="carrier_refused", address="=1+1")
        made = b"".join(
            export_csv(
                database,
                church,
                LogFilter(),
                actor="user:ruth",
                zone=UTC,
                name_of=lambda actor: "Ruth",
                told=lambda row: ("Text", "Needs attention", "why"),
            )
        ).decode("utf-8-sig")
        head, line = list(csv.reader(io.StringIO(made)))
        assert line[head.index("to")] == "'=1+1"
        assert line[head.index("name")] == "Anna Keller"
        [(facts,)] = sql("SELECT facts FROM audit_entries WHERE action = 'messages.exported'")
        assert facts == {"messages": 1}


class TestHome:
    def test_the_line_adds_up(self, open_page, sign_in, texts, card):
        now = datetime.now(UTC)
        texts(card, MessageState.DELIVERED, at=now)
        texts(card, MessageState.NOT_SENT, cause="stopped", at=now)
        texts(card, MessageState.FAILED, cause="carrier_refused", at=now)
        app = open_page(sign_in())
        assert says(app, "1 delivered · 1 not sent (asked for no texts) · 1 failed:")
        assert says(app, "3 asked for = 1 + 1 + 1. Every one is accounted for.")

    def test_it_says_until_when_they_wait(self):
        found = Together(
            dict.fromkeys(MessageState, 0) | {MessageState.WAITING: 5, MessageState.UNSURE: 2},
            {
                (MessageState.WAITING, "quiet_hours"): 4,
                (MessageState.WAITING, ""): 1,
                (MessageState.UNSURE, ""): 1,
                (MessageState.UNSURE, "unsure_none_found"): 1,
            },
            NOON,
        )
        assert at_home(found, now=NOON - timedelta(hours=4), zone=UTC) == (
            "4 wait until 6:00 pm · 2 wait · 1 needs a decision"
        )
        assert accounted(found) == "7 asked for = 6 + 1. Every one is accounted for."


class TestNeedsAttention:
    def test_a_group_says_what_is_in_the_way_and_both_ways_out(self, open_page, sign_in, texts, card, sql):
        texts(card, MessageState.UNSURE, cause="unsure_none_found", what="text")
        app = open_page(sign_in(), ATTENTION)
        assert not app.exception
        assert says(app, "We could not find out whether")
        button(app, "It arrived").click().run()
        assert stands(sql) == [("sent", "said_arrived")]

    def test_two_found_is_a_question_of_its_own(self, open_page, sign_in, texts, card, sql):
        texts(card, MessageState.UNSURE, cause="unsure_two_found", what="text")
        app = open_page(sign_in(), ATTENTION)
        button(app, "It did not: send it").click().run()
        assert stands(sql) == [("waiting", "said_not_sent")]

    def test_one_that_is_left_unsent_is_no_longer_waiting_for_anybody(
        self, open_page, sign_in, texts, card, sql
    ):
        texts(card, MessageState.HELD, cause="other_number", what="text")
        app = open_page(sign_in(), ATTENTION)
        button(app, "Leave it unsent").click().run()
        assert stands(sql) == [("not_sent", "left_unsent")]

    def test_the_menu_counts_them(self, sign_in, texts, card, settings_in_environment, church):
        texts(card, MessageState.FAILED, cause="carrier_refused")
        services.situation.clear()
        assert services.situation(church).to_mend == 1

    def test_a_whole_group_only_after_a_look_ahead(self, open_page, sign_in, texts, cards, sql):
        for number in range(3):
            made = cards(CardStatus.SYNCED, first_name="Anna", last_name=f"Keller{number}")
            texts(made, MessageState.FAILED, cause="carrier_refused", address=f"+1615555010{number}")
        app = open_page(sign_in(), ATTENTION)
        button(app, "Send all 3 again…").click().run()
        assert {state for state, _ in stands(sql)} == {"failed"}
        assert button(app, "Not now")

    def test_sent_again_twice_is_once(self, database, church, texts, cards, sql):
        ids = [
            texts(cards(CardStatus.SYNCED), MessageState.FAILED, cause="carrier_refused") for _ in range(3)
        ]
        ids.append(texts(cards(CardStatus.SYNCED), MessageState.UNSURE, cause="unsure_none_found"))
        for going in (3, 0):
            with database.church(church) as session:
                done = waiting.send_many_again(session, church, ids, actor="user:ruth", now=NOON)
            assert done.going == going
        assert sorted({state for state, _ in stands(sql)}) == ["unsure", "waiting"]
        assert len(sql("SELECT 1 FROM audit_entries WHERE action = 'messages.sent_again'")) == 1

    def test_who_stopped_meanwhile_is_told_beforehand(self, database, church, texts, card):
        texts(card, MessageState.FAILED, cause="carrier_refused")
        record_stop(database, church, "+16155550100")
        with database.church(church) as session:
            plan = waiting.foresee(session, church, "carrier_refused", now=NOON)
        assert (plan.going, plan.left) == (0, {"stopped": 1})
