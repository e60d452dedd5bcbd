"""Sending many again: foreseen, started once, advanced by whoever comes, stopped, counted to the end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dashboard.attention.words import foreseen as words
from ghl.attention import retries
from ghl.attention import untexted as untexted_
from ghl.attention.untexted import Untexted
from ghl.attention.wanted import Wanted
from ghl.cards.actions import NOT_REVIEWED, TO_MEND, UNDECIDED
from ghl.consent import ledger
from ghl.statuses import CardStatus, Channel, Priority, RetryState

ATTENTION, HELD = CardStatus.NEEDS_ATTENTION, CardStatus.HELD


@pytest.fixture
def foresee(database, church):
    def foresee(wanted=None):
        with database.church(church) as session:
            return retries.foresee(session, church, wanted or Wanted())

    return foresee


@pytest.fixture
def start(database, church, foresee, clock):
    def start(wanted=None, *, token="t"):
        foreseen = foresee(wanted)
        with database.church(church) as session:
            return retries.start(session, church, foreseen, token=token, actor="user:1", now=clock.now())

    return start


@pytest.fixture
def advance(database, church, clock):
    return lambda: retries.advance(database, church, now=clock.now())


@pytest.fixture
def told(database, church):
    def told(request):
        with database.church(church) as session:
            return retries.progress(session, church, request)

    return told


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(retries, "IN_FLIGHT", 3)


def test_what_would_happen(cards, foresee):
    for _ in range(3):
        cards(ATTENTION, cause="refused_by_ghl")
    cards(ATTENTION, cause="phone_invalid")
    cards(HELD, cause="two_people_match")
    cards(HELD, cause="held_by_staff")
    found = foresee()
    assert found.going == 3
    assert found.left == {TO_MEND: 1, UNDECIDED: 1, retries.CHOICE_FIRST: 1}
    assert foresee(Wanted(causes=("held_by_staff",))).going == 1
    assert foresee(Wanted(causes=("phone_invalid",))).going == 0


class TestWhoAskedForNoMoreTexts:
    @pytest.fixture
    def of_phone(self, cards, sql):
        def of_phone(phone, cause="refused_by_ghl"):
            card = cards(ATTENTION, cause=cause)
            sql("UPDATE cards SET phone = :phone WHERE id = :card", phone=phone, card=card)

        return of_phone

    @pytest.fixture
    def say(self, database, church, clock):
        def say(how, phone, **values):
            with database.church(church) as session:
                how(session, church, channel=Channel.SMS, address=phone, now=clock.now(), **values)

        return say

    def test_their_cards_go_and_are_counted(self, of_phone, say, foresee):
        of_phone("+16155550101")
        of_phone("+16155550101")
        of_phone("+16155550101", cause="phone_invalid")
        of_phone("+16155550102")
        say(ledger.record_stop, "+16155550101", source="spoken", recorded_by="user:1")
        say(ledger.record_stop, "+16155550199", source="spoken", recorded_by="user:1")
        found = foresee()
        assert (found.going, found.without_text) == (3, Untexted(2))
        assert "2 cards of people who asked for no more texts: the card goes, no text." in words(found, 4)

    def test_a_stop_that_was_lifted_is_none(self, of_phone, say, foresee):
        of_phone("+16155550101")
        say(ledger.record_stop, "+16155550101", source="spoken", recorded_by="user:1")
        say(ledger.record_start, "+16155550101", source="keyword", recorded_by="GoHighLevel")
        assert foresee().without_text == Untexted()

    def test_of_more_stops_than_are_read_it_is_a_least_number(self, of_phone, say, foresee, monkeypatch):
        monkeypatch.setattr(untexted_, "MOST_STOPS", 2)
        for number in range(3):
            of_phone(f"+1615555010{number}")
            say(ledger.record_stop, f"+1615555010{number}", source="spoken", recorded_by="user:1")
        found = foresee()
        assert found.without_text == Untexted(2, at_least=True)
        assert "At least 2 cards of people who asked for no more texts: the card goes, no text." in words(
            found, 3
        )


def test_what_nobody_has_reviewed_goes_back_to_its_review_and_not_out(cards, foresee, start, advance, told):
    cards(HELD, cause="held_by_staff")
    cards(HELD, cause="held_by_staff", facts={"was": "to_review"})
    kept = Wanted(causes=("held_by_staff",))
    assert foresee(kept).going == 1
    assert foresee(kept).left == {NOT_REVIEWED: 1}
    request = start(kept)
    advance()
    assert told(request).queued == 1


def test_from_the_request_to_its_end(cards, start, advance, arrive, told, standing, sql):
    for _ in range(5):
        cards(ATTENTION, cause="refused_by_ghl", attempts=8, tries=8)
    request = start()
    assert advance() == 5
    assert standing() == {"waiting": 5}
    rows = sql("SELECT DISTINCT priority, attempts, state, requested_by FROM outbox")
    assert [tuple(row) for row in rows] == [(Priority.RETRY, 0, "due", "user:1")]
    assert advance() == 0
    assert told(request).state is RetryState.RUNNING
    arrive(failing=2)
    advance()
    found = told(request)
    assert (found.total, found.done, found.worked, found.failed) == (5, 5, 3, 2)
    assert found.state is RetryState.DONE
    assert advance() == 0
    assert standing() == {"needs_attention": 2, "synced": 3}, "what needs somebody again is not taken again"
    actions = [
        row.action for row in sql("SELECT action FROM audit_entries WHERE action LIKE 'retry%' ORDER BY id")
    ]
    assert actions == ["retry.requested", "retry.ended"]


def test_a_few_at_a_time_so_that_new_cards_go_first(
    cards, start, advance, arrive, few_at_once, standing, told
):
    for _ in range(8):
        cards(ATTENTION, cause="refused_by_ghl")
    request = start()
    advance()
    advance()
    assert standing()["waiting"] == 3
    for _ in range(4):
        arrive()
        advance()
    assert told(request).state is RetryState.DONE
    assert told(request).worked == 8


def test_the_same_token_starts_once(cards, start, sql):
    cards(ATTENTION, cause="refused_by_ghl")
    assert start(token="x") == start(token="x")
    assert sql("SELECT count(*) FROM retry_requests")[0][0] == 1
    assert sql("SELECT count(*) FROM audit_entries WHERE action = 'retry.requested'")[0][0] == 1


def test_two_housekeepers_do_no_harm(database, church, cards, start, arrive, told, clock, few_at_once):
    for _ in range(20):
        cards(ATTENTION, cause="refused_by_ghl")
    request = start()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(12):
            for done in [pool.submit(retries.advance, database, church, now=clock.now()) for _ in range(4)]:
                done.result(20)
            assert arrive() <= 3
    found = told(request)
    assert (found.queued, found.worked, found.state) == (20, 20, RetryState.DONE)


def test_a_crash_in_mid_way_loses_and_doubles_nothing(
    database, church, cards, start, advance, arrive, told, few_at_once, monkeypatch
):
    for _ in range(7):
        cards(ATTENTION, cause="refused_by_ghl")
    request = start()
    advance()
    arrive()
    # The process ends after the cards went into the queue, and before that was written down.
    with monkeypatch.context() as during:
        during.setattr(retries, "insert", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            advance()
    assert told(request).worked == 0, "the whole step was undone"
    for _ in range(4):
        advance()
        arrive()
    advance()
    found = told(request)
    assert (found.queued, found.worked, found.state) == (7, 7, RetryState.DONE)


def test_stop(database, church, cards, start, advance, arrive, told, few_at_once, standing):
    for _ in range(8):
        cards(ATTENTION, cause="refused_by_ghl")
    request = start()
    advance()
    with database.church(church) as session:
        assert retries.stop(session, church, request, actor="user:2")
        assert not retries.stop(session, church, request, actor="user:3")
    assert advance() == 0
    assert told(request).state is RetryState.STOPPING
    arrive()
    advance()
    found = told(request)
    assert (found.state, found.worked, found.stopped_by) == (RetryState.STOPPED, 3, "user:2")
    assert standing() == {"needs_attention": 5, "synced": 3}


def test_who_moved_on_is_left_alone(cards, start, advance, arrive, told, sql):
    made = [cards(ATTENTION, cause="refused_by_ghl") for _ in range(3)]
    request = start()
    sql("UPDATE cards SET status = 'dismissed', cause = NULL WHERE id = :id", id=made[0])
    advance()
    sql("UPDATE cards SET status = 'dismissed' WHERE id = :id", id=made[1])
    arrive()
    advance()
    found = told(request)
    assert (found.worked, found.moved, found.state) == (1, 1, RetryState.DONE)


def test_what_stops_later_is_not_part_of_it(cards, start, advance, arrive, told, sql):
    cards(ATTENTION, cause="refused_by_ghl")
    request = start()
    late = cards(ATTENTION, cause="refused_by_ghl")
    sql("UPDATE cards SET status_changed_at = now() + interval '1 second' WHERE id = :id", id=late)
    assert advance() == 1
    arrive()
    advance()
    assert told(request).state is RetryState.DONE


def test_several_causes_one_after_the_other(cards, start, advance, arrive, told, few_at_once):
    for cause in ("unknown", "refused_by_ghl", None, "tries_used_up"):
        for _ in range(2):
            cards(ATTENTION, cause=cause)
    request = start()
    for _ in range(5):
        advance()
        arrive()
    advance()
    assert (told(request).worked, told(request).state) == (8, RetryState.DONE)


def test_nothing_to_do_is_no_request(cards, start):
    cards(ATTENTION, cause="phone_invalid")
    with pytest.raises(retries.RetryError):
        start()


def test_the_last_fifty_are_kept(database, church, cards, start, advance, arrive, sql):
    cards(ATTENTION, cause="refused_by_ghl")
    for n in range(53):
        start(token=f"t{n}")
        advance()
        arrive(failing=1)
        advance()
    with database.church(church) as session:
        found = retries.recent(session, church)
    assert len(found) == 50
    assert found[0].token == "t52"
    assert sql("SELECT count(*) FROM retry_requests")[0][0] == 50
    assert found[0].ended_at - found[-1].ended_at > timedelta()


def test_the_housekeeper_finds_churches_under_way(database, church, cards, start, advance, arrive):
    def under_way():
        with database.system() as session:
            return list(retries.churches_under_way(session))

    assert under_way() == []
    cards(ATTENTION, cause="refused_by_ghl")
    start()
    assert under_way() == [church]
    advance()
    arrive()
    advance()
    assert under_way() == []
