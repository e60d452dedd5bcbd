"""The log under its locks: stops, doubts, and who comes first, with real connections at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import text

from ghl.consent import ledger
from ghl.consent.decide import decide
from ghl.consent.may_send import VerdictKind
from ghl.consent.reasons import Reason
from ghl.erasing import proofs
from ghl.statuses import CardSource, Channel, DoubtState
from tests.support.churches import card_values, church, key_ring, save

NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
PHONE = "+16155550001"
AGREED = {
    "sms_consent": "yes",
    "consent_wording": "You may text me.",
    "consent_at": "2026-11-01",
    "adult": "yes",
}
RING = key_ring()


class Log:
    """One church's log, as pages and workers use it."""

    def __init__(self, database):
        self.database = database
        self.church_id = church(database)

    def card(self, number=1, *, source=CardSource.TYPED, now=NOW, **values):
        (saved,) = save(
            self.database, self.church_id, card_values(number, **AGREED | values), now=now, source=source
        )
        return saved.id

    def session(self):
        return self.database.church(self.church_id)

    def stop(self, session, *, now=NOW, **more):
        how = {"source": "spoken", "recorded_by": "user:ruth"} | more
        return ledger.record_stop(session, self.church_id, channel=Channel.SMS, address=PHONE, now=now, **how)

    def ask(self, session, card_id, *, ring=RING):
        return decide(
            session,
            ring,
            self.church_id,
            channel=Channel.SMS,
            address=PHONE,
            person="anna1 keller",
            purpose="follow-up",
            card_id=card_id,
            contact=None,
            is_test=False,
            now=NOW,
        )

    def verdict(self, card_id):
        with self.session() as session:
            return self.ask(session, card_id)

    def query(self, sql, **values):
        with self.session() as session:
            return [tuple(row) for row in session.execute(text(sql), values)]

    def doubt(self, words="please stop texting me"):
        with self.session() as session:
            return ledger.open_doubt(
                session,
                self.church_id,
                channel=Channel.SMS,
                address=PHONE,
                said=words,
                source="keyword",
                now=NOW,
            )

    def decide_doubt(self, doubt_id, *, stop):
        with self.session() as session:
            return ledger.decide_doubt(
                session, self.church_id, doubt_id, stop=stop, actor="user:ruth", now=NOW
            )

    def start(self, *, now=NOW):
        with self.session() as session:
            return ledger.record_start(
                session,
                self.church_id,
                channel=Channel.SMS,
                address=PHONE,
                source="keyword",
                recorded_by="GoHighLevel",
                now=now,
            )


@pytest.fixture
def log(database):
    return Log(database)


def test_a_stop_counts_and_start_alone_lifts_it_on_the_same_day(log):
    card_id = log.card()
    assert log.verdict(card_id).kind is VerdictKind.YES
    with log.session() as session:
        assert not log.stop(session).already
    log.card(visit_date="2026-11-19", consent_at="2026-11-20")
    assert log.verdict(card_id).reason is Reason.STOPPED
    assert log.start()
    assert log.verdict(card_id).kind is VerdictKind.YES


def test_a_card_signed_later_lifts_it_and_a_list_does_not(log):
    card_id = log.card()
    with log.session() as session:
        log.stop(session)
    later = {"now": NOW + timedelta(days=7), "consent_at": "2026-11-25"}
    for number, source in enumerate((CardSource.IMPORT, CardSource.API)):
        log.card(source=source, visit_date=f"2026-11-0{number + 2}", **later)
        assert log.verdict(card_id).reason is Reason.STOPPED
    log.card(visit_date="2026-11-08", **later)
    assert log.verdict(card_id).kind is VerdictKind.YES


def test_the_stop_of_somebody_who_was_erased_still_counts(log):
    card_id = log.card()
    with log.session() as session:
        log.stop(session)
    with log.database.erasing(log.church_id) as session:
        gone = session.execute(
            text(
                "DELETE FROM consent_events WHERE kind = 'stop' RETURNING id, address, "
                + ", ".join(proofs.STAYS)
            )
        ).all()
        proofs.keep(session, RING, log.church_id, gone, now=NOW)
    assert log.verdict(card_id).reason is Reason.STOPPED
    assert log.start() is False, "the log itself has none"
    assert log.verdict(card_id).kind is VerdictKind.YES


class TestDoubts:
    def test_nothing_is_sent_until_somebody_has_read_it(self, log):
        card_id = log.card()
        doubt_id = log.doubt()
        assert (log.verdict(card_id).kind, log.verdict(card_id).reason) == (VerdictKind.HELD, Reason.DOUBT)
        assert log.decide_doubt(doubt_id, stop=False).let_go == 0
        assert log.verdict(card_id).kind is VerdictKind.YES
        assert log.decide_doubt(doubt_id, stop=True) is None, "it was decided already"

    def test_one_that_is_a_stop_is_recorded_with_its_words(self, log):
        card_id = log.card()
        first, second = log.doubt(), log.doubt("I mean it")
        decided = log.decide_doubt(first, stop=True)
        assert decided.stopped is not None
        assert log.verdict(card_id).reason is Reason.STOPPED
        assert log.query("SELECT note FROM consent_events WHERE kind = 'stop'") == [
            ("please stop texting me",)
        ]
        assert log.query("SELECT count(*) FROM opt_outs") == [(1,)]
        states = log.query("SELECT DISTINCT state FROM consent_doubts")
        assert states == [(DoubtState.STOP,)], "nobody has to read the other one"
        assert log.decide_doubt(second, stop=False) is None

    def test_the_other_one_still_holds(self, log):
        card_id = log.card()
        first, _ = log.doubt(), log.doubt("who is this?")
        log.decide_doubt(first, stop=False)
        assert log.verdict(card_id).reason is Reason.DOUBT


class TestAtTheSameTime:
    def test_a_stop_that_is_committed_first_is_obeyed(self, log):
        """A send asks while the stop is being written: it waits, and hears of it."""
        card_id = log.card()
        with ThreadPoolExecutor(1) as pool:
            with log.session() as session:
                log.stop(session)
                asked = pool.submit(log.verdict, card_id)
                assert _waits(log)
                assert not asked.done()
            assert asked.result(10).reason is Reason.STOPPED

    def test_a_stop_that_comes_second_waits_for_the_send(self, log):
        card_id = log.card()

        def stop():
            with log.session() as session:
                return log.stop(session)

        with ThreadPoolExecutor(1) as pool:
            with log.session() as session:
                assert log.ask(session, card_id).kind is VerdictKind.YES
                stopped = pool.submit(stop)
                assert _waits(log)
                assert not stopped.done()
            assert stopped.result(10).already is False

    def test_a_written_no_takes_the_same_lock(self, log):
        card_id = log.card()
        with ThreadPoolExecutor(1) as pool:
            with log.session() as session:
                assert log.ask(session, card_id).kind is VerdictKind.YES
                saved = pool.submit(log.card, sms_consent="no", visit_date="2026-11-08")
                assert _waits(log)
                assert not saved.done()
            saved.result(10)
        assert log.verdict(card_id).reason is Reason.SAID_NO

    def test_many_addresses_in_any_order_never_wait_in_a_circle(self, log):
        pairs = [(channel, f"+1615555{number:04}") for channel in Channel for number in range(40)]
        begin = Event()

        def take(order):
            begin.wait()
            for _ in range(10):
                with log.session() as session:
                    ledger.lock_all(session, log.church_id, order)

        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(take, order) for order in (pairs, pairs[::-1], pairs[10:], pairs[::-2])]
            begin.set()
            for one in running:
                one.result(30)

    def test_a_lock_that_erasing_takes_away_is_made_anew(self, log):
        with log.session() as session:
            ledger.lock(session, log.church_id, Channel.SMS, PHONE)
        taken = Event()

        def take():
            with log.session() as session:
                ledger.lock(session, log.church_id, Channel.SMS, PHONE)
                taken.set()

        with log.database.erasing(log.church_id) as session:
            session.execute(text("DELETE FROM consent_addresses"))
            thread = Thread(target=take)
            thread.start()
            assert _waits(log)
            assert not taken.is_set()
        thread.join(10)
        assert taken.is_set()
        assert log.query("SELECT count(*) FROM consent_addresses") == [(1,)]


def _waits(log) -> bool:
    """Until another connection waits for a lock."""
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while datetime.now(UTC) < deadline:
        with log.session() as session:
            if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return True
    return False
