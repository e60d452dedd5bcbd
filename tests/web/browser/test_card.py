"""The page of one card in a real browser: correcting what is in GoHighLevel, two tabs, keys, and hostile words."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from ghl.cards.fields import parse_card
from ghl.cards.notes import add_note
from ghl.cards.save import NewCard, save_cards
from ghl.clock import SystemClock
from ghl.simulator.assembly import furnish
from ghl.simulator.server import SimulatorServer
from ghl.statuses import CardSource, Role
from tests.support.browser import poll, readable
from tests.support.hub import running_hub

ANNA = {
    "first_name": "Anna",
    "last_name": "Keller",
    "phone": "(615) 555-0123",
    "email": "anna.keller@example.org",
    "address": "12 Oak Street",
    "city": "Nashville",
    "service": "Sunday 9 am",
    "interests": ["Choir", "Small group"],
    "first_time": True,
    "sms_consent": True,
}
HOSTILE = (
    "[x](https://evil.example/a) ![p](https://evil.example/p.png) <img src=https://evil.example/i> **b** $x$"
)


@pytest.fixture
def save(database, church):
    """Saves a card as it comes in, and returns its number."""

    def save(values=ANNA, **how):
        card = NewCard(parse_card(values), how.pop("source", CardSource.TYPED), **how)
        with database.church(church) as session:
            (saved,) = save_cards(session, church, [card], now=SystemClock().now())
        return saved.number

    return save


@pytest.fixture
def delivery(database_urls, valkey, slug, church, key_lines):
    """A worker, and the church connected to a simulator."""
    with SimulatorServer() as sim, running_hub(database_urls, valkey, sim, keys=key_lines[0]) as delivery:
        # The tests share a database, in which a location belongs to one church.
        furnish(sim.state, location := f"loc-{slug}")
        delivery.connect(slug, location)
        delivery.start_worker()
        delivery.start_sweep()
        yield delivery


def standing(page):
    return page.locator(".st-key-standing")


def steps(page):
    return page.locator('[class*="st-key-event_"]')


def open_card(person, number, **how):
    page = person(f"card?number={number}", **how)
    ready(page, number)
    return page


def ready(page, number):
    expect(page.get_by_role("heading", name=f"Card #{number}", level=1)).to_be_visible(timeout=30_000)
    expect(steps(page).first).to_be_visible(timeout=30_000)


def correct(page):
    page.get_by_role("button", name="Correct this card").click()
    expect(page.get_by_role("heading", name="Correct this card")).to_be_visible(timeout=30_000)


def test_a_card_that_arrived_is_corrected_and_its_contact_changes(
    person, save, delivery, church, slug, at_home
):
    number = save()
    delivery.arrived(church, 1)
    page = open_card(person, number)
    expect(standing(page)).to_contain_text("In GoHighLevel", timeout=30_000)
    expect(standing(page).get_by_role("link", name="Open the contact in GoHighLevel")).to_have_attribute(
        "href", re.compile(r"^https://app\.gohighlevel\.com/v2/location/[^/]+/contacts/detail/[^/]+$")
    )
    correct(page)
    phone = page.get_by_label("Mobile phone")
    phone.fill("(615) 555-0199")
    page.get_by_label("City").fill("Franklin")
    page.get_by_role("button", name="Save", exact=False).first.dblclick()
    expect(standing(page)).to_contain_text("Saved. It goes to GoHighLevel in a few seconds.", timeout=30_000)
    (contact,) = poll(
        lambda: [one for one in delivery.contacts(f"loc-{slug}") if one["phone"] == "+16155550199"]
    )
    assert contact["city"] == "Franklin"
    assert len(delivery.contacts(f"loc-{slug}")) == 1
    expect(standing(page)).to_contain_text("In GoHighLevel", timeout=30_000)
    corrected = steps(page).filter(has_text="Corrected")
    expect(corrected).to_have_count(1)
    expect(corrected).to_contain_text("Mobile phone: (615) 555-0123 → (615) 555-0199")
    expect(corrected).to_contain_text("By Ruth")
    expect(steps(page).filter(has_text="Sent, and GoHighLevel took it")).to_have_count(2, timeout=30_000)
    at_home(page)


def test_two_people_correct_the_same_card_and_nothing_typed_is_lost(person, save, connected):
    number = save()
    ruth, pat = open_card(person, number), open_card(person, number, name="Pat")
    for page, city in ((ruth, "Franklin"), (pat, "Brentwood")):
        correct(page)
        page.get_by_label("City").fill(city)
    ruth.get_by_role("button", name="Save").first.click()
    expect(standing(ruth)).to_contain_text("Saved.", timeout=30_000)
    pat.get_by_role("button", name="Save").first.click()
    conflict = pat.locator(".st-key-conflict")
    expect(conflict).to_contain_text("Ruth saved this card at", timeout=30_000)
    expect(conflict).to_contain_text("City: Nashville → Franklin")
    expect(pat.get_by_label("City")).to_have_value("Brentwood")
    pat.get_by_role("button", name="Save mine over it").click()
    expect(steps(pat).filter(has_text="City: Franklin → Brentwood")).to_have_count(1, timeout=30_000)
    expect(ruth.get_by_role("button", name="Somebody corrected this card")).to_be_visible(timeout=30_000)


def test_by_keyboard_alone(person, save, connected):
    number = save({**ANNA, "phone": "(615) 555-01"})
    page = open_card(person, number)
    expect(standing(page)).to_contain_text("A US number has ten digits")
    button = page.get_by_role("button", name="Correct this card")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.activeElement.getAttribute('aria-label') === 'Mobile phone'", timeout=30_000
    )
    page.keyboard.press("Control+a")
    page.keyboard.type("(615) 555-0177")
    page.keyboard.press("Alt+s")
    expect(standing(page)).to_contain_text("Saved. It goes to GoHighLevel in a few seconds.", timeout=30_000)
    expect(steps(page).filter(has_text="Mobile phone: (615) 555-01 → (615) 555-0177")).to_have_count(1)


def test_what_is_half_typed_stays_while_the_page_refreshes_itself(person, save, connected, sql, church):
    number = save()
    page = open_card(person, number)
    page.get_by_label("A new note").fill("She called and")
    correct(page)
    page.get_by_label("City").fill("Frank")
    sql(
        "UPDATE cards SET status = 'synced', synced_at = now() WHERE number = :number AND church_id = :church",
        number=number,
        church=church,
    )
    expect(standing(page)).to_contain_text("Arrived", timeout=30_000)
    expect(page.get_by_label("City")).to_have_value("Frank")
    expect(page.get_by_label("A new note")).to_have_value("She called and")
    expect(page.get_by_role("heading", name="Correct this card")).to_be_visible()


def test_hostile_words_are_text_and_ask_nobody(person, save, connected, sql, at_home):
    values = dict.fromkeys(("first_name", "last_name", "address", "city", "state", "service"), HOSTILE[:90])
    values |= {"phone": HOSTILE[:60], "email": HOSTILE, "notes": HOSTILE * 30, "interests": [HOSTILE[:90]]}
    values |= {"guardian_name": "\u202e" + HOSTILE, HOSTILE[:90]: HOSTILE, "prayer_request": HOSTILE}
    number = save(values, source=CardSource.IMPORT, source_name=HOSTILE)
    save({"first_name": HOSTILE[:90], "phone": "6155550123"})
    page = open_card(person, number)
    page.get_by_label("A new note").fill(HOSTILE)
    page.get_by_role("button", name="Keep the note").click()
    expect(page.get_by_text("The note is kept.")).to_be_visible(timeout=30_000)
    correct(page)
    page.get_by_label("State", exact=True).fill("TN")
    page.get_by_role("button", name="Save").first.click()
    expect(standing(page)).to_contain_text("Saved.", timeout=30_000)
    expect(steps(page).filter(has_text="Corrected")).to_contain_text("→ TN")
    assert page.locator("a[href*=evil], img[src*=evil]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    at_home(page)


def test_a_number_that_is_no_card(person, web, connected):
    page = person("card?number=999999")
    expect(page.get_by_role("heading", name="There is no such card")).to_be_visible(timeout=30_000)
    page.get_by_test_id("stMain").get_by_role("link", name="All cards").click()
    expect(page.get_by_role("heading", name="All cards", level=1)).to_be_visible(timeout=30_000)
    assert page.url.startswith(f"{web}/cards")


@pytest.fixture
def to_mend(save, database, church):
    """A card with something on it to mend, a prayer request and a note; the person has another one."""
    number = save({**ANNA, "phone": "(615) 555-01", "prayer_request": "For my mother", "What now?": "Pizza"})
    save({**ANNA, "first_name": "Annie", "phone": "(615) 555-0124"})
    with database.church(church) as session:
        (card_id,) = session.scalars(text("SELECT id FROM cards WHERE number = :number"), {"number": number})
        words = "She called on Monday. Ruth drives her on Sunday."
        add_note(session, church, card_id, words, actor="user:1", now=SystemClock().now())
    return number


def test_a_card_is_readable_on_any_screen(person, to_mend, connected):
    page = open_card(person, to_mend)
    readable(page, lambda: ready(page, to_mend), name="card", height=2000)


def test_a_card_is_readable_for_who_may_only_look(person, to_mend, connected):
    page = open_card(person, to_mend, name="Vera", role=Role.VIEWER)
    readable(page, lambda: ready(page, to_mend), name="card-viewer", height=2000)


def test_a_correction_is_readable_on_any_screen(person, to_mend, connected, sql, church):
    page = open_card(person, to_mend)
    sql("UPDATE memberships SET reads_prayers = true WHERE church_id = :id", id=church)
    page.reload()
    ready(page, to_mend)
    page.get_by_role("button", name="Read the prayer request").dblclick()
    expect(page.get_by_text("For my mother")).to_be_visible(timeout=30_000)
    noted = "SELECT count(*) FROM audit_entries WHERE church_id = :id AND action = 'prayer.read'"
    assert sql(noted, id=church) == [(1,)]
    correct(page)
    page.get_by_role("button", name="Correct the prayer request too").click()
    prayer = page.get_by_role("textbox", name="Prayer request")
    expect(prayer).to_have_value("For my mother", timeout=30_000)
    page.get_by_label("Birthday").fill("the day before")
    page.get_by_role("button", name="Save").first.click()
    problem = page.get_by_text("Write the date as")
    expect(problem).to_be_visible(timeout=30_000)
    readable(
        page,
        lambda: expect(problem).to_be_visible(timeout=30_000),
        name="card-correct",
        reload=False,
        height=3400,
    )


def test_a_question_and_the_answers_of_gohighlevel_are_readable_on_any_screen(person, save, connected, sql):
    long_name = "Wolfeschlegelsteinhausenbergerdorff" * 2
    asked = save(
        {"first_name": long_name, "last_name": "Smith", "phone": "6155550188", "email": "w@example.org"}
    )
    sql(
        "UPDATE cards SET status = 'held', cause = 'phone_on_other_contact', facts = jsonb_build_object("
        " 'name', first_name, 'field', 'phone', 'contact_id', 'c1', 'contact_name', 'Mary Smith')"
        " WHERE first_name = :name",
        name=long_name,
    )
    sql(
        "INSERT INTO attempts (church_id, outbox_id, card_id, lease_token, number, started_at, ended_at, outcome,"
        " cause, http_status, trace_id, calls) SELECT o.church_id, o.id, o.card_id, gen_random_uuid(), n,"
        " now() - (4 - n) * interval '1 minute', now() - (4 - n) * interval '1 minute' + n * interval '1 second',"
        " 'waits', 'ghl_not_answering', 503,"
        " 'a1b2c3d4-e5f6', CAST(:calls AS jsonb) FROM outbox o JOIN cards c ON c.id = o.card_id,"
        " generate_series(1, 3) AS n WHERE c.first_name = :name",
        name=long_name,
        calls='[{"call": "CreateContact", "ms": 1200, "status": 503, "reason": "Service Unavailable",'
        ' "answer": "{\\"statusCode\\": 503, \\"message\\": \\"Service Unavailable\\"}"}]',
    )
    page = open_card(person, asked)
    page.get_by_text("What we asked, and GoHighLevel's answers").first.click()
    answer = page.get_by_text("Trace id").first
    readable(
        page,
        lambda: expect(answer).to_be_visible(timeout=30_000),
        name="card-question",
        reload=False,
        height=2000,
    )


def test_a_number_that_is_no_card_is_readable(person, connected):
    page = person("card?number=0")
    gone = page.get_by_role("heading", name="There is no such card")
    readable(page, lambda: expect(gone).to_be_visible(timeout=30_000), name="card-none")
