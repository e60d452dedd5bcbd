"""Claiming and settling: the order of a person's cards, one worker a row, and nothing lost when workers die."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ghl.cards.counts import counts, fold
from ghl.delivery import lease
from ghl.delivery.claim import claim, due_churches, free_expired
from ghl.delivery.settle import LinkedContact, Settlement, hold, renew, settle
from ghl.ids import new_id
from ghl.statuses import AttemptOutcome, CardStatus, Priority
from tests.support.churches import card_values, church, connected_church, key_ring, save


@pytest.fixture
def church_id(database):
    return connected_church(database, key_ring())


def take(database, church_id, most=100, **how):
    with database.church(church_id) as session:
        return claim(session, church_id, token=new_id(), most=most, **how)


def finish(database, church_id, *rows, status=CardStatus.SYNCED, outcome=AttemptOutcome.DELIVERED, **facts):
    with database.church(church_id) as session:
        return settle(
            session, church_id, [Settlement(row, outcome=outcome, status=status, **facts) for row in rows]
        )


def names(rows):
    return [row.fields["first_name"] for row in rows]


def card_status(database, church_id, card_id):
    with database.church(church_id) as session:
        return session.execute(text("SELECT status, cause FROM cards WHERE id = :id"), {"id": card_id}).one()


def test_new_cards_go_before_backfill_and_retries(database, church_id):
    save(database, church_id, card_values(1, first_name="Back"), priority=Priority.BACKFILL)
    save(database, church_id, card_values(2, first_name="Again"), priority=Priority.RETRY)
    save(database, church_id, card_values(3, first_name="New"))
    assert names(take(database, church_id)) == ["New", "Back", "Again"]


def test_of_one_person_only_the_oldest_card_goes(database, church_id):
    first, second, third = (
        card_values(1, first_name="One", notes="1"),
        card_values(2, first_name="Two", phone=card_values(1)["phone"]),
        card_values(3, first_name="Three", email=card_values(2)["email"]),
    )
    save(database, church_id, first, second, third)
    for expected in ("One", "Two", "Three"):
        rows = take(database, church_id)
        assert names(rows) == [expected]
        assert take(database, church_id) == []
        finish(database, church_id, *rows)


def test_an_older_card_that_waits_keeps_the_persons_next_one_waiting(database, church_id):
    save(database, church_id, card_values(1, notes="older"))
    save(database, church_id, card_values(1, notes="newer"))
    (older,) = take(database, church_id)
    finish(
        database,
        church_id,
        older,
        status=CardStatus.WAITING,
        outcome=AttemptOutcome.WAITS,
        due_in=60,
        attempts=1,
    )
    assert take(database, church_id) == []


def test_a_parked_card_does_not_keep_the_persons_next_one_waiting(database, church_id):
    save(database, church_id, card_values(1, notes="older"))
    save(database, church_id, card_values(1, notes="newer"))
    (older,) = take(database, church_id)
    finish(
        database,
        church_id,
        older,
        status=CardStatus.NEEDS_ATTENTION,
        outcome=AttemptOutcome.NEEDS_ATTENTION,
        cause="phone_refused",
    )
    (newer,) = take(database, church_id)
    assert newer.fields["notes"] == "newer"


def test_many_claimers_at_once_never_share_a_row_or_a_person(database, church_id):
    """Forty people, three cards each, twelve claimers that hurry: in the end each card went once, in order."""
    for n in range(3):
        save(database, church_id, *(card_values(i, notes=str(n)) for i in range(40)))
    went: list[tuple[str, str]] = []

    def work(_):
        while rows := take(database, church_id, most=7):
            went.extend((row.phone, row.fields["notes"]) for row in rows)
            finish(database, church_id, *rows)

    for _round in range(4):
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(work, range(12)))
    assert len(went) == 120
    assert len(set(went)) == 120
    for person in {phone for phone, _ in went}:
        assert [notes for phone, notes in went if phone == person] == ["0", "1", "2"]


def test_a_dead_workers_row_comes_back_and_must_be_looked_up(database, church_id):
    (saved,) = save(database, church_id, card_values(1))
    take(database, church_id, lease_seconds=-1)
    with database.church(church_id) as session:
        assert free_expired(session, church_id) == 1
    assert tuple(card_status(database, church_id, saved.id)) == ("waiting", "checking_for_existing")
    (row,) = take(database, church_id)
    assert row.must_look_up
    assert row.deaths == 1


def test_three_deaths_need_a_person(database, church_id):
    (saved,) = save(database, church_id, card_values(1))
    for _ in range(3):
        take(database, church_id, lease_seconds=-1)
        with database.church(church_id) as session:
            free_expired(session, church_id)
    assert tuple(card_status(database, church_id, saved.id)) == ("needs_attention", "crashed_three_times")
    assert take(database, church_id) == []
    with database.church(church_id) as session:
        outcomes = session.execute(text("SELECT number, outcome FROM attempts ORDER BY id")).all()
    assert [tuple(row) for row in outcomes] == [(1, "died"), (2, "died"), (3, "died")]


def test_what_comes_after_the_lease_was_lost_changes_nothing(database, church_id):
    save(database, church_id, card_values(1))
    (late,) = take(database, church_id, lease_seconds=-1)
    with database.church(church_id) as session:
        free_expired(session, church_id)
    (mine,) = take(database, church_id)
    assert finish(database, church_id, late) == set()
    with database.church(church_id) as session:
        assert renew(session, [late]) == set()
        assert renew(session, [mine]) == {mine.id}
    assert finish(database, church_id, mine) == {mine.id}


def test_what_was_not_sent_is_no_try(database, church_id):
    (saved,) = save(database, church_id, card_values(1))
    (row,) = take(database, church_id)
    finish(database, church_id, row, status=CardStatus.WAITING, outcome=AttemptOutcome.NOT_SENT)
    with database.church(church_id) as session:
        tries = session.execute(text("SELECT tries FROM outbox WHERE card_id = :id"), {"id": saved.id})
        assert tries.scalar_one() == 0
    assert take(database, church_id)


def test_the_contact_is_remembered_with_its_newest_card(database, church_id):
    save(database, church_id, card_values(1, notes="older"), now=datetime(2026, 1, 1, tzinfo=UTC))
    (older,) = take(database, church_id)
    save(database, church_id, card_values(2, notes="newer"), now=datetime(2026, 2, 1, tzinfo=UTC))
    (newer,) = take(database, church_id)
    with database.church(church_id) as session:
        location = session.execute(text("SELECT id FROM locations")).scalar_one()
    for row in (newer, older):
        contact = LinkedContact(location, "C1", "Anna", "Keller", row.phone, row.email)
        finish(database, church_id, row, contact=contact)
    with database.church(church_id) as session:
        at = session.execute(text("SELECT newest_applied_at FROM contact_links")).scalar_one()
    assert at == datetime(2026, 2, 1, tzinfo=UTC)


def test_only_the_refused_token_stops_the_church(database, church_id):
    with database.church(church_id) as session:
        current = session.execute(text("SELECT id FROM credentials")).scalar_one()
        assert not hold(session, church_id, new_id(), cause="token_refused")
        assert hold(session, church_id, current, cause="token_refused")
    save(database, church_id, card_values(1))
    with database.system() as session:
        assert due_churches(session) == []


class TestDueChurches:
    def test_names_churches_with_due_work_that_nobody_does(self, database, church_id):
        church(database)
        idle = connected_church(database, key_ring(), location_id="IDLE")
        save(database, church_id, card_values(1))
        with database.system() as session:
            assert due_churches(session) == [church_id]
        assert idle != church_id

    def test_leaves_out_a_church_whose_lease_is_held_or_paused(self, database, church_id):
        save(database, church_id, card_values(1))
        with database.church(church_id) as session:
            assert lease.take(session, church_id, "A")
        with database.system() as session:
            assert due_churches(session) == []
        with database.church(church_id) as session:
            assert lease.release(session, church_id, "A", look=False, pause_seconds=30)
        with database.system() as session:
            assert due_churches(session) == []
            assert due_churches(session, resting=True) == [church_id]

    def test_names_a_church_with_a_dead_workers_row(self, database, church_id):
        save(database, church_id, card_values(1))
        take(database, church_id, lease_seconds=-1)
        with database.system() as session:
            assert due_churches(session) == [church_id]


class TestLease:
    def test_one_holder_at_a_time_until_it_ends(self, database, church_id):
        with database.church(church_id) as session:
            assert lease.take(session, church_id, "A")
            assert lease.take(session, church_id, "A")
            assert not lease.take(session, church_id, "B")
            assert lease.take(session, church_id, "A", seconds=-1)
        with database.church(church_id) as session:
            assert lease.take(session, church_id, "B")

    def test_is_kept_when_something_became_due(self, database, church_id):
        with database.church(church_id) as session:
            lease.take(session, church_id, "A")
        save(database, church_id, card_values(1))
        with database.church(church_id) as session:
            assert not lease.release(session, church_id, "A")
        rows = take(database, church_id)
        finish(database, church_id, *rows)
        with database.church(church_id) as session:
            assert lease.release(session, church_id, "A")
            assert lease.take(session, church_id, "B")


def test_counts_follow_every_change_and_survive_folding(database, church_id):
    save(database, church_id, card_values(1), card_values(2), card_values(3, phone="", email=""))
    rows = take(database, church_id, most=1)

    def now():
        with database.church(church_id) as session:
            return {status: n for status, n in counts(session, church_id).items() if n}

    expected = {CardStatus.WAITING: 1, CardStatus.SENDING: 1, CardStatus.NEEDS_ATTENTION: 1}
    assert now() == expected
    with database.system() as session:
        fold(session)
    assert now() == expected
    finish(database, church_id, *rows)
    with database.system() as session:
        fold(session)
        assert fold(session) == 0
    assert now() == {CardStatus.WAITING: 1, CardStatus.SYNCED: 1, CardStatus.NEEDS_ATTENTION: 1}
