"""Redis or PostgreSQL away under somebody's hands: what was typed is kept or saved, and pages recover by themselves."""

import time

import pytest

from ghl.db.engine import Database
from tests.support.database import postgres_server
from tests.support.servers import restartable_valkey
from tests.web.test_add import ADD, field, save, texts, type_in
from tests.web.test_cards_page import CARDS, names


@pytest.fixture
def valkey():
    with restartable_valkey() as valkey:
        yield valkey


@pytest.fixture
def redis_url(valkey):
    return valkey.url


@pytest.fixture
def server():
    with postgres_server() as server:
        yield server


@pytest.fixture
def database_urls(server):
    with server.fresh_database() as urls:
        yield urls


@pytest.fixture
def database(database_urls):
    database = Database(database_urls.app)
    yield database
    database.close()


def test_redis_and_postgresql_away(open_page, sign_in, connected, sql, valkey, server):
    cookie = sign_in()
    valkey.stop()
    began = time.monotonic()
    app = save(type_in(open_page(cookie, ADD), first="Anna", last="Keller", email="anna@example.org"))
    assert "Saved: Anna Keller." in texts(app)
    assert sql("SELECT state FROM outbox") == [("due",)]
    assert time.monotonic() - began < 10
    valkey.start()

    app = type_in(app, first="Ben", last="Lee", email="ben@example.org")
    server.stop("immediate")
    app = save(app)
    assert not app.exception
    listed = open_page(cookie, CARDS)
    assert not listed.exception
    assert names(listed) == []

    server.start()
    listed = listed.run()
    assert not listed.exception
    app = app.run()
    assert (field(app, "First name").value, field(app, "Last name").value) == ("Ben", "Lee")
    app = save(app)
    assert "Saved: Ben Lee." in texts(app)
    assert sorted(names(open_page(cookie, CARDS))) == ["Anna Keller", "Ben Lee"]
