"""*May we text?*, a person's page and the consent log in a real browser: two clicks for a stop, readable by everybody."""

import json
from datetime import timedelta

from playwright.sync_api import expect

from ghl.clock import SystemClock
from ghl.consent import ledger
from ghl.statuses import Channel, Role
from tests.support.browser import readable
from tests.web.said import PHONE, doubt, say_yes, stop

PATIENCE = 30_000


def fill(database, church):
    say_yes(database, church)
    say_yes(
        database,
        church,
        first_name="Maximiliane-Alexandra",
        last_name="Keller-Wolfeschlegelsteinhausen",
        email="maximiliane.alexandra.keller-wolfeschlegelsteinhausen@example.org",
    )
    say_yes(database, church, first_name="Ben", phone="615 555 0177", email="ben@example.org", sms_consent="")
    doubt(
        database,
        church,
        "Please don't write so often ![x](https://evil.example/x.png)",
        address="+16155550177",
    )


def test_a_stop_is_recorded_in_two_clicks_and_the_page_is_readable(person, database, church, at_home):
    fill(database, church)
    page = person("consent")
    expect(page.get_by_text("Type a name or a phone number.")).to_be_visible(timeout=PATIENCE)
    readable(
        page,
        lambda: expect(page.get_by_text("Type a name or a phone number.")).to_be_visible(timeout=PATIENCE),
        name="consent-empty",
    )
    field = page.get_by_label("Name, phone or e-mail")
    field.fill("Keller")
    field.press("Enter")
    expect(page.get_by_text("May we text Anna? Yes")).to_be_visible(timeout=PATIENCE)
    assert "keller" not in page.url.lower()

    def settled():
        expect(page.get_by_text("May we text Anna?")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("button", name="Yes, stop")).to_be_visible(timeout=PATIENCE)

    readable(page, settled, name="consent-full", reload=False)
    page.set_viewport_size({"width": 1440, "height": 900})
    card = page.locator(".st-key-found_1")
    card.get_by_role("button", name="Record a stop of texts").click()
    expect(page.get_by_role("button", name="They said it")).to_be_visible(timeout=PATIENCE)
    readable(page, settled, name="consent-asking", reload=False)
    page.wait_for_timeout(1100)
    page.get_by_role("button", name="They said it").click()
    expect(page.get_by_text("No more texts to (615) 555-0123. GoHighLevel is being told")).to_be_visible(
        timeout=PATIENCE
    )
    expect(card.get_by_text("May we text Anna? No")).to_be_visible(timeout=PATIENCE)
    readable(page, settled, name="consent-stopped", reload=False)
    at_home(page)


def test_a_persons_page_is_readable_and_a_stop_appears_by_itself(person, database, church, at_home):
    fill(database, church)
    page = person("person?number=1", role=Role.ADMIN)
    expect(page.get_by_text("May we text Anna? Yes")).to_be_visible(timeout=PATIENCE)
    stop(database, church)
    expect(page.get_by_text("May we text Anna? No")).to_be_visible(timeout=5_000)

    def settled():
        expect(page.get_by_text("May we text Anna? No")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("button", name="Make a receipt")).to_be_visible(timeout=PATIENCE)

    readable(page, settled, name="person")
    page.get_by_role("button", name="Make a receipt").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save to print (HTML)").click()
    assert saved.value.suggested_filename.startswith("consent-receipt-card-1-")
    at_home(page)


def test_what_gohighlevel_says_and_what_start_lifted_are_readable(
    person, database, church, connected, sql, at_home
):
    fill(database, church)
    now = SystemClock().now()
    stop(database, church, now=now - timedelta(minutes=5))
    with database.church(church) as session:
        ledger.record_start(
            session, church, channel=Channel.SMS, address=PHONE, source="keyword", recorded_by="x", now=now
        )
    page = person("person?number=1", role=Role.ADMIN)
    expect(page.get_by_text("We are asking GoHighLevel")).to_be_visible(timeout=PATIENCE)
    contact = {"id": "c1", "gone": False, "addresses": {"sms": PHONE}, "blocks": ["sms"], "stops": []}
    known = {"contact": contact, "timezone": None, "erased": []}
    answer = {
        "channels": {"sms": known | {"address": PHONE}, "email": known | {"address": "anna@example.org"}}
    }
    sql(
        "UPDATE questions SET state = 'answered', answered_at = now(), answer = CAST(:answer AS jsonb)",
        answer=json.dumps(answer),
    )

    def settled():
        expect(page.get_by_text("May we text Anna? No: GoHighLevel has")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("lifted that.")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("GoHighLevel was asked")).to_be_visible(timeout=PATIENCE)

    settled()
    readable(page, settled, name="person-asked", reload=False)
    at_home(page)


def test_the_consent_log_is_readable(person, database, church, at_home):
    page = person("consent_log", role=Role.ADMIN)
    readable(
        page,
        lambda: expect(page.get_by_text("Nobody has said anything yet.")).to_be_visible(timeout=PATIENCE),
        name="consent-log-empty",
    )
    fill(database, church)
    stop(database, church)
    readable(
        page,
        lambda: expect(page.get_by_text("No more texts ·")).to_be_visible(timeout=PATIENCE),
        name="consent-log",
    )
    at_home(page)
