"""Are the servers that were given by URL there, and new enough? Asked before anything is started."""

import psycopg
import redis
from sqlalchemy import URL

from ghl.config import Settings
from ghl.db.errors import DatabaseSetupError
from ghl.db.migrate import OLDEST_SERVER, first_line, where
from ghl.db.url import database_url
from ghl.redis import connect_redis
from jobs.supervisor.errors import StartError

OLDEST_REDIS = 6
"""The first whose scripts may read the clock and then write without being told to (Redis 5) and that RQ's own
tests still run against.
"""

PATIENCE = 5


def given_servers(settings: Settings) -> tuple[str, str, str]:
    """The URLs of the database for the application, of the same for its owner, and of Redis: empty where none
    was given. Raises `StartError` as the checks below do.
    """
    url = admin_url = redis_url = ""
    if settings.database_url is not None:
        url = admin_url = database(settings.database_url.get_secret_value(), variable="HUB_DATABASE_URL")
    if settings.database_admin_url is not None:
        if not url:
            raise StartError("HUB_DATABASE_ADMIN_URL is set, but not HUB_DATABASE_URL: set both or none.")
        admin_url = database(
            settings.database_admin_url.get_secret_value(), variable="HUB_DATABASE_ADMIN_URL"
        )
    if settings.redis_url is not None:
        redis_url = redis_server(settings.redis_url.get_secret_value(), variable="HUB_REDIS_URL")
    return url, admin_url, redis_url


def database(text: str, *, variable: str) -> str:
    """The URL as every part of the hub reads it. Raises `StartError` when nobody answers there, the login is
    refused, or the server is too old. No password is in the message.
    """
    url = _parsed(text, variable)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=PATIENCE) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        raise StartError(f"{variable}: no database at {where(url)}: {first_line(error)}") from error
    if version < OLDEST_SERVER:
        raise StartError(
            f"{variable}: PostgreSQL {version} at {where(url)} is too old."
            f" The hub needs version {OLDEST_SERVER} or newer."
        )
    return url.render_as_string(hide_password=False)


def redis_server(url: str, *, variable: str) -> str:
    """The URL. Raises `StartError` when nobody answers there or the server is too old."""
    try:
        with connect_redis(url, timeout=PATIENCE) as client:
            version = str(client.info("server")["redis_version"])
    except (redis.RedisError, ValueError) as error:
        # A text that is no URL at all may hold a password, so it is not repeated.
        raise StartError(f"{variable}: no Redis there: {first_line(error)}") from error
    if int(version.split(".", maxsplit=1)[0]) < OLDEST_REDIS:
        raise StartError(
            f"{variable}: Redis {version} is too old. The hub needs Redis {OLDEST_REDIS} or Valkey."
        )
    return url


def _parsed(text: str, variable: str) -> URL:
    try:
        return database_url(text)
    except DatabaseSetupError as error:
        raise StartError(f"{variable}: {error}") from error
