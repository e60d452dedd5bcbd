"""Typing paper cards in a real browser, by keyboard alone, while things go wrong."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import poll, readable

expect.set_options(timeout=20_000)

HOSTILE = (
    "[x](https://evil.example/a) ![p](https://evil.example/p.png) <img src=https://evil.example/i> **b** $x$"
)


@pytest.fixture
def saved(church, sql):
    """What is written on the church's cards, oldest first."""

    def saved():
        rows = sql(
            "SELECT r.fields FROM cards c JOIN card_revisions r ON r.card_id = c.id AND r.no = c.revision"
            " WHERE c.church_id = :church ORDER BY c.number",
            church=church,
        )
        return [row.fields for row in rows]

    return saved


@pytest.fixture
def draft(church, sql):
    """What is kept of a card that is being typed."""

    def draft():
        rows = sql(
            "SELECT values FROM card_drafts WHERE church_id = :church AND place LIKE 'add:%'",
            church=church,
        )
        return rows[0].values["said"] if rows else {}

    return draft


def open_form(person, **how):
    page = person("add", **how)
    ready(page)
    return page


def ready(page):
    """Until the caret stands in the first field, that is blank, and the fields of the form before are gone."""
    page.wait_for_function(
        "document.activeElement.getAttribute('aria-label') === 'First name' && !document.activeElement.value"
        " && document.querySelectorAll('[aria-label=\"Mobile phone\"]').length === 1",
        timeout=30_000,
    )


def said(page):
    return page.locator(".st-key-said")


def field(page, label):
    return page.get_by_label(label, exact=True)


def test_a_card_by_keyboard_alone_with_the_caret_still_in_the_last_field(person, saved, draft, at_home):
    page = open_form(person)
    page.keyboard.type("Anna")
    for text in ("Keller", "(615) 555-0123", "anna@example.org"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    field(page, "Notes on the card").focus()
    page.keyboard.type("Sat near the front")
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Anna Keller.")
    expect(said(page)).to_contain_text("1 card typed today.")
    ready(page)
    assert draft() == {}
    page.keyboard.type("Ben")
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Ben. It needs attention")
    expect(said(page)).to_contain_text("2 cards typed today.")
    assert [one.get("notes") for one in saved()] == ["Sat near the front", None]
    assert saved()[0]["email"] == "anna@example.org"
    at_home(page)


def test_tab_goes_through_the_card_as_people_read_it(person, draft):
    page = open_form(person)

    def where():
        # A field that is just drawn anew gets its caret back a moment later.
        return page.wait_for_function(
            "document.activeElement.closest('[class*=st-key-add]')?.className.match(/st-key-add[0-9a-f]+_(\\w+)/)[1]"
        ).json_value()

    order = []
    for _ in range(16):
        page.keyboard.press("Tab")
        order.append(where())
    assert order == [
        *("last_name", "phone", "email", "address", "city", "state", "postal_code", "birthday"),
        *("first_time", "volunteer", "sms_consent", "email_consent", "interests", "notes", "prayer_request"),
        "seldom",
    ]
    # What is folded away opens by keyboard, and a choice is made with the arrows.
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert where() == "consent_at"
    field(page, "Interests, with ; between").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    poll(lambda: draft().get("email_consent") is True)


def test_two_quick_presses_and_a_double_click_make_one_card_each(person, saved):
    page = open_form(person)
    page.keyboard.type("Anna")
    page.keyboard.press("Alt+s")
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Anna.")
    ready(page)
    page.keyboard.type("Ben")
    page.get_by_role("button", name="Save & next").dblclick()
    expect(said(page)).to_contain_text("Saved: Ben.")
    ready(page)
    assert [one["first_name"] for one in saved()] == ["Anna", "Ben"]


def test_a_slow_double_press_leaves_what_was_said(person, saved):
    page = open_form(person)
    names = {"Anna": 120, "Ben": 250, "Clara": 400}
    for name, gap in names.items():
        page.keyboard.type(name)
        save = page.get_by_role("button", name="Save & next").bounding_box()
        at = (save["x"] + save["width"] / 2, save["y"] + save["height"] / 2)
        page.mouse.click(*at)
        page.wait_for_timeout(gap)
        page.mouse.click(*at)
        expect(said(page)).to_contain_text(f"Saved: {name}.")
        ready(page)
    page.keyboard.type("Dora")
    page.keyboard.press("Alt+s")
    page.wait_for_timeout(250)
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Dora.")
    page.wait_for_timeout(300)
    assert page.get_by_text("The card has no name").count() == 0
    assert page.get_by_role("button", name="Add another person").count() == 1
    assert [one["first_name"] for one in saved()] == [*names, "Dora"]


def test_two_tabs_are_two_cards(person, saved, church, sql):
    one = open_form(person)
    two = one.context.new_page()
    two.goto(one.url)
    ready(two)
    one.bring_to_front()
    one.keyboard.type("Anna")

    def begun():
        rows = sql(
            "SELECT values FROM card_drafts WHERE church_id = :church AND place LIKE 'add:%'", church=church
        )
        return {row.values["said"]["first_name"] for row in rows}

    poll(lambda: begun() == {"Anna"})
    # What the first tab is still typing is not offered in the second.
    two.bring_to_front()
    two.reload()
    ready(two)
    two.keyboard.type("Ben")
    poll(lambda: begun() == {"Anna", "Ben"})
    one.bring_to_front()
    one.keyboard.press("Alt+s")
    expect(said(one)).to_contain_text("Saved: Anna.")
    assert begun() == {"Ben"}, "the other tab's card is still kept"
    two.close()
    # The tab is gone, and its card is offered.
    poll(lambda: one.reload() or offered(one, "Ben"))


def offered(page, name):
    try:
        expect(field(page, "First name")).to_have_value(name, timeout=3_000)
    except AssertionError:
        return False
    return True


def test_another_person_never_empties_a_card_that_is_begun(person, saved):
    page = open_form(person)
    page.keyboard.type("Anna")
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Anna.")
    ready(page)
    page.keyboard.type("Benjamin")
    page.keyboard.press("Alt+a")
    expect(page.get_by_role("button", name="Add another person")).to_be_disabled()
    expect(field(page, "First name")).to_have_value("Benjamin")
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Benjamin.")


def test_enter_in_any_field_saves_nothing(person, saved, draft):
    page = open_form(person)
    page.keyboard.type("Anna")
    page.keyboard.press("Enter")
    poll(lambda: draft().get("first_name") == "Anna")
    field(page, "E-mail").focus()
    page.keyboard.type("anna@example.org")
    page.keyboard.press("Enter")
    poll(lambda: draft().get("email") == "anna@example.org")
    assert saved() == []


def test_a_date_that_is_none_keeps_the_card_open_with_the_caret_at_it(person, saved):
    page = open_form(person)
    page.keyboard.type("Anna")
    field(page, "Birthday").focus()
    page.keyboard.type("2/30/1990")
    page.keyboard.press("Alt+s")
    expect(page.get_by_text("This day is not in the calendar.")).to_be_visible()
    expect(field(page, "Birthday")).to_be_focused()
    expect(field(page, "Birthday")).to_have_value("2/30/1990")
    expect(field(page, "First name")).to_have_value("Anna")
    page.keyboard.type("2/28/1990")
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Anna.")
    assert saved()[0]["birthday"] == "1990-02-28"


def test_service_and_date_stay_and_another_person_gets_phone_and_address(person, saved):
    page = open_form(person)
    field(page, "Service").fill("Sunday 9:00 am")
    field(page, "Date on the card").fill("11/22/2026")
    field(page, "First name").focus()
    page.keyboard.type("Anna")
    for label, text in (
        ("Last name", "Keller"),
        ("Mobile phone", "6155550123"),
        ("Address", "1 Oak St"),
        ("City", "Nashville"),
        ("State", "TN"),
        ("ZIP or postal code", "37201"),
        ("E-mail", "anna@example.org"),
    ):
        field(page, label).fill(text)
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Anna Keller.")
    ready(page)
    expect(field(page, "Service")).to_have_value("Sunday 9:00 am")
    expect(field(page, "Date on the card")).to_have_value("11/22/2026")
    expect(field(page, "Mobile phone")).to_have_value("")
    page.keyboard.press("Alt+a")
    expect(said(page)).to_contain_text("Another person from the same card")
    ready(page)
    page.keyboard.type("Ben")
    expect(field(page, "Mobile phone")).to_have_value("6155550123")
    expect(field(page, "E-mail")).to_have_value("")
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Ben Keller.")
    ready(page)
    page.reload()
    ready(page)
    expect(field(page, "Service")).to_have_value("Sunday 9:00 am")
    anna, ben = saved()
    same = ("last_name", "phone", "address", "city", "state", "postal_code", "service", "visit_date")
    assert all(anna[name] == ben[name] for name in same)
    assert "email" not in ben


def test_the_same_card_again_is_told_and_not_added(person, saved):
    page = open_form(person)
    for _ in range(2):
        page.keyboard.type("Anna")
        field(page, "Mobile phone").fill("6155550123")
        page.keyboard.press("Alt+s")
        ready(page)
    expect(said(page)).to_contain_text(
        "Looks like the same card: Anna already has card #1. Nothing was added."
    )
    assert len(saved()) == 1


def test_a_reload_offers_what_was_typed(person, draft):
    page = open_form(person)
    page.keyboard.type("Anna")
    page.keyboard.press("Tab")
    field(page, "Notes on the card").focus()
    page.keyboard.type("Half a note")
    # Neither field was left by Tab or Enter: a pause is enough.
    poll(lambda: draft().get("notes") == "Half a note")
    page.reload()
    expect(page.get_by_text("This is what you typed at")).to_be_visible(timeout=30_000)
    expect(field(page, "First name")).to_have_value("Anna")
    expect(field(page, "Notes on the card")).to_have_value("Half a note")
    page.get_by_role("button", name="Start again with an empty card").dblclick()
    ready(page)
    expect(field(page, "Notes on the card")).to_have_value("")
    assert draft() == {}


def test_signing_out_and_in_again_offers_what_was_typed(person, draft):
    page = open_form(person)
    page.keyboard.type("Anna")
    field(page, "Last name").focus()
    page.keyboard.type("Keller")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=10_000)
    poll(lambda: draft().get("last_name") == "Keller")
    other = person("add", name="Ben")
    ready(other)
    again = person("add")
    expect(again.get_by_text("This is what you typed at")).to_be_visible(timeout=30_000)
    expect(field(again, "Last name")).to_have_value("Keller")


def test_a_session_that_ends_while_typing_saves_no_card_and_keeps_what_was_typed(
    person, saved, draft, church, sql
):
    page = open_form(person)
    page.keyboard.type("Anna")
    sql("UPDATE web_sessions SET ended_at = now() WHERE church_id = :church", church=church)
    page.keyboard.press("Alt+s")
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=10_000)
    assert saved() == []
    poll(lambda: draft().get("first_name") == "Anna")


def test_a_lost_connection_loses_nothing_and_the_caret_comes_back(person, saved):
    page = open_form(person)
    sockets = []

    def through(socket):
        sockets.append((socket, socket.connect_to_server()))

    page.context.route_web_socket("**/_stcore/stream", through)
    page.reload()
    ready(page)
    page.keyboard.type("Anna")
    page.keyboard.press("Tab")
    page.keyboard.type("Kel")
    here, there = sockets[-1]
    here.close(code=3001, reason="the network is gone")
    there.close()
    poll(lambda: page.wait_for_timeout(50) or len(sockets) > 1, 90)
    expect(field(page, "Last name")).to_be_enabled(timeout=90_000)
    expect(field(page, "Last name")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("ler")
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("Saved: Anna Keller.")
    assert len(saved()) == 1


def test_hostile_text_stays_text(person, at_home):
    page = open_form(person)
    page.keyboard.type(HOSTILE[:95])
    field(page, "Service").fill(HOSTILE[:95])
    field(page, "Notes on the card").fill(HOSTILE)
    page.keyboard.press("Alt+s")
    expect(said(page)).to_contain_text("[x](https://evil.example/a)")
    ready(page)
    page.reload()
    ready(page)
    assert page.locator("a[href*=evil], img[src*=evil], .st-key-said strong").count() == 0
    at_home(page)


def test_it_is_readable_on_any_screen(person):
    page = open_form(person)
    readable(page, lambda: ready(page), name="add-empty")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.keyboard.type("Anna")
    field(page, "Birthday").fill("2/30/1990")
    page.keyboard.press("Alt+s")
    expect(page.get_by_text("This day is not in the calendar.")).to_be_visible()

    def offered():
        expect(page.get_by_text("This is what you typed at")).to_be_visible(timeout=30_000)
        expect(field(page, "Birthday")).to_have_value("2/30/1990")

    readable(page, offered, name="add-draft")
