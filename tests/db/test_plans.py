"""Every query of a page and of a worker finds its rows by an index, also under row-level security."""

import re

import pytest
from sqlalchemy import event

from tests.bench.scale import questions
from tests.support.filling import fill

BIG_TABLES = ("cards", "outbox", "card_revisions", "attempts", "person_keys", "contact_links")
QUERY = re.compile(r"\s*(SELECT|WITH|UPDATE|DELETE)\b", re.IGNORECASE)


@pytest.fixture
def asked(database, database_urls):
    """What each question says to the server, with its parameters."""
    fill(database_urls, cards=30_000, churches=20)
    said: dict[str, list[tuple[str, object]]] = {}
    for name, question in questions(database).items():
        statements = said.setdefault(name, [])

        def note(_connection, _cursor, statement, parameters, *_, statements=statements):
            statements.append((statement, parameters))

        event.listen(database._engine, "before_cursor_execute", note)
        question()
        event.remove(database._engine, "before_cursor_execute", note)
    return said


def test_no_query_reads_a_whole_table(database, asked):
    whole = []
    for name, statements in asked.items():
        with database._engine.begin() as connection:
            for statement, parameters in statements:
                if "set_config" in statement:
                    connection.exec_driver_sql(statement, parameters)
                elif QUERY.match(statement):
                    plan = "\n".join(
                        row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                    )
                    plan = f"{name}:\n{plan}"
                    whole += [plan for table in BIG_TABLES if f"Seq Scan on {table}" in plan]
                    # A page is read in its order from an index, not gathered and sorted.
                    if "ORDER BY cards.received_at" in statement and "Sort" in plan:
                        whole.append(plan)
    assert not whole, whole[0]


def test_a_page_of_the_list_takes_few_statements(asked):
    """Settings of the transaction, the page's ids, the church's state, and the rows."""
    assert len(asked["first page"]) <= 4
    assert len(asked["tiles"]) <= 2
    assert len(asked["claim of 100"]) <= 2
