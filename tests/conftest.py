"""Fixtures that every test may ask for: real servers, one of each per pytest worker."""

from collections.abc import Iterator

import pytest
import redis

from ghl.db.engine import Database
from tests.support.database import DatabaseUrls, PostgresServer, postgres_server
from tests.support.servers import valkey_server


@pytest.fixture(scope="session")
def _valkey_url() -> Iterator[str]:
    with valkey_server() as url:
        yield url


@pytest.fixture
def redis_url(_valkey_url: str) -> str:
    """The URL of this worker's Valkey, emptied for this test."""
    with redis.Redis.from_url(_valkey_url) as client:
        client.flushall()
    return _valkey_url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def _postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def database_urls(_postgres: PostgresServer) -> Iterator[DatabaseUrls]:
    """A migrated database for this test alone."""
    with _postgres.fresh_database() as urls:
        yield urls


@pytest.fixture
def database(database_urls: DatabaseUrls) -> Iterator[Database]:
    """This test's database, as the application sees it."""
    database = Database(database_urls.app)
    yield database
    database.close()
