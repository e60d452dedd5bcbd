"""Home in a real browser: from there to the reason why a card waits."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from ghl.statuses import CardStatus, Role
from tests.support.browser import readable


def test_from_home_to_why_a_card_waits(person, cards, at_home):
    waits = datetime.now(UTC) - timedelta(minutes=20)
    cards(CardStatus.SYNCED)
    cards(
        CardStatus.WAITING, cause="ghl_not_answering", tries=3, due_in=timedelta(minutes=9), received_at=waits
    )
    page = person()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Open card #2").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2", timeout=15_000)
    expect(page.get_by_text("GoHighLevel isn't answering").first).to_be_visible(timeout=15_000)
    at_home(page)


def test_a_tile_leads_to_its_cards_and_back(person, cards, web):
    cards(CardStatus.HELD, cause="same_person_doubt")
    cards(CardStatus.SYNCED)
    page = person()
    page.locator(".st-key-tile_synced").get_by_role("link", name="Show").click()
    expect(page.locator('[class*="st-key-row_"]')).to_have_count(1, timeout=15_000)
    assert "status=synced" in page.url
    assert page.url.startswith(f"{web}/cards?")
    page.go_back()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible(timeout=15_000)
    page.locator(".st-key-tile_held").get_by_role("link", name="Show").click()
    expect(page.get_by_role("heading", name="Needs attention", level=1)).to_be_visible(timeout=15_000)
    expect(page.locator('[class*="st-key-row_"]')).to_have_count(1, timeout=15_000)
    page.go_back()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible(timeout=15_000)


def test_home_is_readable_full_and_empty(person, cards, connected):
    empty = person(role=Role.VIEWER, name="Vera")
    readable(
        empty,
        lambda: expect(empty.get_by_text("No card came in since Sunday.")).to_be_visible(timeout=30_000),
        name="home-empty-viewer",
    )
    for status in CardStatus:
        cards(status, received_at=datetime.now(UTC) - timedelta(minutes=30))
    page = person(role=Role.ADMIN)
    readable(
        page,
        lambda: expect(page.get_by_text("7 cards came in since Sunday")).to_be_visible(timeout=30_000),
        name="home-full-admin",
    )
