"""The check of every night, step by step and without a worker: what it takes, and where it goes on."""

import json
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text

from ghl.consent import dnd_check, ledger
from ghl.statuses import Channel
from tests.support.churches import connected_church, key_ring
from tests.support.hub import wait_for

NIGHT = datetime(2026, 11, 28, 8, 30, tzinfo=UTC)
"""2:30 am in Chicago."""

LOW, HIGH = "+16155550100", "+16155550200"
CONTACTS = {"a1": HIGH, "B1": LOW}
"""In the order in which the database names them; the code points and the phones say the opposite."""


@pytest.fixture
def church(database):
    return connected_church(database, key_ring(), location_id="LocGrace", slug="grace")


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin, isolation_level="AUTOCOMMIT")

    def sql(statement, **values):
        with engine.connect() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else []

    yield sql
    engine.dispose()


@pytest.fixture
def answered(database, church, sql):
    """Both contacts were asked about, and GoHighLevel said what it has of them."""
    for contact, phone in CONTACTS.items():
        sql(
            "INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone, email,"
            " seen_at, newest_applied_at) SELECT id, :contact, church_id, 'A', 'B', :phone, '', now(), now()"
            " FROM locations",
            contact=contact,
            phone=phone,
        )
        with database.church(church) as session:
            ledger.record_stop(
                session, church, channel=Channel.SMS, address=phone, source="spoken", recorded_by="user:1", now=NIGHT
            )  # fmt: skip
    with database.church(church) as session:
        dnd_check.check_now(session, church)
    assert step(database, church), "somebody is to be asked"
    contacts = [
        {"id": contact, "gone": False, "addresses": {"sms": phone}, "blocks": ["sms"], "stops": []}
        for contact, phone in CONTACTS.items()
    ]
    sql(
        "UPDATE questions SET state = 'answered', answered_at = now(), answer = CAST(:answer AS jsonb)",
        answer=json.dumps({"contacts": contacts}),
    )
    sql("UPDATE dnd_checks SET due_at = now()")


def step(database, church):
    with database.church(church) as session:
        return dnd_check.follow(session, church, now=NIGHT)


@pytest.mark.usefixtures("answered")
def test_it_takes_all_addresses_at_once_in_the_order_that_everybody_takes_them_in(database, church, sql):
    """Whoever has the first one must be able to take the second: else each waits for the other."""
    take = "SELECT 1 FROM consent_addresses WHERE address = :address FOR UPDATE"
    with database.church(church) as session:
        session.execute(text(take), {"address": LOW})
        thread = threading.Thread(target=step, args=(database, church))
        thread.start()
        wait_for(
            lambda: sql(
                "SELECT 1 FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
        )
        free = session.execute(text(f"{take} SKIP LOCKED"), {"address": HIGH}).all()
        session.commit()
    thread.join(20)
    assert not thread.is_alive()
    assert free
    assert sql("SELECT checked FROM dnd_checks") == [(2,)]


@pytest.mark.usefixtures("answered")
def test_it_goes_on_behind_the_last_one_as_the_database_orders_them(database, church, sql):
    step(database, church)
    assert sql("SELECT after, checked FROM dnd_checks") == [("B1", 2)]


@pytest.mark.usefixtures("answered")
def test_two_at_once_take_one_step(database, church, sql):
    with database.church(church) as session:
        dnd_check.follow(session, church, now=NIGHT)
        assert not step(database, church), "the other one has it"
    assert sql("SELECT checked FROM dnd_checks") == [(2,)]
