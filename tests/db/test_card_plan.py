"""The queries behind the page of one card find their rows by an index, also under row-level security."""

import re

import pytest
from sqlalchemy import create_engine, event, text

from ghl.cards.story import card_in_full
from ghl.churches import find_church
from tests.support.filling import fill

TABLES = ("cards", "outbox", "card_revisions", "attempts", "audit_entries", "card_notes")


HISTORY = (
    (
        "INSERT INTO attempts (church_id, outbox_id, card_id, lease_token, number, started_at, outcome)"
        " SELECT church_id, id, card_id, gen_random_uuid(), 1, now(), 'delivered' FROM outbox"
    ),
    (
        "INSERT INTO audit_entries (church_id, actor, action, subject, facts)"
        " SELECT church_id, 'x', 'card.reviewed', id::text, '{}' FROM cards"
    ),
    "INSERT INTO card_notes (church_id, card_id, text, written_by) SELECT church_id, id, 'Hello', 'x' FROM cards",
    "ANALYZE",
)


@pytest.fixture
def asked(database, database_urls):
    """What is asked for one card of a church with many, and what each question's plan is."""
    fill(database_urls, cards=30_000, churches=20)
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        for statement in HISTORY:
            owner.execute(text(statement))
    engine.dispose()
    church_id = find_church(database, "church-1").id
    with database.church(church_id) as session:
        number = session.scalar(
            text(
                "SELECT number FROM cards WHERE contact_id IS NOT NULL AND phone IS NOT NULL ORDER BY id LIMIT 1"
            )
        )
        number = number or session.scalar(text("SELECT number FROM cards WHERE phone IS NOT NULL LIMIT 1"))
        said, connection = [], session.connection()

        def note(_connection, _cursor, statement, parameters, *_):
            said.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        assert card_in_full(session, church_id, number)
        event.remove(connection, "before_cursor_execute", note)
        return {
            statement: "\n".join(
                row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            )
            for statement, parameters in said
        }


def test_one_card_is_read_by_few_questions_and_no_whole_table(asked):
    assert 6 <= len(asked) <= 7
    for plan in asked.values():
        assert not [table for table in TABLES if re.search(rf"Seq Scan on {table}\b", plan)], plan
