"""What was kept long enough goes, and nothing sooner; with a clock that is moved on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ghl.churches import ChurchError
from ghl.erasing import retention
from ghl.statuses import CardStatus
from tests.erasing.conftest import ANNA, ask_to_erase, carry_out
from tests.support.cards import CardMaker
from tests.support.churches import card_values, church, save


def count(hub, church_id, table):
    return hub.query(church_id, f"SELECT count(*) AS n FROM {table}")[0].n


def later(database, prune, days, **how):
    with database.system() as session:
        return prune(session, now=datetime.now(UTC) + timedelta(days=days), **how)


def test_tries_go_after_thirteen_months(hub):
    church_id = hub.church()
    for saved in save(hub.database, church_id, *(card_values(number) for number in range(1, 6))):
        hub.query(
            church_id,
            "INSERT INTO attempts (church_id, outbox_id, card_id, lease_token, number, started_at, calls)"
            " SELECT church_id, id, card_id, gen_random_uuid(), 1, now(), '[]' FROM outbox WHERE card_id = :card"
            " RETURNING 1",
            card=saved.id,
        )
    assert later(hub.database, retention.prune_attempts, 395) == 0
    assert later(hub.database, retention.prune_attempts, 397, most=2) == 2
    assert later(hub.database, retention.prune_attempts, 397) == 3
    assert count(hub, church_id, "cards") == 5


def test_old_tries_are_found_without_reading_all(hub, owner):
    church_id = hub.church()
    (card,) = save(hub.database, church_id, card_values(1))
    owner(
        "INSERT INTO attempts (church_id, outbox_id, card_id, lease_token, number, started_at, calls)"
        " SELECT :c, 1, :card, gen_random_uuid(), n, now(), '[]' FROM generate_series(1, 6000) AS n",
        c=church_id,
        card=card.id,
    )
    owner("ANALYZE attempts")
    values = {"before": datetime.now(UTC) - retention.ATTEMPTS_KEPT, "most": 1000}
    plan = "\n".join(row[0] for row in owner(f"EXPLAIN {retention.ATTEMPTS.text}", **values))
    assert "Seq Scan" not in plan, plan


def test_proofs_stay_five_years_and_a_stop_for_ever(hub, owner):
    church_id = hub.church()
    (card,) = save(hub.database, church_id, dict(ANNA))
    ask_to_erase(hub, church_id, card.number)
    carry_out(hub, church_id)
    owner("UPDATE consent_proofs SET kind = 'stop' WHERE channel = 'sms'")
    assert later(hub.database, retention.prune_proofs, 5 * 365) == 0
    assert later(hub.database, retention.prune_proofs, 5 * 366 + 1) == 1
    assert owner("SELECT channel FROM consent_proofs") == [("sms",)]


def test_requests_go_when_nothing_of_them_waits(hub, owner):
    church_id = hub.church()
    (card,) = save(hub.database, church_id, dict(ANNA))
    erasure = ask_to_erase(hub, church_id, card.number)
    assert later(hub.database, retention.prune_requests, 1000) == 0
    carry_out(hub, church_id)
    owner(
        "INSERT INTO contact_removals (id, church_id, erasure_id, location_id, contact_id, state)"
        " SELECT gen_random_uuid(), church_id, :e, id, 'C1', 'waiting' FROM locations",
        e=erasure,
    )
    assert later(hub.database, retention.prune_requests, 1000) == 0
    owner("UPDATE contact_removals SET state = 'done'")
    assert later(hub.database, retention.prune_requests, 300) == 0
    assert later(hub.database, retention.prune_requests, 1000) == 1


def test_cards_are_kept_for_ever_unless_the_church_says_so(database):
    church_id = church(database)
    with database.system() as session:
        assert retention.churches_that_forget(session) == []
    retention.keep_cards_for(database, church_id, 3, actor="command line")
    with database.system() as session:
        assert retention.churches_that_forget(session) == [(church_id, 3)]
    retention.keep_cards_for(database, church_id, None, actor="command line")
    with database.system() as session:
        assert retention.churches_that_forget(session) == []
    with pytest.raises(ChurchError, match="1 to 99"):
        retention.keep_cards_for(database, church_id, 0, actor="x")


def test_old_cards_that_are_over_go_and_their_consent_stays(hub):
    church_id = hub.church()
    (young,) = save(hub.database, church_id, card_values(1, sms_consent="yes"))
    make = CardMaker(hub.database, church_id)
    old = datetime.now(UTC) - timedelta(days=4 * 366)
    gone = [
        make(status, received_at=old)
        for status in (CardStatus.SYNCED, CardStatus.SYNCED, CardStatus.DISMISSED)
    ]
    waits = make(CardStatus.NEEDS_ATTENTION, received_at=old)
    make_once = {"now": datetime.now(UTC), "most": 2}
    assert retention.expire_cards(hub.database, church_id, 3, **make_once) == 2
    assert retention.expire_cards(hub.database, church_id, 3, **make_once) == 1
    assert retention.expire_cards(hub.database, church_id, 3, **make_once) == 0
    left = {row.id for row in hub.query(church_id, "SELECT id FROM cards")}
    assert left == {young.id, waits}
    assert not left & set(gone)
    assert count(hub, church_id, "consent_events") == 1
    facts = [
        row.facts
        for row in hub.query(church_id, "SELECT facts FROM audit_entries WHERE action = 'cards.expired'")
    ]
    assert facts == [{"cards": 2}, {"cards": 1}]


def test_two_schedulers_at_once_do_no_harm(hub):
    church_id = hub.church()
    make = CardMaker(hub.database, church_id)
    for _ in range(40):
        make(CardStatus.SYNCED, received_at=datetime.now(UTC) - timedelta(days=2000))
    start = threading.Barrier(2)

    def work(_):
        start.wait()
        return sum(
            retention.expire_cards(hub.database, church_id, 3, now=datetime.now(UTC), most=3)
            for _ in range(20)
        )

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 40
    assert count(hub, church_id, "cards") == 0
