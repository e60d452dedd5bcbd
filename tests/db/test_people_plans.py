"""The queries about people find their rows by an index, however many people an installation has."""

import re

import pytest
from sqlalchemy import create_engine, event, text

from ghl.churches import find_church
from ghl.clock import SystemClock
from ghl.people import everybody, sessions, team
from ghl.people import help as helping
from ghl.people.invite import invite
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.names import member_names
from ghl.people.users import add_user
from ghl.statuses import Role
from tests.support.filling import fill

TABLES = ("users", "memberships", "web_sessions", "sign_in_links", "help_access")

MANY = (
    (
        "INSERT INTO users (id, email) SELECT md5('u' || n)::uuid, 'u' || lpad(n::text, 5, '0') || '@example.org'"
        " FROM generate_series(1, 30000) AS n"
    ),
    (
        "INSERT INTO memberships (user_id, church_id, role, name) SELECT md5('u' || n)::uuid,"
        " md5('church' || 1 + n % 200)::uuid, 'staff', 'U' || n FROM generate_series(1, 3000) AS n"
    ),
    (
        "INSERT INTO web_sessions (token_hash, user_id, church_id, seen_at, expires_at)"
        " SELECT decode(md5(user_id::text || church_id::text), 'hex'), user_id, church_id, now(), now() + interval '7 days' FROM memberships"
    ),
    (
        "INSERT INTO help_access (id, church_id, user_id, reason, state, ended_at)"
        " SELECT gen_random_uuid(), church_id, user_id, 'x', 'ended', now() FROM memberships"
    ),
    (
        "INSERT INTO sign_in_links (token_hash, user_id, expires_at)"
        " SELECT decode(md5(user_id::text || church_id::text), 'hex'), user_id, now() FROM memberships"
    ),
    "ANALYZE",
)


@pytest.fixture
def plans(database, database_urls):
    """What each function says to the server, with the plan for it."""
    fill(database_urls, cards=500, churches=200)
    church_id, other = (find_church(database, slug).id for slug in ("church-7", "church-8"))
    clock = SystemClock()
    pat = add_user(database, "pat@example.org", church_id=church_id, role=Role.ADMIN, actor="test")
    add_user(database, "pat@example.org", church_id=other, role=Role.ADMIN, actor="test")
    olga = add_user(database, "olga@example.org", ops=True, actor="test")
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        for statement in MANY:
            owner.execute(text(statement))
    engine.dispose()
    link = create_sign_in_link(database, "pat@example.org", clock=clock, actor="test")
    cookie = redeem(database, link, user_agent="", clock=clock)
    said = []

    def note(_connection, _cursor, statement, parameters, *_):
        if re.match(r"\s*(SELECT (?!set_config)|UPDATE|DELETE)", statement):
            said.append((statement, parameters))

    event.listen(database._engine, "before_cursor_execute", note)
    sessions.current(database, cookie, clock=clock)
    sessions.choose_church(database, cookie, other, clock=clock)
    team.members(database, church_id)
    team.team_size(database, church_id)
    ann = team.add_member(
        database,
        church_id,
        name="Ann",
        email="ann@example.org",
        role=Role.ADMIN,
        reads_prayers=False,
        actor="test",
    )
    team.change_member(database, church_id, ann, role=Role.STAFF, actor="test")
    invite(database, user_id=ann, church_id=church_id, public_url="x", smtp=None, clock=clock, actor="test")
    team.remove_member(database, church_id, ann, actor="test")
    asked = helping.ask(database, church_id, olga, reason="x")
    helping.answer(database, church_id, asked.id, by=pat, agrees=True)
    helping.of_church(database, church_id)
    helping.of_person(database, church_id, olga)
    helping.end(database, church_id, asked.id, by=olga)
    everybody.people(database)
    everybody.people(database, after="u00050", church_id=church_id)
    member_names(database, church_id)
    event.remove(database._engine, "before_cursor_execute", note)
    told = {}
    with database.identity() as session:
        for statement, parameters in said:
            rows = session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters)
            told[statement] = "\n".join(row[0] for row in rows)
    return told


def test_no_query_reads_a_whole_table(plans):
    assert len(plans) >= 20
    whole = {
        statement: plan
        for statement, plan in plans.items()
        if [table for table in TABLES if re.search(rf"Seq Scan on {table}\b", plan)]
    }
    assert not whole, "\n\n".join(f"{statement}\n{plan}" for statement, plan in whole.items())
