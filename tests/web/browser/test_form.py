"""The public card form as guests meet it on a telephone, and the page where an admin finds its code."""

import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ghl.clock import SystemClock
from ghl.forms import FormChange, change_form
from ghl.intake.app import create_app
from ghl.intake.serve import listen, make_server
from ghl.statuses import Role
from tests.support.browser import axe, poll, readable

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def intake(hub):
    """An intake on the database that the browser tests share."""
    app = create_app(database=hub.database, clock=SystemClock(), on_saved=lambda _church: None)
    with listen("127.0.0.1", 0) as listener:
        server = make_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        poll(lambda: server.started, 10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(15)
    assert not thread.is_alive()


@pytest.fixture
def form(intake, church, database, sql):
    """The address of a form with everything on it."""
    change = FormChange(
        legal_name="Grace Church of Nashville, Inc.",
        privacy_url="https://grace.example.org/privacy",
        terms_url="https://grace.example.org/terms",
        services=("Saturday 6 pm", "Sunday 9 am", "Sunday 11 am"),
        campuses=("Downtown", "North"),
        interests=("Small groups", "Baptism", "The kids' program on Sunday mornings"),
    )
    with database.church(church) as session:
        change_form(session, church, change, actor="test", now=datetime.now(UTC))
    [(public_id,)] = sql("SELECT public_id FROM churches WHERE id = :id", id=church)
    return f"{intake}/c/{public_id}"


@pytest.fixture
def guest(chromium, intake):
    """A guest's telephone, without scripts as well; it notes what it asks for and complains of."""
    contexts = []

    def guest(address, **how):
        context = chromium.new_context(**{"viewport": PHONE, "has_touch": True} | how)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda line: page.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        return page

    yield guest
    for context in contexts:
        context.close()


@pytest.fixture
def counted(sql, church):
    """How many cards the church has."""
    return lambda: sql("SELECT count(*) FROM cards WHERE church_id = :id", id=church)[0][0]


def picture(page, name):
    if folder := os.environ.get("HUB_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def wait_until_read(page):
    """A page that was open for a moment: who is quicker than a person is asked to look again."""
    opened = int(page.locator("[name=opened]").get_attribute("value"))
    poll(lambda: datetime.now(UTC).timestamp() > opened + 2.1, 10)


def write(page, **values):
    for label, value in {"First name": "Anna", "E-mail": "anna@example.org", **values}.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("18 or older").check()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_card_from_a_telephone(form, guest, counted, sql, church, scripts):
    page = guest(form, java_script_enabled=scripts)
    expect(page.get_by_role("heading", level=1)).to_have_text("Grace Church")
    for box in page.get_by_role("checkbox").all():
        expect(box).not_to_be_checked()
    write(page, **{"Last name": "Keller", "Mobile phone": "(615) 555-0142"})
    page.get_by_label("Yes", exact=True).check()
    page.get_by_label("Which service?").select_option("Sunday 9 am")
    page.get_by_label("Small groups").check()
    page.get_by_label("How may we pray for you?").fill("For my mother.\nShe is ill.")
    page.get_by_label(re.compile("may text me")).check()
    wait_until_read(page)
    page.get_by_role("button", name="Send my card").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your card has arrived.")
    expect(page.locator("blockquote")).to_contain_text("Reply STOP to stop")
    assert re.search(r"/thanks\?texts=\d+$", page.url), "nothing of the card stands in the address"
    assert counted() == 1
    [(status, source, service)] = sql(
        "SELECT status, source, service FROM cards WHERE church_id = :id", id=church
    )
    assert (status, source, service) == ("to_review", "form", "Sunday 9 am")
    [(channel, agent)] = sql(
        "SELECT channel, user_agent FROM consent_events WHERE church_id = :id", id=church
    )
    assert channel == "sms"
    assert "Chrome" in agent

    page.get_by_role("link", name="Another card from this family").click()
    expect(page.get_by_label("First name")).to_have_value("")
    own = form.partition("/c/")[0]
    assert [url for url in page.asked if not url.startswith((own, "data:"))] == []
    assert page.complaints == []


def test_an_error_says_where_and_keeps_everything(form, guest, counted):
    page = guest(form)
    page.get_by_label("Mobile phone").fill("555-01")
    page.get_by_label("Last name").fill("Keller <b>")
    page.get_by_label("How may we pray for you?").fill("</textarea><script>alert(1)</script>")
    page.get_by_label(re.compile("may e-mail me")).check()
    wait_until_read(page)
    page.get_by_role("button", name="Send my card").click()

    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("Your card is not sent yet")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile("^Not sent yet"))
    assert all("422" in said for said in page.complaints)
    expect(page.get_by_label("Last name")).to_have_value("Keller <b>")
    expect(page.get_by_label("How may we pray for you?")).to_have_value(
        "</textarea><script>alert(1)</script>"
    )
    expect(page.get_by_label(re.compile("may e-mail me"))).to_be_checked()
    phone = page.get_by_label("Mobile phone")
    expect(phone).to_have_attribute("aria-invalid", "true")
    told = page.locator(f"#{phone.get_attribute('aria-describedby').strip()}")
    expect(told).to_contain_text("A US number has ten digits")
    assert axe(page) == []
    picture(page, "form-problems-light-390")
    page.get_by_role("link", name="Write your first name.").click()
    expect(page.get_by_label("First name")).to_be_focused()
    page.emulate_media(color_scheme="dark")
    assert axe(page) == []
    picture(page, "form-problems-dark-390")

    write(page)
    page.get_by_role("button", name="Send my card").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your card has arrived.")
    assert counted() == 1, "the phone was told once, and is taken as it is"


def test_a_double_tap_makes_one_card(form, guest, counted):
    page = guest(form)
    write(page)
    wait_until_read(page)
    page.get_by_role("button", name="Send my card").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your card has arrived.")
    assert counted() == 1
    page.reload()
    assert counted() == 1


def test_by_keyboard_alone(form, guest, counted):
    page = guest(form)
    page.keyboard.press("Tab")
    page.keyboard.type("Anna")
    for text in ("Keller", "6155550142", "anna@example.org"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("18 or older")).to_be_checked()
    wait_until_read(page)
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.name || document.activeElement.textContent"))
        if seen[-1] == "Send my card":
            break
    assert seen[-1] == "Send my card"
    assert "extra_answer" not in seen
    assert "guardian_name" not in seen
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your card has arrived.")
    assert counted() == 1


def test_what_is_asked_follows_the_age(form, guest, counted, sql, church):
    page = guest(form)
    texts = page.get_by_label(re.compile("may text me"))
    expect(page.get_by_label("Name of a parent or guardian")).to_be_hidden()
    page.get_by_label("13 to 17").check()
    expect(texts).to_be_hidden()
    page.get_by_label("First name").fill("Tim")
    page.get_by_label("E-mail", exact=True).fill("tim@example.org")
    page.get_by_label("Name of a parent or guardian").fill("Mary Keller")
    picture(page, "form-teen-light-390")
    wait_until_read(page)
    page.get_by_role("button", name="Send my card").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your card has arrived.")
    [(fields,)] = sql("SELECT fields FROM card_revisions WHERE church_id = :id", id=church)
    assert fields["adult"] is False
    assert fields["guardian_name"] == "Mary Keller"

    page.goto(form)
    page.get_by_label("First name").fill("Lily")
    page.get_by_label("Under 13").check()
    page.get_by_role("button", name="Send my card").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Please ask a parent")
    assert "Lily" not in page.content()
    assert axe(page) == []
    picture(page, "form-under-13-light-390")
    assert counted() == 1


def test_it_is_readable_on_every_screen(form, guest, database, church):
    page = guest(form)
    settled = lambda: expect(page.get_by_role("heading", level=1)).to_be_visible()  # noqa: E731
    readable(page, settled, name="form")
    page.goto(f"{form}/thanks?texts=1&mails=1")
    readable(page, settled, name="form-thanks")
    page.goto(f"{form}/print")
    readable(page, settled, name="form-print")
    page.goto(form)
    write(
        page, **{"How may we pray for you?": "For my mother.\nShe is ill.", "Mobile phone": "(615) 555-0142"}
    )
    with database.church(church) as session:
        change_form(session, church, FormChange(is_open=False), actor="test", now=datetime.now(UTC))
    closed = page.get_by_role("heading", name="This form is closed.")
    poll(lambda: page.request.get(form).status == 403, 15)
    page.get_by_role("button", name="Send my card").click()
    expect(closed).to_be_visible()
    expect(page.get_by_label("What you wrote")).to_have_value(
        re.compile("pray for you. For my mother.\nShe is ill.")
    )
    readable(page, lambda: expect(closed).to_be_visible(), name="form-closed", reload=False)
    page.goto(form[:-4])
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no form here.")
    readable(page, settled, name="form-unknown")


def test_large_letters_do_not_break_it(form, guest):
    page = guest(form, viewport={"width": 320, "height": 700})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    picture(page, "form-large-letters-320")


def test_the_sheet_fits_one_page(form, guest):
    page = guest(f"{form}/print")
    for size in ("A4", "Letter"):
        pdf = page.pdf(format=size)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1, size
        if folder := os.environ.get("HUB_PICTURES"):
            (Path(folder) / f"sheet-{size}.pdf").write_bytes(pdf)


def test_an_admin_finds_the_code_and_changes_the_words(person, form, church, sql, at_home):
    page = person("form", role=Role.ADMIN, name="Pat")
    expect(page.get_by_role("heading", name="Card form", level=1)).to_be_visible(timeout=30_000)
    expect(page.get_by_role("img", name="Code that leads to the card form")).to_be_visible(timeout=30_000)
    link = page.get_by_test_id("stCode").inner_text().strip()
    assert link.endswith(form.partition("/c/")[2])
    expect(page.get_by_role("link", name="Print the sheet")).to_have_attribute("href", f"{link}/print")
    welcome = page.get_by_role("textbox", name="Words of welcome")
    welcome.fill("Good to see you!")
    page.get_by_role("textbox", name="E-mail: words").fill("Yes.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("This isn't saved yet")).to_be_visible(timeout=15_000)
    expect(welcome).to_have_value("Good to see you!")
    page.get_by_role("button", name="Put the usual words here").last.click()
    expect(page.get_by_role("textbox", name="E-mail: words")).to_have_value(
        re.compile("may e-mail me"), timeout=30_000
    )
    save = page.get_by_role("button", name="Save", exact=True)
    expect(save).to_have_count(1)
    save.dblclick()
    expect(page.get_by_text("Saved. Guests see it within a few seconds.")).to_be_visible(timeout=40_000)
    [(said,)] = sql("SELECT welcome FROM card_forms WHERE church_id = :id", id=church)
    assert said == "Good to see you!"
    at_home(page)


def test_the_admins_page_is_readable_on_every_screen(person, form, at_home, sql, church):
    page = person("form", role=Role.ADMIN, name="Pat")
    save = page.get_by_role("button", name="Save", exact=True)
    welcome = page.get_by_role("textbox", name="Words of welcome")
    expect(welcome).to_be_visible(timeout=30_000)
    welcome.fill("Good to see you!")

    def kept():
        return sql("SELECT count(*) FROM card_drafts WHERE church_id = :id", id=church)[0][0]

    poll(kept, 20)
    page.reload()
    expect(page.get_by_text("and did not save is back.")).to_be_visible(timeout=30_000)
    expect(welcome).to_have_value("Good to see you!")
    readable(page, lambda: expect(save).to_be_visible(timeout=30_000), name="form-admin", height=2600)
    at_home(page)
