"""Messages by real workers: dispatcher, threads, wake-ups; and one that is killed while a message is with GoHighLevel."""

import os
import signal

from tests.support.hub import wait_for


def is_over(sender, *states, within=40.0):
    wait_for(lambda: {state for state, _ in sender.states()} <= set(states), within=within, what="messages")


def test_many_texts_leave_once_each_beside_their_cards(sender):
    hub = sender.hub
    hub.start_worker()
    hub.start_worker()
    hub.start_sweep()
    cards = [sender.card(number, arrived=False) for number in range(1, 31)]
    sender.ask(*cards)
    hub.arrived(sender.church_id, 30)
    sender.due()
    is_over(sender, "sent", "delivered")
    texts = [text["address"] for text in sender.sent()]
    assert len(texts) == len(set(texts)) == 30
    assert hub.sim.stats.answered_429 == 0
    assert sender.query("SELECT count(*) FROM message_attempts WHERE outcome IS NULL") == [(0,)]


def test_a_worker_that_is_killed_after_the_effect_makes_no_second_text(sender):
    hub = sender.hub
    sender.ask(sender.card())
    hub.sim.faults.add("hang", operation="conversations.send", effect=True, times=1)
    worker = hub.start_worker_process()
    hub.start_sweep()
    sender.due()
    wait_for(sender.sent, what="the effect")
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert sender.state()[0] == "sending"
    # The time of its leases passes, and the minute before a look.
    sender.query("UPDATE outbox SET leased_until = now() WHERE state = 'leased' RETURNING 1")
    sender.query("UPDATE messages SET sending_at = sending_at - interval '61 seconds' RETURNING 1")
    sender.query("UPDATE delivery_leases SET until = now() RETURNING 1")
    hub.start_worker()
    is_over(sender, "sent", "delivered")
    assert len(sender.sent()) == 1
    assert sender.query("SELECT kind, outcome FROM message_attempts ORDER BY id LIMIT 2") == [
        ("send", "died"),
        ("look", "found"),
    ]


def test_a_worker_that_is_stopped_gives_back_what_it_has_not_sent(sender):
    hub = sender.hub
    cards = [sender.card(number, arrived=False) for number in range(1, 21)]
    sender.work()
    sender.ask(*cards)
    hub.sim.set_latency("0.3", operation="contacts.get")
    worker = hub.start_worker()
    sender.due()
    hub.container.waker.wake(sender.church_id)
    wait_for(lambda: sender.calls("contacts.get") > 0, what="a first call")
    worker.stop()
    wait_for(
        lambda: sender.query("SELECT count(*) FROM outbox WHERE state = 'leased'") == [(0,)],
        what="everything given back",
    )
    assert {state for state, _ in sender.states()} <= {"waiting", "sent"}
