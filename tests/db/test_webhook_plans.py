"""The queries of events, stops on their way and the nightly check find their rows by an index, also under row-level security."""

import re

import pytest
from sqlalchemy import create_engine, text

from ghl.churches import find_church
from ghl.clock import SystemClock
from ghl.consent import differences, dnd_check, opt_outs, pressing
from ghl.statuses import Channel
from ghl.webhooks import handle, reading, replay, secrets, seen, stops
from ghl.webhooks.results import Place
from tests.support.filling import fill
from tests.support.plans import explained

TABLES = ("webhook_events", "opt_outs", "dnd_differences", "contact_links", "consent_events")
MANY = (
    (
        "INSERT INTO webhook_events (church_id, source, dedupe_key, type, body, state, received_at, due_at)"
        " SELECT id, 'app', 'w:' || n, (ARRAY['ContactUpdate', 'InboundMessage', 'OutboundMessage'])[n % 3 + 1],"
        " '{}', CASE n % 50 WHEN 0 THEN 'waiting' WHEN 1 THEN 'failed' ELSE 'done' END, now() - n * interval '1 minute',"
        " now() FROM churches, generate_series(1, 1500) AS n"
    ),
    (
        "INSERT INTO opt_outs (id, church_id, channel, address, event_id, asked_at, due_on, state)"
        " SELECT gen_random_uuid(), id, 'sms', '+1615' || n, n, now(), current_date + n % 20 - 10,"
        " CASE n % 40 WHEN 0 THEN 'waiting' ELSE 'confirmed' END FROM churches, generate_series(1, 1000) AS n"
    ),
    (
        "INSERT INTO dnd_differences (id, church_id, contact_id, channel, kind, found_at, settled_at)"
        " SELECT gen_random_uuid(), id, 'c' || n, 'sms', 'gone', now() - n * interval '1 hour', now()"
        " FROM churches, generate_series(1, 1000) AS n"
    ),
    (
        "INSERT INTO contact_links (location_id, contact_id, church_id, phone, email, newest_applied_at, seen_at)"
        " SELECT id, 'c' || n, church_id, '+1615' || n, n || '@example.org', now(), now()"
        " FROM locations, generate_series(1, 1000) AS n"
    ),
    (
        "INSERT INTO consent_events (church_id, channel, address, person, kind, purpose, source, recorded_by, recorded_at)"
        " SELECT id, 'sms', '+1615' || n, '', 'yes', 'x', 'form', 'x', now() FROM churches, generate_series(1, 1000) AS n"
    ),
    "ANALYZE",
)


@pytest.fixture
def plans(database, database_urls):
    """What each of them says to the server, with the plan for it."""
    fill(database_urls, cards=2_000, churches=10)
    church_id = find_church(database, "church-1").id
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        for statement in MANY:
            owner.execute(text(statement))
    engine.dispose()
    now = SystemClock().now()
    with database.church(church_id) as session:
        location_id = session.scalar(text("SELECT id FROM locations WHERE active"))
        [first], _ = reading.read(session, church_id, reading.Wanted(), most=1)
        [difference], _ = differences.listed(session, church_id, most=1)
    night = {"location": location_id, "church": church_id, "after": "c5", "most": 3, "through": 500}
    told = explained(
        database.system(),
        handle.churches_due,
        opt_outs.churches_due,
        reading.last_of_all,
        lambda session: pressing.of_all(session, now=now),
        lambda session: reading.prune(session, now=now),
    )
    told |= explained(
        database.church(church_id),
        lambda session: reading.read(session, church_id, reading.Wanted(), after=first.place),
        lambda session: reading.read(session, church_id, reading.Wanted(matters=True)),
        lambda session: reading.read(session, church_id, reading.Wanted(state=reading.SEEN)),
        lambda session: reading.read(session, church_id, reading.Wanted(state="failed")),
        lambda session: differences.listed(session, church_id, differences.Which.OPEN),
        lambda session: differences.listed(session, church_id, differences.Which.SEEN),
        lambda session: seen.mark_seen(session, church_id, first.id, actor="x", now=now),
        lambda session: differences.mark_seen(session, church_id, difference.id, actor="x", now=now),
        lambda session: reading.read(session, church_id, reading.Wanted(type="InboundMessage")),
        lambda session: reading.health(session, church_id),
        lambda session: replay.replay(session, church_id, first.id, actor="x"),
        lambda session: replay.replay_failed(session, church_id, actor="x"),
        lambda session: pressing.of_church(session, church_id, today=now.date()),
        lambda session: opt_outs.unconfirmed(session, church_id, today=now.date()),
        lambda session: opt_outs.push_again(session, church_id, Channel.SMS, "+16155"),
        lambda session: differences.listed(session, church_id, after=difference.place),
        lambda session: session.execute(dnd_check.NEXT, night),
        lambda session: stops.addresses_of(session, Place(church_id, "US", location_id), "c7", Channel.SMS),
        lambda session: secrets.secrets_of(session, church_id),
    )
    return told


def test_none_reads_a_whole_table(plans):
    whole = {
        statement: plan
        for statement, plan in plans.items()
        if any(re.search(rf"Seq Scan on {table}\b", plan) for table in TABLES)
    }
    assert not whole, "\n\n".join(f"{statement}\n{plan}" for statement, plan in whole.items())
