"""Stops on their way into GoHighLevel, and the check of every night: with the simulator and a worker."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from ghl.consent import differences, dnd_check, opt_outs
from ghl.consent.dnd import OURS
from ghl.consent.opt_outs import FIRST_WAIT, LONGEST_WAIT, wait_after
from ghl.ids import new_id
from ghl.statuses import Channel
from tests.support.hub import wait_for
from tests.support.telling import EMAIL, PHONE, record_start, record_stop
from tests.webhooks.world import heard_world

AT_ONCE = text("UPDATE dnd_checks SET due_at = now() WHERE finished_at IS NULL")
NIGHT = datetime(2026, 11, 28, 8, 30, tzinfo=UTC)
"""2:30 am in Chicago."""


@pytest.fixture
def world(database_urls, redis_url):
    with heard_world(database_urls, redis_url) as world:
        yield world


def stop(world, channel=Channel.SMS, address=PHONE, ago=0):
    return record_stop(
        world.hub.database, world.church, channel=channel, address=address, ago=timedelta(seconds=ago)
    )


def states(world):
    return [row.state for row in world.rows("SELECT state FROM opt_outs ORDER BY asked_at")]


def test_a_stop_is_set_for_its_channel_and_nothing_else_is_touched(world):
    contact = world.card()
    world.control.set_dnd(contact, "permanent", channel="Email", message="bounced")
    stop(world)
    wait_for(lambda: states(world) == ["confirmed"])

    shown = next(one for one in world.hub.contacts(world.location) if one["id"] == contact)
    assert shown["dndSettings"]["SMS"] == {"status": "active", "message": OURS, "code": ""}
    assert shown["dndSettings"]["Email"]["status"] == "permanent"
    assert shown["phone"] == PHONE
    [row] = world.rows("SELECT sent_at, confirmed_at, contacts FROM opt_outs")
    assert row.sent_at
    assert row.confirmed_at
    assert [one["id"] for one in row.contacts] == [contact]


def test_one_that_no_card_of_ours_is_in_is_found_by_its_number(world):
    contact = world.sim.state.add_contact(world.location, firstName="Zoe", phone="+16155550199")
    stop(world, address="+16155550199")
    wait_for(lambda: states(world) == ["confirmed"])
    assert world.dnd(contact)["sms"] == "active"


def test_nobody_there_has_the_address(world):
    stop(world, Channel.EMAIL, "nobody@example.org")
    wait_for(lambda: states(world) == ["no_contact"])


def test_gohighlevel_refuses_and_the_stop_goes_there_later(world):
    world.card()
    world.control.fault("server_error", operation="contacts.update", status=400, times=1)
    stop(world)
    wait_for(lambda: world.rows("SELECT 1 FROM opt_outs WHERE tries = 1"))
    [row] = world.rows("SELECT state, due_at > now() + interval '30 seconds' AS later FROM opt_outs")
    assert (row.state, row.later) == ("waiting", True)
    assert world.stopped()
    with world.hub.database.church(world.church) as session:
        assert opt_outs.try_now(session, world.church) == 1
    wait_for(lambda: states(world) == ["confirmed"])


def test_who_wrote_start_meanwhile_is_not_stopped_there(world):
    contact = world.card()
    world.quiet()
    stop(world, ago=60)
    record_start(world.hub.database, world.church)
    with world.hub.database.church(world.church) as session:
        assert not opt_outs.follow(session, world.church)
    [row] = world.rows("SELECT state, cause FROM opt_outs")
    assert row == ("confirmed", "started_again")
    assert "sms" not in world.dnd(contact)


def test_what_we_set_before_we_heard_of_the_start_is_taken_away(world):
    """START lifted nothing in GoHighLevel, which had no stop yet; ours came there before the hub was told."""
    contact = world.card()
    stop(world, ago=60)
    wait_for(lambda: states(world) == ["confirmed"])
    assert world.dnd(contact)["sms"] == "active"
    record_start(world.hub.database, world.church, ago=timedelta(seconds=30))
    wait_for(lambda: world.rows("SELECT 1 FROM opt_outs WHERE cause = 'started_again'"))
    assert world.dnd(contact)["sms"] == "inactive"
    assert states(world) == ["confirmed"]
    assert not world.stopped()


def test_what_is_on_its_way_when_the_start_comes_is_taken_away(world):
    contact = world.card()
    stop(world, ago=60)
    wait_for(lambda: world.dnd(contact).get("sms") == "active")
    record_start(world.hub.database, world.church)
    wait_for(lambda: world.rows("SELECT 1 FROM opt_outs WHERE cause = 'started_again'"))
    assert world.dnd(contact)["sms"] == "inactive"


def test_a_mark_that_is_not_ours_stays_after_a_start(world):
    contact = world.card()
    world.control.set_dnd(contact, "permanent", message="carrier")
    stop(world, ago=60)
    wait_for(lambda: states(world)[:1] == ["confirmed"])
    record_start(world.hub.database, world.church)
    wait_for(lambda: world.rows("SELECT 1 FROM opt_outs WHERE cause = 'started_again'"))
    assert world.dnd(contact)["sms"] == "permanent"


def test_what_is_overdue_is_told(world):
    today = datetime.now(UTC).date()
    world.quiet()
    stop(world, address="+16155550198")
    with world.hub.database.system() as session:
        assert opt_outs.overdue(session, today=today) == []
        [late] = opt_outs.overdue(session, today=today + timedelta(days=30))
    assert (late.church_id, late.stops) == (world.church, 1)
    with world.hub.database.church(world.church) as session:
        [one] = opt_outs.unconfirmed(session, world.church, today=today + timedelta(days=30))
    assert (one.address, one.overdue) == ("+16155550198", True)


@given(st.integers(0, 5000))
def test_waits_grow_and_never_end(tries):
    assert FIRST_WAIT <= wait_after(tries) <= wait_after(tries + 1) <= LONGEST_WAIT


# -- the night ---------------------------------------------------------------------------------------


def night(world, now=NIGHT):
    """Runs the check as at this moment, until it is finished; what is listed then."""
    with world.hub.database.church(world.church) as session:
        dnd_check.check_now(session, world.church)
        session.execute(text("UPDATE dnd_checks SET finished_at = NULL"))

    def finished():
        with world.hub.database.church(world.church) as session:
            asked = dnd_check.follow(session, world.church, now=now)
        if asked:
            world.hub.container.waker.wake(world.church)
        with world.hub.database.church(world.church) as session:
            session.execute(AT_ONCE)
            return dnd_check.checked(session, world.church).finished_at

    wait_for(finished)
    with world.hub.database.church(world.church) as session:
        return differences.listed(session, world.church)[0]


def test_the_night_records_what_was_stopped_there_and_brings_there_what_is_missing(world):
    stopped_there = world.card()
    missing = world.card(first_name="Ben", phone="+16155550111", email="ben@example.org")
    world.quiet()
    world.control.set_dnd(stopped_there, "permanent", message="STOP_KEYWORD")
    stop(world, address="+16155550111")
    world.rows("UPDATE opt_outs SET state = 'confirmed' RETURNING 1")

    found = {(one.contact_id, one.kind, one.settled_at is None) for one in night(world)}

    assert found == {(stopped_there, "stopped_there", False), (missing, "stopped_here", True)}
    assert world.stopped()
    assert states(world) == ["waiting", "waiting"]
    # The next night finds nothing new, and what was brought there meanwhile is settled.
    world.control.set_dnd(missing, "active")
    assert [one.settled_at is None for one in night(world)] == [False, False]


def test_another_number_and_a_contact_that_is_gone_are_listed(world):
    moved = world.card()
    gone = world.card(first_name="Ben", phone="+16155550111", email="ben@example.org")
    world.quiet()
    world.rows("UPDATE contact_links SET phone = '+16155550122' WHERE contact_id = :id RETURNING 1", id=moved)
    state = world.sim.state
    state.remove(state.find(gone))
    found = {(one.contact_id, one.channel, one.kind) for one in night(world)}
    assert found == {(moved, "sms", "other_number"), (gone, "sms", "gone"), (gone, "email", "gone")}


def test_by_day_it_waits_for_the_night_and_keeps_its_place(world):
    world.card()
    world.quiet()
    noon = NIGHT + timedelta(hours=10)
    with world.hub.database.church(world.church) as session:
        dnd_check.check_now(session, world.church)
    with world.hub.database.church(world.church) as session:
        assert not dnd_check.follow(session, world.church, now=noon)
        due_at = dnd_check.checked(session, world.church).due_at
    assert dnd_check.is_night(due_at, ZoneInfo("America/Chicago"))
    assert due_at > noon


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["America/New_York", "America/Chicago", "Pacific/Honolulu", "Australia/Lord_Howe"]),
)
def test_the_next_night_is_ahead_and_it_is_night_then(now, zone):
    zone, church = ZoneInfo(zone), new_id()
    begins = dnd_check.next_night(now, zone, church)
    assert now < begins <= now + timedelta(hours=26)
    assert dnd_check.is_night(begins, zone)


def test_email_of_the_same_person_goes_on(world):
    world.card()
    stop(world)
    wait_for(lambda: states(world) == ["confirmed"])
    assert not world.stopped(Channel.EMAIL, EMAIL)
