"""The queries about tokens find their rows by an index, also under row-level security."""

import re

from sqlalchemy import create_engine, text

from ghl.churches import find_church
from ghl.connection import standing, switch, trials
from ghl.ids import new_id
from ghl.questions import take
from tests.support.filling import fill
from tests.support.plans import explained

MANY = (
    (
        "INSERT INTO locations (id, church_id, ghl_id, active, allow_duplicates, checked_at)"
        " SELECT gen_random_uuid(), id, slug || n, false, false, now() FROM churches, generate_series(1, 100) AS n"
    ),
    (
        "INSERT INTO credentials (id, church_id, location_id, state, sealed, key_version, last4, created_by, tested_at)"
        " SELECT gen_random_uuid(), church_id, id, 'current', 'x', 1, '0001', 'x', now() FROM locations"
    ),
    (
        "INSERT INTO token_trials (id, church_id, ghl_location_id, last4, state, created_by, created_at, ended_at)"
        " SELECT gen_random_uuid(), id, 'LOC', '0001', 'used', 'x', now() - n * interval '1 second', now()"
        " FROM churches, generate_series(1, 300) AS n"
    ),
    (
        "INSERT INTO questions (id, church_id, location_id, kind, params, key, asked_by, asked_at, wanted_until, state,"
        " due_at, answer, answered_at) SELECT gen_random_uuid(), id, NULL, 'token_probe', '{}',"
        " decode(md5(id::text || n), 'hex'), 'x', now() - n * interval '1 minute', now() - n * interval '1 minute',"
        " 'answered', now(), '{}', now() FROM churches, generate_series(1, 300) AS n"
    ),
    "ANALYZE",
)


def test_no_query_reads_a_whole_table(database, database_urls):
    fill(database_urls, cards=200, churches=20)
    church_id = find_church(database, "church-1").id
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        for statement in MANY:
            owner.execute(text(statement))
    engine.dispose()
    told = explained(
        database.church(church_id),
        lambda session: trials.open_trial(session, church_id),
        lambda session: trials.pasted_lately(session, church_id),
        lambda session: trials.drop_trial(session, church_id),
        lambda session: trials.begin_again(session, church_id, new_id()),
        lambda session: take.take(session, church_id, None, token=new_id(), calls=9),
        lambda session: take.is_due_elsewhere(session, church_id),
        lambda session: switch.finish(session, church_id, actor="x"),
    )
    told |= explained(database.system(), trials.prune_trials, switch.erase_old_tokens)
    assert len(told) == 9
    for statement, plan in told.items():
        for table in ("credentials", "token_trials", "questions"):
            assert not re.search(rf"Seq Scan on {table}\b", plan), (statement, plan)


def test_what_a_page_reads_of_a_connection_is_found_by_an_index(database, database_urls):
    fill(database_urls, cards=200, churches=300)
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        owner.execute(text(MANY[1]))
        owner.execute(text("ANALYZE"))
    engine.dispose()
    church_id = find_church(database, "church-1").id
    told = explained(
        database.church(church_id),
        lambda session: standing.standing(session, church_id),
        lambda session: standing.token_age(session, church_id),
    )
    assert told
    for statement, plan in told.items():
        assert not re.search(r"Seq Scan on credentials\b", plan), (statement, plan)
