"""A church with cards that wait for a person, and what a worker would make of those that go again."""

import pytest
from sqlalchemy import create_engine, text

from ghl.cards.counts import counts
from ghl.clock import SystemClock
from tests.support.cards import CardMaker
from tests.support.churches import church as add_church


@pytest.fixture
def church(database):
    return add_church(database)


@pytest.fixture
def cards(database, church):
    return CardMaker(database, church)


@pytest.fixture
def sql(database_urls):
    """Statements by the owner, who sees and changes everything."""
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.fixture
def clock():
    return SystemClock()


@pytest.fixture
def arrive(sql):
    """All that is on its way comes to rest: `arrive(failing=3)` needs a person again for the first three."""

    def arrive(*, failing=0, cause="refused_by_ghl"):
        waiting = [row.id for row in sql("SELECT id FROM cards WHERE status = 'waiting' ORDER BY number")]
        for n, card in enumerate(waiting):
            state, status = ("parked", "needs_attention") if n < failing else ("done", "synced")
            sql("UPDATE outbox SET state = :state WHERE card_id = :id", state=state, id=card)
            sql(
                "UPDATE cards SET status = :status, cause = :cause, status_changed_at = now(),"
                " synced_at = CASE WHEN :status = 'synced' THEN now() END WHERE id = :id",
                status=status,
                cause=cause if status == "needs_attention" else None,
                id=card,
            )
        return len(waiting)

    return arrive


@pytest.fixture
def standing(database, church):
    """Cards by status, those that are there."""

    def standing():
        with database.church(church) as session:
            return {str(status): n for status, n in counts(session, church).items() if n}

    return standing
