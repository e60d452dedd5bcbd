"""Servers given by URL: right ones are taken, wrong ones are one line without a password."""

import pytest
from pydantic import SecretStr

from ghl.config import Settings
from jobs.supervisor import checks
from jobs.supervisor.errors import StartError
from jobs.supervisor.postgres import EmbeddedPostgres


def settings(**urls: str) -> Settings:
    return Settings(_env_file=None, **{name: SecretStr(url) for name, url in urls.items()})


@pytest.mark.parametrize(
    ("setting", "url", "says"),
    [
        ("database_url", "postgresql://hub:hunter2@127.0.0.1:1/hub", "no database at 127.0.0.1:1/hub"),
        ("database_url", "postgresql://hub:hunter2@nowhere.invalid/hub", "no database at nowhere.invalid"),
        ("database_url", "hunter2", "is not the address of a database"),
        ("database_url", "mysql://hub:hunter2@127.0.0.1/hub", "keeps its data in PostgreSQL"),
        ("database_admin_url", "postgresql://hub:hunter2@127.0.0.1:1/hub", "set both or none"),
        ("redis_url", "redis://:hunter2@127.0.0.1:1/0", "no Redis there"),
        ("redis_url", "hunter2", "no Redis there"),
    ],
)
def test_a_wrong_address(setting, url, says):
    with pytest.raises(StartError) as refused:
        checks.given_servers(settings(**{setting: url}))
    line = str(refused.value)
    assert line.startswith(f"HUB_{setting.upper()}")
    assert says in line
    assert "\n" not in line
    assert "hunter2" not in line


def test_right_addresses_in_the_forms_that_providers_hand_out(shared_data_dir, redis_url):
    with EmbeddedPostgres(shared_data_dir, durable=False) as server:
        url = server.app_url.replace("postgresql+psycopg://", "postgres://")
        found = checks.given_servers(settings(database_url=url, redis_url=redis_url))
        assert found == (server.app_url, server.app_url, redis_url)
        wrong = url.replace("@/", "x@/")
        with pytest.raises(StartError, match="password authentication failed"):
            checks.given_servers(settings(database_url=wrong))


def test_servers_that_are_too_old(shared_data_dir, redis_url, monkeypatch):
    with EmbeddedPostgres(shared_data_dir, durable=False) as server:
        monkeypatch.setattr(checks, "OLDEST_SERVER", 99)
        with pytest.raises(StartError, match=r"PostgreSQL 18 at .* is too old. The hub needs version 99"):
            checks.given_servers(settings(database_url=server.app_url))
    monkeypatch.setattr(checks, "OLDEST_REDIS", 99)
    with pytest.raises(StartError, match=r"Redis 7.* is too old"):
        checks.given_servers(settings(redis_url=redis_url))
