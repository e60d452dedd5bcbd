"""Migrations: they make what the models say, can be undone, and may be run at once and again."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import create_engine, make_url, text

from ghl.db.errors import DatabaseSetupError
from ghl.db.migrate import alembic_config, upgrade
from tests.support.filling import fill


def test_models_and_migrations_agree(database_urls):
    engine = create_engine(make_url(database_urls.admin))
    with engine.connect() as connection:
        command.check(alembic_config(connection))
    engine.dispose()


def test_down_and_up_again(database_urls):
    engine = create_engine(make_url(database_urls.admin))
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "base")
        connection.commit()
        left = connection.execute(
            text(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
        ).all()
    engine.dispose()
    assert left == []
    upgrade(database_urls.admin, database_urls.app)


def test_two_hubs_migrating_at_once_take_turns(database_urls):
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(upgrade, database_urls.admin, database_urls.app) for _ in range(4)]:
            done.result(30)


def test_a_server_that_does_not_answer_is_one_clear_line():
    url = "postgresql+psycopg://hub:secret@127.0.0.1:1/hub"
    with pytest.raises(
        DatabaseSetupError, match=r"PostgreSQL does not answer at 127\.0\.0\.1:1/hub"
    ) as caught:
        upgrade(url, url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_imports_come_to_a_filled_database(database_urls):
    """Cards of before have no list; all of them stay, and lists find theirs from then on."""
    fill(database_urls, cards=2_000, churches=3)
    engine = create_engine(make_url(database_urls.admin))
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0005")
        connection.commit()
        assert connection.scalar(text("SELECT count(*) FROM cards")) == 2_000
    upgrade(database_urls.admin, database_urls.app)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), count(import_id) FROM cards")).one() == (2_000, 0)
        assert connection.scalar(text("SELECT count(*) FROM card_imports")) == 0
    engine.dispose()
