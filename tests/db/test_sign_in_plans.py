"""The queries of signing in find their rows by an index, among many people, sessions, links and mails."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, event, text

from ghl.clock import SystemClock
from ghl.ids import new_id
from ghl.people import identities, links, mails, sessions
from ghl.people.oidc.flow import begin
from ghl.people.oidc.proof import Proven

TABLES = ("users", "web_sessions", "sign_in_links", "user_identities", "used_states", "mails")

MANY = (
    (
        "INSERT INTO users (id, email) SELECT gen_random_uuid(), 'p' || n || '@example.org'"
        " FROM generate_series(1, 3000) AS n"
    ),
    (
        "INSERT INTO web_sessions (token_hash, user_id, created_at, seen_at, expires_at)"
        " SELECT sha256((u.email || n)::bytea), u.id, now(), now(), now() + interval '1 day'"
        " FROM users AS u, generate_series(1, 5) AS n"
    ),
    (
        "INSERT INTO sign_in_links (token_hash, user_id, created_at, expires_at, by_mail)"
        " SELECT sha256((u.email || n)::bytea), u.id, now() - n * interval '1 hour', now() + interval '1 hour', true"
        " FROM users AS u, generate_series(1, 5) AS n"
    ),
    "INSERT INTO user_identities (issuer, subject, user_id) SELECT 'https://id', id::text, id FROM users",
    "INSERT INTO used_states SELECT sha256(n::text::bytea), now() FROM generate_series(1, 3000) AS n",
    (
        "INSERT INTO mails (id, kind, user_id, actor, wanted_until, due_at)"
        " SELECT gen_random_uuid(), 'invitation', id, 'x', now() + interval '1 day', now() + interval '1 hour'"
        " FROM users"
    ),
    "ANALYZE",
)


class Noted:
    """A database whose statements are explained as they are run."""

    def __init__(self, database):
        self._database = database
        self.plans = {}

    def identity(self):
        from contextlib import contextmanager

        @contextmanager
        def explained():
            with self._database.identity() as session:
                connection, said = session.connection(), []

                def note(_connection, _cursor, statement, parameters, *_):
                    said.append((statement, parameters))

                event.listen(connection, "before_cursor_execute", note)
                yield session
                event.remove(connection, "before_cursor_execute", note)
                for statement, parameters in said:
                    rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                    self.plans[statement] = "\n".join(row[0] for row in rows)

        return explained()


@pytest.fixture
def plans(database, database_urls):
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        for statement in MANY:
            owner.execute(text(statement))
        (user,) = owner.execute(text("SELECT id FROM users WHERE email = 'p7@example.org'")).one()
    engine.dispose()
    noted, clock = Noted(database), SystemClock()
    sessions.open_sessions(noted, user, "x", clock=clock)
    sessions.end_session(noted, user, new_id(), clock=clock)
    sessions.end_others(noted, user, "x", clock=clock)
    mails.ask_for_link(noted, "p7@example.org", next_path="", clock=clock)
    mails.send_due(noted, lambda **_: None, public_url="https://hub.example", clock=clock)
    identities.use_state(noted, begin("", now=datetime.now(UTC)), clock=clock)
    for who in (Proven("https://id", str(user), None), Proven("https://id", "new", "p8@example.org")):
        identities.enter(noted, who, next_path="", user_agent="", clock=clock)
    with noted.identity() as session:
        identities.forget(session, user, actor="x")
        identities.prune(session, clock=clock)
        mails.prune(session, clock=clock)
        token = links.new_link(session, user, clock=clock, actor="x")
    links.use_up(noted, token, user_agent="", clock=clock)
    return noted.plans


def test_no_query_reads_a_whole_table(plans):
    assert len(plans) >= 15
    for statement, plan in plans.items():
        counted = "count(*)" in statement and "LIMIT" in statement
        found = [table for table in TABLES if re.search(rf"Seq Scan on {table}\b", plan)]
        # How many mails wait is counted up to a bound.
        assert not found or (counted and found == ["mails"]), (statement, plan)
