"""*Keys* and *Prayer requests* in a real browser: read, ticked, and readable by everybody."""

from playwright.sync_api import expect

from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.clock import SystemClock
from ghl.crypto import KeyRing
from ghl.keys.check import check_keys
from ghl.statuses import CardSource, Role
from tests.support.browser import readable
from tests.support.churches import connected_church


def ask(database, church, name, prayer):
    card = parse_card(
        {"first_name": name, "last_name": "Keller", "email": f"{name}@example.org", "prayer_request": prayer}
    )
    with database.church(church) as session:
        save_cards(session, church, [NewCard(card, CardSource.TYPED)], now=SystemClock().now())


def test_a_prayer_request_is_ticked_by_keyboard_and_the_page_is_readable(
    person, database, church, sql, at_home
):
    ask(
        database,
        church,
        "Anna",
        "For my mother.\nShe is ill, and far away from all of us; please pray for her and my father.",
    )
    ask(database, church, "Tom", "**Thanks** for the help ![x](https://evil.example/x.png)")
    page = person(role=Role.VIEWER, name="Petra")
    sql("UPDATE memberships SET reads_prayers = true WHERE church_id = :church", church=church)
    page.goto(page.url + "prayers")
    expect(page.get_by_text("She is ill")).to_be_visible(timeout=30_000)
    box = page.get_by_role("checkbox", name="Prayed for").first
    box.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("by Petra")).to_be_visible(timeout=30_000)
    readable(page, lambda: expect(page.get_by_text("by Petra")).to_be_visible(timeout=30_000), name="prayers")
    at_home(page)


def test_no_prayer_request_is_readable_too(person, church, sql):
    page = person(role=Role.VIEWER, name="Petra")
    sql("UPDATE memberships SET reads_prayers = true WHERE church_id = :church", church=church)
    page.goto(page.url + "prayers")
    readable(
        page,
        lambda: expect(page.get_by_text("No prayer request yet.")).to_be_visible(timeout=30_000),
        name="prayers-empty",
    )


def test_the_keys_are_readable(person, database, slug, key_lines):
    both = KeyRing.parse(",".join(key_lines))
    connected_church(database, both, location_id=slug, slug=f"{slug}-keys")
    check_keys(database, both)
    page = person("keys", role=None, ops=True)
    readable(
        page,
        lambda: expect(page.get_by_role("heading", name="What to do next")).to_be_visible(timeout=30_000),
        name="keys",
    )
