"""A church whose workflow alone tells it of START: what GoHighLevel's conversation shows decides."""

from datetime import UTC, datetime, timedelta

import pytest

from ghl.consent import ledger
from ghl.statuses import Channel
from ghl.webhooks.secrets import new_secret
from jobs.webhooks import telling
from tests.support.hub import wait_for
from tests.webhooks.world import PHONE


@pytest.fixture
def told(world):
    """A hint of the church's workflow about one contact."""
    with world.hub.database.church(world.church) as session:
        secret = new_secret(session, world.church, actor="test").get_secret_value()
    [(public_id,)] = world.rows("SELECT public_id FROM churches")

    def told(contact, **more):
        answer = world.intake.client.post(
            f"{world.intake.url}/webhooks/workflow/{public_id}",
            json={"contact_id": contact, "location": {"id": world.location}} | more,
            headers={"X-Hub-Secret": secret},
        )
        assert answer.status_code == 200

    return told


def last(world):
    return world.events()[-1]


def try_again(world):
    """What waits for its next try has it now."""
    with world.hub.database.church(world.church) as session:
        session.connection().exec_driver_sql("UPDATE webhook_events SET due_at = now()")


def waits_because(world, cause):
    wait_for(lambda: last(world).cause == cause, within=15, what=f"{cause}, but {world.events()}")


def spoken(world, at):
    with world.hub.database.church(world.church) as session:
        ledger.record_stop(
            session, world.church, channel=Channel.SMS, address=PHONE, source="spoken", recorded_by="user:1", now=at
        )  # fmt: skip


def test_start_right_after_stop_lifts_it_before_it_was_brought_to_gohighlevel(world):
    world.card()
    world.quiet()
    world.workflow()
    world.control.reply(world.location, PHONE, "STOP")
    wait_for(world.stopped, within=10)
    world.control.reply(world.location, PHONE, "START")
    wait_for(lambda: not world.stopped(), within=20, what="START")
    assert world.rows("SELECT state FROM opt_outs") == [("waiting",)]
    [stop, start] = world.rows(
        "SELECT kind, source, recorded_at FROM consent_events WHERE source IN ('keyword', 'ghl') ORDER BY id"
    )
    assert (start.kind, start.source) == ("yes", "keyword")
    assert stop.kind == "stop"


def test_a_stop_that_was_lifted_meanwhile_is_not_set_there(world):
    contact = world.card()
    world.quiet()
    world.workflow()
    world.control.reply(world.location, PHONE, "STOP")
    wait_for(world.stopped, within=10)
    world.control.reply(world.location, PHONE, "START")
    wait_for(lambda: not world.stopped(), within=20)
    [task] = [one for one in telling(world.hub.container) if one.name == "bring stops to GoHighLevel"]
    task.run()
    assert world.rows("SELECT state, cause FROM opt_outs") == [("confirmed", "started_again")]
    assert world.dnd(contact)["sms"] == "inactive"


def test_a_hint_of_a_sentence_that_may_be_a_stop_says_so(world, told):
    contact = world.card()
    world.quiet()
    told(contact, message={"body": "please don't text me any more"})
    wait_for(lambda: last(world).state == "done", within=15)
    [[facts]] = world.rows("SELECT facts FROM webhook_events")
    assert facts == {"heard": "doubt", "doubts": 1}


def test_a_hint_of_a_start_that_nobody_wrote_lifts_nothing_and_says_why(world, told):
    contact = world.card()
    world.quiet()
    spoken(world, datetime.now(UTC) - timedelta(seconds=1))
    told(contact, message={"body": "START"})
    waits_because(world, "no_start_found")
    assert world.stopped()
    # GoHighLevel's lists lag: it is looked for ten minutes long.
    with world.hub.database.church(world.church) as session:
        session.connection().exec_driver_sql(
            "UPDATE webhook_events SET received_at = received_at - interval '10 minutes', due_at = now()"
        )
    [event] = world.handled(1)
    assert (event.state, event.facts) == ("done", {"heard": "start", "why": "no_start_found"})
    assert world.stopped()


def test_a_start_from_before_a_stop_that_somebody_heard_lifts_nothing(world, told):
    contact = world.card()
    world.quiet()
    world.control.reply(world.location, PHONE, "START")
    spoken(world, datetime.now(UTC) + timedelta(milliseconds=1))
    told(contact, message={"body": "START"})
    waits_because(world, "no_start_found")
    assert world.stopped()


def test_a_start_after_a_stop_that_somebody_heard_lifts_it(world, told):
    contact = world.card()
    world.quiet()
    spoken(world, datetime.now(UTC))
    world.control.reply(world.location, PHONE, "START")
    told(contact, customData={"event": "dnd_off"})
    wait_for(lambda: not world.stopped(), within=15)


def test_a_hint_that_says_nothing_leads_to_the_start_too(world, told):
    """A church whose workflow has no custom data: only that something changed is told."""
    contact = world.card()
    world.quiet()
    world.control.reply(world.location, PHONE, "STOP")
    told(contact)
    wait_for(world.stopped, within=15)
    world.control.reply(world.location, PHONE, "START")
    told(contact, again=True)
    wait_for(lambda: not world.stopped(), within=15)


def test_a_stop_after_the_start_stays_whatever_the_hint_says(world, told):
    contact = world.card()
    world.quiet()
    for words in ("STOP", "START", "REVOKE"):
        world.control.reply(world.location, PHONE, words)
        if words == "STOP":
            told(contact, customData={"event": "stop", "channel": "sms"})
            wait_for(world.stopped, within=10)
    told(contact, message={"body": "START"})
    wait_for(lambda: last(world).cause or last(world).state == "done", within=15)
    assert world.stopped()


def test_a_stop_that_gohighlevel_has_beside_the_start_stays(world, told):
    contact = world.card()
    for words in ("STOP", "START", "STOP"):
        world.control.reply(world.location, PHONE, words)
    told(contact, message={"body": "START"})
    [event] = world.handled(1)
    assert event.facts == {"heard": "start", "stops": 1, "why": "still_blocked"}
    assert world.stopped()


def test_what_the_list_does_not_show_yet_is_looked_for_again(world, told):
    contact = world.card()
    world.quiet()
    world.control.settings(world.location, export_lag=[3, 3])
    spoken(world, datetime.now(UTC))
    world.control.reply(world.location, PHONE, "START")
    told(contact, message={"body": "START"})
    waits_because(world, "no_start_found")
    assert world.stopped()

    def lifted():
        try_again(world)
        return not world.stopped()

    wait_for(lifted, within=15)


def test_a_token_that_may_not_read_messages_leaves_it_stopped_and_says_why(world, told):
    contact = world.card()
    world.quiet()
    token = world.sim.state.tokens.find(world.sim.token(world.location))
    every = token.scopes
    token.scopes = every - {"conversations/message.readonly"}
    spoken(world, datetime.now(UTC))
    world.control.reply(world.location, PHONE, "START")
    told(contact, message={"body": "START"})
    waits_because(world, "scope_missing")
    assert world.stopped()
    token.scopes = every
    try_again(world)
    wait_for(lambda: not world.stopped(), within=15)


def test_gohighlevel_that_does_not_answer_leaves_it_stopped(world, told):
    contact = world.card()
    world.quiet()
    spoken(world, datetime.now(UTC))
    world.control.reply(world.location, PHONE, "START")
    world.control.fault("server_error", operation="conversations.export")
    told(contact, message={"body": "START"})
    wait_for(
        lambda: world.rows("SELECT 1 FROM questions WHERE kind = 'started' AND cause = 'ghl_not_answering'"),
        within=15,
    )
    assert world.stopped()
