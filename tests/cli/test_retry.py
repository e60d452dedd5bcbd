"""`hub retry`: what it would do, what it does, and what it says when it cannot."""

import json
import threading
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text

from ghl.attention import retries
from ghl.churches import find_church
from ghl.clock import SystemClock
from ghl.statuses import CardStatus
from tests.support.cards import CardMaker


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.fixture
def stuck(grace, database, sql):
    """Three cards that may go once more, one that has to be mended first, one that somebody has to decide about."""
    made = CardMaker(database, find_church(database, grace).id)
    for _ in range(2):
        made(CardStatus.NEEDS_ATTENTION, cause="tries_used_up")
    old = made(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
    sql("UPDATE cards SET status_changed_at = '2026-01-04 12:00+00' WHERE id = :id", id=old)
    made(CardStatus.NEEDS_ATTENTION, cause="phone_invalid")
    made(CardStatus.HELD, cause="two_people_match")
    return grace


@contextmanager
def others_at_work(database, sql, slug):
    """A scheduler and a worker that say so; what goes into the queue arrives."""
    sql(
        "INSERT INTO heartbeats (id, kind, host, pid, started_at, seen_at)"
        " SELECT gen_random_uuid(), kind, 'test', 1, now(), now() + interval '1 hour'"
        " FROM unnest(ARRAY['worker', 'scheduler']) AS kind"
    )
    church, over = find_church(database, slug).id, threading.Event()

    def work():
        while not over.wait(0.05):
            retries.advance(database, church, now=SystemClock().now())
            sql(
                "UPDATE cards SET status = 'synced', cause = NULL, synced_at = now() WHERE status = 'waiting'"
            )

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def test_what_would_happen_is_told_and_nothing_is_done(hub, stuck, sql):
    told = hub("retry", stuck, "--preview", "--json")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert found["going"] == 3
    assert sum(found["left"].values()) == 2
    assert "3 would go" in hub("retry", stuck, "--preview").out
    assert sql("SELECT count(*) FROM retry_requests")[0][0] == 0


@pytest.mark.parametrize(
    ("options", "going"),
    [
        (["--cause", "tries_used_up"], 2),
        (["--cause", "tries_used_up", "--cause", "refused_by_ghl"], 3),
        (["--cause", "phone_invalid"], 0),
        (["--to", "2026-01-04"], 1),
        (["--to", "2026-01-03"], 0),
        (["--from", "2026-01-04T06:00"], 3),
        (["--from", "2026-01-04T06:01"], 2),
        (["--from", "2026-01-04T12:01+00:00"], 2),
    ],
)
def test_only_what_was_asked_for(hub, stuck, options, going):
    assert json.loads(hub("retry", stuck, *options, "--preview", "--json").out)["going"] == going


def test_it_waits_for_every_result(hub, stuck, database, sql):
    with others_at_work(database, sql, stuck):
        told = hub("retry", stuck, "--json")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert (found["state"], found["total"], found["worked"], found["failed_again"]) == ("done", 3, 3, 0)
    row = sql("SELECT requested_by, wanted FROM retry_requests")[0]
    assert row.requested_by == "command line"
    assert row.wanted["causes"] == ["refused_by_ghl", "tries_used_up"]
    assert hub("retry", stuck).out.startswith("No card would go.")


def test_it_need_not_wait(hub, stuck, sql):
    told = hub("retry", stuck, "--no-wait")
    assert told.code == 0, told.err
    assert told.out.startswith("Started: 3 cards go once more.")
    assert sql("SELECT state FROM retry_requests")[0][0] == "running"


def test_without_a_scheduler_it_says_so_and_the_request_stands(hub, stuck, sql):
    told = hub("retry", stuck)
    assert told.code == 1
    assert told.err == (
        "hub: The retry is noted, and goes on as soon as a scheduler runs. Now there is none: hub scheduler\n"
    )
    assert sql("SELECT state FROM retry_requests")[0][0] == "running"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["grace", "--cause", "nonsense"], 2),
        (["grace", "--from", "yesterday"], 2),
        (["grace", "--from", "2026-01-05", "--to", "2026-01-03"], 2),
        (["nowhere"], 1),
    ],
)
def test_what_cannot_be_is_one_line(hub, grace, options, code):
    told = hub("retry", *options)
    assert told.code == code
    assert told.err.startswith("hub: ")
    assert told.err.count("\n") == 1
