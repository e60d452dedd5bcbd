"""The evidence finds what is there to be found: in a dump, and in what RQ compresses."""

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import create_engine, text

from ghl.crypto import new_key_line
from tests.chaos.evidence import ERRORS, dump, kept_open, redis_content, secrets_in
from tests.support.churches import TOKEN, connected_church, key_ring


def test_a_dump_has_every_row_and_no_token_that_is_sealed(database, database_urls):
    connected_church(database, key_ring(), slug="dumped")
    found = dump(database_urls.admin)
    assert "dumped" in found
    assert "COPY public.credentials" in found
    key = new_key_line(1).partition(":")[2]
    assert kept_open(found, (TOKEN, key)) == 0

    engine = create_engine(database_urls.admin)
    with engine.begin() as connection:
        connection.execute(text("UPDATE credentials SET sealed = :token"), {"token": TOKEN.encode()})
    assert kept_open(dump(database_urls.admin), (TOKEN, key)) == 1
    with engine.begin() as connection:
        connection.execute(text("UPDATE churches SET name = :key"), {"key": key})
    assert kept_open(dump(database_urls.admin), (TOKEN, key)) == 2
    with engine.connect() as connection:
        for statement in ERRORS.values():
            connection.execute(text(statement))
    engine.dispose()


def test_what_stands_in_a_job_is_read(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        Queue("wake", connection=client, serializer=JSONSerializer).enqueue("jobs.wake.anything", TOKEN)
        client.xadd("stream", {"phone": "+16152000001"})
    found = redis_content(redis_url)
    assert "jobs.wake.anything" in found
    assert "a token or a key" in secrets_in(found, people=(), tokens=())
    assert "+16152000001" in found
