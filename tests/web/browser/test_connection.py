"""An admin connects the church in a real browser; a real worker tries the token against the simulator."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from dashboard.clicks import ONE_CLICK
from ghl.sealed_box import BoxOpener
from ghl.simulator.server import SimulatorServer
from ghl.simulator.tokens import ALL_SCOPES
from ghl.statuses import Role
from tests.support.browser import poll, readable
from tests.support.hub import running_hub

SLOW = 60_000


@pytest.fixture
def location(worker, slug):
    """The tests share a database, in which a location is one church's only."""
    location = f"loc{slug.removeprefix('church-')}00000000"
    worker.sim.state.add_location(location)
    return location


@pytest.fixture
def worker(hub, valkey, sql, key_lines):
    """A worker on the database that the browser tests share, and GoHighLevel as it sees it."""
    with SimulatorServer() as sim, running_hub(hub.urls, valkey, sim, keys=key_lines[0]) as running:
        running.start_worker()
        running.start_sweep()
        (ours,) = BoxOpener(running.container.key_ring).public_keys()
        poll(
            lambda: [(ours.key,)] == [(bytes(key),) for (key,) in sql("SELECT public_key FROM sealing_keys")]
        )
        yield running


def field(page, key):
    return page.locator(f".st-key-{key} input")


def button(page, key):
    return page.locator(f".st-key-{key} button")


def press(page, key, *, twice=False):
    """A press by somebody who has looked at what came up: right after one a press counts as its second half."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(ONE_CLICK.total_seconds() * 1000 + 300)
    at = button(page, key)
    at.dblclick() if twice else at.click()


def paste(page, form, token, location=None):
    if location:
        field(page, f"{form}_location").fill(location)
    field(page, f"{form}_token").fill(token)

    def handed_over():
        if page.get_by_role("heading", name="The token you pasted").count():
            return True
        # A click may meet a part of the page that is still unfolding.
        with suppress(PlaywrightError):
            button(page, f"test_{form}").click(timeout=1500)
        with suppress(PlaywrightError):
            page.get_by_role("heading", name="The token you pasted").wait_for(timeout=5000)
        return False

    poll(handed_over)


def test_a_church_is_connected_its_token_changed_and_disconnected(
    person, worker, location, church, sql, at_home
):
    sim = worker.sim
    weak = sim.state.add_token(location, scopes=ALL_SCOPES - {"contacts.write"})
    page = person("connection", role=Role.ADMIN, name="Pat")
    expect(field(page, "first_token")).to_be_visible(timeout=SLOW)
    expect(field(page, "first_token")).to_have_attribute("type", "password")
    paste(page, "first", weak, location)
    expect(page.get_by_text("The token may not yet add and change contacts:")).to_be_visible(timeout=SLOW)
    assert weak not in page.content()
    sim.state.add_token(location, weak)
    press(page, "test_again")
    expect(page.get_by_text("Everything works.")).to_be_visible(timeout=SLOW)
    press(page, "switch")
    expect(page.get_by_text(f"Token: ends in {weak[-4:]}")).to_be_visible(timeout=SLOW)

    page.get_by_text("Change the token").click()
    newer = sim.state.rotate_token(weak)
    paste(page, "rotate", newer)
    expect(page.get_by_text("Everything works.")).to_be_visible(timeout=SLOW)
    press(page, "switch", twice=True)
    expect(page.get_by_text(f"Token: ends in {newer[-4:]}")).to_be_visible(timeout=SLOW)
    expect(button(page, "finish")).to_be_visible(timeout=SLOW)

    def finished():
        if page.get_by_text("The token that was kept is erased here.").count():
            return True
        # A press that still belongs to the double click before counts for nothing.
        with suppress(PlaywrightError):
            button(page, "finish").click(timeout=1500)
        return False

    poll(finished)
    page.get_by_text("Disconnect", exact=True).first.click()
    field(page, "typed_name").fill("Grace Church")
    press(page, "press_disconnect")
    expect(page.get_by_text("Not connected yet.")).to_be_visible(timeout=SLOW)
    told = sql(
        "SELECT action FROM audit_entries WHERE church_id = :id AND action LIKE 'connection.%' ORDER BY id",
        id=church,
    )
    assert [action.partition(".")[2] for (action,) in told] == [
        *("tested", "tested", "stored", "tested", "switched", "finished", "disconnected")
    ]
    at_home(page)


def test_it_is_readable_on_every_screen(person, worker, location, church, at_home):
    sim = worker.sim
    page = person("connection", role=Role.ADMIN, name="Pat")

    def seen(locator):
        return lambda: expect(locator).to_be_visible(timeout=SLOW)

    readable(page, seen(field(page, "first_token")), name="connection-first", height=1500)
    paste(
        page,
        "first",
        sim.state.add_token(location, scopes={"locations.readonly"}),
        location,
    )
    readable(page, seen(button(page, "test_again")), name="connection-failed", height=1900)
    press(page, "paste_another")
    seen(field(page, "first_token"))()
    paste(page, "first", sim.token(location), location)
    readable(page, seen(button(page, "switch")), name="connection-passed", height=1300)
    press(page, "switch")
    change = page.get_by_text("Change the token")
    readable(page, seen(change), name="connection-connected", height=1100)
    change.click()
    paste(page, "rotate", sim.state.rotate_token(sim.token(location)))
    seen(button(page, "switch"))()
    press(page, "switch")
    readable(page, seen(button(page, "finish")), name="connection-kept", height=1300)
    at_home(page)
