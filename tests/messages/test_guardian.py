"""A text about a child goes to the parent or guardian who agreed, and they are made a contact once where they are none."""

from datetime import UTC, datetime

import pytest

from ghl.consent import ledger
from ghl.delivery.steps import CreateContact
from ghl.messages import afterwards, trial
from ghl.messages.asked import AskedOutcome
from ghl.statuses import Channel
from tests.support.churches import card_values

RUTH = "+16155554444"
LOST = [
    ("cut_after", {}),
    ("broken_json", {}),
    ("no_id", {}),
    ("server_error", {"effect": True}),
    ("created_but_422", {}),
]


def child(sender, number=1, *, arrived=True, **changes):
    """A child's card, with the yes of their mother."""
    said = {
        "adult": "no",
        "guardian_name": "Ruth van der Berg",
        "guardian_phone": "(615) 555-4444",
        "guardian_consent": "yes",
    }
    return sender.card(number, arrived=arrived, **said | changes)


def ruths(sender):
    """Her contacts, by first and last name."""
    return [
        (one["firstName"], one["lastName"])
        for one in sender.hub.contacts(sender.location)
        if one.get("phone") == RUTH
    ]


def texted(sender):
    return [one["address"] for one in sender.sent("SMS")]


def until_made(sender):
    """The turns of a worker up to the call that makes the contact, which has not left yet."""
    run, caller = sender.worker()
    for _ in range(10):
        for job in run.turn(50).jobs:
            if isinstance(job.errand.call, CreateContact):
                return run, caller, job
            run.put(caller.work(job))
    raise AssertionError("no contact was to be made")


def allow_duplicates(sender):
    """The location lets two contacts have one number."""
    sender.hub.sim.state.change_location(sender.location, allow_duplicate_contact=True)
    sender.query("UPDATE locations SET allow_duplicates = true RETURNING 1")


def test_a_guardian_who_is_a_contact_is_texted_at_their_own_number(sender):
    card_id = child(sender)
    guardian = sender.hub.sim.state.add_contact(
        sender.location, firstName="Ruth", lastName="Keller", phone=RUTH
    )
    (asked,) = sender.ask(card_id)
    assert asked.outcome is AskedOutcome.QUEUED
    sender.due()
    sender.work()
    assert sender.query("SELECT state, address, contact_id FROM messages") == [("sent", RUTH, guardian)]
    assert texted(sender) == [RUTH]


def test_a_guardian_whose_number_is_on_a_contact_of_another_name_is_texted_there(sender):
    """It is the number that agreed, whoever GoHighLevel says has it."""
    card_id = child(sender)
    sender.hub.sim.state.add_contact(sender.location, firstName="Otto", lastName="Other", phone=RUTH)
    sender.ask(card_id)
    sender.due()
    sender.work()
    assert texted(sender) == [RUTH]
    assert ruths(sender) == [("Otto", "Other")]


@pytest.mark.parametrize("duplicates", [False, True], ids=["forbidden", "allowed"])
def test_a_guardian_who_is_none_is_made_a_contact_and_texted(sender, duplicates):
    if duplicates:
        allow_duplicates(sender)
    sender.ask(child(sender))
    sender.due()
    sender.work()
    assert sender.states() == [("sent", None)]
    assert texted(sender) == [RUTH]
    (made,) = [one for one in sender.hub.contacts(sender.location) if one.get("phone") == RUTH]
    assert (made["firstName"], made["lastName"]) == ("Ruth", "van der Berg")
    assert not made.get("tags"), "their name and number alone"
    assert not made.get("email")
    assert sender.query("SELECT contact_id FROM messages") == [(made["id"],)]
    assert sender.query("SELECT count(*) FROM contact_links WHERE contact_id = :id", id=made["id"]) == [(1,)]
    assert sender.query("SELECT count(*) FROM person_keys") == [(0,)]


@pytest.mark.parametrize(("kind", "fault"), LOST, ids=str)
@pytest.mark.parametrize("duplicates", [False, True], ids=["forbidden", "allowed"])
def test_the_contact_is_made_once_also_where_the_answer_is_lost(sender, duplicates, kind, fault):
    if duplicates:
        allow_duplicates(sender)
    sender.ask(child(sender))
    known = sender.hub.sim.faults.add(kind, operation="contacts.create", times=1, **fault)
    sender.due()
    sender.work()
    sender.hub.sim.faults.clear(known.id)
    for _ in range(3):
        sender.due()
        sender.work()
    assert len(ruths(sender)) == 1
    assert texted(sender) == [RUTH]


def test_two_texts_at_the_same_time_make_one_contact(sender):
    allow_duplicates(sender)
    first, second = child(sender), child(sender, 2)
    sender.ask(first, second)
    sender.due()
    for _ in range(4):
        sender.work()
        sender.due()
    assert len(ruths(sender)) == 1
    assert texted(sender) == [RUTH, RUTH]
    assert [state for state, _ in sender.states()] == ["sent", "sent"]
    assert sender.query("SELECT count(*) FROM person_keys") == [(0,)]


def test_nothing_is_made_while_a_card_of_that_number_is_with_a_worker(sender):
    allow_duplicates(sender)
    sender.ask(child(sender))
    own = card_values(5, first_name="Ruth", last_name="van der Berg", phone=RUTH)
    sender.card(5, arrived=False, **own)
    sender.query(
        "INSERT INTO person_keys (church_id, key, outbox_id)"
        " SELECT church_id, 'phone:' || phone, id FROM outbox WHERE phone = :ruth RETURNING 1",
        ruth=RUTH,
    )
    sender.query(
        "UPDATE outbox SET state = 'leased', lease_token = gen_random_uuid(),"
        " leased_until = now() + interval '1 hour' WHERE phone = :ruth RETURNING 1",
        ruth=RUTH,
    )
    sender.due()
    sender.work()
    assert sender.state() == ("waiting", "checking_for_existing")
    assert ruths(sender) == []
    sender.query(
        "UPDATE outbox SET leased_until = now() - interval '1 second' WHERE phone = :ruth RETURNING 1",
        ruth=RUTH,
    )
    sender.work()
    sender.due()
    sender.work()
    assert sender.state()[0] == "sent"
    assert len(ruths(sender)) == 1


@pytest.mark.parametrize("said", ["no", ""])
def test_without_the_guardians_yes_nobody_is_texted_nor_made_a_contact(sender, said):
    (asked,) = sender.ask(child(sender, guardian_consent=said))
    assert (asked.outcome, asked.reason) == (AskedOutcome.NOT_ALLOWED, "under_age")
    sender.due()
    sender.work()
    assert sender.sent() == []
    assert ruths(sender) == []


def test_a_guardian_who_said_stop_meanwhile_is_not_made_a_contact(sender):
    sender.ask(child(sender))
    with sender.hub.database.church(sender.church_id) as session:
        ledger.record_stop(
            session,
            sender.church_id,
            channel=Channel.SMS,
            address=RUTH,
            source="spoken",
            recorded_by="anna",
            now=datetime.now(UTC),
        )
    sender.due()
    sender.work()
    assert sender.state() == ("not_sent", "stopped")
    assert sender.sent() == []
    assert ruths(sender) == []


def test_a_stop_while_the_contact_is_made_is_obeyed(sender):
    sender.ask(child(sender))
    sender.due()
    run, caller, job = until_made(sender)
    back = caller.work(job)
    with sender.hub.database.church(sender.church_id) as session:
        ledger.record_stop(
            session,
            sender.church_id,
            channel=Channel.SMS,
            address=RUTH,
            source="spoken",
            recorded_by="anna",
            now=datetime.now(UTC),
        )
    run.put(back)
    for _ in range(4):
        for job in run.turn(50).jobs:
            run.put(caller.work(job))
    assert sender.state() == ("not_sent", "stopped")
    assert sender.sent() == []
    assert sender.query("SELECT count(*) FROM person_keys") == [(0,)]


def test_undo_while_the_contact_is_made_frees_the_number(sender):
    (asked,) = sender.ask(child(sender))
    sender.due()
    run, caller, job = until_made(sender)
    assert sender.do(afterwards.undo, asked.message_id)
    run.put(caller.work(job))
    for _ in range(4):
        for left in run.turn(50).jobs:
            run.put(caller.work(left))
    assert sender.state() == ("not_sent", "undone")
    assert sender.sent() == []
    assert sender.query("SELECT count(*) FROM person_keys") == [(0,)]


PAT = "+16155557777"


def press_test(sender, template, address):
    with sender.hub.database.church(sender.church_id) as session:
        return trial.send_test(
            session, sender.church_id, template, phone_or_email=address, actor="pat", now=datetime.now(UTC)
        )


@pytest.mark.parametrize("duplicates", [False, True], ids=["forbidden", "allowed"])
@pytest.mark.parametrize(("kind", "fault"), [("", {}), *LOST], ids=str)
def test_a_test_to_somebody_who_is_no_contact_makes_them_one_once(sender, duplicates, kind, fault):
    if duplicates:
        allow_duplicates(sender)
    if kind:
        sender.hub.sim.faults.add(kind, operation="contacts.create", times=1, **fault)
    assert press_test(sender, sender.sms, PAT).outcome == "queued"
    for _ in range(4):
        sender.work()
        sender.due()
    assert texted(sender) == [PAT]
    (made,) = [one for one in sender.hub.contacts(sender.location) if one.get("phone") == PAT]
    assert (made.get("firstName") or "", made["lastName"], made.get("email")) == ("", "Test", None)
    assert sender.query("SELECT count(*) FROM person_keys") == [(0,)]
    assert press_test(sender, sender.sms, PAT).outcome == "queued", "a test's contact is no guest"
    sender.work()
    assert texted(sender) == [PAT, PAT]


def test_a_test_by_email_makes_a_contact_too(sender):
    assert press_test(sender, sender.email, "pat@example.org").outcome == "queued"
    sender.work()
    assert [one["address"] for one in sender.sent("Email")] == ["pat@example.org"]
    (made,) = [one for one in sender.hub.contacts(sender.location) if one.get("email") == "pat@example.org"]
    assert (made["lastName"], made.get("phone")) == ("Test", None)


def test_a_test_to_a_phone_that_said_stop_makes_no_contact(sender):
    press_test(sender, sender.sms, PAT)
    with sender.hub.database.church(sender.church_id) as session:
        ledger.record_stop(
            session,
            sender.church_id,
            channel=Channel.SMS,
            address=PAT,
            source="spoken",
            recorded_by="anna",
            now=datetime.now(UTC),
        )
    sender.work()
    assert texted(sender) == []
    assert not [one for one in sender.hub.contacts(sender.location) if one.get("phone") == PAT]
