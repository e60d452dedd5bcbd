"""Erasing a person in a real browser, from their card to the end."""

import pytest
from playwright.sync_api import expect

from ghl.crypto import KeyRing
from ghl.erasing.erase import carry_out
from ghl.statuses import CardStatus, Role
from tests.support.browser import poll, readable


@pytest.fixture
def anna(cards):
    return cards(CardStatus.SYNCED), cards(CardStatus.HELD, cause="same_person_doubt", first_name="Tom")


def test_from_the_card_to_the_end(person, anna, database, church, at_home, key_lines):
    del anna
    page = person("card?number=1", role=Role.ADMIN)
    page.get_by_role("link", name="Erase this person").click(timeout=30_000)
    expect(page.get_by_role("heading", name="Erase this person", level=1)).to_be_visible(timeout=30_000)

    def settled():
        expect(page.get_by_text("1 card of Anna Keller goes for ever")).to_be_visible(timeout=30_000)
        expect(page.get_by_role("button", name="Erase for ever")).to_be_visible(timeout=30_000)

    readable(page, settled, name="erase-admin")
    page.get_by_label("The name on the card").fill("Anna Keller")
    page.get_by_role("button", name="Erase for ever").dblclick()
    expect(page.get_by_text("The person is being erased.")).to_be_visible(timeout=30_000)
    ring = KeyRing.parse(key_lines[0])
    with database.church(church) as session:
        now = session.connection().exec_driver_sql("SELECT now()").scalar_one()
    poll(lambda: carry_out(database, ring, church, now=now))
    expect(page.get_by_text("Erased: 1 card.")).to_be_visible(timeout=30_000)
    assert "Anna" not in page.url
    at_home(page)
