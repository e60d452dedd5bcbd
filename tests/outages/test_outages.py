"""Episodes without an answer: written on transitions only, one open each, with what became of the cards that waited."""

from datetime import UTC, datetime, timedelta

import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from ghl import outages
from ghl.client.breaker import BreakerState
from ghl.ids import new_id
from ghl.outages import affected, compared
from ghl.people.users import add_user
from ghl.simulator.server import SimulatorServer
from ghl.statuses import OutageEnd, OutageScope, Role
from jobs.housekeeping import tasks
from tests.support.churches import card_values, connected_church, key_ring, save
from tests.support.hub import running_hub, wait_for
from tests.support.servers import restartable_valkey

AT = datetime(2026, 11, 22, 15, tzinfo=UTC)
LOCATION, WHOLE = OutageScope.LOCATION, OutageScope.WHOLE


def state(location):
    return BreakerState(location, "open", AT, AT, testing=False)


class TestDeciding:
    def test_one_location_is_its_church(self):
        churches = {"A": new_id(), "B": new_id()}
        assert affected([state("A"), state("unknown")], churches) == {churches["A"]: LOCATION}

    def test_the_whole_is_everybody_and_the_installation(self):
        churches = {"A": new_id(), "B": new_id()}
        everybody = {None: WHOLE, churches["A"]: WHOLE, churches["B"]: WHOLE}
        assert affected([state(None), state("A")], churches) == everybody

    def test_only_differences_are_written(self):
        one, two, three = new_id(), new_id(), new_id()
        now = {one: LOCATION, two: WHOLE, None: WHOLE}
        changes = compared(now, {one: LOCATION, two: LOCATION, three: LOCATION})
        assert changes.opened == {None: WHOLE}
        assert changes.closed == {three}
        assert changes.widened == {two: WHOLE}
        assert not compared(now, now)


@pytest.fixture
def grace(database):
    return connected_church(database, key_ring(), location_id="GRACE", slug="grace")


@pytest.fixture
def hope(database):
    return connected_church(database, key_ring(), location_id="HOPE", slug="hope")


@pytest.fixture
def follow(database):
    def follow(*locations):
        with database.system() as session:
            return outages.follow_breakers(session, [state(location) for location in locations])

    return follow


@pytest.fixture
def latest(database):
    def latest(church_id):
        with database.church(church_id) as session:
            return outages.latest(session, church_id)

    return latest


@pytest.fixture
def owner(database_urls):
    engine = create_engine(database_urls.admin)

    def owner(sql, **values):
        with engine.begin() as connection:
            result = connection.execute(text(sql), values)
            return [tuple(row) for row in result] if result.returns_rows else None

    yield owner
    engine.dispose()


class TestWriting:
    def test_an_episode_begins_and_ends_once(self, follow, latest, grace, hope, database, owner):
        assert follow("GRACE")
        for _ in range(3):
            assert not follow("GRACE")
        assert latest(grace).open
        assert latest(hope) is None
        with database.system() as session:
            outages.tested(session, grace, good=True)
        save(database, grace, *(card_values(n) for n in range(3)))
        assert follow()
        assert not follow()
        over = latest(grace)
        assert (over.open, over.ended, over.waited, over.remaining) == (False, OutageEnd.ANSWERED, 3, 3)
        assert over.finished_at is None
        assert owner("SELECT count(*) FROM outages") == [(1,)]

    def test_an_episode_in_which_nobody_waited_is_finished_at_the_next_look(
        self, follow, latest, grace, database
    ):
        follow("GRACE")
        follow()
        with database.church(grace) as session:
            outages.follow_cards(session, grace, latest(grace).id)
        assert latest(grace).finished_at

    def test_cards_that_arrive_between_the_test_and_the_look_have_waited(
        self, follow, latest, grace, database, owner
    ):
        save(database, grace, *(card_values(n) for n in range(3)))
        follow("GRACE")
        with database.system() as session:
            outages.tested(session, grace, good=True)
        owner("UPDATE cards SET status = 'synced', synced_at = now(), status_changed_at = now()")
        follow()
        with database.church(grace) as session:
            outages.follow_cards(session, grace, latest(grace).id)
        over = latest(grace)
        assert (over.waited, over.arrived, over.remaining) == (3, 3, 0)
        assert over.finished_at

    def test_redis_that_was_emptied_is_no_recovery(self, follow, latest, grace):
        follow("GRACE")
        follow()
        assert latest(grace).ended is OutageEnd.FORGOTTEN

    def test_what_opens_again_at_once_is_the_same_episode(self, follow, latest, grace, owner):
        follow("GRACE")
        first = latest(grace).id
        follow()
        follow("GRACE")
        assert latest(grace).id == first
        assert latest(grace).open
        follow()
        owner("UPDATE outages SET closed_at = now() - interval '61 s'")
        follow("GRACE")
        assert latest(grace).id != first
        assert owner("SELECT count(*) FROM outages") == [(2,)]

    def test_the_whole_is_an_episode_of_each_and_of_the_installation(
        self, follow, latest, grace, hope, owner
    ):
        follow("GRACE")
        follow(None, "GRACE")
        assert latest(grace).scope is latest(hope).scope is WHOLE
        assert owner("SELECT count(*) FROM outages WHERE church_id IS NULL") == [(1,)]
        assert owner("SELECT count(*) FROM outages") == [(3,)]
        follow("GRACE")
        assert latest(grace).open
        assert latest(grace).scope is LOCATION
        assert not latest(hope).open
        assert owner("SELECT count(*) FROM outages WHERE closed_at IS NULL") == [(1,)]

    @pytest.mark.parametrize("whose", ["church_id", "NULL::uuid"])
    def test_one_is_open_at_a_time_says_the_database(self, follow, grace, owner, whose):
        follow(None)
        with pytest.raises(IntegrityError, match="uq_outages_open"):
            owner(
                f"INSERT INTO outages (church_id, scope, opened_at) SELECT {whose}, 'whole', now() FROM outages"
                " WHERE church_id IS NOT NULL"
            )

    def test_another_churchs_episode_is_not_there_and_nobody_writes_his_own(
        self, follow, grace, hope, database
    ):
        follow(None)
        with database.church(hope) as session:
            assert session.execute(text("SELECT DISTINCT church_id FROM outages")).all() == [(hope,)]
        with pytest.raises(DBAPIError, match="permission denied"), database.church(hope) as session:
            session.execute(text("UPDATE outages SET closed_at = now()"))


class TestWhatBecameOfThem:
    @pytest.fixture
    def over(self, follow, latest, database, grace):
        """An episode that is over, with five cards that waited."""
        cards = save(database, grace, *(card_values(n) for n in range(5)))
        follow("GRACE")
        with database.system() as session:
            outages.tested(session, grace, good=True)
        follow()
        return latest(grace), [card.id for card in cards]

    def look(self, database, church_id, episode):
        with database.system() as session:
            assert outages.to_follow(session) in ([(episode.id, church_id)], [])
        with database.church(church_id) as session:
            outages.follow_cards(session, church_id, episode.id)
            return outages.latest(session, church_id)

    def put(self, owner, ids, status):
        owner(
            "UPDATE cards SET status = :status, status_changed_at = now(),"
            " synced_at = CASE WHEN :status = 'synced' THEN now() END WHERE id = ANY(:ids)",
            ids=ids,
            status=status,
        )

    def test_they_arrive_or_need_somebody(self, over, database, grace, owner):
        episode, cards = over
        self.put(owner, cards[:3], "synced")
        save(database, grace, card_values(99))
        seen = self.look(database, grace, episode)
        assert (seen.arrived, seen.needing, seen.remaining, seen.finished_at) == (3, 0, 2, None)
        self.put(owner, cards[3:4], "synced")
        self.put(owner, cards[4:], "needs_attention")
        seen = self.look(database, grace, episode)
        assert (seen.waited, seen.arrived, seen.needing, seen.remaining) == (5, 4, 1, 0)
        assert seen.finished_at
        with database.system() as session:
            assert outages.to_follow(session) == []

    def test_a_card_that_waits_for_its_own_next_try_waited_for_no_outage(self, over, database, grace, owner):
        episode, cards = over
        owner("UPDATE cards SET cause = 'refused_by_ghl' WHERE id = ANY(:ids)", ids=cards[4:])
        seen = self.look(database, grace, episode)
        assert (seen.waited, seen.remaining) == (4, 4)
        self.put(owner, cards[:4], "synced")
        seen = self.look(database, grace, episode)
        assert (seen.waited, seen.arrived, seen.remaining) == (4, 4, 0)
        assert seen.finished_at

    def test_it_is_not_followed_for_ever(self, over, database, grace, owner):
        episode, _ = over
        owner("UPDATE outages SET closed_at = closed_at - interval '3 hours'")
        owner("UPDATE cards SET received_at = received_at - interval '4 hours'")
        seen = self.look(database, grace, episode)
        assert seen.remaining == 5
        assert seen.finished_at

    def test_each_person_is_told_once_and_again_when_it_went_on(self, over, database, grace, follow, latest):
        episode, _ = over
        ruth, pat = (
            add_user(
                database, f"{name}@example.org", name=name, church_id=grace, role=Role.STAFF, actor="test"
            )
            for name in ("ruth", "pat")
        )

        def told(user, episode):
            with database.church(grace) as session:
                return outages.tell_once(session, grace, episode, user)

        assert [told(ruth, episode), told(ruth, episode), told(pat, episode)] == [True, False, True]
        follow("GRACE")
        follow()
        again = latest(grace)
        assert again.id == episode.id
        assert [told(ruth, again), told(ruth, again)] == [True, False]

    def test_old_episodes_go_with_who_was_told(self, over, database, owner):
        owner("UPDATE outages SET opened_at = now() - interval '401 days'")
        with database.system() as session:
            outages.prune(session)
        assert owner("SELECT count(*) FROM outages") == [(0,)]


class TestWithRealProcesses:
    @pytest.fixture
    def hub(self, database_urls, redis_url):
        with SimulatorServer() as sim, running_hub(database_urls, redis_url, sim) as hub:
            yield hub

    def test_from_the_first_silence_to_the_last_card(self, hub, latest):
        """One location fails, the other church's cards go on, a test that is asked for heals it."""
        follow = next(task for task in tasks(hub.container) if task.name == "follow outages").run
        church_id, other = hub.church(), hub.church("hope", location="HOPE")
        hub.start_worker()
        hub.start_sweep()
        hub.sim.faults.add("html_error", location=hub.sim.location_id)
        save(hub.database, church_id, *(card_values(n) for n in range(12)))
        hub.container.waker.wake(church_id)
        wait_for(lambda: (follow(), latest(church_id))[1])
        assert latest(church_id).open
        save(hub.database, other, *(card_values(n) for n in range(5)))
        hub.container.waker.wake(other)
        hub.arrived(other, 5)
        assert latest(other) is None

        with hub.database.church(church_id) as session:
            asked = outages.ask_for_test(session, church_id)
        hub.container.breakers.request_test(hub.sim.location_id)
        wait_for(lambda: (seen := latest(church_id)).tested_at and seen.tested_at >= asked)
        assert latest(church_id).test_good is False
        hub.wait_until(church_id, waiting=12)

        hub.sim.faults.clear()
        # Those that were tried once wait some seconds of their own; that is another test's.
        hub.query(church_id, "UPDATE outbox SET due_at = now() RETURNING 1")
        hub.container.breakers.request_test(hub.sim.location_id)
        hub.arrived(church_id, 12)
        wait_for(lambda: (follow(), latest(church_id).finished_at)[1])
        over = latest(church_id)
        assert over.ended is OutageEnd.ANSWERED
        assert (over.arrived, over.needing, over.remaining) == (over.waited, 0, 0)
        assert hub.query(church_id, "SELECT count(*) FROM outages") == [(1,)]

    def test_without_redis_nothing_changes(self, database_urls, latest):
        with (
            restartable_valkey() as valkey,
            SimulatorServer() as sim,
            running_hub(database_urls, valkey.url, sim) as hub,
        ):
            follow = next(task for task in tasks(hub.container) if task.name == "follow outages").run
            church_id = hub.church()
            hub.container.breakers.record(hub.sim.location_id, successes=0, system_errors=5)
            follow()
            valkey.stop()
            with pytest.raises(redis.RedisError):
                hub.container.breakers.states()
            follow()
            assert latest(church_id).open


def test_within_a_minute_is_soon():
    assert timedelta(seconds=30) < outages.SAME_AGAIN_WITHIN < timedelta(minutes=5)
