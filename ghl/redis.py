"""The way to Redis (or Valkey): connections that give up soon, and Lua scripts read from the package.

Redis holds nothing that PostgreSQL does not know or that the next ten seconds do not bring back.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


class LuaScript:
    """One Lua script; each call is one round trip, and a server that forgot the script is given it again."""

    def __init__(self, client: redis.Redis, package: str, *names: str) -> None:
        """The files `names` in the folder `lua` of `package`, joined in this order into one script."""
        folder = files(package) / "lua"
        text = "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
        self._script = client.register_script(text)

    def __call__(self, keys: Sequence[str], args: Sequence[str | int]) -> list[int | bytes | None]:
        """What the script returned: always a list, as all scripts of the hub return one.

        Raises `redis.RedisError` when Redis does not answer.
        """
        return cast("list[int | bytes | None]", self._script(keys=list(keys), args=list(args)))


def connect_redis(url: str, *, timeout: float = 1.0) -> redis.Redis:
    """A client for `url` (`redis://`, `rediss://` or `unix://`) that waits at most `timeout` seconds for an answer.

    A connection that a restarted server has closed is opened anew once, at once. redis-py's own default (ten
    retries with back-off) would hold a caller for seconds while Redis is away.
    """
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry, health_check_interval=0
    )
