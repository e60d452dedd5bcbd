"""The tests' own databases: one that a test has used is emptied for the next, and is as the migrations leave it."""

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from ghl.churches import add_church
from ghl.db.engine import Database
from ghl.statuses import CardStatus
from tests.support.cards import CardMaker

SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"


@pytest.fixture
def server(_postgres):
    return _postgres


def left_in(urls):
    with create_engine(make_url(urls.admin), poolclass=NullPool).connect() as connection:
        sequences = connection.execute(text(SEQUENCES)).all()
        return sequences, connection.execute(text("SELECT count(*) FROM churches")).scalar_one()


def test_a_database_in_which_a_church_was_at_work_is_emptied_and_used_again(server):
    with server.fresh_database() as urls:
        fresh = left_in(urls)
        database = Database(urls.app)
        church_id = add_church(
            database, slug="grace", name="Grace Church", timezone="America/Chicago", actor="t"
        )
        CardMaker(database, church_id)(CardStatus.WAITING, first_name="Anna")
        assert left_in(urls) != fresh
        database.close()
    with server.fresh_database() as again:
        assert again == urls
        assert left_in(again) == fresh


def test_one_that_was_given_another_form_is_not(server):
    with server.fresh_database() as urls:
        leave_a_table_in(urls)
    with server.fresh_database() as another:
        assert another != urls


def leave_a_table_in(urls):
    with create_engine(make_url(urls.admin), poolclass=NullPool).begin() as connection:
        connection.execute(text("CREATE TABLE left_behind (id int)"))
