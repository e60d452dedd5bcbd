"""Removing a church: everything goes but the proofs and the change log, in pieces, beside a church that stays."""

import threading
from datetime import UTC, datetime

import pytest

from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.chain.seal import seal
from ghl.chain.verify import verify
from ghl.churches import ChurchNotFoundError, find_church, list_churches
from ghl.db.models import Base
from ghl.delivery.claim import claim, due_churches
from ghl.erasing import church as removing
from ghl.erasing.proofs import proofs_of
from ghl.ids import new_id
from ghl.people.users import add_user
from ghl.statuses import CardSource, Channel, Role
from tests.erasing.conftest import ANNA, scatter, send, traces_in
from tests.support.churches import card_values, save
from tests.support.hub import wait_for

WAITS_FOR_ANOTHER = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

KEPT = {"churches", "audit_entries", "audit_seals", "audit_checks", "consent_proofs"}


def now():
    return datetime.now(UTC)


@pytest.fixture
def two(hub):
    """A church with everything, and another one that must not notice."""
    grace = hub.church("grace")
    hope = hub.church("hope", location="simLocation000000002")
    _, _, received = send(hub, grace, dict(ANNA), key="once")
    scatter(hub, grace, received.card_id)
    save(hub.database, grace, *(card_values(number) for number in range(1, 8)))
    save(hub.database, hope, card_values(1, sms_consent="yes"))
    return grace, hope


def remove_all(hub, church_id):
    while not removing.step(hub.database, hub.container.key_ring, church_id, now=now()):
        pass


def rows_by_table(owner, church_id):
    tables = owner(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'church_id'"
    )
    counts = {
        row.table_name: owner(
            f"SELECT count(*) AS n FROM {row.table_name} WHERE church_id = :c", c=church_id
        )[0].n
        for row in tables
    }
    return {table: count for table, count in counts.items() if count}


def test_everything_goes_but_proofs_and_the_change_log(hub, two, owner, dump, monkeypatch):
    grace, hope = two
    monkeypatch.setattr(removing, "CARDS_AT_ONCE", 3)
    monkeypatch.setattr(removing, "ROWS_AT_ONCE", 2)
    before = rows_by_table(owner, hope)
    removing.request(hub.database, grace, typed="Grace", actor="command line")
    steps = 0
    while not removing.step(hub.database, hub.container.key_ring, grace, now=now()):
        steps += 1
    assert steps > 8, "in pieces"
    assert set(rows_by_table(owner, grace)) <= KEPT
    assert rows_by_table(owner, hope) == before
    assert traces_in(dump()) == set()
    assert "ruth@staff" not in str(dump())
    assert [church.slug for church in list_churches(hub.database)] == ["hope"]
    with pytest.raises(ChurchNotFoundError):
        find_church(hub.database, "grace")
    assert removing.step(hub.database, hub.container.key_ring, grace, now=now()), "again it changes nothing"
    seal(hub.database)
    assert all(report.good for report in verify(hub.database))
    with hub.database.church(grace) as session:
        (proof,) = proofs_of(session, hub.container.key_ring, grace, Channel.SMS, "+16155550177")
        assert proof.wording == "Yes, text me"
    actions = {row.action for row in owner("SELECT action FROM audit_entries WHERE church_id = :c", c=grace)}
    assert {"church.removal_asked", "church.removed"} <= actions


def test_no_table_is_forgotten():
    """Whoever adds a table with a church's rows says here, or in `REST`, what a removal does with it."""
    by_people = {"memberships", "web_sessions", "mails"}
    by_hand = {"cards", "consent_events", "source_keys", *by_people, *removing.REST}
    for table in Base.metadata.sorted_tables:
        if "church_id" not in table.c or table.name in KEPT | by_hand:
            continue
        above = {key.column.table.name for key in table.foreign_keys if key.ondelete == "CASCADE"} - {
            "churches"
        }
        assert above & {"cards", "outbox", "source_keys", "locations", "erasures"}, table.name


def test_its_short_name_and_location_are_free_again(hub, two):
    grace, _ = two
    removing.request(hub.database, grace, typed="grace", actor="x")
    remove_all(hub, grace)
    assert hub.church("grace") != grace


def test_another_name_removes_nothing(hub, two, owner):
    grace, _ = two
    before = rows_by_table(owner, grace)
    with pytest.raises(removing.NameDiffersError):
        removing.request(hub.database, grace, typed="Hope", actor="x")
    assert rows_by_table(owner, grace) == before
    with hub.database.system() as session:
        assert removing.being_removed(session) == []


def test_from_the_request_on_nothing_comes_in_or_goes_out(hub, two):
    grace, hope = two
    removing.request(hub.database, grace, typed="Grace", actor="x")
    with hub.database.system() as session:
        assert due_churches(session) == [hope]
    with hub.database.church(grace) as session:
        assert claim(session, grace, token=new_id(), most=10) == []
    card = NewCard(parse_card(card_values(99)), CardSource.FORM)
    with pytest.raises(ChurchNotFoundError), hub.database.church(grace) as session:
        save_cards(session, grace, [card], now=now())
    assert hub.query(grace, "SELECT 1 FROM source_keys") == []
    assert hub.query(grace, "SELECT 1 FROM credentials") == []


def test_a_card_that_a_worker_holds_is_waited_for(hub, two, owner):
    grace, _ = two
    with hub.database.church(grace) as session:
        row, *others = claim(session, grace, token=new_id(), most=20)
    ended = "UPDATE outbox SET leased_until = now() - interval '1 second' WHERE id = ANY(:ids)"
    owner(ended, ids=[other.id for other in others])
    removing.request(hub.database, grace, typed="Grace", actor="x")
    for _ in range(20):
        assert not removing.step(hub.database, hub.container.key_ring, grace, now=now())
    assert hub.query(grace, "SELECT id FROM cards") == [(row.card_id,)]
    owner(ended, ids=[row.id])
    remove_all(hub, grace)
    assert hub.query(grace, "SELECT id FROM cards") == []


def test_people_of_other_churches_stay(hub, two, owner):
    grace, hope = two
    for church_id in (grace, hope):
        add_user(hub.database, "both@example.org", church_id=church_id, role=Role.STAFF, actor="x")
    add_user(hub.database, "ops@example.org", ops=True, actor="x")
    removing.request(hub.database, grace, typed="Grace", actor="x")
    remove_all(hub, grace)
    assert {row.email for row in owner("SELECT email FROM users")} == {"both@example.org", "ops@example.org"}


def test_two_that_remove_at_once_keep_each_proof_once(hub, two, owner):
    """The second comes while the first has taken the statements and not committed yet: it waits, and proves none."""
    grace, _ = two
    ring = hub.container.key_ring
    said = owner("SELECT count(*) AS n FROM consent_events WHERE church_id = :c", c=grace)[0].n
    assert said
    removing.request(hub.database, grace, typed="Grace", actor="x")
    while hub.query(grace, "SELECT 1 FROM cards LIMIT 1"):
        removing.step(hub.database, ring, grace, now=now())
    second = threading.Thread(target=lambda: removing.step(hub.database, ring, grace, now=now()))
    with hub.database.erasing(grace) as session:
        assert removing._statements(session, ring, grace, now())
        second.start()
        wait_for(lambda: owner(WAITS_FOR_ANOTHER))
    second.join()
    remove_all(hub, grace)
    assert owner("SELECT count(*) AS n FROM consent_proofs WHERE church_id = :c", c=grace)[0].n == said
