"""Fixtures that every test may ask for: real servers, one of each per pytest worker."""

import os
from collections.abc import Iterator

import pytest
import redis

from ghl.db.engine import Database
from tests.support.database import DatabaseUrls, PostgresServer, postgres_server
from tests.support.servers import valkey_server


def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: half as many again as there are cores, for many tests wait for a server or a browser."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2 if hasattr(os, "sched_getaffinity") else 3)


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
