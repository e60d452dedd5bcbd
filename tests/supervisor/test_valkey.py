"""The embedded Valkey: a private socket and nothing else."""

import redis

from jobs.supervisor.valkey import EmbeddedValkey
from tests.supervisor.support import mode_of, processes_in


def test_private_and_refusing_to_forget(data_dir):
    with EmbeddedValkey(data_dir) as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", 1)
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        assert client.config_get("port") == {"port": "0"}
        assert mode_of(data_dir / "sockets" / "valkey") == 0o700
        assert mode_of(data_dir / "sockets" / "valkey" / "valkey.sock") == 0o700
    assert processes_in(data_dir) == []


def test_a_path_too_long_for_a_socket(data_dir):
    deep = data_dir / ("long-" * 20)
    with EmbeddedValkey(deep) as server, redis.Redis.from_url(server.url) as client:
        assert client.ping()
        assert mode_of((deep / "sockets" / "valkey").readlink()) == 0o700
