"""A stop wins, wherever the message is: waiting, running, dead, unsure, or one of many that are sent again."""

import threading
from datetime import timedelta

import pytest

from ghl.messages import afterwards
from ghl.statuses import Channel


def dies(sender):
    """Whoever held messages is gone, and their leases are over."""
    sender.query(
        "UPDATE outbox SET leased_until = now() - interval '1 second' WHERE kind = 'message' AND state = 'leased'"
        " RETURNING 1"
    )
    sender.query("UPDATE delivery_leases SET holder = NULL, until = NULL RETURNING 1")


def to_the_last_look(sender):
    for seconds in (61, 121, 421):
        sender.later(timedelta(seconds=seconds))
        sender.work()


def test_a_stop_while_the_text_waits(sender):
    sender.ask(sender.card())
    stopped = sender.stop()
    assert stopped.on_its_way is None
    sender.due()
    sender.work()
    assert sender.state()[0] == "not_sent"
    assert sender.sent() == []


def test_a_stop_while_the_worker_looks_at_the_contact(sender):
    sender.ask(sender.card())
    sender.due()
    run, caller = sender.worker()
    (job,) = run.turn(50).jobs
    assert sender.stop().on_its_way is None
    run.put(caller.work(job))
    assert not run.turn(50).jobs
    assert sender.state()[0] == "not_sent"
    assert sender.sent() == []
    tries = sender.query("SELECT outcome, ended_at IS NULL AS open FROM message_attempts")
    assert [(one.outcome, one.open) for one in tries] == [("not_sent", False)]


def test_a_stop_after_the_mark_says_that_one_text_was_on_its_way(sender):
    sender.ask(sender.card())
    sender.due()
    run, caller, job = sender.until_sent()
    stopped = sender.stop()
    assert stopped.on_its_way is not None
    run.put(caller.work(job))
    run.turn(50)
    assert len(sender.sent()) == 1
    assert sender.state()[0] == "sent"


def test_a_marked_text_that_was_held_back_obeys_the_stop_that_came_meanwhile(sender):
    sender.ask(sender.card())
    sender.due()
    run, caller, job = sender.until_sent()
    job.errand.lease_until -= 30
    sender.stop()
    run.put(caller.work(job))
    run.turn(50)
    sender.due()
    sender.work()
    assert sender.state()[0] == "not_sent"
    assert sender.sent() == []


def test_a_stop_after_the_worker_died_before_the_request_left(sender):
    (asked,) = sender.ask(sender.card())
    sender.due()
    sender.until_sent()
    dies(sender)
    sender.stop()
    sender.work()
    assert sender.state() == ("unsure", None)
    to_the_last_look(sender)
    assert sender.state() == ("unsure", "unsure_none_found")
    assert sender.do(afterwards.send_again, asked.message_id)
    sender.work()
    assert sender.state()[0] == "not_sent"
    assert sender.sent() == []


def test_a_stop_while_it_is_unsure(sender):
    (asked,) = sender.ask(sender.card())
    known = sender.hub.sim.faults.add("cut_before", operation="conversations.send", times=1)
    sender.due()
    sender.work()
    sender.hub.sim.faults.clear(known.id)
    sender.stop()
    to_the_last_look(sender)
    sender.do(afterwards.send_again, asked.message_id)
    sender.work()
    assert sender.state()[0] == "not_sent"
    assert sender.sent() == []


def test_a_stop_while_an_email_would_go_again_by_itself(sender):
    sender.onboarding(sender.email)
    sender.settings(email_sends_again=True)
    sender.ask(sender.card())
    sender.hub.sim.faults.add("cut_before", operation="conversations.send", times=1)
    sender.due()
    sender.work()
    sender.stop(channel=Channel.EMAIL)
    to_the_last_look(sender)
    sender.work()
    assert sender.state()[0] == "not_sent"
    assert sender.sent() == []


def test_stops_in_the_middle_of_many_that_are_sent_again(sender):
    cards = [sender.card(number, arrived=False) for number in range(1, 9)]
    sender.work()
    asked = sender.ask(*cards)
    known = sender.hub.sim.faults.add(
        "server_error", operation="conversations.send", status=400, message="Missing phone number"
    )
    sender.due()
    sender.work()
    assert {state for state, _ in sender.states()} == {"failed"}
    sender.hub.sim.faults.clear(known.id)
    for number, one in enumerate(asked, start=1):
        if number % 2:
            sender.stop(number)
        assert sender.do(afterwards.send_again, one.message_id)
    sender.stop(2)
    sender.work()
    assert len(sender.sent()) == 3
    stopped = {row[0] for row in sender.query("SELECT address FROM consent_events WHERE kind = 'stop'")}
    assert not stopped & {text["address"] for text in sender.sent()}


def test_stops_and_sends_at_the_same_moment(sender):
    """Whoever commits first is right, and the two never both think so."""
    cards = [sender.card(number, arrived=False) for number in range(1, 9)]
    sender.work()
    sender.ask(*cards)
    sender.due()
    told = {}
    begin = threading.Barrier(2)

    def stop_all():
        begin.wait()
        for number in range(1, 9):
            told[number] = sender.stop(number)

    stopper = threading.Thread(target=stop_all)
    stopper.start()
    begin.wait()
    sender.work()
    stopper.join()
    sender.due()
    sender.work()
    texts = [text["address"] for text in sender.sent()]
    assert len(texts) == len(set(texts))
    late = {address for (address,) in sender.query("SELECT address FROM messages WHERE state <> 'not_sent'")}
    assert set(texts) == late
    for number, stopped in told.items():
        address = f"+1615555{number:04d}"
        if address in texts and stopped.on_its_way is None:
            ((sent_at,),) = sender.query("SELECT sending_at FROM messages WHERE address = :a", a=address)
            ((stop_at,),) = sender.query(
                "SELECT recorded_at FROM consent_events WHERE kind = 'stop' AND address = :a", a=address
            )
            assert sent_at < stop_at + timedelta(seconds=1)


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_worker_that_dies_while_it_sends_makes_no_second_text(sender, after_effect):
    (asked,) = sender.ask(sender.card())
    sender.due()
    _run, caller, job = sender.until_sent()
    if after_effect:
        caller.work(job)
    dies(sender)
    sender.work()
    assert sender.state() == ("unsure", None)
    to_the_last_look(sender)
    assert sender.state()[0] == ("sent" if after_effect else "unsure")
    assert len(sender.sent()) == int(after_effect)
    if not after_effect:
        assert sender.state() == ("unsure", "unsure_none_found")
        assert sender.do(afterwards.send_again, asked.message_id)
        sender.work()
        assert len(sender.sent()) == 1


def test_an_answer_that_comes_after_the_lease_is_over_is_kept(sender):
    sender.ask(sender.card())
    sender.due()
    run, caller, job = sender.until_sent()
    dies(sender)
    sender.work()
    assert sender.state() == ("unsure", None)
    run.put(caller.work(job))
    run.turn(50)
    assert sender.state()[0] == "sent"
    assert sender.query("SELECT ghl_message_id IS NOT NULL FROM messages") == [(True,)]
    to_the_last_look(sender)
    assert len(sender.sent()) == 1


def test_two_workers_send_one_text(sender):
    sender.ask(sender.card())
    sender.due()
    first, caller = sender.worker("first")
    second, _ = sender.worker("second")
    jobs = [*first.turn(50).jobs, *second.turn(50).jobs]
    assert len(jobs) == 1
    first.put(caller.work(jobs[0]))
    jobs = [*first.turn(50).jobs, *second.turn(50).jobs]
    assert len(jobs) == 1
    first.put(caller.work(jobs[0]))
    first.turn(50)
    assert len(sender.sent()) == 1


def test_three_deaths_before_anything_was_sent_are_for_a_person(sender):
    sender.ask(sender.card())
    for _ in range(3):
        sender.due()
        run, _caller = sender.worker()
        assert run.turn(50).jobs
        dies(sender)
        sender.worker()[0].turn(0)
    run, _caller = sender.worker()
    run.turn(50)
    assert sender.state() == ("failed", "message_stops_program")
    assert sender.sent() == []
