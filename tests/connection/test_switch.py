"""Which token a church uses: switching, rolling back, finishing, disconnecting, and what stays as it is."""

import threading

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from ghl.churches import add_church, find_church
from ghl.client.models import Location
from ghl.connection import ConnectionRefusedByUsError, connect
from ghl.connection.paste import read_paste
from ghl.connection.switch import disconnect, erase_old_tokens, finish, roll_back, store
from ghl.connection.trials import file_passed
from ghl.crypto import KeyRing, Sealed, new_key_line
from ghl.delivery.facts import load_facts, token_context
from ghl.simulator.tokens import fake_token
from tests.support.churches import card_values, save

LOCATION = "grace000000000000001"


@pytest.fixture(scope="module")
def ring():
    return KeyRing.parse(new_key_line(1))


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.fixture
def grace(database):
    return add_church(database, slug="grace", name="Grace  Church", timezone="UTC", actor="test")


@pytest.fixture
def put(database, ring):
    """Connects a church with the `number`th token, tried just now."""

    def put(church_id, number, location=LOCATION):
        with database.church(church_id) as session:
            return store(
                session,
                ring,
                church_id,
                pasted=read_paste(location, fake_token(number)),
                seen=Location(id=location, name="Grace", allow_duplicate_contact=False),
                actor="user:pat",
            )

    return put


@pytest.fixture
def tokens(database, ring):
    """The church's tokens in the clear, by state."""

    def tokens(church_id):
        with database.church(church_id) as session:
            rows = session.execute(text("SELECT id, state, sealed, key_version FROM credentials")).all()
        return {
            row.state: ring.open(
                Sealed(bytes(row.sealed), row.key_version), token_context(church_id, row.id)
            ).get_secret_value()
            for row in rows
        }

    return tokens


def change(database, church_id, do, **how):
    with database.church(church_id) as session:
        return do(session, church_id, actor="user:pat", **how)


def test_rotating_keeps_the_old_token_and_only_that_one(database, grace, put, tokens):
    assert put(grace, 1).rotated is False
    assert put(grace, 2).rotated is True
    put(grace, 3)
    assert tokens(grace) == {"current": fake_token(3), "previous": fake_token(2)}


def test_rolling_back_there_and_back_again(database, grace, put, tokens, sql):
    put(grace, 1)
    put(grace, 2)
    assert change(database, grace, roll_back) == fake_token(1)[-4:]
    assert tokens(grace) == {"current": fake_token(1), "previous": fake_token(2)}
    change(database, grace, roll_back)
    assert tokens(grace) == {"current": fake_token(2), "previous": fake_token(1)}
    assert sql("SELECT action FROM audit_entries WHERE action LIKE 'connection.%' ORDER BY id") == [
        ("connection.tested",),
        ("connection.stored",),
        ("connection.tested",),
        ("connection.switched",),
        ("connection.rolled_back",),
        ("connection.switched",),
    ]


def test_finishing_erases_the_old_token_once(database, grace, put, tokens):
    put(grace, 1)
    put(grace, 2)
    assert change(database, grace, finish) is True
    assert change(database, grace, finish) is False
    assert tokens(grace) == {"current": fake_token(2)}
    with pytest.raises(ConnectionRefusedByUsError, match="no longer kept"):
        change(database, grace, roll_back)


def test_after_seven_days_the_old_token_is_erased_by_itself(database, grace, put, tokens, sql):
    put(grace, 1)
    put(grace, 2)
    [(days,)] = sql(
        "SELECT round(extract(epoch FROM erase_at - now()) / 86400) FROM credentials WHERE erase_at > now()"
    )
    assert days == 7
    with database.system() as session:
        assert erase_old_tokens(session) == 0
    sql("UPDATE credentials SET erase_at = now() - interval '1 second' WHERE state = 'previous'")
    with database.system() as session:
        assert erase_old_tokens(session) == 1
    assert tokens(grace) == {"current": fake_token(2)}
    assert sql("SELECT actor, facts FROM audit_entries WHERE action = 'connection.finished'") == [
        ("system", {"last4": fake_token(1)[-4:]})
    ]


def test_a_switch_acts_once(database, grace, ring, sql):
    pasted = read_paste(LOCATION, fake_token(1))
    seen = Location(id=LOCATION, allow_duplicate_contact=False)
    with database.church(grace) as session:
        trial_id = file_passed(session, grace, pasted, ring, seen=seen, actor="x")
    from ghl.connection.switch import switch

    said = []

    def press():
        try:
            said.append(change(database, grace, switch, trial_id=trial_id))
        except ConnectionRefusedByUsError as error:
            said.append(str(error))

    presses = [threading.Thread(target=press) for _ in range(3)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert len([one for one in said if isinstance(one, str)]) == 2
    assert sql("SELECT count(*) FROM credentials") == [(1,)]


def test_another_location_erases_the_tokens_and_what_is_known_of_contacts_there(
    database, grace, put, tokens, sql
):
    put(grace, 1)
    put(grace, 2)
    sql(
        "INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, newest_applied_at, seen_at)"
        " SELECT id, 'C1', church_id, 'Anna', 'Keller', now(), now() FROM locations"
    )
    assert put(grace, 3, "second00000000000001").rotated is False
    assert tokens(grace) == {"current": fake_token(3)}
    assert sql("SELECT count(*) FROM contact_links") == [(0,)]
    assert sql("SELECT ghl_id FROM locations WHERE active") == [("second00000000000001",)]


def test_what_another_admin_connected_meanwhile_is_not_undone(database, grace, put, ring, tokens):
    put(grace, 1)
    with database.church(grace) as session:
        trial_id = file_passed(
            session,
            grace,
            read_paste("second00000000000001", fake_token(2)),
            ring,
            seen=Location(id="second00000000000001", allow_duplicate_contact=False),
            actor="x",
        )
    from ghl.connection.switch import switch

    with pytest.raises(ConnectionRefusedByUsError, match="meanwhile"):
        change(database, grace, switch, trial_id=trial_id, from_location="first000000000000001")
    assert tokens(grace) == {"current": fake_token(1)}


def test_a_location_is_one_churchs_only_until_it_is_disconnected(database, grace, put, tokens):
    hope = add_church(database, slug="hope", name="Hope", timezone="UTC", actor="test")
    put(grace, 1)
    with pytest.raises(IntegrityError):
        put(hope, 2)
    change(database, grace, disconnect, typed_name=" grace church ")
    put(hope, 2)
    assert tokens(hope) == {"current": fake_token(2)}


def test_disconnecting_wants_the_name_erases_every_token_and_leaves_the_cards(
    database, grace, put, sql, ring
):
    put(grace, 1)
    put(grace, 2)
    save(database, grace, card_values(1))
    with database.church(grace) as session:
        file_passed(
            session,
            grace,
            read_paste(LOCATION, fake_token(3)),
            ring,
            seen=Location(id=LOCATION, allow_duplicate_contact=False),
            actor="x",
        )
    with pytest.raises(ConnectionRefusedByUsError, match="name"):
        change(database, grace, disconnect, typed_name="Grace")
    assert sql("SELECT count(*) FROM credentials") == [(2,)]
    assert change(database, grace, disconnect, typed_name="Grace Church") == LOCATION
    assert sql("SELECT count(*) FROM credentials") == [(0,)]
    assert sql("SELECT count(*) FROM token_trials WHERE num_nonnulls(box, sealed) > 0") == [(0,)]
    assert sql("SELECT status FROM cards") == [("waiting",)]
    with database.church(grace) as session:
        assert load_facts(session, grace) is None
    assert change(database, grace, disconnect, typed_name="Grace Church") is None, "a second press"
    assert sql("SELECT count(*) FROM audit_entries WHERE action = 'connection.disconnected'") == [(1,)]


def test_no_entry_of_the_change_log_holds_more_than_four_signs_of_a_token(database, grace, put, sql):
    first, second = 0xABCDE1, 0xFEDCB2
    put(grace, first)
    put(grace, second)
    change(database, grace, roll_back)
    change(database, grace, finish)
    change(database, grace, disconnect, typed_name="Grace Church")
    told = sql("SELECT row_to_json(a)::text FROM audit_entries AS a")
    assert len(told) >= 5
    for number in (first, second):
        assert any(fake_token(number)[-4:] in row for (row,) in told)
        assert not [row for (row,) in told if fake_token(number)[-5:] in row]


def test_nothing_is_stored_whose_test_failed(database, grace, ring, sql):
    from ghl.client.errors import AgencyTokenError

    def fails(_token, _location):
        raise AgencyTokenError("Token's user type mismatch!")

    with pytest.raises(ConnectionRefusedByUsError, match="agency"):
        connect(
            database,
            ring,
            find_church(database, "grace"),
            location_id=LOCATION,
            token=fake_token(1),
            test=fails,
            actor="x",
        )
    assert sql("SELECT count(*) FROM credentials") == [(0,)]
    assert sql("SELECT count(*) FROM token_trials") == [(0,)]
    assert sql("SELECT facts->>'result' FROM audit_entries WHERE action = 'connection.tested'") == [
        ("refused",)
    ]


def test_the_database_keeps_no_seal_of_what_was_not_tried(database, grace, ring):
    sealed = ring.seal(fake_token(1), token_context(grace, grace))
    with pytest.raises(IntegrityError), database.church(grace) as session:
        session.execute(
            text(
                "INSERT INTO token_trials (id, church_id, ghl_location_id, last4, state, sealed, key_version, created_by)"
                " VALUES (:id, :id, 'X', '0001', 'testing', :sealed, 1, 'x')"
            ),
            {"id": grace, "sealed": sealed.data},
        )
