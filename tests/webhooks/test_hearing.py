"""What follows when GoHighLevel tells us something: with the simulator, the intake and a worker, as it really runs."""

import time
from datetime import UTC, datetime, timedelta

from ghl.consent import ledger
from ghl.statuses import Channel
from tests.support.hub import wait_for
from tests.support.telling import EMAIL, PHONE


def test_stop_is_in_the_log_within_two_seconds_and_is_read_back(world):
    contact = world.card()
    world.app()
    began = time.monotonic()
    world.control.reply(world.location, PHONE, "STOP")
    wait_for(world.stopped, within=10)
    took = time.monotonic() - began

    assert took < 2, f"{took:.2f} s"
    [row] = wait_for(lambda: world.rows("SELECT state, contacts FROM opt_outs WHERE state = 'confirmed'"))
    assert row.contacts == [{"id": contact, "tried": True, "done": True, "blocks": True}]
    # GoHighLevel set it by itself, and for good: ours is not put over it.
    assert world.dnd(contact)["sms"] == "permanent"
    [said] = world.rows("SELECT source, contact_id, recorded_by FROM consent_events WHERE kind = 'stop'")
    assert said == ("keyword", contact, "GoHighLevel")


def test_start_lifts_and_a_late_stop_from_before_does_not_come_back(world):
    contact = world.card()
    world.app()
    world.control.reply(world.location, PHONE, "STOP")
    wait_for(world.stopped)
    world.control.reply(world.location, PHONE, "START")
    wait_for(lambda: not world.stopped())

    now = datetime.now(UTC)
    said = {"type": "InboundMessage", "messageType": "SMS", "direction": "inbound", "contactId": contact}
    for number, (words, ago) in enumerate((("STOP", 3600), ("START", 7200), ("stop", 1800))):
        at = (now - timedelta(seconds=ago)).isoformat()
        world.control.emit(
            said | {"body": words, "dateAdded": at, "webhookId": f"late-{number}"}, location=world.location
        )
    wait_for(lambda: len([one for one in world.events() if one.facts.get("stops") == 0]) == 2)
    assert not world.stopped()


def test_a_late_start_from_before_the_stop_lifts_nothing(world):
    contact = world.card()
    world.app()
    world.control.reply(world.location, PHONE, "STOP")
    wait_for(world.stopped)
    earlier = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    world.control.emit(
        {
            "type": "InboundMessage",
            "messageType": "SMS",
            "direction": "inbound",
            "contactId": contact,
            "body": "START",
            "dateAdded": earlier,
        },
        location=world.location,
    )
    wait_for(lambda: any(one.facts.get("heard") == "start" for one in world.events()))
    assert world.stopped()


def test_twice_late_and_out_of_order_is_one_stop(world):
    world.card()
    world.app(times=3, late=[0, 1.5])
    world.control.reply(world.location, PHONE, "UNSUBSCRIBE")
    wait_for(world.stopped)
    wait_for(lambda: world.rows("SELECT coalesce(sum(repeats), 0) FROM webhook_events")[0][0] >= 4)
    world.handled(2)
    assert world.rows("SELECT count(*) FROM consent_events WHERE kind = 'stop'")[0][0] == 1


def test_a_sentence_waits_for_a_person(world):
    world.card()
    world.app()
    world.control.reply(world.location, PHONE, "please stop texting me")
    [row] = wait_for(lambda: world.rows("SELECT channel, address, said, state FROM consent_doubts"))
    assert row == ("sms", PHONE, "please stop texting me", "open")
    assert not world.stopped()


def test_an_answer_to_an_email_stops_emails_and_what_it_quotes_stops_nothing(world):
    world.card()
    world.app()
    world.control.reply(world.location, EMAIL, "Thank you!\n\nOn Sunday Grace wrote:\n> Reply STOP to stop")
    world.handled(1)
    assert world.rows("SELECT count(*) FROM consent_doubts")[0][0] == 0
    world.control.reply(world.location, EMAIL, "<p>Unsubscribe</p>")
    wait_for(lambda: world.stopped(Channel.EMAIL, EMAIL))
    assert not world.stopped()


def test_an_unsubscribed_email_is_a_stop_of_emails(world):
    world.card()
    world.app(about=["LCEmailStats"])
    payload = {"event": "unsubscribed", "recipient": "Mary@Example.org", "id": "m-1"}
    world.control.emit({"type": "LCEmailStats", "webhookPayload": payload}, location=world.location)
    wait_for(lambda: world.stopped(Channel.EMAIL, EMAIL))
    assert not world.stopped()


def test_do_not_disturb_on_stops_and_off_lifts_nothing(world):
    contact = world.card()
    world.app(about=["ContactDndUpdate"])
    world.control.set_dnd(contact, "active")
    wait_for(world.stopped)
    world.control.set_dnd(contact, "inactive")
    world.handled(2)
    assert world.stopped()
    assert not world.stopped(Channel.EMAIL, EMAIL)


def test_a_dead_number_is_no_wish_of_a_person(world):
    contact = world.card()
    world.app(about=["ContactDndUpdate"])
    world.control.set_dnd(contact, "active", message="TWILIO_ERROR_CODE: 30005")
    world.handled(1)
    assert not world.stopped()


def test_a_stop_from_somebody_unknown_asks_who_it_is(world):
    contact = world.sim.state.add_contact(world.location, firstName="Zoe", phone="+16155550199")
    world.app()
    world.control.emit(
        {
            "type": "InboundMessage",
            "messageType": "SMS",
            "direction": "inbound",
            "contactId": contact,
            "body": "STOP",
        },
        location=world.location,
    )
    wait_for(lambda: world.stopped(Channel.SMS, "+16155550199"))


def test_a_merged_contact_is_looked_up_again_and_takes_the_stop_along(world):
    gone = world.card()
    kept = world.sim.state.add_contact(
        world.location, firstName="Mary", lastName="Smith", phone="+16155550177"
    )
    world.app(about=["InboundMessage", "ContactDelete"])
    world.control.reply(world.location, PHONE, "STOP")
    wait_for(lambda: world.rows("SELECT 1 FROM opt_outs WHERE state = 'confirmed'"))
    world.sim.state.change_location(world.location, allow_duplicate_contact=True)
    world.control.merge(kept, gone)
    wait_for(lambda: [one for one in world.events() if one.type == "ContactDelete" and one.state == "done"])
    assert world.rows("SELECT 1 FROM contact_links WHERE contact_id = :id", id=gone) == []


def test_an_update_is_remembered_and_an_older_one_is_not(world):
    contact = world.card()
    world.app()
    later = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    update = {"type": "ContactUpdate", "id": contact, "firstName": "Maria", "lastName": "Smith"}
    more = {"phone": "(615) 555-0188", "email": "Mary@Example.org"}
    world.control.emit(update | more | {"timestamp": later, "webhookId": "b"}, location=world.location)
    wait_for(lambda: world.rows("SELECT 1 FROM contact_links WHERE first_name = 'Maria'"))
    long_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    world.control.emit(
        update | {"firstName": "Old", "timestamp": long_ago, "webhookId": "a"}, location=world.location
    )
    wait_for(lambda: [one for one in world.events() if one.facts.get("contact") == "newer_known"])
    [row] = world.rows("SELECT first_name, phone, email FROM contact_links")
    assert row == ("Maria", PHONE, EMAIL)


# -- workflows ---------------------------------------------------------------------------------------


def test_a_workflow_alone_brings_stop_and_start(world):
    world.card()
    world.workflow()
    began = time.monotonic()
    world.control.reply(world.location, PHONE, "STOP")
    wait_for(world.stopped, within=10)
    assert time.monotonic() - began < 5
    wait_for(lambda: world.rows("SELECT 1 FROM opt_outs WHERE state = 'confirmed'"), what="the stop there")
    world.control.reply(world.location, PHONE, "START")
    wait_for(lambda: not world.stopped())


def test_a_hint_that_says_start_lifts_nothing_while_gohighlevel_blocks(world):
    contact = world.card()
    secret = world.workflow(about=["replied"])
    world.control.set_dnd(contact, "permanent")
    [(public_id,)] = world.rows("SELECT public_id FROM churches")

    def hint(**more):
        return world.intake.client.post(
            f"{world.intake.url}/webhooks/workflow/{public_id}",
            json={"contact_id": contact, "phone": PHONE, "location": {"id": world.location}} | more,
            headers={"X-Hub-Secret": secret},
        )

    assert hint(customData={"event": "dnd_on", "channel": "sms"}).status_code == 200
    wait_for(world.stopped)
    assert hint(message={"body": "START"}).status_code == 200
    assert hint(customData={"event": "dnd_off"}).status_code == 200
    world.handled(3)
    assert world.stopped()


def test_a_hint_that_nobody_signed_lifts_nothing_where_nobody_wrote_start(world):
    """A stop said on the phone a moment ago; its DND is not set yet, so the read-back shows nothing in the way."""
    contact = world.card()
    world.quiet()
    secret = world.workflow()
    with world.hub.database.church(world.church) as session:
        ledger.record_stop(
            session, world.church, channel=Channel.SMS, address=PHONE, source="spoken", recorded_by="user:1",
            now=datetime.now(UTC) - timedelta(seconds=1),
        )  # fmt: skip
    [(public_id,)] = world.rows("SELECT public_id FROM churches")
    answer = world.intake.client.post(
        f"{world.intake.url}/webhooks/workflow/{public_id}",
        json={"contact_id": contact, "location": {"id": world.location}, "message": "START"},
        headers={"X-Hub-Secret": secret},
    )
    assert answer.status_code == 200
    wait_for(lambda: world.events()[0].cause == "no_start_found")
    assert world.stopped()
