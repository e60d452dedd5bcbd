"""Needs attention in a real browser: rows that hold still, double clicks, retries of many, mending, keyboard."""

import os

import pytest
from playwright.sync_api import expect

from ghl.attention import retries
from ghl.clock import SystemClock
from ghl.statuses import CardSource, CardStatus
from tests.support.browser import poll, readable
from tests.support.churches import save

SOON = 40_000
"""Milliseconds within which something that happens by itself has happened, on a busy machine too."""

ATTENTION = CardStatus.NEEDS_ATTENTION


def rows(page):
    return page.locator('[class*="st-key-row_"]')


def row(page, card_id):
    return page.locator(f".st-key-row_{card_id}")


def order(page):
    return rows(page).evaluate_all(
        r"all => all.map(one => [...one.classList].find(name => name.startsWith('st-key-row_')).slice(11))"
    )


def heading(page):
    expect(page.get_by_role("heading", name="Needs attention", level=1)).to_be_visible(timeout=SOON)


@pytest.fixture
def housekeeper(database, church):
    return lambda: retries.advance(database, church, now=SystemClock().now())


@pytest.fixture
def arrive(sql, church):
    """All that is on its way arrives, but the first, which needs somebody again."""

    def arrive():
        waiting = sql(
            "SELECT id FROM cards WHERE church_id = :church AND status = 'waiting' ORDER BY number",
            church=church,
        )
        for n, card in enumerate(waiting):
            sql(
                "UPDATE cards SET status = :status, cause = :cause, status_changed_at = now() WHERE id = :id",
                status="synced" if n else "needs_attention",
                cause=None if n else "refused_by_ghl",
                id=card.id,
            )
            sql(
                "UPDATE outbox SET state = :state WHERE card_id = :id",
                state="done" if n else "parked",
                id=card.id,
            )

    return arrive


def test_a_double_click_retries_one_card_once_and_rows_hold_still(person, cards, sql, church, at_home):
    hostile = "[x](https://evil.example/a) ![p](https://evil.example/p.png)"
    made = [cards(ATTENTION, cause="refused_by_ghl", first_name=f"Nr{n} {hostile}") for n in range(4)]
    page = person("attention")
    heading(page)
    expect(rows(page)).to_have_count(4, timeout=SOON)
    before = order(page)
    button = page.locator(f".st-key-do_{made[1]} button")
    button.dblclick()
    expect(button).to_contain_text("Queued again", timeout=SOON)
    expect(row(page, made[1])).to_contain_text("Waiting", timeout=SOON)
    cards(ATTENTION, cause="refused_by_ghl", first_name="Newcomer")
    sql("UPDATE cards SET status = 'synced', synced_at = now(), cause = NULL WHERE id = :id", id=made[1])
    expect(row(page, made[1])).to_contain_text("In GoHighLevel", timeout=SOON)
    assert order(page) == before
    expect(page.get_by_text("4 cards · ", exact=False).first).to_be_visible(timeout=SOON)
    told = "SELECT count(*) FROM audit_entries WHERE church_id = :church AND action = 'card.sent_again'"
    assert sql(told, church=church)[0][0] == 1
    page.get_by_role("button", name="Show the list as it is now").click()
    expect(page.get_by_text("Newcomer").first).to_be_visible(timeout=SOON)
    expect(row(page, made[1])).to_have_count(0, timeout=SOON)
    assert page.locator("a[href*=evil], img[src*=evil]").count() == 0
    at_home(page)


def test_retry_of_many_survives_a_reload_and_tells_how_it_went(
    person, cards, housekeeper, arrive, sql, church
):
    for n in range(9):
        cards(ATTENTION, cause="refused_by_ghl", first_name=f"Nr{n}")
    page = person("attention")
    heading(page)
    page.get_by_role("button", name="Retry all 9: GoHighLevel won't take this card").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("9 cards go to GoHighLevel once more, behind new cards.")).to_be_visible(
        timeout=SOON
    )
    dialog.get_by_role("button", name="Retry 9 cards").dblclick()
    expect(dialog).to_have_count(0, timeout=SOON)
    expect(page.get_by_text("0 of 9 done. You can leave this page.")).to_be_visible(timeout=SOON)
    assert sql("SELECT count(*) FROM retry_requests WHERE church_id = :church", church=church)[0][0] == 1
    assert housekeeper() == 9
    page.reload()
    heading(page)
    expect(page.get_by_text("0 of 9 done. You can leave this page.")).to_be_visible(timeout=SOON)
    arrive()
    housekeeper()
    page.get_by_text("Earlier retries").click()
    expect(page.get_by_text("8 arrived, 1 needs attention again.")).to_be_visible(timeout=SOON)


def test_mending_by_keyboard_alone(person, database, church, sql):
    values = {"first_name": "Anna", "last_name": "Keller", "phone": "555-0143", "email": "a@example.org"}
    (saved,) = save(database, church, values)
    page = person("attention")
    heading(page)
    page.locator(f".st-key-open_{saved.id} button").focus()
    page.keyboard.press("Enter")
    phone = page.get_by_label("Mobile phone")
    expect(phone).to_be_focused(timeout=SOON)
    phone.fill("(615) 555-0143")
    expect(page.get_by_text("Mobile phone: 555-0143 → (615) 555-0143")).to_be_visible(timeout=SOON)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save and retry")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f".st-key-do_{saved.id} button")).to_contain_text("Saved and queued", timeout=SOON)
    assert sql("SELECT max(no) FROM card_revisions WHERE card_id = :id", id=saved.id)[0][0] == 2
    assert poll(lambda: sql("SELECT status FROM cards WHERE id = :id", id=saved.id)[0][0]) == "waiting"


def test_set_aside_and_undo(person, cards, sql):
    card = cards(ATTENTION, cause="refused_by_ghl")
    page = person("attention")
    heading(page)
    page.locator(f".st-key-aside_{card} button").dblclick()
    why = page.get_by_label("Why is it set aside?")
    expect(why).to_be_focused(timeout=SOON)
    why.fill("A test card")
    page.get_by_role("button", name="Set it aside").dblclick()
    expect(row(page, card)).to_contain_text("By Ruth: A test card. Not sent.", timeout=SOON)
    assert sql("SELECT status FROM cards WHERE id = :id", id=card)[0][0] == "dismissed"
    undo = page.locator(f".st-key-do_{card} button")
    expect(undo).to_contain_text("Undo", timeout=SOON)
    # So soon after the first press it may still be taken for the second half of a double click.
    poll(lambda: undo.click() or sql("SELECT status FROM cards WHERE id = :id", id=card)[0][0] != "dismissed")


def test_a_fold_opens_and_stays_open_while_the_page_refreshes(person, cards, sql):
    made = [cards(ATTENTION, cause="refused_by_ghl", first_name=f"Nr{n:02}") for n in range(12)]
    page = person("attention")
    heading(page)
    page.get_by_text("Show the cards").click()
    expect(rows(page)).to_have_count(10, timeout=SOON)
    sql("UPDATE cards SET status = 'synced', synced_at = now(), cause = NULL WHERE id = :id", id=made[-1])
    expect(page.get_by_text("11 cards · ")).to_be_visible(timeout=SOON)
    expect(rows(page)).to_have_count(10)
    page.get_by_role("button", name="Older").click()
    expect(rows(page)).to_have_count(2, timeout=SOON)


def test_every_state_is_readable_on_any_screen(person, database, church, cards, housekeeper):
    page = person("attention")

    def well():
        heading(page)
        expect(page.get_by_text("All is well. No card is waiting for you.")).to_be_visible(timeout=SOON)

    readable(page, well, name="attention-empty")
    long_name = "Wolfeschlegelsteinhausenbergerdorff" * 2
    save(
        database,
        church,
        {"first_name": "Anna", "last_name": "Keller", "phone": "555-0143", "email": "a@example.org"},
    )
    cards(ATTENTION, cause="refused_by_ghl", facts={"answer": "The contact could not be saved"}, tries=8)
    cards(ATTENTION, cause="refused_by_ghl", facts={"answer": "Contact is locked"})
    cards(ATTENTION, cause="crashed_three_times", first_name=long_name, source=CardSource.FORM)
    cards(
        CardStatus.HELD,
        cause="phone_on_other_contact",
        facts={"contact_name": "Mary Smith", "name": "John Smith"},
    )
    cards(CardStatus.HELD, cause="held_by_staff", facts={"reason": "Ask the family first"})

    def full():
        heading(page)
        expect(rows(page)).to_have_count(6, timeout=SOON)
        page.get_by_role("button", name="Mend").click()
        expect(page.get_by_label("Mobile phone")).to_be_visible(timeout=SOON)

    readable(page, full, name="attention-full", height=1200)

    def dry_run():
        heading(page)
        expect(rows(page)).to_have_count(6, timeout=SOON)
        page.get_by_role("button", name="Retry all 2: GoHighLevel won't take this card").click()
        expect(page.get_by_role("dialog").get_by_text("2 cards go to GoHighLevel once more")).to_be_visible(
            timeout=SOON
        )

    readable(page, dry_run, name="attention-dry-run")
    page.get_by_role("dialog").get_by_role("button", name="Retry 2 cards").click()

    def progress():
        heading(page)
        expect(page.get_by_text("0 of 2 done. You can leave this page.")).to_be_visible(timeout=SOON)

    readable(page, progress, name="attention-progress")
    if not os.environ.get("HUB_PICTURES"):
        return
    for n, cause in enumerate(
        ["phone_invalid", "email_invalid", "no_usable_address", "phone_refused", "email_refused", "phone_kept_different",
         "refused_alone", "tries_used_up", "gave_up_after_72_hours", "unknown", "two_people_match", "same_card_again"]
    ):  # fmt: skip
        for _ in range(n + 1):
            cards(ATTENTION if n < 10 else CardStatus.HELD, cause=cause)

    def many():
        heading(page)
        expect(page.get_by_text("Show the cards").first).to_be_visible(timeout=SOON)

    readable(page, many, name="attention-groups")
