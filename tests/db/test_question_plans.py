"""The queries of questions and outages find their rows by an index, also under row-level security."""

import re

import pytest
from sqlalchemy import create_engine, text

from ghl import outages
from ghl.churches import find_church
from ghl.client.breaker import BreakerState
from ghl.clock import SystemClock
from ghl.delivery.claim import due_churches
from ghl.ids import new_id
from ghl.people.users import add_user
from ghl.questions import ask as questions
from ghl.questions import take
from ghl.statuses import Role
from tests.support.filling import fill
from tests.support.plans import explained

TABLES = ("cards", "outbox", "questions", "outages", "outage_told")

MANY = (
    (
        "INSERT INTO questions (id, church_id, location_id, kind, params, key, asked_by, asked_at, wanted_until, state,"
        " due_at, answer, answered_at) SELECT gen_random_uuid(), l.church_id, l.id, 'contact', '{}',"
        " decode(md5(l.id::text || n), 'hex'), 'x', now() - n * interval '1 minute',"
        " now() - n * interval '1 minute', 'answered', now(), '{}', now() FROM locations AS l,"
        " generate_series(1, 300) AS n"
    ),
    (
        "INSERT INTO outages (church_id, scope, opened_at, closed_at, ended, finished_at)"
        " SELECT id, 'whole', now() - n * interval '8 hours', now(), 'answered', now() FROM churches,"
        " generate_series(1, 300) AS n"
    ),
    (
        "INSERT INTO outage_told (outage_id, user_id, church_id, told_at)"
        " SELECT o.id, u.id, o.church_id, now() FROM outages AS o, users AS u"
    ),
    "ANALYZE",
)


@pytest.fixture
def plans(database, database_urls):
    """What each question says to the server, with the plan for it."""
    fill(database_urls, cards=8_000, churches=20)
    church_id = find_church(database, "church-1").id
    user = add_user(
        database, "ruth@example.org", name="Ruth", church_id=church_id, role=Role.STAFF, actor="test"
    )
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        for statement in MANY:
            owner.execute(text(statement))
        owner.execute(text("UPDATE outages SET finished_at = NULL WHERE id = (SELECT max(id) FROM outages)"))
    engine.dispose()
    state = BreakerState("LOC1", "open", SystemClock().now(), None, testing=False)

    def newest(session):
        return outages.latest(session, church_id)

    with database.church(church_id) as session:
        location_id = session.scalar(text("SELECT id FROM locations WHERE active"))
        episode = newest(session)
        asked = session.scalar(text("SELECT id FROM questions LIMIT 1"))
    told = explained(
        database.church(church_id),
        lambda session: questions.ask(session, church_id, "location", actor="x"),
        lambda session: questions.look(session, church_id, asked),
        lambda session: take.take(session, church_id, location_id, token=new_id(), calls=9),
        lambda session: take.is_due(session, church_id),
        lambda session: take.give_up_on_deadly(session, church_id),
        newest,
        lambda session: outages.follow_cards(session, church_id, episode.id),
        lambda session: outages.tell_once(session, church_id, episode, user),
        lambda session: outages.ask_for_test(session, church_id),
    )
    told |= explained(
        database.system(),
        due_churches,
        outages.to_follow,
        lambda session: outages.follow_breakers(session, [state]),
        lambda session: outages.follow_breakers(session, []),
        lambda session: outages.tested(session, church_id, good=True),
    )
    return told


def test_no_query_reads_a_whole_table(plans):
    assert len(plans) >= 15
    for statement, plan in plans.items():
        assert not [table for table in TABLES if re.search(rf"Seq Scan on {table}\b", plan)], (
            statement,
            plan,
        )
