"""Every query of a page and of a worker finds its rows by an index, also under row-level security."""

import re
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import event, make_url

from ghl.cards.find import found_cards
from ghl.churches import find_church
from tests.bench.scale import filters, questions
from tests.support.filling import fill

BIG_TABLES = ("cards", "card_words", "outbox", "card_revisions", "attempts", "person_keys", "contact_links")
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
                    # A page is read in its order from an index, not gathered and sorted. Look-alikes are a handful,
                    # and so is what is wanted of the cards of one list.
                    few = name in {"look-alikes", "erasing foreseen"} or (
                        "one list, " in name and "ix_cards_import" in plan
                    )
                    if "ORDER BY cards.received_at" in statement and "Sort" in plan and not few:
                        whole.append(plan)
                    if " list" in name and "FROM cards" in statement and "import_id" in statement:
                        whole += [plan] * ("ix_cards_" not in plan)
    assert not whole, whole[0]


def test_a_page_of_the_list_takes_few_statements(asked):
    """Settings of the transaction, the page's ids, the church's state, and the rows."""
    assert len(asked["first page"]) <= 4
    assert len(asked["tiles"]) <= 2
    assert len(asked["claim of 100"]) <= 2


@pytest.mark.parametrize("church", ["church-1", "church-7"])
def test_the_search_reads_no_whole_table_either(database, database_urls, church):
    """What the function asks inside is told by PostgreSQL alone, to its owner."""
    fill(database_urls, cards=30_000, churches=20)
    church_id = find_church(database, church).id
    plans: list[str] = []
    url = make_url(database_urls.admin).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as owner:
        owner.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
        owner.execute("LOAD 'auto_explain'")
        owner.execute("SET auto_explain.log_min_duration = 0")
        owner.execute("SET auto_explain.log_nested_statements = on")
        owner.execute("SET client_min_messages = log")
        owner.execute("SELECT set_config('app.org', %s, true)", (str(church_id),))
        for name, wanted in filters(datetime.now(UTC)).items():
            if wanted.plain:
                continue
            for most in (26, 10_001):
                plans.clear()
                asked = found_cards(church_id, wanted, most=most).compile(dialect=database._engine.dialect)
                owner.execute(asked.string, asked.params)
                told = "\n".join(plans)
                assert "ix_cards_newest" in told or "number" in told, f"{name}: {told}"
                for table in ("cards", "card_words"):
                    assert f"Seq Scan on {table}" not in told, f"{name}: {told}"
