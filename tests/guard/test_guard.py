"""Wrong tries are counted for all processes together, slow who makes them, and never keep a right one out."""

import asyncio
from datetime import UTC, datetime

import pytest
import redis

from ghl.guard.door import MOST_SLOWED, Door, TooManyError
from ghl.guard.guesses import AWAY_SECONDS, Guesses, Limit, Standing
from ghl.guard.trail import noted_in
from tests.support.servers import restartable_valkey

HERE, THERE = "192.0.2.1", "192.0.2.2"
LIMIT = Limit(slow_after=3, refuse_after=6, seconds=900)


class Clock:
    seconds = 1000.0

    def now(self):
        return datetime.now(UTC)

    def monotonic(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


def guesses(client, clock):
    return Guesses(client, clock=clock, what="link", pepper=b"pepper", limit=LIMIT)


@pytest.fixture
def here(clock):
    return guesses(None, clock)


def test_a_few_are_free_then_slow_then_refused_each_told_once(here):
    told = [here.wrong(HERE) for _ in range(8)]
    assert told == [None, None, Standing.SLOWED, None, None, Standing.REFUSED, None, None]
    assert here.standing(HERE) is Standing.REFUSED
    assert here.standing(THERE) is Standing.FREE


def test_it_is_forgotten_after_the_window(here, clock):
    for _ in range(6):
        here.wrong(HERE)
    assert here.wait_seconds(HERE) == 900
    clock.seconds += 900
    assert here.standing(HERE) is Standing.FREE


def test_one_machine_has_many_addresses_of_ipv6(here):
    for n in range(6):
        here.wrong(f"2001:db8:1:2::{n:x}")
    assert here.standing("2001:db8:1:2:ffff::1") is Standing.REFUSED
    assert here.standing("2001:db8:1:3::1") is Standing.FREE


def test_all_processes_count_together_and_redis_holds_no_address(redis_client, clock):
    one, two = guesses(redis_client, clock), guesses(redis_client, clock)
    for _ in range(3):
        one.wrong(HERE)
        two.wrong(HERE)
    assert (one.standing(HERE), two.standing(HERE)) == (Standing.REFUSED, Standing.REFUSED)
    (key,) = redis_client.keys("*")
    assert HERE.encode() not in key
    assert 0 < redis_client.ttl(key) <= 900


def test_without_redis_each_process_goes_on_counting(clock):
    with restartable_valkey() as server:
        client = redis.Redis.from_url(server.url, socket_timeout=1)
        counted = guesses(client, clock)
        for _ in range(3):
            counted.wrong(HERE)
        server.stop()
        assert counted.standing(HERE) is Standing.SLOWED
        for _ in range(3):
            counted.wrong(HERE)
        assert counted.standing(HERE) is Standing.REFUSED
        assert counted.standing(THERE) is Standing.FREE
        server.start()
        clock.seconds += AWAY_SECONDS
        counted.wrong(THERE)
        assert client.dbsize() == 1
        client.close()


class TestTheDoor:
    @pytest.fixture
    def noted(self):
        return []

    @pytest.fixture
    def door(self, here, noted):
        async def offload(function, *args):
            return function(*args)

        return Door(here, lambda *what: noted.append(what), offload=offload, slow_seconds=0)

    @staticmethod
    def knock(door, found, address=HERE):
        async def look():
            return found

        return asyncio.run(door.try_from(address, look))

    def test_wrong_ones_are_refused_and_noted_twice_at_most(self, door, noted):
        for _ in range(6):
            assert self.knock(door, None) is None
        for _ in range(5):
            with pytest.raises(TooManyError) as caught:
                self.knock(door, None)
        assert caught.value.seconds == 900
        assert noted == [("link", Standing.SLOWED, HERE), ("link", Standing.REFUSED, HERE)]

    def test_a_right_one_always_gets_in(self, door):
        for _ in range(6):
            self.knock(door, None)
        assert self.knock(door, "Ruth") == "Ruth"

    def test_trouble_of_ours_is_nobody_s_guess(self, door, here):
        async def look():
            raise ConnectionError

        for _ in range(9):
            with pytest.raises(ConnectionError):
                asyncio.run(door.try_from(HERE, look))
        assert here.standing(HERE) is Standing.FREE

    def test_who_is_refused_is_looked_at_one_at_a_time(self, door):
        for _ in range(6):
            self.knock(door, None)
        under_way, most = 0, 0

        async def look():
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            return "Ruth"

        async def all_at_once():
            return await asyncio.gather(*(door.try_from(HERE, look) for _ in range(20)))

        assert asyncio.run(all_at_once()) == ["Ruth"] * 20
        assert most == 1

    def test_a_right_one_waits_for_nobody_from_elsewhere(self, door):
        for address in (HERE, THERE):
            for _ in range(6):
                self.knock(door, None, address)

        async def both():
            under_way, free = asyncio.Event(), asyncio.Event()

            async def holds_the_lane():
                under_way.set()
                await free.wait()

            async def right():
                return "Ruth"

            guesser = asyncio.create_task(door.try_from(THERE, holds_the_lane))
            await under_way.wait()
            found = await door.try_from(HERE, right)
            free.set()
            with pytest.raises(TooManyError):
                await guesser
            return found

        assert asyncio.run(both()) == "Ruth"

    @pytest.mark.parametrize(
        ("guesser", "other", "met"),
        [
            (HERE, THERE, "Ruth"),
            ("2001:db8:1:2::9", "2001:db8:1:3::9", "Ruth"),
            ("2001:db8:1:2::9", "2001:db8:1:2::a", None),
        ],
    )
    def test_who_is_slowed_takes_no_place_of_another_network(self, here, guesser, other, met):
        """Of a network `MOST_SLOWED` may wait; they wait here until all have knocked."""
        for address in {guesser, other}:
            while here.standing(address) is Standing.FREE:
                here.wrong(address)

        async def offload(function, *args):
            return function(*args)

        async def right():
            return "Ruth"

        async def all_at_once():
            door = Door(here, lambda *what: None, offload=offload, slow_seconds=3600)
            waiting = [asyncio.create_task(door.try_from(guesser, right)) for _ in range(MOST_SLOWED)]
            late = asyncio.create_task(door.try_from(other, right))
            # All have gone as far as they come: to their wait, or away.
            for _ in range(20):
                await asyncio.sleep(0)
            turned_away = late.done() and isinstance(late.exception(), TooManyError)
            for task in (*waiting, late):
                task.cancel()
            await asyncio.gather(*waiting, late, return_exceptions=True)
            return None if turned_away else "Ruth"

        assert asyncio.run(all_at_once()) == met

    def test_of_ever_so_many_networks_only_so_many_are_remembered(self, here, monkeypatch):
        """Who comes from one more shares a place with the others of that kind, and still gets in."""
        monkeypatch.setattr("ghl.guard.door.MOST_NETWORKS", 2)
        networks = [f"192.0.2.{n}" for n in range(1, 6)]
        for address in networks:
            for _ in range(6):
                here.wrong(address)

        async def offload(function, *args):
            return function(*args)

        door = Door(here, lambda *what: None, offload=offload, slow_seconds=0)
        most = 0

        async def look():
            nonlocal most
            most = max(most, len(door._places))
            await asyncio.sleep(0)
            return "Ruth"

        async def all_at_once():
            return await asyncio.gather(*(door.try_from(address, look) for address in networks))

        assert asyncio.run(all_at_once()) == ["Ruth"] * 5
        assert (most, len(door._places)) == (3, 0)

    def test_wishes_are_counted_right_or_wrong(self, door):
        for _ in range(6):
            asyncio.run(door.ask_from(HERE))
        with pytest.raises(TooManyError):
            asyncio.run(door.ask_from(HERE))
        asyncio.run(door.ask_from(THERE))


def test_the_change_log_says_from_where(database, database_urls):
    from sqlalchemy import create_engine, text

    noted_in(database, actor="sign-in page")("link", Standing.REFUSED, "2001:db8:1:2::9")
    engine = create_engine(database_urls.admin)
    with engine.connect() as connection:
        (entry,) = connection.execute(text("SELECT actor, action, church_id, facts FROM audit_entries"))
    engine.dispose()
    assert tuple(entry) == (
        "sign-in page",
        "wrong_tries.refused",
        None,
        {"what": "link", "from": "2001:db8:1:2::/64"},
    )
