"""The list of cards in a real browser."""

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from ghl.simulator.assembly import furnish
from ghl.simulator.server import SimulatorServer
from ghl.statuses import CardStatus, Role
from tests.support.browser import axe, readable
from tests.support.churches import save
from tests.support.hub import running_hub

SOON = 40_000
"""Milliseconds within which something that happens by itself has happened, on a busy machine too."""

NINE_MINUTES = timedelta(minutes=9)


def rows(page):
    return page.locator('[class*="st-key-row_"]')


def row(page, card_id):
    return page.locator(f".st-key-row_{card_id}")


def order(page):
    return rows(page).evaluate_all(
        r"all => all.map(one => [...one.classList].find(name => name.startsWith('st-key-row_')).slice(11))"
    )


def box(card_id):
    return f'[class*="st-key-pick_{card_id}"]'


def ticked(page):
    """The cards that are ticked, in the order of the list."""
    return page.locator('[class*="st-key-pick_"]:has(input:checked)').evaluate_all(
        r"all => [...new Set(all.map(one =>"
        r" [...one.classList].find(name => name.startsWith('st-key-pick_')).slice(12, 48)))]"
    )


def test_from_the_link_to_a_list_that_changes_by_itself(person, web, cards, sql, at_home):
    hostile = "[x](https://evil.example/a) ![p](https://evil.example/p.png) <img src=https://evil.example/i>"
    made = [cards(CardStatus.WAITING, first_name=f"Nr{n}") for n in range(3)]
    cards(CardStatus.NEEDS_ATTENTION, first_name=hostile, cause="refused_by_ghl", facts={"answer": hostile})

    page = person("cards")
    expect(page.get_by_role("heading", name="All cards", level=1)).to_be_visible(timeout=30_000)
    expect(rows(page)).to_have_count(4, timeout=30_000)
    expect(row(page, made[1])).to_contain_text("Waiting")
    before = order(page)

    sql("UPDATE cards SET status = 'synced', synced_at = now() WHERE id = :id", id=made[1])
    expect(row(page, made[1])).to_contain_text("In GoHighLevel", timeout=3_000)
    expect(row(page, made[1])).to_contain_text("Arrived")
    assert order(page) == before

    cards(CardStatus.SENDING, first_name="Newcomer", received_at=datetime.now(UTC))
    show = page.get_by_role("button", name="Show 1 more card")
    expect(show).to_be_visible(timeout=6_000)
    assert order(page) == before
    show.dblclick()
    expect(rows(page)).to_have_count(5, timeout=SOON)
    expect(page.get_by_role("button", name="No new cards")).to_be_visible(timeout=SOON)

    page.get_by_role("button", name="Needs attention").click()
    expect(rows(page)).to_have_count(1, timeout=SOON)
    expect(rows(page)).to_contain_text("[x](https://evil.example/a)")
    assert page.locator("a[href*=evil], img[src*=evil]").count() == 0
    assert page.url == f"{web}/cards?status=needs_attention"
    page.reload()
    expect(rows(page)).to_have_count(1, timeout=30_000)

    at_home(page)


def test_an_ended_session_closes_an_open_page_by_itself(person, cards, church, sql):
    cards(CardStatus.WAITING)
    page = person("cards")
    expect(rows(page)).to_have_count(1, timeout=30_000)
    sql("UPDATE web_sessions SET ended_at = now() WHERE church_id = :church", church=church)
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=8_000)
    expect(rows(page)).to_have_count(0)


def test_signing_out_closes_every_tab(person, web, cards):
    cards(CardStatus.WAITING)
    page = person("cards")
    expect(rows(page)).to_have_count(1, timeout=30_000)
    other = page.context.new_page()
    other.goto(f"{web}/cards")
    expect(rows(other)).to_have_count(1, timeout=30_000)
    page.get_by_role("button", name="Sign out").dblclick()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=8_000)
    expect(other.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=8_000)


def test_without_signing_in_no_address_shows_anything(chromium, web, cards):
    cards(CardStatus.WAITING)
    page = chromium.new_page()
    for path in ("/", "/cards", "/installation", "/?status=waiting"):
        page.goto(f"{web}{path}")
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=30_000)
        assert "Keller" not in page.content()
    page.close()


def test_a_fault_of_our_own_is_a_number_and_no_details(person, cards, church, sql):
    cards(CardStatus.WAITING)
    page = person("cards")
    expect(rows(page)).to_have_count(1, timeout=30_000)
    sql("UPDATE churches SET timezone = 'Nowhere/City' WHERE id = :church", church=church)
    page.reload()
    expect(page.get_by_text("tell support the number")).to_be_visible(timeout=30_000)
    assert "Nowhere" not in page.content()


def test_the_keyboard_does_everything(person, cards, sql):
    made = [
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl", first_name=f"Nr{n:02}") for n in range(30)
    ]
    page = person("cards")
    expect(rows(page)).to_have_count(25, timeout=30_000)

    page.locator(box(made[0]) + " input").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("1 card selected")).to_be_visible(timeout=SOON)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Nr00 Keller"
    page.keyboard.press("Tab")
    retry = page.locator(f".st-key-do_{made[0]} button")
    expect(retry).to_be_focused()
    page.keyboard.press("Enter")
    expect(retry).to_contain_text("Queued again", timeout=SOON)
    expect(retry).to_be_focused()

    page.locator(".st-key-bulk_set_aside button").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Why are they set aside?")).to_be_visible(timeout=SOON)
    dialog.get_by_label("Why are they set aside?").focus()
    page.keyboard.type("By keyboard alone")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Set 1 card aside")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 card was set aside.", exact=True)).to_be_visible(timeout=SOON)
    expect(dialog).to_have_count(0)
    page.locator("[class*=st-key-bulk_read] button").press("Enter")

    page.locator("body").press("n")
    expect(page.get_by_text("Cards 26 to 30 of 30")).to_be_visible(timeout=SOON)
    page.locator("body").press("p")
    expect(page.get_by_text("Cards 1 to 25 of 30")).to_be_visible(timeout=SOON)
    page.locator("body").press("f")
    expect(page.get_by_label("Find a person")).to_be_focused(timeout=SOON)
    page.keyboard.type("#30")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1, timeout=SOON)


def test_finding_a_person_leaves_no_word_in_the_address(person, web, church, database):
    save(
        database,
        church,
        {"first_name": "Anna", "last_name": "Keller", "phone": "(615) 555-0123", "service": "9:00 am"},
        {"first_name": "Ben", "last_name": "Smith", "email": "ben@example.org", "service": "11:00 am"},
    )
    page = person("cards?find=1")
    expect(rows(page)).to_have_count(2, timeout=30_000)
    expect(page.get_by_label("Find a person")).to_be_focused(timeout=SOON)
    page.keyboard.type("615-555 0123")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1, timeout=SOON)
    expect(rows(page)).to_contain_text("Anna Keller")
    assert page.url == f"{web}/cards"

    page.goto(f"{web}/cards?service=11%3A00+am&first=0&status=nonsense")
    expect(rows(page)).to_have_count(1, timeout=30_000)
    expect(rows(page)).to_contain_text("Ben Smith")
    expect(page.get_by_text("1 card: service 11:00 am.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").dblclick()
    expect(rows(page)).to_have_count(2, timeout=SOON)
    page.wait_for_url(f"{web}/cards")
    page.go_back()
    expect(rows(page)).to_have_count(1, timeout=SOON)


def test_ticks_stay_with_their_cards_while_others_come(person, cards, sql):
    made = [cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl") for _ in range(6)]
    page = person("cards")
    expect(rows(page)).to_have_count(6, timeout=30_000)
    for card in made[:4]:
        page.locator(box(card) + " label").click()
    expect(page.get_by_text("4 cards selected")).to_be_visible(timeout=SOON)
    before = order(page)
    cards(CardStatus.WAITING, received_at=datetime.now(UTC))
    sql("UPDATE cards SET status = 'synced', synced_at = now() WHERE id = :id", id=made[1])
    expect(row(page, made[1])).to_contain_text("In GoHighLevel", timeout=SOON)
    expect(page.get_by_role("button", name="Show 1 more card")).to_be_visible(timeout=SOON)
    assert order(page) == before
    assert ticked(page) == [str(card) for card in made[:4]]
    page.get_by_role("button", name="Show 1 more card").click()
    expect(rows(page)).to_have_count(7, timeout=SOON)
    assert ticked(page) == [str(card) for card in made[:4]]
    expect(page.get_by_text("4 cards selected")).to_be_visible()


def test_a_double_click_on_retry_acts_once(person, cards, sql, church):
    card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
    page = person("cards")
    button = page.locator(f".st-key-do_{card} button")
    expect(button).to_contain_text("Retry", timeout=30_000)
    button.dblclick()
    expect(button).to_contain_text("Queued again", timeout=SOON)
    expect(row(page, card)).to_contain_text("Waiting", timeout=SOON)
    told = "SELECT count(*) FROM audit_entries WHERE church_id = :church AND action = 'card.sent_again'"
    assert sql(told, church=church)[0][0] == 1


def test_the_second_half_of_a_double_click_never_leaves_the_browser(person, cards):
    for _ in range(3):
        cards(CardStatus.TO_REVIEW)
    page = person("cards")
    expect(rows(page)).to_have_count(3, timeout=30_000)
    page.evaluate(
        """() => {
            window.heard = [];
            document.addEventListener("click", (event) => window.heard.push(event.detail));
        }"""
    )
    page.get_by_role("button", name="Select this page").dblclick()
    expect(page.get_by_text("3 cards selected")).to_be_visible(timeout=SOON)
    assert page.evaluate("window.heard") == [1]
    page.get_by_label("Find a person").dblclick()
    assert page.evaluate("window.heard") == [1, 1, 2], "it selects a word, as everywhere"
    page.get_by_role("button", name="Select none").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 cards selected")).to_be_hidden(timeout=SOON)


def test_two_tabs_set_the_same_cards_aside_once_and_take_it_back(person, web, cards, sql, church):
    made = [cards(CardStatus.TO_REVIEW) for _ in range(3)]
    one = person("cards")
    expect(rows(one)).to_have_count(3, timeout=30_000)
    # A window of its own with the same session: a browser lets a tab behind another one sleep.
    beside = one.context.browser.new_context(storage_state=one.context.storage_state())
    other = beside.new_page()
    other.goto(f"{web}/cards")
    expect(rows(other)).to_have_count(3, timeout=30_000)
    for tab in (one, other):
        tab.get_by_role("button", name="Select this page").dblclick()
        expect(tab.get_by_text("3 cards selected")).to_be_visible(timeout=SOON)
        tab.locator(".st-key-bulk_set_aside button").dblclick()
        why = tab.get_by_label("Why are they set aside?")
        expect(why).to_be_visible(timeout=SOON)
        tab.get_by_role("button", name="Set 3 cards aside").click()
        expect(tab.get_by_text("Say in a few words why")).to_be_visible(timeout=SOON)
        why.fill("Test cards")
    for tab in (one, other):
        tab.get_by_role("button", name="Set 3 cards aside").dblclick()
    expect(other.get_by_text("Nothing was changed.")).to_be_visible(timeout=SOON)
    expect(one.get_by_text("3 cards were set aside.", exact=True)).to_be_visible(timeout=SOON)
    expect(row(one, made[0])).to_contain_text("By Ruth: Test cards. Not sent.", timeout=SOON)
    told = "SELECT count(*) FROM audit_entries WHERE church_id = :church AND action = 'card.dismissed'"
    assert sql(told, church=church)[0][0] == 3
    beside.close()


def test_what_was_set_aside_is_put_back_with_one_click(person, cards):
    made = [cards(CardStatus.TO_REVIEW) for _ in range(2)]
    page = person("cards")
    expect(rows(page)).to_have_count(2, timeout=30_000)
    page.get_by_role("button", name="Select this page").click()
    page.locator(".st-key-bulk_set_aside button").click()
    page.get_by_label("Why are they set aside?").fill("A mistake")
    page.get_by_role("button", name="Set 2 cards aside").click()
    page.locator("[class*=st-key-bulk_undo] button").dblclick()
    expect(page.get_by_text("2 cards were put back.")).to_be_visible(timeout=SOON)
    expect(row(page, made[0])).to_contain_text("To review", timeout=SOON)


def test_the_file_holds_what_was_ticked_and_harms_nobody(person, church, database):
    save(
        database,
        church,
        {"first_name": "=cmd()", "last_name": "Keller", "email": "a@example.org", "prayer_request": "Secret"},
        {"first_name": "Ben", "last_name": "Smith", "email": "ben@example.org"},
    )
    page = person("cards")
    expect(rows(page)).to_have_count(2, timeout=30_000)
    row_of = rows(page).filter(has_text="Keller")
    row_of.locator("label").first.click()
    expect(page.get_by_text("1 card selected")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Export CSV").click()
    page.get_by_role("button", name="Make the file").click()
    save_it = page.get_by_role("button", name="Save cards-")
    expect(save_it).to_be_visible(timeout=SOON)
    # The list refreshes itself behind the dialog; the file has to outlive that.
    expect(page.get_by_role("button", name="Select this page")).to_be_attached()
    with page.expect_download() as download:
        save_it.click()
    assert "keller" not in download.value.suggested_filename.lower()
    lines = list(csv.DictReader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert [line["first_name"] for line in lines] == ["'=cmd()"]
    assert "Secret" not in str(lines)


def test_a_viewer_can_look_and_find(person, cards):
    for status in CardStatus:
        cards(status)
    page = person("cards", role=Role.VIEWER)
    expect(rows(page)).to_have_count(7, timeout=30_000)
    expect(page.locator('[class*="st-key-pick_"], [class*="st-key-do_"], .st-key-bulk')).to_have_count(0)
    expect(page.get_by_role("button", name="Export CSV")).to_have_count(0)


def test_every_state_is_readable_on_any_screen(person, cards, sql, church):
    for status in CardStatus:
        cards(status, cause="refused_by_ghl" if status == CardStatus.NEEDS_ATTENTION else None)
    cards(CardStatus.NEEDS_ATTENTION, cause="phone_invalid")
    long_name = "Wolfeschlegelsteinhausenbergerdorff" * 2
    cards(CardStatus.WAITING, first_name=long_name, cause="ghl_not_answering", tries=3, due_in=NINE_MINUTES)
    sql(
        "UPDATE cards SET service = 'Sunday 9:00 am', campus = 'North', first_time = true"
        " WHERE church_id = :church AND number % 2 = 0",
        church=church,
    )
    page = person("cards")

    def with_ticks():
        expect(rows(page)).to_have_count(9, timeout=30_000)
        page.get_by_role("button", name="Select this page").click()
        expect(page.get_by_text("9 cards selected")).to_be_visible(timeout=SOON)

    readable(page, with_ticks, name="cards")


def test_the_question_is_readable_on_any_screen(person, cards):
    cards(CardStatus.WAITING)
    cards(CardStatus.SYNCED)
    page = person("cards")

    def asked():
        expect(rows(page)).to_have_count(2, timeout=30_000)
        page.get_by_role("button", name="Select this page").click()
        page.locator(".st-key-bulk_hold button").click()
        expect(page.get_by_role("button", name="Keep 1 card back")).to_be_visible(timeout=SOON)

    readable(page, asked, name="cards-question")


def test_empty_lists_are_readable_too(person, web, connected, cards):
    page = person("cards")
    readable(page, expect(page.get_by_text("No cards yet.")).to_be_visible, name="cards-none-yet")
    cards(CardStatus.WAITING)
    page.goto(f"{web}/cards?status=held&period=sunday&first=1")
    readable(page, expect(page.get_by_text("No card matches.")).to_be_visible, name="cards-none-match")
    ops = person("installation", role=None, ops=True)
    expect(ops.get_by_role("heading", name="This installation")).to_be_visible(timeout=30_000)
    assert axe(ops) == []


def test_imported_cards_arrive_before_ones_eyes(
    person, church, slug, database_urls, valkey, tmp_path, key_lines
):
    """From a file, through the command, a worker and the simulator, to the badges."""
    file = tmp_path / "cards.csv"
    guests = [f"Guest{n},Keller,+1615555020{n},guest{n}@example.org" for n in range(4)]
    file.write_text("\n".join(["first_name,last_name,phone,email", *guests, "Bad,Number,(615) 555-01,"]))
    with SimulatorServer() as sim, running_hub(database_urls, valkey, sim, keys=key_lines[0]) as delivery:
        # The tests share a database, in which a location belongs to one church.
        furnish(sim.state, location := f"loc-{slug}")
        delivery.connect(slug, location)
        delivery.start_worker()
        delivery.start_sweep()
        page = person("cards")
        expect(page.get_by_text("No cards yet")).to_be_visible(timeout=30_000)
        imported = subprocess.run(
            [sys.executable, "-m", "jobs.cli", "import-cards", slug, str(file)],
            env=delivery.environment(),
            capture_output=True,
            check=True,
        )
        assert json.loads(imported.stdout)["created"] == 5
        delivery.wait_until(church, synced=4, needs_attention=1)
        # An empty list has nobody to hold still for: it fills by itself.
        expect(rows(page)).to_have_count(5, timeout=SOON)
        expect(rows(page).filter(has_text="In GoHighLevel")).to_have_count(4, timeout=10_000)
        expect(rows(page).filter(has_text="A US number has ten digits")).to_contain_text("Needs attention")
        assert len(delivery.contacts(f"loc-{slug}")) == 4
