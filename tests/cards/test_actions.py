"""What staff do with cards: each card once, only where it may, never torn from a worker, and told by whom."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from ghl.cards.actions import (
    ARRIVED,
    CHUNK,
    GOING,
    KEPT_BACK,
    LEASED,
    NOT_REVIEWED,
    NOTHING_TO_TAKE_BACK,
    SET_ASIDE,
    TO_MEND,
    UNDECIDED,
    Action,
    ActionError,
    Chosen,
    Preview,
    act,
    act_on_all,
    preview,
)
from ghl.cards.find import CardFilter
from ghl.causes import CauseCode
from ghl.clock import SystemClock
from ghl.delivery.claim import claim
from ghl.ids import new_id
from ghl.statuses import CardSource, CardStatus, Priority
from tests.support.churches import card_values, church, connected_church, key_ring, save

RUTH = "user:0199a000-0000-7000-8000-000000000001"
NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)

HELD = {"cause": CauseCode.HELD_BY_STAFF, "facts": '{"by": "user:1", "reason": "Ask"}'}
NEVER_REVIEWED = '{"by": "user:1", "reason": "Ask", "was": "to_review"}'


@pytest.fixture
def church_id(database):
    return church(database)


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.fixture
def make(database, church_id, sql):
    """A card that stands where it is told, as a delivery or a person would have left it."""
    states = {"waiting": "due", "sending": "leased", "synced": "done"}

    def make(status, *, cause=None, facts="{}", state=None, **values):
        (saved,) = save(database, church_id, card_values(**values), now=NOW - timedelta(minutes=5))
        sql(
            "UPDATE cards SET status = :status, cause = :cause, facts = CAST(:facts AS jsonb) WHERE id = :id",
            id=saved.id,
            status=status,
            cause=cause,
            facts=facts,
        )
        leased = status == CardStatus.SENDING
        sql(
            "UPDATE outbox SET state = :state, lease_token = :token, leased_until = :until, tries = 3, attempts = 8,"
            " deaths = 1, must_look_up = true WHERE card_id = :id",
            id=saved.id,
            state=state or states.get(status, "parked"),
            token=uuid4() if leased else None,
            until=LATER if leased else None,
        )
        return saved.id

    return make


@pytest.fixture
def do(database, church_id):
    def do(action, card_id, *, reason="Ask the family", actor=RUTH, now=NOW, of=None):
        with database.church(of or church_id) as session:
            return act(session, of or church_id, action, card_id, reason=reason, actor=actor, now=now)

    return do


@pytest.fixture
def stand(sql):
    """Where a card stands, with its row."""

    def stand(card_id):
        (row,) = sql(
            "SELECT c.status, c.cause, c.facts, c.status_changed_at, o.state, o.due_at, o.priority, o.requested_by,"
            " o.attempts, o.tries, o.deaths, o.must_look_up FROM cards c JOIN outbox o ON o.card_id = c.id"
            " WHERE c.id = :id",
            id=card_id,
        )
        return row

    return stand


@pytest.fixture
def entries(sql):
    def entries(card_id):
        return [
            tuple(row)
            for row in sql(
                "SELECT action, actor, facts FROM audit_entries WHERE subject = :id ORDER BY id",
                id=str(card_id),
            )
        ]

    return entries


class TestSendNow:
    @pytest.mark.parametrize(
        ("status", "cause"),
        [
            (CardStatus.NEEDS_ATTENTION, CauseCode.TRIES_USED_UP),
            (CardStatus.NEEDS_ATTENTION, CauseCode.PHONE_REFUSED),
            (CardStatus.NEEDS_ATTENTION, None),
            (CardStatus.HELD, CauseCode.SAME_CARD_AGAIN),
            (CardStatus.HELD, CauseCode.HELD_BY_STAFF),
        ],
    )
    def test_goes_with_all_its_attempts_and_by_whom(self, make, do, stand, entries, status, cause):
        card_id = make(status, cause=cause)
        assert do(Action.SEND_NOW, card_id)
        row = stand(card_id)
        assert (row.status, row.cause, row.facts, row.state) == ("waiting", None, {}, "due")
        assert (row.priority, row.requested_by, row.due_at) == (Priority.NEW, RUTH, NOW)
        assert (row.attempts, row.deaths, row.tries) == (0, 0, 3)
        assert row.must_look_up, "whether an earlier try arrived is still not known"
        action = "card.released" if status == CardStatus.HELD else "card.sent_again"
        assert entries(card_id) == [(action, RUTH, {})]

    def test_a_card_that_waits_for_its_next_try_goes_at_once(self, make, do, stand, sql):
        card_id = make(CardStatus.WAITING, cause=CauseCode.GHL_NOT_ANSWERING)
        sql("UPDATE outbox SET due_at = :at, priority = 30", at=LATER)
        changed = stand(card_id).status_changed_at
        assert do(Action.SEND_NOW, card_id)
        row = stand(card_id)
        assert (row.status, row.state, row.due_at, row.priority) == ("waiting", "due", NOW, Priority.NEW)
        assert (row.attempts, row.status_changed_at, row.requested_by) == (8, changed, RUTH)

    def test_a_card_at_the_end_of_a_long_list_goes_first(self, make, do, stand, sql):
        card_id = make(CardStatus.WAITING)
        sql("UPDATE outbox SET due_at = :at, priority = 20", at=NOW - timedelta(hours=1))
        assert do(Action.SEND_NOW, card_id)
        assert not do(Action.SEND_NOW, card_id, now=LATER)
        assert stand(card_id).priority == Priority.NEW

    def test_the_attempt_shows_by_whom(self, database, do, sql):
        church_id = connected_church(database, key_ring())
        (saved,) = save(database, church_id, card_values())
        sql("UPDATE cards SET status = 'needs_attention'")
        sql("UPDATE outbox SET state = 'parked'")
        assert do(Action.SEND_NOW, saved.id, of=church_id)
        with database.church(church_id) as session:
            assert claim(session, church_id, token=new_id(), most=1)
        assert sql("SELECT requested_by FROM attempts") == [(RUTH,)]

    def test_twice_changes_nothing_more(self, make, do, stand, entries):
        card_id = make(CardStatus.NEEDS_ATTENTION)
        assert do(Action.SEND_NOW, card_id)
        before = stand(card_id)
        assert not do(Action.SEND_NOW, card_id, actor="user:other", now=LATER)
        assert stand(card_id) == before
        assert len(entries(card_id)) == 1


LEFT = [
    (Action.SEND_NOW, CardStatus.SYNCED, {}, ARRIVED),
    (Action.SEND_NOW, CardStatus.SENDING, {}, LEASED),
    (Action.SEND_NOW, CardStatus.TO_REVIEW, {}, NOT_REVIEWED),
    (Action.SEND_NOW, CardStatus.WAITING, {}, GOING),
    (Action.SEND_NOW, CardStatus.DISMISSED, {}, SET_ASIDE),
    (Action.SEND_NOW, CardStatus.NEEDS_ATTENTION, {"cause": CauseCode.PHONE_INVALID}, TO_MEND),
    (Action.SEND_NOW, CardStatus.NEEDS_ATTENTION, {"cause": CauseCode.NO_USABLE_ADDRESS}, TO_MEND),
    (Action.SEND_NOW, CardStatus.HELD, {"cause": CauseCode.SAME_PERSON_DOUBT}, UNDECIDED),
    (Action.SEND_NOW, CardStatus.HELD, {"cause": CauseCode.TWO_PEOPLE_MATCH}, UNDECIDED),
    (Action.SEND_NOW, CardStatus.HELD, {}, UNDECIDED),
    (Action.SEND_NOW, CardStatus.HELD, {**HELD, "facts": NEVER_REVIEWED}, NOT_REVIEWED),
    (Action.HOLD, CardStatus.SYNCED, {}, ARRIVED),
    (Action.HOLD, CardStatus.SENDING, {}, LEASED),
    (Action.HOLD, CardStatus.DISMISSED, {}, SET_ASIDE),
    (Action.HOLD, CardStatus.HELD, HELD, KEPT_BACK),
    (Action.HOLD, CardStatus.HELD, {"cause": CauseCode.SAME_PERSON_DOUBT}, UNDECIDED),
    (Action.SET_ASIDE, CardStatus.SYNCED, {}, ARRIVED),
    (Action.SET_ASIDE, CardStatus.SENDING, {}, LEASED),
    (Action.SET_ASIDE, CardStatus.DISMISSED, {}, SET_ASIDE),
    (Action.PUT_BACK, CardStatus.SYNCED, {}, ARRIVED),
    (Action.PUT_BACK, CardStatus.WAITING, {}, NOTHING_TO_TAKE_BACK),
    (Action.PUT_BACK, CardStatus.NEEDS_ATTENTION, {}, NOTHING_TO_TAKE_BACK),
    (Action.PUT_BACK, CardStatus.TO_REVIEW, {}, NOTHING_TO_TAKE_BACK),
    (Action.PUT_BACK, CardStatus.HELD, {"cause": CauseCode.SAME_PERSON_DOUBT}, NOTHING_TO_TAKE_BACK),
]


@pytest.mark.parametrize(("action", "status", "how", "why"), LEFT)
def test_what_stays_as_it_is_says_why(
    database, church_id, make, do, stand, entries, action, status, how, why
):
    card_id = make(status, **how)
    before = stand(card_id)
    everything = Chosen(wanted=CardFilter())
    with database.church(church_id) as session:
        for chosen in (Chosen(ids=(card_id,)), everything):
            assert preview(session, church_id, action, chosen, now=LATER) == Preview(0, {why: 1})
    assert not do(action, card_id, now=LATER)
    done = act_on_all(database, church_id, action, everything, reason="Ask", actor=RUTH, clock=SystemClock())
    assert (done.done, done.left, done.ids) == (0, {why: 1}, ())
    assert stand(card_id) == before
    assert entries(card_id) == []


@pytest.mark.parametrize("action", [Action.HOLD, Action.SET_ASIDE])
class TestWithAReason:
    @pytest.mark.parametrize("status", [CardStatus.TO_REVIEW, CardStatus.WAITING, CardStatus.NEEDS_ATTENTION])
    def test_the_card_stays_here_with_it(self, make, do, stand, entries, action, status):
        card_id = make(status)
        assert do(action, card_id, reason="  Tom's\n  family  ")
        row = stand(card_id)
        to_review = {"was": "to_review"} if status == CardStatus.TO_REVIEW else {}
        assert row.facts == {"by": RUTH, "reason": "Tom's family", **to_review}
        held = action is Action.HOLD
        assert (row.status, row.cause) == (("held", "held_by_staff") if held else ("dismissed", None))
        assert (row.state, row.status_changed_at) == ("parked", NOW)
        assert entries(card_id) == [("card.held" if held else "card.dismissed", RUTH, {})], (
            "no reason: it names people"
        )

    def test_twice_is_once(self, make, do, stand, entries, action):
        card_id = make(CardStatus.WAITING)
        assert do(action, card_id)
        before = stand(card_id)
        assert not do(action, card_id, reason="Another", now=LATER)
        assert stand(card_id) == before
        assert len(entries(card_id)) == 1

    def test_it_needs_one(self, database, church_id, make, do, stand, action):
        card_id = make(CardStatus.WAITING)
        with pytest.raises(ActionError, match="Say why"):
            do(action, card_id, reason=" \n ")
        with pytest.raises(ActionError, match="Say why"):
            act_on_all(database, church_id, action, Chosen(ids=(card_id,)), actor=RUTH, clock=SystemClock())
        assert stand(card_id).status == "waiting"

    def test_an_endless_one_is_cut(self, make, do, stand, action):
        card_id = make(CardStatus.WAITING)
        assert do(action, card_id, reason="x" * 10_000)
        assert len(stand(card_id).facts["reason"]) == 500

    def test_a_row_a_worker_has_is_left_to_it(self, make, do, stand, action):
        """The worker's row alone says so: its card may not say Sending yet."""
        card_id = make(CardStatus.SENDING)
        assert not do(action, card_id)
        assert stand(card_id).state == "leased"


class TestPutBack:
    @pytest.mark.parametrize("way", [Action.HOLD, Action.SET_ASIDE])
    @pytest.mark.parametrize(
        ("before", "values", "after"),
        [
            (CardStatus.TO_REVIEW, {}, ("to_review", None, "parked")),
            (CardStatus.TO_REVIEW, {"phone": "555"}, ("to_review", "phone_invalid", "parked")),
            (CardStatus.WAITING, {}, ("waiting", None, "due")),
            (CardStatus.NEEDS_ATTENTION, {}, ("waiting", None, "due")),
            (CardStatus.NEEDS_ATTENTION, {"phone": "555"}, ("needs_attention", "phone_invalid", "parked")),
        ],
    )
    def test_returns_to_where_it_belongs(self, make, do, stand, entries, way, before, values, after):
        card_id = make(before, **values)
        assert do(way, card_id)
        assert do(Action.PUT_BACK, card_id, now=LATER)
        row = stand(card_id)
        assert (row.status, row.cause, row.state) == after
        assert ("problem" in row.facts) == (row.cause == "phone_invalid")
        if row.state == "due":
            assert (row.due_at < LATER, row.requested_by, row.attempts) == (True, RUTH, 0)
        assert [entry[0] for entry in entries(card_id)][-1] == "card.put_back"
        assert not do(Action.PUT_BACK, card_id)

    def test_a_card_kept_back_and_then_set_aside_is_still_to_be_reviewed(self, make, do, stand):
        card_id = make(CardStatus.TO_REVIEW)
        assert do(Action.HOLD, card_id)
        assert not do(Action.SEND_NOW, card_id), "keeping a card back is no review"
        assert do(Action.SET_ASIDE, card_id)
        assert do(Action.PUT_BACK, card_id)
        assert stand(card_id).status == "to_review"

    def test_a_question_that_was_set_aside_is_asked_again(self, make, do, stand):
        card_id = make(CardStatus.HELD, cause=CauseCode.SAME_PERSON_DOUBT)
        assert do(Action.SET_ASIDE, card_id)
        assert do(Action.PUT_BACK, card_id)
        assert (stand(card_id).status, stand(card_id).cause) == ("waiting", None)


class TestOtherChurches:
    @pytest.mark.parametrize("action", list(Action))
    def test_their_cards_are_not_there(self, database, church_id, make, do, stand, action):
        status = {Action.PUT_BACK: CardStatus.DISMISSED}.get(action, CardStatus.NEEDS_ATTENTION)
        card_id = make(status)
        other = church(database)
        before = stand(card_id)
        assert not do(action, card_id, of=other)
        assert not do(action, uuid4())
        for chosen in (Chosen(ids=(card_id,)), Chosen(wanted=CardFilter())):
            with database.church(other) as session:
                assert preview(session, other, action, chosen, now=NOW) == Preview()
                assert preview(session, church_id, action, chosen, now=NOW) == Preview()
            done = act_on_all(database, other, action, chosen, reason="x", actor=RUTH, clock=SystemClock())
            assert done.done == 0
            assert not done.left
        assert stand(card_id) == before


class TestMany:
    @pytest.fixture
    def thousand(self, database, church_id):
        """More than two transactions' worth of cards, a minute apart, the first the newest."""
        return [
            save(database, church_id, card_values(n), now=NOW - timedelta(minutes=n))[0].id
            for n in range(2 * CHUNK + 30)
        ]

    def test_all_of_a_filter_up_to_the_moment_they_were_shown(self, database, church_id, thousand, sql):
        shown = NOW - timedelta(minutes=10)
        seen = []
        done = act_on_all(
            database,
            church_id,
            Action.SET_ASIDE,
            Chosen(wanted=CardFilter(words="keller"), until=shown),
            reason="Twice imported",
            actor=RUTH,
            clock=SystemClock(),
            progress=lambda dealt_with, total: seen.append((dealt_with, total)),
        )
        number = len(thousand) - 10
        assert done.done == number
        assert set(done.ids) == set(thousand[10:])
        assert not done.left
        assert seen == [(CHUNK, number), (2 * CHUNK, number), (number, number)]
        assert sql("SELECT status, count(*) FROM cards GROUP BY 1 ORDER BY 1") == [
            ("dismissed", number),
            ("waiting", 10),
        ]
        assert sql(
            "SELECT count(*), count(DISTINCT subject) FROM audit_entries WHERE action = 'card.dismissed'"
        ) == [(number, number)]
        assert sql("SELECT status, sum(delta) FROM card_count_deltas GROUP BY 1 ORDER BY 1") == [
            ("dismissed", number),
            ("waiting", 10),
        ]
        undone = act_on_all(
            database, church_id, Action.PUT_BACK, Chosen(ids=done.ids), actor=RUTH, clock=SystemClock()
        )
        assert undone.done == number

    def test_stopped_in_the_middle(self, database, church_id, thousand, sql):
        seen = []
        done = act_on_all(
            database,
            church_id,
            Action.HOLD,
            Chosen(wanted=CardFilter(statuses=frozenset({CardStatus.WAITING}))),
            reason="Wait",
            actor=RUTH,
            clock=SystemClock(),
            progress=lambda *told: seen.append(told),
            stop=lambda: bool(seen),
        )
        assert done.done == CHUNK
        assert seen == [(CHUNK, len(thousand))]
        assert sql("SELECT count(*) FROM cards WHERE status = 'held'") == [(CHUNK,)]

    def test_very_many_let_new_cards_go_first(self, database, church_id, sql):
        cards = [card_values(n) for n in range(520)]
        save(database, church_id, *cards, source=CardSource.IMPORT)
        sql("UPDATE cards SET status = 'needs_attention'")
        sql("UPDATE outbox SET state = 'parked'")
        chosen = Chosen(wanted=CardFilter(statuses=frozenset({CardStatus.NEEDS_ATTENTION})))
        done = act_on_all(database, church_id, Action.SEND_NOW, chosen, actor=RUTH, clock=SystemClock())
        assert done.done == 520
        assert sql("SELECT state, priority, count(*) FROM outbox GROUP BY 1, 2") == [
            ("due", Priority.RETRY, 520)
        ]
        with database.church(church_id) as session:
            again = preview(session, church_id, Action.SEND_NOW, Chosen(wanted=CardFilter()), now=LATER)
        assert again == Preview(0, {GOING: 520})

    def test_a_preview_says_what_then_happens(self, database, church_id, make):
        for status in (
            CardStatus.TO_REVIEW,
            CardStatus.SYNCED,
            CardStatus.SYNCED,
            CardStatus.NEEDS_ATTENTION,
        ):
            make(status)
        make(CardStatus.NEEDS_ATTENTION, cause=CauseCode.PHONE_INVALID)
        make(CardStatus.HELD, **HELD)
        chosen = Chosen(wanted=CardFilter(words="keller"))
        with database.church(church_id) as session:
            seen = preview(session, church_id, Action.SEND_NOW, chosen, now=NOW)
        assert seen == Preview(2, {ARRIVED: 2, NOT_REVIEWED: 1, TO_MEND: 1})
        assert list(seen.left) == [ARRIVED, *list(seen.left)[1:]], "the most first"
        done = act_on_all(database, church_id, Action.SEND_NOW, chosen, actor=RUTH, clock=SystemClock())
        assert (done.done, done.left) == (seen.going, seen.left)

    def test_nothing_chosen(self, database, church_id):
        done = act_on_all(database, church_id, Action.SEND_NOW, Chosen(), actor=RUTH, clock=SystemClock())
        assert (done.done, done.left) == (0, {})

    def test_a_card_ticked_twice_counts_once(self, database, church_id, make):
        card_id = make(CardStatus.NEEDS_ATTENTION)
        chosen = Chosen(ids=(card_id, card_id))
        with database.church(church_id) as session:
            assert preview(session, church_id, Action.SEND_NOW, chosen, now=NOW) == Preview(1)
        done = act_on_all(database, church_id, Action.SEND_NOW, chosen, actor=RUTH, clock=SystemClock())
        assert done.ids == (card_id,)


class TestAtOnce:
    def test_two_people_press_the_same_button(self, make, do, entries):
        card_id = make(CardStatus.NEEDS_ATTENTION)
        barrier = threading.Barrier(6)

        def press(n):
            barrier.wait(10)
            return do(Action.SEND_NOW, card_id, actor=f"user:{n}")

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(press, range(6))) == [False] * 5 + [True]
        assert len(entries(card_id)) == 1

    def test_many_cards_by_two_people_and_a_worker(self, database, sql):
        """Different ways through the same cards: nobody waits for another in a circle, and no card is torn away."""
        church_id = connected_church(database, key_ring())
        ids = [saved.id for saved in save(database, church_id, *(card_values(n) for n in range(150)))]
        barrier = threading.Barrier(3)

        def by(action, order):
            barrier.wait(10)
            return act_on_all(
                database,
                church_id,
                action,
                Chosen(ids=tuple(order)),
                reason="Busy",
                actor=RUTH,
                clock=SystemClock(),
            )

        def worker():
            barrier.wait(10)
            with database.church(church_id) as session:
                return {row.card_id for row in claim(session, church_id, token=new_id(), most=60)}

        with ThreadPoolExecutor(3) as pool:
            aside = pool.submit(by, Action.SET_ASIDE, ids)
            held = pool.submit(by, Action.HOLD, reversed(ids))
            claimed = pool.submit(worker).result(60)
            aside, held = aside.result(60), held.result(60)
        by_status = dict(sql("SELECT status, count(*) FROM cards GROUP BY 1"))
        assert by_status.get("sending", 0) == len(claimed)
        assert by_status.get("dismissed", 0) == aside.done
        assert held.done <= by_status.get("held", 0) + aside.done
        assert not claimed & {*aside.ids, *held.ids}
        assert sum(by_status.values()) == 150
        assert sql("SELECT count(*) FROM outbox WHERE state = 'due'") == [(0,)] or len(claimed) < 60


def test_ids_are_personal_to_nobody():
    assert isinstance(Chosen(ids=(UUID(int=1),)).ids[0], UUID)
    assert "anna" not in repr(Chosen(wanted=CardFilter(words="anna")))
