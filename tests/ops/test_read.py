"""Reading how two hundred churches stand: right, through narrow roles, and in a bounded number of queries."""

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, event, text

from dashboard.churches.words import summary
from ghl.churches import find_church, pause
from ghl.ops.read import all_churches, church_with_slug, one_church
from ghl.ops.setup import Step
from ghl.ops.state import State
from ghl.people.users import add_user
from ghl.statuses import Role
from tests.support.churches import card_values, church, connected_church, key_ring, save
from tests.support.filling import fill


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
def at_work(sql):
    sql(
        "INSERT INTO heartbeats (id, kind, host, pid, started_at, seen_at)"
        " VALUES (gen_random_uuid(), 'worker', 'test', 1, now(), now() + interval '1 hour')"
    )


def admin(database, church_id):
    add_user(database, "pat@example.org", church_id=church_id, role=Role.ADMIN, actor="test")


def test_a_church_in_numbers(database, at_work, sql):
    grace = connected_church(database, key_ring(), slug="grace")
    admin(database, grace)
    save(database, grace, card_values(1), card_values(2))
    sql("UPDATE cards SET received_at = received_at - interval '10 minutes' WHERE number = 1")
    sql("UPDATE credentials SET created_at = now() - interval '3 days'")
    found = one_church(database, grace)
    assert (found.slug, found.waiting, found.need_people, found.cards) == ("grace", 2, 0, 2)
    assert timedelta(minutes=10) <= found.oldest_waiting < timedelta(minutes=14)
    assert timedelta() <= found.last_card < timedelta(minutes=5)
    assert found.token_age.days == 3
    assert found.standing.state is State.WELL
    assert found.set_up.steps == {
        Step.ADMIN: True,
        Step.CONNECTED: True,
        Step.FORM: False,
        Step.WORDS: False,
        Step.TEAM: False,
        Step.FIRST_CARD: True,
    }
    assert church_with_slug(database, "grace") == grace
    assert church_with_slug(database, "nowhere") is None


def test_worst_first_and_what_waits_for_whom(database, at_work, sql):
    keys = key_ring()
    ids = {
        name: connected_church(database, keys, slug=name, location_id=name.upper())
        for name in ("well", "slow", "held", "paused", "busy")
    }
    ids["new"] = church(database, slug="new")
    for church_id in ids.values():
        admin(database, church_id)
    for number, name in enumerate(("well", "slow", "held", "paused", "busy", "busy")):
        save(database, ids[name], card_values(number))
    sql(
        "UPDATE cards SET received_at = now() - interval '1 hour' WHERE church_id = :id",
        id=ids["slow"],
    )
    sql("UPDATE churches SET hold_cause = 'token_refused', hold_since = now() WHERE id = :id", id=ids["held"])
    pause(database, ids["paused"], reason="Easter", actor="test")
    found = all_churches(database)
    assert [one.slug for one in found.lines] == ["held", "slow", "new", "paused", "busy", "well"]
    assert summary(found.lines) == (
        "6 churches. 2 well, 1 paused, 1 setting up, 1 slow, 1 stopped. "
        "4 cards wait; all caught up within a minute. 2 cards wait until their churches go on."
    )
    sql("INSERT INTO outages (church_id, scope, opened_at) VALUES (:id, 'location', now())", id=ids["well"])
    assert one_church(database, ids["well"]).standing.state is State.STOPPED
    sql("UPDATE outages SET closed_at = now(), ended = 'answered'")
    assert one_church(database, ids["well"]).standing.state is State.WELL
    sql("DELETE FROM heartbeats")
    assert one_church(database, ids["well"]).standing.state is State.STOPPED


class TestMany:
    @pytest.fixture
    def many(self, database, database_urls):
        fill(database_urls, cards=6_000, churches=200)
        return find_church(database, "church-7").id

    def test_two_hundred_churches_take_as_many_queries_as_one(self, database, many, sql):
        said = []

        def note(_connection, _cursor, statement, *_):
            said.append(statement)

        event.listen(database._engine, "before_cursor_execute", note)
        one_church(database, many)
        one, all_of_them = len(said), None
        said.clear()
        found = all_churches(database)
        all_of_them = len(said)
        event.remove(database._engine, "before_cursor_execute", note)
        assert len(found.lines) == 200
        assert one == all_of_them <= 10
        assert sum(line.cards for line in found.lines) == 6_000
        assert not [statement for statement in said if "first_name" in statement or " cards " in statement]

    def test_the_times_are_found_by_indexes(self, many, sql):
        sql("ANALYZE")
        [(body,)] = sql("SELECT prosrc FROM pg_proc WHERE proname = 'church_times'")
        for church_id in ("NULL::uuid", f"'{many}'::uuid"):
            plan = "\n".join(row[0] for row in sql(f"EXPLAIN {body.replace('only_church', church_id)}"))
            assert "Seq Scan on cards" not in plan, plan

    def test_the_times_are_the_system_s_alone(self, database, many):
        for transaction in (database.church(many), database.identity()):
            with pytest.raises(Exception, match="permission denied"), transaction as session:
                session.execute(text("SELECT * FROM hub.church_times()"))
