"""The scheduler's tasks, each on a real database."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from ghl.chain.watch import checked
from ghl.db.look import looking
from ghl.erasing.church import request
from ghl.heartbeat import ALIVE_FOR, beat
from ghl.ids import new_id
from ghl.simulator.server import SimulatorServer
from ghl.status import ALIVE_SECONDS, status
from ghl.statuses import CardStatus
from ghl.webhooks.secrets import new_secret
from jobs.housekeeping import tasks
from tests.support.cards import CardMaker
from tests.support.churches import card_values, save
from tests.support.hub import running_hub


@pytest.fixture
def hub(database_urls, redis_url):
    with SimulatorServer() as simulator, running_hub(database_urls, redis_url, simulator) as hub:
        yield hub


@pytest.fixture
def task(hub):
    by_name = {task.name: task for task in tasks(hub.container)}
    return lambda name: by_name[name].run()


@pytest.fixture
def look(hub):
    with looking(hub.container.database_url) as look:
        yield look


def test_what_is_due_is_woken(hub, task, redis_client):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1))
    task("sweep")
    assert redis_client.exists(f"wake:{church_id}")


def test_counts_are_folded_and_stay_the_same(hub, task):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1), card_values(2))
    before = hub.standing(church_id)
    task("fold counts")
    assert hub.query(church_id, "SELECT 1 FROM card_count_deltas") == []
    assert hub.standing(church_id) == before == {"waiting": 2}


def test_old_idempotency_keys_go_and_young_ones_stay(hub, task):
    church_id = hub.church()
    with hub.database.church(church_id) as session:
        session.execute(
            text(
                "INSERT INTO source_keys (id, church_id, name, key_hash, last4)"
                " VALUES (:id, :church, 'Website', 'x', 'abcd')"
            ),
            {"id": (source := new_id()), "church": church_id},
        )
        for key, age in (("old", "31 days"), ("young", "29 days")):
            session.execute(
                text(
                    "INSERT INTO idempotency_keys (source_key_id, key, church_id, body_hash, answer, created_at)"
                    " VALUES (:source, :key, :church, 'x', CAST(:answer AS jsonb), now() - CAST(:age AS interval))"
                ),
                {"source": source, "key": key, "church": church_id, "answer": json.dumps({}), "age": age},
            )
    task("prune idempotency keys")
    assert [row.key for row in hub.query(church_id, "SELECT key FROM idempotency_keys")] == ["young"]


def test_every_task_runs_with_the_rights_it_has(hub):
    hub.church()
    for task in tasks(hub.container):
        task.run()


def test_what_gohighlevel_told_is_let_go_in_time(hub, task):
    church_id = hub.church()
    with hub.database.church(church_id) as session:
        first = new_secret(session, church_id, actor="anna")
        new_secret(session, church_id, actor="anna")
        assert first.get_secret_value()
        session.execute(
            text(
                "INSERT INTO webhook_events"
                " (church_id, source, dedupe_key, type, body, signed_by, state, received_at, handled_at)"
                " SELECT :church, 'app', 'd:' || days, 'InboundMessage', '{}', 'test', state,"
                " now() - make_interval(days => days), now()"
                " FROM (VALUES (29, 'done'), (31, 'done'), (32, 'failed'), (366, 'failed')) AS t (days, state)"
            ),
            {"church": church_id},
        )
        session.execute(text("UPDATE webhook_secrets SET ends_at = now() WHERE state = 'previous'"))
    with hub.database.system() as session:
        session.execute(
            text(
                "INSERT INTO webhook_counts (day, source, outcome, requests)"
                " VALUES (current_date - 500, 'app', 'kept', 7), (current_date - 5, 'app', 'kept', 9)"
            )
        )
    task("let old events go")
    task("let old counts of events go")
    task("forget ended secrets of workflows")
    kept = hub.query(church_id, "SELECT dedupe_key FROM webhook_events ORDER BY id")
    assert [row.dedupe_key for row in kept] == ["d:29", "d:32"]
    assert [row.state for row in hub.query(church_id, "SELECT state FROM webhook_secrets")] == ["current"]
    with hub.database.system() as session:
        assert session.execute(text("SELECT requests FROM webhook_counts")).all() == [(9,)]


class TestStatus:
    def test_a_church_and_the_whole_are_told_apart(self, hub, look):
        grace = hub.church("grace")
        hope = hub.church("hope", location="simLocation000000002")
        CardMaker(hub.database, grace)(CardStatus.SYNCED)
        make = CardMaker(hub.database, hope)
        make(CardStatus.WAITING)
        make(CardStatus.HELD)
        breakers = hub.container.breakers
        one = status(look, breakers, slug="hope").as_json()
        assert {name: n for name, n in one["cards"].items() if n} == {"waiting": 1, "held": 1}
        whole = status(look, breakers).as_json()
        assert sum(whole["cards"].values()) == 3
        assert 50 <= whole["oldest_waiting_seconds"] <= 120
        assert status(look, breakers, slug="grace").oldest_waiting_seconds is None

    def test_an_open_breaker_is_told(self, hub, look):
        hub.church("grace")
        breakers = hub.container.breakers
        breakers.record(hub.sim.location_id, successes=0, system_errors=10)
        one = status(look, breakers, slug="grace").breaker
        assert one["state"] == "open"
        assert one["retry_at"]
        assert not one["whole"]
        whole = status(look, breakers).breaker
        assert whole["state"] == "closed"
        assert whole["open_locations"] == [hub.sim.location_id]

    def test_only_living_workers_count(self, hub, look):
        alive, silent = new_id(), new_id()
        with hub.database.system() as session:
            for process in (alive, silent):
                beat(session, process, kind="worker", host="h", pid=1)
            session.execute(
                text("UPDATE heartbeats SET seen_at = now() - interval '16 seconds' WHERE id = :id"),
                {"id": silent},
            )
        assert status(look, hub.container.breakers).workers == 1
        assert timedelta(seconds=ALIVE_SECONDS) == ALIVE_FOR


def test_the_change_log_is_sealed_and_checked(hub, task):
    church_id = hub.church()
    task("seal the change log")
    task("check the change log")
    with hub.database.church(church_id) as session:
        seen = checked(session, church_id)
    ((made,),) = hub.query(church_id, "SELECT count(*) FROM audit_entries")
    assert (seen.position, seen.sealed, seen.problem) == (made, made, None)


def test_a_church_that_is_being_removed_is_gone_in_the_end(hub, task):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1))
    request(hub.database, church_id, typed="Grace", actor="test")
    for _ in range(10):
        task("remove churches")
    assert hub.query(church_id, "SELECT removed_at IS NOT NULL FROM churches") == [(True,)]


def test_raw_answers_go_after_thirty_days_and_the_calls_stay(hub, task):
    church_id = hub.church()
    old, young = save(hub.database, church_id, card_values(1), card_values(2))
    calls = [{"call": "GetContact", "status": None}, {"call": "CreateContact", "status": 400, "answer": "{}"}]
    for saved, days in ((old, 31), (young, 29)):
        hub.query(
            church_id,
            "INSERT INTO attempts (church_id, outbox_id, card_id, lease_token, number, started_at, calls)"
            " SELECT church_id, id, card_id, gen_random_uuid(), 1, now() - make_interval(days => :days),"
            " CAST(:calls AS jsonb) FROM outbox WHERE card_id = :card RETURNING 1",
            days=days,
            calls=json.dumps(calls),
            card=saved.id,
        )
    task("empty old answers")
    kept = dict(hub.query(church_id, "SELECT card_id, calls FROM attempts"))
    assert kept == {
        old.id: [{"call": "GetContact", "status": None}, {"call": "CreateContact", "status": 400}],
        young.id: calls,
    }


def test_refused_rows_of_long_ago_go(hub, task):
    church_id = hub.church()
    for days in (1, 31):
        hub.query(
            church_id,
            "INSERT INTO card_imports (id, church_id, name, started_by, ended_at, refused, refused_rows, refused_until)"
            f" VALUES (gen_random_uuid(), :church, 'x', 'x', now(), 1, 'rows', now() + interval '{2 - days} days')"
            " RETURNING 1",
            church=church_id,
        )
    task("prune refused rows")
    assert hub.query(church_id, "SELECT count(*), count(refused_rows) FROM card_imports") == [(2, 1)]
