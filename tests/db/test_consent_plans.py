"""The consent pages find their lines by an index, however long the log is."""

import re

import pytest
from sqlalchemy import create_engine, event, text

from ghl.attention.untexted import untexted
from ghl.attention.wanted import Wanted as Retried
from ghl.churches import find_church
from ghl.clock import SystemClock
from ghl.consent import ask, by_hand
from ghl.consent.brought import brought
from ghl.consent.lines import said_about, said_once
from ghl.consent.log import Place, Wanted, page, sources
from ghl.statuses import Channel, ConsentKind
from tests.support.filling import fill

TABLES = ("consent_events", "opt_outs", "consent_doubts", "cards", "card_revisions")

MANY = (
    (
        "INSERT INTO consent_events (church_id, channel, address, person, kind, purpose, source, recorded_by, recorded_at)"
        " SELECT md5('church' || 1 + n % 20)::uuid, (ARRAY['sms', 'email'])[1 + n % 2], '+1615' || lpad((n % 20000)::text, 7, '0'),"
        " 'x', CASE WHEN n % 500 = 0 THEN 'stop' ELSE 'yes' END, 'follow-up', (ARRAY['typed', 'form', 'import'])[1 + n % 3],"
        " 'x', now() - n * interval '1 minute' FROM generate_series(1, 60000) AS n"
    ),
    (
        "INSERT INTO opt_outs (id, church_id, channel, address, event_id, state, asked_at, due_on)"
        " SELECT gen_random_uuid(), church_id, channel, address, id, 'confirmed', now(), now()::date FROM consent_events"
        " WHERE id % 10 = 0"
    ),
    (
        "INSERT INTO consent_doubts (id, church_id, channel, address, said, source, received_at, state, decided_at)"
        " SELECT gen_random_uuid(), church_id, channel, address, 'x', 'keyword', now(), 'no_stop', now() FROM consent_events"
        " WHERE id % 10 = 0"
    ),
    (
        "INSERT INTO consent_events (church_id, channel, address, person, kind, purpose, source, recorded_by, recorded_at)"
        " SELECT church_id, 'sms', phone, 'x', 'stop', 'all', 'spoken', 'x', now() FROM cards WHERE phone IS NOT NULL"
    ),
    "ANALYZE",
)


@pytest.fixture
def plans(database, database_urls):
    """What the pages say to the server, with the plan for it."""
    fill(database_urls, cards=3000, churches=20)
    church_id = find_church(database, "church-7").id
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        for statement in MANY:
            owner.execute(text(statement))
        number, card_id = owner.execute(
            text("SELECT number, id FROM cards WHERE church_id = :c LIMIT 1"), {"c": church_id}
        ).one()
    engine.dispose()
    now, said, told = SystemClock().now(), [], {}

    def note(_connection, _cursor, statement, parameters, *_):
        if re.match(r"\s*(SELECT (?!set_config))", statement):
            said.append((statement, parameters))

    event.listen(database._engine, "before_cursor_execute", note)
    pairs = [(Channel.SMS, "+16150000006"), (Channel.EMAIL, "a@example.org")]
    with database.church(church_id) as session:
        ask.people(session, church_id, "Keller", now=now)
        ask.people(session, church_id, "+16155550123", now=now)
        ask.of_number(session, church_id, number, now=now)
        ask.again(session, church_id, [card_id], pairs[0], now=now)
        by_hand.count_doubts(session, church_id)
        ask.names_at(session, church_id, *pairs[0])
        by_hand.open_doubts(session, church_id)
        by_hand.open_doubts(session, church_id, after=by_hand.DoubtPlace(now, card_id))
        brought(session, church_id, pairs)
        said_about(session, church_id, pairs)
        said_about(session, church_id, pairs, before=50_000)
        said_once(session, church_id, 5)
        untexted(session, church_id, Retried(("phone_invalid", "")), until=now)
        sources(session, church_id)
        after = Place(now, 50_000)
        for wanted in (
            Wanted(),
            Wanted(channel=Channel.SMS),
            Wanted(kind=ConsentKind.STOP),
            Wanted(source="form"),
            Wanted(kind=ConsentKind.STOP, source="form", channel=Channel.SMS),
            Wanted(since=now, before=now),
        ):
            page(session, church_id, wanted)
            page(session, church_id, wanted, after=after)
    event.remove(database._engine, "before_cursor_execute", note)
    with database.church(church_id) as session:
        for statement, parameters in said:
            rows = session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters)
            told[statement] = "\n".join(row[0] for row in rows)
    return told


def test_no_query_reads_a_whole_table(plans):
    assert len(plans) >= 15
    whole = {
        statement: plan
        for statement, plan in plans.items()
        if [table for table in TABLES if re.search(rf"Seq Scan on {table}\b", plan)]
    }
    assert not whole, "\n\n".join(f"{statement}\n{plan}" for statement, plan in whole.items())


def test_pages_of_the_log_are_walks_of_an_index(plans):
    pages = {statement: plan for statement, plan in plans.items() if "UNION ALL" in statement}
    assert len(pages) >= 5
    for statement, plan in plans.items():
        if "UNION ALL" in statement:
            # Each walk stops after a page; nothing sorts what it walked through.
            assert not re.search(r"Sort\n.*-> +(Bitmap|Seq)", plan), f"{statement}\n{plan}"
            assert "ix_consent_events_newest" in plan or "ix_consent_events_source" in plan
