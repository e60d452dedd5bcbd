"""Machines whose clocks are wrong by minutes: leases, due times, budgets and outages go by the servers' clocks."""

from datetime import UTC, datetime, timedelta

from ghl.cards.actions import Action, act
from ghl.clock import SystemClock
from tests.support.churches import card_values, save
from tests.support.hub import wait_for

WRONG = timedelta(minutes=5)


class WrongClock(SystemClock):
    """Tells the time of day wrongly; durations it measures rightly, as every machine does."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


def test_workers_with_wrong_clocks_share_the_budget_and_recover(hub):
    """Of three workers one is five minutes ahead and one five behind: no 429, nothing twice, and outages heal."""
    for clock in (WrongClock(WRONG), WrongClock(-WRONG), SystemClock()):
        hub.start_worker(clock)
    hub.start_sweep()
    hub.sim.set_latency("0.02-0.1")
    church_id = hub.church(duplicates=True)
    save(hub.database, church_id, *(card_values(n) for n in range(60)))
    hub.container.waker.wake(church_id)
    wait_for(lambda: hub.standing(church_id).get("synced", 0) >= 20)
    fault = hub.sim.faults.add("server_error")
    wait_for(lambda: not hub.container.breakers.gate(hub.sim.location_id).closed)
    hub.sim.faults.clear(fault.id)
    hub.container.breakers.request_test(hub.sim.location_id)
    hub.arrived(church_id, 60, within=75)
    assert len(hub.contacts()) == 60
    assert hub.sim.stats.answered_429 == 0
    assert hub.query(church_id, "SELECT DISTINCT attempts FROM outbox") == [(0,)]
    drift = hub.query(
        church_id,
        "SELECT count(*) FROM outbox WHERE abs(extract(epoch FROM now() - first_system_error_at)) > 120",
    )
    assert drift == [(0,)]


def test_when_an_outage_began_goes_by_the_database(hub):
    """Else what had passed before the outage would make it each card's own fault."""
    hub.start_worker(WrongClock(-WRONG))
    church_id = hub.church()
    hub.sim.faults.add("server_error")
    save(hub.database, church_id, card_values(1))
    hub.container.waker.wake(church_id)
    ((age,),) = wait_for(
        lambda: hub.query(
            church_id,
            "SELECT extract(epoch FROM now() - first_system_error_at) FROM outbox"
            " WHERE first_system_error_at IS NOT NULL",
        )
    )
    assert 0 <= age < 60


def test_what_a_machine_with_a_fast_clock_saves_or_sends_again_is_due_at_once(hub):
    church_id = hub.church()
    ahead = datetime.now(UTC) + WRONG
    (waits, again) = save(hub.database, church_id, card_values(1), card_values(2), now=ahead)
    with hub.database.church(church_id) as session:
        assert act(session, church_id, Action.HOLD, again.id, reason="a question", actor="pat", now=ahead)
    with hub.database.church(church_id) as session:
        assert act(session, church_id, Action.SEND_NOW, again.id, actor="pat", now=ahead)
    due = "SELECT count(*) FROM outbox WHERE state = 'due' AND due_at <= now()"
    assert waits.status == "waiting"
    assert hub.query(church_id, due) == [(2,)]
