"""Texts and e-mails in a real browser: asked for once, readable wherever they are told of."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from ghl.clock import SystemClock
from ghl.messages.templates import ensure_defaults
from ghl.statuses import CardSource, CardStatus, Channel, MessageState, Role
from tests.support.browser import poll, readable
from tests.support.churches import card_values, save
from tests.support.message_rows import MessageMaker
from tests.support.messages import AGREED

SOON = 30_000
EACH = 3
"""Messages that a card gets: the text and the two e-mails that a church has from the start."""
HOSTILE = "[x](https://evil.example/a) ![p](https://evil.example/p.png) <b>b</b>"


@pytest.fixture
def words(database, church, connected, sql):
    """The church has published words, and no hour is a quiet one."""
    with database.church(church) as session:
        ensure_defaults(session, church, now=SystemClock().now())
    sql(
        "UPDATE message_templates SET published_version = version, send_within_hours = NULL WHERE church_id = :c",
        c=church,
    )


@pytest.fixture
def agreed(database, church, words):
    """A card whose person said yes to texts and e-mails."""

    def agreed(number=1, *, source=CardSource.TYPED, **changes):
        (saved,) = save(database, church, card_values(number, **AGREED | changes), source=source)
        return saved

    return agreed


@pytest.fixture
def many_cards(database, church, words):
    """How many people said yes: enough that asking for all of them takes a while."""
    save(database, church, *(card_values(number, **AGREED) for number in range(1, 801)))
    return 800


@pytest.fixture
def asked_for(sql, church):
    """How many messages the church has."""
    return lambda: sql("SELECT count(*) FROM messages WHERE church_id = :c", c=church)[0][0]


@pytest.fixture
def in_all_states(database, church, cards):
    """Messages wherever one can stand; the card whose text may have gone out."""
    texts = MessageMaker(database, church)
    card = cards(CardStatus.SYNCED, first_name="Anna", last_name="Keller")
    late, mail = {"due_at": datetime.now(UTC) + timedelta(hours=9)}, {"channel": Channel.EMAIL}
    texts(card, MessageState.UNSURE, cause="unsure_two_found", what="text")
    texts(card, MessageState.DELIVERED, address="anna.keller@example.org", **mail)
    other = cards(CardStatus.SYNCED, first_name=HOSTILE, last_name="Wolfeschlegelsteinhausen")
    texts(other, MessageState.HELD, cause="other_number", what="text")
    texts(other, MessageState.NOT_SENT, cause="stopped", what="e-mail", address="w@example.org", **mail)
    third = cards(CardStatus.WAITING, first_name="Ben", last_name="Stone")
    texts(third, cause="quiet_hours", **late)
    texts(third, MessageState.NOT_SENT, cause="too_old", address="ben@example.org", **mail)
    fourth = cards(CardStatus.SYNCED, first_name="Clara")
    texts(fourth, MessageState.FAILED, cause="carrier_refused", what="text")
    for n in range(3):
        more = cards(CardStatus.SYNCED, first_name=f"Nr{n}")
        texts(more, MessageState.UNSURE, cause="unsure_none_found", what="text")
        texts(more, MessageState.SENT, address=f"nr{n}@example.org", **mail)
    return card


def test_a_cards_texts_are_asked_for_once_taken_back_and_sent_once_more(
    person, agreed, asked_for, sql, church, at_home
):
    page = person(f"card?number={agreed().number}")
    send = page.get_by_role("button", name="Send onboarding materials")
    expect(send).to_be_visible(timeout=SOON)
    send.dblclick()
    undo = page.get_by_role("button", name="Undo")
    expect(undo.first).to_be_visible(timeout=SOON)
    count = asked_for()
    expect(page.get_by_text("leaves", exact=False).first).to_be_visible()
    page.wait_for_timeout(1100)
    send.click()
    expect(page.get_by_text("Nothing goes twice.", exact=False)).to_be_visible(timeout=SOON)
    assert asked_for() == count
    part = page.locator(".st-key-messages")
    readable(
        page,
        lambda: expect(undo.first).to_be_visible(timeout=SOON),
        name="card-asked",
        reload=False,
        height=2200,
    )

    page.wait_for_timeout(1100)
    undo.first.focus()
    page.keyboard.press("Enter")
    expect(part.get_by_text("Taken back. It was not sent.", exact=False)).to_be_visible(timeout=SOON)
    sql(
        "UPDATE messages SET state = 'delivered', sent_at = now(), delivered_at = now()"
        " WHERE church_id = :c AND state = 'waiting'",
        c=church,
    )
    more = page.get_by_role("button", name="Send it once more…")
    expect(more.first).to_be_visible(timeout=SOON)
    page.wait_for_timeout(1100)
    more.first.click()
    why = page.get_by_label("once more?", exact=False)
    why.fill("She lost her phone.")
    why.blur()
    readable(
        page,
        lambda: expect(why).to_be_visible(timeout=SOON),
        name="card-once-more",
        reload=False,
        height=2200,
    )
    page.wait_for_timeout(1100)
    page.get_by_role("button", name="Send it once more", exact=True).dblclick()
    poll(lambda: asked_for() == count + 1, 20)
    at_home(page)


def test_what_went_wrong_with_a_card_is_readable(person, in_all_states, sql, at_home):
    [(number,)] = sql("SELECT number FROM cards WHERE id = :id", id=in_all_states)
    page = person(f"card?number={number}")
    arrived = page.get_by_role("button", name="It went out")
    readable(page, lambda: expect(arrived).to_be_visible(timeout=SOON), name="card-states", height=2200)
    at_home(page)


def test_many_are_foreseen_and_asked_for_once(person, agreed, asked_for, at_home):
    for number in range(1, 4):
        agreed(number)
    agreed(4, sms_consent="", email_consent="", consent_wording="")
    page = person("cards")
    every = page.get_by_role("button", name="Select this page")
    expect(every).to_be_visible(timeout=SOON)
    every.click()
    page.locator(".st-key-bulk_send_onboarding").get_by_role("button").click()
    go = page.get_by_role("button", name="Send for 3 cards")
    expect(go).to_be_visible(timeout=SOON)
    readable(page, lambda: expect(go).to_be_visible(timeout=SOON), name="cards-dialog", reload=False)
    go.dblclick()
    expect(page.get_by_text("are on their way for 3 cards.", exact=False)).to_be_visible(timeout=SOON)
    count = asked_for()
    expect(page.get_by_text("Text: Waiting").first).to_be_visible(timeout=SOON)
    readable(
        page,
        lambda: expect(page.get_by_text("Text: Waiting").first).to_be_visible(timeout=SOON),
        name="cards-asked",
        reload=False,
        height=1800,
    )
    assert asked_for() == count
    at_home(page)


def test_many_can_be_stopped_and_go_on_without_the_page(person, many_cards, asked_for, at_home):
    page = person("cards")
    every = page.get_by_role("button", name=f"Select all {many_cards:,} cards")
    send = page.locator(".st-key-bulk_send_onboarding").get_by_role("button")
    go = page.get_by_role("button", name=re.compile("^Send for [0-9]"))
    page.wait_for_load_state()
    every.click(timeout=SOON)
    send.click(timeout=SOON)
    expect(go).to_be_visible(timeout=SOON)
    go.dblclick()
    expect(page.get_by_text("You can leave this page.", exact=False)).to_be_visible(timeout=SOON)
    page.locator(".st-key-bulk_stop").get_by_role("button").click(timeout=SOON)
    told = page.get_by_text("You stopped it after", exact=False)
    expect(told).to_be_visible(timeout=SOON)
    [dealt_with] = re.findall(rf"after ([0-9]+) of {many_cards:,} cards", told.inner_text())
    assert 0 < int(dealt_with) < many_cards
    assert asked_for() == EACH * int(dealt_with)
    page.get_by_role("button", name="Close").click()
    expect(told).to_be_hidden(timeout=SOON)

    every.click(timeout=SOON)
    send.click(timeout=SOON)
    expect(go).to_be_visible(timeout=SOON)
    go.click()
    expect(page.get_by_text("You can leave this page.", exact=False)).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="Texts and e-mails").click()
    expect(page.get_by_role("heading", name="Texts and e-mails")).to_be_visible(timeout=SOON)
    poll(lambda: asked_for() == EACH * many_cards)
    page.get_by_role("link", name="All cards").click()
    rest = many_cards - int(dealt_with)
    done = page.get_by_text(f"are on their way for {rest} cards.", exact=False)
    expect(done).to_be_visible(timeout=SOON)
    expect(page.get_by_text(f"{dealt_with} texts not sent: already on its way.")).to_be_visible()
    at_home(page)


def test_the_tick_under_a_reviewed_card_sends(person, agreed, asked_for, at_home):
    agreed(1, source=CardSource.FORM)
    agreed(2, source=CardSource.FORM)
    page = person("review")
    tick = page.get_by_role("checkbox", name="Send the welcome text and e-mail")
    expect(tick).to_be_attached(timeout=SOON)
    expect(tick).not_to_be_checked()
    tick.focus()
    page.keyboard.press("Space")
    expect(tick).to_be_checked()
    readable(
        page, lambda: expect(tick).to_be_attached(timeout=SOON), name="review-tick", reload=False, height=1800
    )
    page.keyboard.press("Alt+s")
    poll(asked_for, 20)
    expect(page.get_by_text("The text leaves", exact=False)).to_be_visible(timeout=SOON)
    expect(tick).not_to_be_checked()
    readable(
        page, lambda: expect(tick).to_be_attached(timeout=SOON), name="review-sent", reload=False, height=1800
    )
    at_home(page)


@pytest.mark.parametrize(
    ("path", "name", "sign"),
    [
        ("texts", "texts", "anna.keller@example.org"),
        ("attention", "attention", "It went out"),
        ("", "home", "Every one is accounted for."),
        ("cards", "cards-badges", "E-mail: Delivered"),
    ],
)
@pytest.mark.usefixtures("in_all_states")
def test_where_each_stands_is_readable(person, at_home, path, name, sign):
    page = person(path)
    told = page.get_by_text(sign, exact=False).first
    readable(page, lambda: expect(told).to_be_visible(timeout=SOON), name=name, height=2600)
    assert page.locator("a[href*=evil], img[src*=evil]").count() == 0
    at_home(page)


def test_news_and_the_way_to_get_it_are_readable(person, sql, church, connected, at_home):
    for n, (kind, state, cause) in enumerate(
        (
            ("ContactUpdate", "done", None),
            ("InboundMessage", "failed", "broken"),
            (HOSTILE, "unknown", None),
            ("ContactDndUpdate", "waiting", None),
        )
    ):
        sql(
            "INSERT INTO webhook_events (church_id, source, dedupe_key, type, state, body, cause, tries)"
            " VALUES (:church, 'app', :key, :kind, :state, '{}', :cause, 1)",
            church=church,
            key=f"{church}{n}",
            kind=kind,
            state=state,
            cause=cause,
        )
    now = datetime.now(UTC)
    sql(
        "INSERT INTO opt_outs (id, church_id, channel, address, event_id, asked_at, due_on)"
        " VALUES (gen_random_uuid(), :c, 'sms', '+16155550123', 1, :at, :due)",
        c=church,
        at=now - timedelta(days=30),
        due=(now - timedelta(days=15)).date(),
    )
    sql(
        "INSERT INTO dnd_differences (id, church_id, contact_id, channel, address, kind)"
        " VALUES (gen_random_uuid(), :c, 'c1', 'sms', '+16155550124', 'stopped_here')",
        c=church,
    )
    page = person("news", role=Role.ADMIN, name="Pat")
    came = page.get_by_text("Somebody wrote back")
    readable(page, lambda: expect(came.first).to_be_visible(timeout=SOON), name="news", height=1800)
    page.goto(page.url.replace("/news", "/connection"))
    make = page.get_by_role("button", name="Make the secret")
    fold = page.get_by_text("Let GoHighLevel tell us at once")
    expect(fold).to_be_visible(timeout=SOON)
    fold.click()
    expect(make).to_be_visible(timeout=SOON)
    readable(
        page,
        lambda: expect(make).to_be_visible(timeout=SOON),
        name="connection-steps",
        reload=False,
        height=2000,
    )
    make.dblclick()
    copied = page.get_by_role("button", name="I have copied it")
    expect(copied).to_be_visible(timeout=SOON)
    readable(
        page,
        lambda: expect(copied).to_be_visible(timeout=SOON),
        name="connection-secret",
        reload=False,
        height=2000,
    )
    [(secrets,)] = sql("SELECT count(*) FROM webhook_secrets WHERE church_id = :c", c=church)
    assert secrets == 1
    at_home(page)
