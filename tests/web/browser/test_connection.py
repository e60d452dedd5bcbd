"""An admin connects the church in a real browser; a real worker tries the token against the simulator."""

import pytest
from playwright.sync_api import expect

from ghl.sealed_box import BoxOpener
from ghl.simulator.server import SimulatorServer
from ghl.simulator.tokens import ALL_SCOPES
from ghl.statuses import Role
from tests.support.browser import poll, readable
from tests.support.hub import running_hub

SLOW = 60_000


@pytest.fixture
def worker(hub, valkey, sql):
    """A worker on the database that the browser tests share, and GoHighLevel as it sees it."""
    with SimulatorServer() as sim, running_hub(hub.urls, valkey, sim) as running:
        running.start_worker()
        running.start_sweep()
        (ours,) = BoxOpener(running.container.key_ring).public_keys()
        poll(
            lambda: [(ours.key,)] == [(bytes(key),) for (key,) in sql("SELECT public_key FROM sealing_keys")]
        )
        yield running


def paste(page, token, location=None):
    if location:
        page.get_by_label("Location id").fill(location)
    page.get_by_label("Private Integration Token").fill(token)
    page.get_by_role("button", name="Test", exact=True).click()


def test_a_church_is_connected_its_token_changed_and_disconnected(person, worker, church, sql, at_home):
    sim = worker.sim
    weak = sim.state.add_token(sim.location_id, scopes=ALL_SCOPES - {"contacts.write"})
    page = person("connection", role=Role.ADMIN, name="Pat")
    field = page.get_by_label("Private Integration Token")
    expect(field).to_be_visible(timeout=SLOW)
    expect(field).to_have_attribute("type", "password")
    paste(page, weak, sim.location_id)
    expect(page.get_by_text("The token may not yet add and change contacts.")).to_be_visible(timeout=SLOW)
    assert weak not in page.content()
    sim.state.add_token(sim.location_id, weak)
    page.get_by_role("button", name="Test again").click()
    page.get_by_role("button", name="Connect", exact=True).click(timeout=SLOW)
    expect(page.get_by_text(f"Token: ends in {weak[-4:]}")).to_be_visible(timeout=SLOW)
    at_home(page)

    page.get_by_text("Change the token").click()
    newer = sim.state.rotate_token(weak)
    paste(page, newer)
    switch = page.get_by_role("button", name="Switch to this token")
    expect(switch).to_be_visible(timeout=SLOW)
    switch.dblclick()
    expect(page.get_by_text(f"Token: ends in {newer[-4:]}")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text("The old token is erased here.")).to_be_visible(timeout=SLOW)

    page.get_by_text("Disconnect", exact=True).first.click()
    page.get_by_label("Your church's name").fill("Grace Church")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Not connected yet.")).to_be_visible(timeout=SLOW)
    told = sql(
        "SELECT action FROM audit_entries WHERE church_id = :id AND action LIKE 'connection.%' ORDER BY id",
        id=church,
    )
    assert [action.partition(".")[2] for (action,) in told] == [
        *("tested", "tested", "stored", "tested", "switched", "finished", "disconnected")
    ]


def test_it_is_readable_on_every_screen(person, worker, church, at_home):
    sim = worker.sim
    page = person("connection", role=Role.ADMIN, name="Pat")
    field = page.get_by_label("Private Integration Token").first
    readable(page, lambda: expect(field).to_be_visible(timeout=SLOW), name="connection-first", height=1400)
    paste(page, sim.state.add_token(sim.location_id, scopes={"locations.readonly"}), sim.location_id)
    again = page.get_by_role("button", name="Test again")
    readable(page, lambda: expect(again).to_be_visible(timeout=SLOW), name="connection-failed", height=1800)
    page.get_by_role("button", name="Paste another token").click()
    expect(field).to_be_visible(timeout=SLOW)
    paste(page, sim.token(), sim.location_id)
    connect = page.get_by_role("button", name="Connect", exact=True)
    readable(page, lambda: expect(connect).to_be_visible(timeout=SLOW), name="connection-passed")
    connect.click()
    change = page.get_by_text("Change the token")
    readable(page, lambda: expect(change).to_be_visible(timeout=SLOW), name="connection-connected")
    change.click()
    paste(page, sim.state.rotate_token(sim.token()))
    page.get_by_role("button", name="Switch to this token").click(timeout=SLOW)
    finish = page.get_by_role("button", name="Finish")
    readable(page, lambda: expect(finish).to_be_visible(timeout=SLOW), name="connection-kept", height=1200)
    at_home(page)
