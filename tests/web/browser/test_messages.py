"""An admin writes, tries and publishes the words of a text, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from ghl.messages.templates import templates_of
from ghl.statuses import CardStatus, Role
from tests.support.browser import poll, readable
from tests.support.cards import CardMaker

GOOD = "Hi {first_name|friend}, {church_name} here. Reply STOP to stop, HELP for help."


@pytest.fixture
def opened(person, database, church):
    """The page of an admin whose church has a card."""
    CardMaker(database, church)(CardStatus.SYNCED, first_name="Mary")
    page = person("messages", role=Role.ADMIN, name="Pat")
    expect(page.get_by_role("heading", name="Messages", level=1)).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Publish", exact=True)).to_be_visible(timeout=30_000)
    return page


def test_words_are_written_seen_tried_and_published(opened, database, church, sql, at_home):
    page = opened
    words = page.get_by_role("textbox", name="Words", exact=True)
    words.fill("Hello \u2019")
    words.blur()
    expect(page.get_by_text("Say who writes", exact=False)).to_be_visible(timeout=15_000)
    expect(page.get_by_text("A part then holds 70 signs", exact=False)).to_be_visible()
    words.fill(GOOD)
    words.blur()
    expect(page.get_by_text(re.compile("^Hi Mary, Grace Church here"))).to_be_visible(timeout=15_000)
    publish = page.get_by_role("button", name="Publish", exact=True)
    publish.dblclick()
    expect(page.get_by_text("Published. From now on people get version 2.")).to_be_visible(timeout=30_000)
    with database.church(church) as session:
        welcome = templates_of(session, church)[0]
    assert (welcome.body, welcome.version, welcome.published_version) == (GOOD, 2, 2)

    page.get_by_role("textbox", name="My phone number").fill("(615) 555-0142")
    page.get_by_role("button", name="Send a test to my phone").click()
    expect(page.get_by_text("Your test is on its way.", exact=False)).to_be_visible(timeout=30_000)
    sql("UPDATE messages SET state = 'delivered', sent_at = now() WHERE church_id = :id", id=church)
    expect(page.get_by_text("Your test was delivered at", exact=False)).to_be_visible(timeout=30_000)
    [(count,)] = sql("SELECT count(*) FROM messages WHERE church_id = :id", id=church)
    assert count == 1
    at_home(page)


def test_it_is_readable_on_every_screen(opened, sql, church, at_home):
    page = opened
    words = page.get_by_role("textbox", name="Words", exact=True)
    words.fill("Half a thought \u201cof\u201d {nobody}")
    words.blur()

    def kept():
        return sql("SELECT count(*) FROM card_drafts WHERE church_id = :id", id=church)[0][0]

    poll(kept, 20)
    save = page.get_by_role("button", name="Save the rules")
    readable(page, lambda: expect(save).to_be_visible(timeout=30_000), name="messages", height=2600)
    expect(words).to_have_value("Half a thought \u201cof\u201d {nobody}")
    page.locator("[class*='st-key-open_']").get_by_role("button").last.click()
    expect(page.get_by_role("textbox", name="Subject")).to_be_visible(timeout=30_000)
    readable(
        page,
        lambda: expect(save).to_be_visible(timeout=30_000),
        name="messages-email",
        reload=False,
        height=2600,
    )
    at_home(page)
