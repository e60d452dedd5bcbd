"""The three tests that the customer named."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from ghl.messages.asked import AskedOutcome


def test_a_429_queues_the_message_and_it_is_sent_later(sender):
    sender.ask(sender.card())
    known = sender.hub.sim.faults.add("burst_429", operation="conversations.send", times=1)
    sender.due()
    run, caller, job = sender.until_sent()
    run.put(caller.work(job))
    run.turn(50)
    assert known.fired == 1
    assert sender.state() == ("waiting", "going_slowly")
    assert sender.sent() == []
    assert sender.query("SELECT attempts, state FROM outbox WHERE kind = 'message'") == [(0, "due")]
    # The ten seconds that GoHighLevel asked for are over.
    sender.hub.container.redis.flushall()
    sender.due()
    sender.work()
    assert sender.state()[0] == "sent"
    assert len(sender.sent()) == 1


def test_the_same_idempotency_key_sends_once_and_answers_already_sent(sender):
    card_id = sender.card()
    (first,) = sender.ask(card_id)
    (second,) = sender.ask(card_id, actor="ben")
    assert second.outcome is AskedOutcome.ALREADY_WAITING
    assert second.message_id == first.message_id
    sender.due()
    sender.work()
    (third,) = sender.ask(card_id)
    assert third.outcome is AskedOutcome.ALREADY_SENT
    assert third.message_id == first.message_id
    assert third.at is not None
    with ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda _: sender.ask(card_id)[0].outcome, range(8)))
    assert set(answers) == {AskedOutcome.ALREADY_SENT}
    sender.due()
    sender.work()
    assert len(sender.sent()) == 1
    assert sender.query("SELECT count(*) FROM messages") == [(1,)]


def test_with_gohighlevel_timing_out_ten_calls_open_the_breaker_and_the_next_is_refused_within_100_ms(sender):
    cards = [sender.card(number, arrived=False) for number in range(1, 12)]
    sender.work()
    sender.ask(*cards[:10])
    sender.due()
    run, caller = sender.worker()
    with ThreadPoolExecutor(10) as threads:
        for brought in threads.map(caller.work, run.turn(50).jobs):
            run.put(brought)
        sender.hub.sim.faults.add("hang", operation="conversations.send")
        jobs = run.turn(50).jobs
        assert len(jobs) == 10
        for brought in threads.map(caller.work, jobs):
            run.put(brought)
    run.turn(50)
    assert not sender.hub.container.breakers.gate(sender.location).closed
    assert {state for state, _ in sender.states()} == {"unsure"}
    sender.ask(cards[10])
    sender.due()
    calls = sender.hub.sim.stats.total
    begun = time.monotonic()
    turned = run.turn(50)
    took = time.monotonic() - begun
    assert turned.jobs == []
    assert took < 0.1
    assert sender.hub.sim.stats.total == calls
    assert sender.states()[10][0] == "waiting"
    assert timedelta(seconds=turned.wait) > timedelta(0)
