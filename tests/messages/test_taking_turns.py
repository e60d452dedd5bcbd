"""Who waits for whom: a stop beside a text on its way, leases renewed beside a press, an address that somebody else has."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from dashboard.consent.words import one_left
from ghl.consent import ledger
from ghl.delivery.settle import renew
from ghl.messages.heard import heard_status
from ghl.statuses import Channel
from tests.support.churches import card_values
from tests.support.hub import wait_for
from tests.support.telling import record_start, record_stop, stopped

PHONE = str(card_values(1)["phone"])


def waits_for_a_lock(sender):
    """Somebody in this database does: for a row, and so for the transaction that has it."""
    return sender.query(
        "SELECT 1 FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    )


@contextmanager
def in_a_thread(work):
    """Runs it beside the test, and hands on what it raised."""
    failed = []

    def run():
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised again below
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(20)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


def stops(sender):
    return sender.query("SELECT source FROM consent_events WHERE kind = 'stop' ORDER BY id")


# -- a stop beside a text that is on its way -----------------------------------------------------------


def test_a_text_on_its_way_that_is_refused_for_the_stop_is_told_and_the_stop_stands_once(sender):
    """Marked; then the person says stop; then GoHighLevel refuses the text for that very stop."""
    sender.ask(sender.card())
    sender.due()
    run, caller, job = sender.until_sent()
    told = sender.stop()
    ((sending_at,),) = sender.query("SELECT sending_at FROM messages")
    assert told.on_its_way == sending_at
    chicago = ZoneInfo("America/Chicago")
    at = sending_at.astimezone(chicago)
    clock = f"{at:%I:%M:%S}".lstrip("0")
    assert one_left(Channel.SMS, told.on_its_way, zone=chicago).startswith(
        f"One text was already on its way at {clock}"
    )
    sender.hub.sim.faults.add(
        "server_error", operation="conversations.send", status=400,
        message=f"Cannot send message as {PHONE} has unsubscribed",
    )  # fmt: skip
    run.put(caller.work(job))
    run.turn(50)
    assert sender.state() == ("not_sent", "dnd_in_ghl")
    assert stops(sender) == [("spoken",)], "GoHighLevel's answer to that stop is no second one"
    assert sender.query("SELECT count(*) FROM opt_outs") == [(1,)]


def test_a_refusal_beside_no_stop_of_ours_is_one_from_now_on(sender):
    sender.ask(sender.card())
    sender.due()
    run, caller, job = sender.until_sent()
    sender.hub.sim.faults.add(
        "server_error", operation="conversations.send", status=400,
        message=f"Cannot send message as {PHONE} has unsubscribed",
    )  # fmt: skip
    run.put(caller.work(job))
    before = datetime.now(UTC)
    run.turn(50)
    assert stops(sender) == [("ghl",)]
    ((at,),) = sender.query("SELECT recorded_at FROM consent_events WHERE kind = 'stop'")
    assert at >= before - timedelta(seconds=1)


def test_a_late_look_at_an_old_text_takes_no_start_back(sender):
    """The text left, STOP and START came after it; only then a worker asks how it fared: it was refused for the STOP."""
    sender.hub.sim.control.settings(sender.location, message_delays=[0, 0])
    sender.hub.sim.control.carrier(sender.location, PHONE, "opt_out")
    sender.ask(sender.card())
    sender.due()
    sender.work()
    where = sender.hub.database, sender.church_id
    sender.later(timedelta(minutes=5))
    record_stop(*where, address=PHONE, source="keyword", ago=timedelta(minutes=3))
    record_start(*where, address=PHONE, ago=timedelta(minutes=2))
    sender.work()
    assert sender.state()[0] == "not_sent"
    assert not stopped(*where, address=PHONE)


# -- rows of the outbox --------------------------------------------------------------------------------


def test_leases_are_renewed_in_the_order_of_the_rows(sender):
    """Whoever presses a button takes rows one after the other too: out of order, one would wait for the other for ever."""
    sender.ask(*[sender.card(number) for number in (1, 2)])
    sender.due()
    run, _caller = sender.worker()
    held = [job.errand.row for job in run.turn(50).jobs]
    first, second = sorted(one.id for one in held)
    # The older row lies behind the newer one on disk now: read as they lie, the newer one comes first.
    sender.query("UPDATE outbox SET tries = tries WHERE id = :id RETURNING 1", id=first)

    def renewed():
        with sender.hub.database.church(sender.church_id) as session:
            for way in ("indexscan", "bitmapscan"):
                session.execute(text(f"SET LOCAL enable_{way} = off"))
            assert renew(session, held) == {first, second}

    with sender.hub.database.church(sender.church_id) as session:
        session.execute(text("SELECT 1 FROM outbox WHERE id = :id FOR UPDATE"), {"id": first})
        with in_a_thread(renewed):
            wait_for(lambda: waits_for_a_lock(sender))
            free = session.execute(
                text("SELECT 1 FROM outbox WHERE id = :id FOR UPDATE SKIP LOCKED"), {"id": second}
            ).all()
            session.commit()
    assert free, "it waits for the first row and holds none behind it"


def test_a_look_that_the_news_overtook_is_over_and_changes_nothing(sender):
    sender.hub.sim.control.settings(sender.location, message_delays=[0, 0])
    sender.ask(sender.card())
    sender.due()
    sender.work()
    sender.later(timedelta(minutes=1))
    run, caller = sender.worker()
    (job,) = run.turn(50).jobs
    ((given,),) = sender.query("SELECT ghl_message_id FROM messages")
    with sender.hub.database.church(sender.church_id) as session:
        heard_status(
            session, sender.church_id, ghl_message_id=given, status="delivered", at=datetime.now(UTC)
        )
    tries = "SELECT outcome, ended_at IS NULL FROM message_attempts WHERE kind = 'status'"
    assert sender.query(tries) == [("not_sent", False)]
    run.put(caller.work(job))
    run.turn(50)
    assert sender.state()[0] == "delivered"
    assert sender.query(tries) == [("not_sent", False)]
    assert sender.query("SELECT state FROM outbox WHERE kind = 'message'") == [("done",)]


# -- an address that somebody else has -----------------------------------------------------------------


@contextmanager
def address_held(sender):
    """Somebody has the address; the worker's turn waits for it until this ends."""
    run, caller = sender.worker()
    for job in run.turn(50).jobs:
        run.put(caller.work(job))
    turned = []
    with sender.hub.database.church(sender.church_id) as session:
        ledger.lock(session, sender.church_id, Channel.SMS, PHONE)
        with in_a_thread(lambda: turned.append(run.turn(50))):
            wait_for(lambda: waits_for_a_lock(sender))
            yield session
            session.commit()
    assert turned


def test_the_moment_of_a_text_is_when_the_address_was_its_own(sender):
    sender.ask(sender.card())
    sender.due()
    with address_held(sender) as session:
        free_at = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    ((state, sending_at),) = sender.query("SELECT state, sending_at FROM messages")
    assert state == "sending"
    assert sending_at >= free_at


def test_what_became_too_late_while_it_waited_for_the_address_does_not_leave(sender):
    sender.ask(sender.card())
    sender.due()
    with address_held(sender):
        sender.query("UPDATE messages SET too_late_at = clock_timestamp() RETURNING 1")
    assert sender.state() == ("not_sent", "too_old")
    assert sender.sent() == []


# -- the day's number of texts -------------------------------------------------------------------------


def one_place_left(sender):
    """Two texts wait, and one of the day's hundred places is left. A worker has the second of them; the first's id."""
    sender.ask(*[sender.card(number) for number in (1, 2)])
    first, _second = sender.query("SELECT id FROM messages ORDER BY id")
    sender.query(
        "INSERT INTO messages (id, church_id, card_id, template_id, template_version, channel, purpose, address, person,"
        " idempotency_key, state, requested_by, requested_at, not_before, status_changed_at, sending_at, sent_at)"
        " SELECT gen_random_uuid(), church_id, card_id, template_id, 1, 'sms', 'follow-up', 'n' || n, '',"
        " sha256(n::text::bytea), 'sent', '', now(), now(), now(), now() - interval '1 hour', now()"
        " FROM (SELECT * FROM messages LIMIT 1) AS m, generate_series(1, 99) AS n RETURNING 1"
    )
    sender.settings(ramp_since=datetime.now(UTC) - timedelta(minutes=61))
    sender.due()
    later = "UPDATE outbox SET due_at = now() + interval '1 hour' WHERE message_id = :id RETURNING 1"
    sender.query(later, id=first.id)
    run, caller = sender.worker()
    (job,) = run.turn(50).jobs
    run.put(caller.work(job))
    return run, first.id


MARK = (
    "UPDATE messages SET state = :state, sending_at = now(), sent_at = CASE WHEN :state = 'sent' THEN now() END"
    " WHERE id = :id RETURNING 1"
)
STANDING = "SELECT state, cause FROM messages WHERE id <> :id AND address LIKE '+%'"


@pytest.mark.parametrize("state", ["sending", "unsure", "sent", "failed"])
def test_a_marked_text_has_its_place_of_the_day_whatever_becomes_of_it(sender, state):
    run, other = one_place_left(sender)
    sender.query(MARK, id=other, state=state)
    assert not run.turn(50).jobs
    assert sender.query(STANDING, id=other) == [("waiting", "ramp_tomorrow")]


def test_a_text_that_is_taken_up_and_not_marked_has_no_place_yet(sender):
    run, other = one_place_left(sender)
    sender.query("UPDATE outbox SET due_at = now() WHERE message_id = :id RETURNING 1", id=other)
    jobs = run.turn(50).jobs
    marked = [job for job in jobs if job.errand.sending]
    assert len(marked) == 1
    assert sender.query(STANDING, id=other) == [("sending", None)]
