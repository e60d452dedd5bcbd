"""The questions behind the list: order, pages, one church alone, and an index under each of them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from ghl.cards.find import CardFilter, count_newer_found, find
from ghl.cards.view import MOST_NEW, PAGE_SIZE, church_state, rows
from ghl.causes import CauseCode
from ghl.churches import add_church, pause
from ghl.statuses import CardStatus
from tests.support.cards import CardMaker

NOW = datetime.now(UTC)


def pages(database, church, *, limit=PAGE_SIZE, **wanted):
    """Every page from the newest to the last."""
    after = None
    while True:
        with database.church(church) as session:
            page = find(session, church, CardFilter(**wanted), after=after, limit=limit)
        yield list(page.ids)
        if not page.more:
            return
        after = page.last


def test_pages_hold_every_card_once_newest_first(database, church, cards):
    same_time = datetime.now(UTC) - timedelta(days=1)
    made = [cards(CardStatus.SYNCED) for _ in range(4)]
    made += reversed([cards(CardStatus.SYNCED, received_at=same_time) for _ in range(5)])
    assert list(pages(database, church, limit=3)) == [made[:3], made[3:6], made[6:]]


def test_a_page_that_is_exactly_full_is_the_last(database, church, cards):
    made = [cards(CardStatus.SYNCED) for _ in range(4)]
    assert list(pages(database, church, limit=2)) == [made[:2], made[2:]]


def test_a_filter(database, church, cards):
    waiting = [cards(status) for status in CardStatus for _ in range(2)][2:4]
    assert list(pages(database, church, statuses=frozenset({CardStatus.WAITING}))) == [waiting]


def test_no_card_no_page(database, church):
    assert list(pages(database, church)) == [[]]


def test_rows_come_in_the_order_asked_for_and_leave_out_what_is_gone(database, church, cards):
    made = [cards(CardStatus.WAITING, first_name=name) for name in ("Anna", "Ben", "Cleo")]
    asked = [made[2], uuid4(), made[0]]
    with database.church(church) as session:
        found = rows(session, church, asked, now=NOW)
    assert [row.name for row in found] == ["Cleo Keller", "Anna Keller"]
    assert [row.number for row in found] == [3, 1]


@pytest.mark.parametrize(
    ("names", "held", "aside"),
    [
        ({"user:1": "Ruth"}, "Ruth keeps this card here: Ask Tom.", "By Ruth: Twice. Not sent."),
        (
            {},
            "Somebody who is no longer in your team keeps",
            "By Somebody who is no longer in your team: Twice.",
        ),
        (None, "Somebody of your team keeps this card here: Ask Tom.", "Twice. Not sent."),
    ],
)
def test_who_kept_a_card_back_is_named(database, church, cards, names, held, aside):
    made = [
        cards(CardStatus.HELD, cause=CauseCode.HELD_BY_STAFF, facts={"by": "user:1", "reason": "Ask Tom"}),
        cards(CardStatus.DISMISSED, facts={"by": "user:1", "reason": "Twice"}),
    ]
    with database.church(church) as session:
        found = rows(session, church, made, now=NOW, names=names)
    assert found[0].why.startswith(held)
    assert found[1].why.startswith(aside)
    assert "Ask Tom" not in repr(found)


def test_another_church_s_cards_are_not_there(database, church, cards):
    ours = cards(CardStatus.WAITING)
    hope = add_church(database, slug="hope", name="Hope", timezone="America/New_York", actor="test")
    theirs = CardMaker(database, hope)(CardStatus.WAITING)
    with database.church(hope) as session:
        assert rows(session, church, [ours], now=NOW) == []
        assert find(session, church, CardFilter()).ids == ()
        assert find(session, hope, CardFilter()).ids == (theirs,)
        assert church_state(session, church).location is None


def test_new_cards_are_counted_up_to_a_bound(database, church, cards):
    first = cards(CardStatus.WAITING)
    with database.church(church) as session:
        place = find(session, church, CardFilter()).first
    assert place[1] == first
    for n in range(MOST_NEW + 2):
        cards(CardStatus.WAITING, received_at=datetime.now(UTC) + timedelta(seconds=n))
    with database.church(church) as session:
        assert count_newer_found(session, church, CardFilter(), place) == MOST_NEW
        assert (
            count_newer_found(session, church, CardFilter(statuses=frozenset({CardStatus.HELD})), place) == 0
        )


def test_what_holds_a_church(database, church, connected):
    pause(database, church, reason="we move house", actor="test")
    with database.church(church) as session:
        state = church_state(session, church)
    assert (state.location, state.paused_reason, state.hold_cause) == (connected, "we move house", None)


@pytest.mark.parametrize("status", [None, CardStatus.HELD])
def test_a_page_of_a_big_church_comes_from_an_index(database, church, connected, sql, status):
    sql(
        "INSERT INTO cards (id, church_id, number, status, source, fingerprint, received_at, status_changed_at)"
        " SELECT gen_random_uuid(), :church, n, CASE WHEN n % 50 = 0 THEN 'held' ELSE 'synced' END, 'api',"
        "        int4send(n), now() - make_interval(secs => n), now() FROM generate_series(1, 20000) AS n",
        church=church,
    )
    sql("ANALYZE cards")
    with database.church(church) as session:
        middle = find(session, church, CardFilter(statuses=frozenset({status} - {None}))).last
        filtered = " AND status = 'held'" if status else ""
        plan = "\n".join(
            session.scalars(
                text(
                    "EXPLAIN SELECT received_at, id FROM cards WHERE church_id = :church"
                    f"{filtered} AND (received_at, id) < (:at, :id)"
                    " ORDER BY received_at DESC, id DESC LIMIT 26"
                ),
                {"church": church, "at": middle[0], "id": middle[1]},
            )
        )
    assert "ix_cards_newest" in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan
