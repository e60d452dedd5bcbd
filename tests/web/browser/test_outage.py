"""An outage and a decision in a real browser, with a real worker and a GoHighLevel that fails on purpose."""

import threading
from contextlib import suppress

import pytest
import redis
from playwright.sync_api import expect
from sqlalchemy.exc import SQLAlchemyError

from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.clock import SystemClock
from ghl.simulator.assembly import furnish
from ghl.simulator.server import SimulatorServer
from ghl.statuses import CardSource
from jobs.housekeeping import tasks
from tests.support.browser import axe, poll, readable
from tests.support.churches import card_values
from tests.support.hub import running_hub


@pytest.fixture
def save(database, church):
    def save(*values):
        cards = [NewCard(parse_card(one), CardSource.TYPED) for one in values]
        with database.church(church) as session:
            return [one.number for one in save_cards(session, church, cards, now=SystemClock().now())]

    return save


@pytest.fixture
def delivery(database_urls, valkey, slug, church, key_lines):
    """A worker, the scheduler's look at outages, and the church connected to a simulator."""
    stop = threading.Event()
    with SimulatorServer() as sim, running_hub(database_urls, valkey, sim, keys=key_lines[0]) as delivery:
        # The tests share a database, in which a location belongs to one church.
        furnish(sim.state, location := f"loc-{slug}")
        delivery.connect(slug, location)
        delivery.location = location
        delivery.start_worker()
        delivery.start_sweep()
        follow = next(task for task in tasks(delivery.container) if task.name == "follow outages").run

        def look() -> None:
            while not stop.wait(0.3):
                with suppress(SQLAlchemyError, redis.RedisError):
                    follow()

        thread = threading.Thread(target=look, name="scheduler")
        thread.start()
        yield delivery
        stop.set()
        thread.join()
        delivery.container.breakers.forget(location)


def banner(page):
    return page.locator(".st-key-banner")


def test_an_outage_is_told_tested_and_over_once(person, save, delivery, church, at_home, web):
    page = person()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible(timeout=30_000)
    delivery.sim.faults.add("html_error", location=delivery.location)
    save(*(card_values(n) for n in range(12)))
    expect(banner(page)).to_contain_text("12 cards are safe and waiting.", timeout=30_000)
    expect(banner(page)).to_contain_text("We test again at")
    expect(banner(page)).to_contain_text("When it is back, they go out within a minute.")

    page.get_by_role("button", name="Test now").click()
    expect(banner(page)).to_contain_text("Asked. The answer comes in a few seconds.", timeout=10_000)
    expect(banner(page)).to_contain_text("GoHighLevel still isn't answering.", timeout=30_000)
    readable(
        page,
        lambda: expect(page.get_by_role("button", name="Test now")).to_be_visible(timeout=30_000),
        name="banner-outage",
        reload=False,
    )
    delivery.sim.faults.clear()
    delivery.query(church, "UPDATE outbox SET due_at = now() RETURNING 1")
    page.get_by_role("button", name="Test now").click()
    delivery.arrived(church, 12, within=60)
    expect(banner(page)).to_contain_text("12 waiting cards arrived by", timeout=30_000)
    assert axe(page) == []
    page.reload()
    expect(page.get_by_text("All 12 cards since Sunday are in GoHighLevel.")).to_be_visible(timeout=30_000)
    expect(banner(page)).to_have_count(0)
    pat = person(name="Pat")
    expect(banner(pat)).to_contain_text("12 waiting cards arrived by", timeout=30_000)
    pat.get_by_role("button", name="Close this message").click()
    expect(banner(pat)).to_have_count(0, timeout=15_000)
    at_home(page)


def test_a_held_card_is_decided_side_by_side(person, save, delivery, church, at_home):
    delivery.sim.state.add_contact(
        delivery.location,
        firstName="Mary",
        lastName="Smith",
        phone="+16155550188",
        email="mary.smith@example.org",
        address1="12 Oak Street",
        city="Nashville",
        tags=["choir", "member"],
    )
    (number,) = save(
        {"first_name": "John", "last_name": "Smith", "phone": "(615) 555-0188", "email": "john@example.org"}
    )
    delivery.wait_until(church, held=1)
    page = person(f"card?number={number}")
    doubt = page.locator(".st-key-doubt")
    expect(doubt).to_contain_text("As GoHighLevel has it, as of", timeout=30_000)
    expect(doubt).to_contain_text("mary.smith@example.org")
    expect(doubt).to_contain_text("(615) 555-0188 (the same)")
    expect(doubt).to_contain_text("choir, member")
    answer = doubt.get_by_role("button", name="Someone else: add John without this phone")
    readable(
        page,
        lambda: expect(answer).to_be_visible(timeout=30_000),
        name="card-decide",
        reload=False,
        height=1600,
    )
    page.set_viewport_size({"width": 1440, "height": 900})
    doubt.get_by_role("button", name="Not sure: keep it here").click()
    expect(page.locator(".st-key-standing")).to_contain_text("Nothing was sent.", timeout=30_000)
    answer.dblclick()
    delivery.arrived(church, 1)
    expect(page.locator(".st-key-standing")).to_contain_text("In GoHighLevel", timeout=30_000)
    expect(doubt).to_have_count(0, timeout=30_000)
    people = poll(lambda: delivery.contacts(delivery.location))
    assert sorted(one["firstName"] for one in people) == ["John", "Mary"]
    assert {one["firstName"]: one.get("phone") for one in people}["John"] in {None, ""}
    at_home(page)
