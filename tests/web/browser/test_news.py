"""*News from GoHighLevel* in a real browser: readable, and a press of *Seen* takes one out of the way."""

import pytest
from playwright.sync_api import expect

from ghl.statuses import Role
from tests.support.browser import readable

SOON = 30_000
EVENTS = (
    ("InboundMessage", "failed", "no_address", "{}"),
    ("InboundMessage", "done", None, '{"stops": 1}'),
    ("InboundMessage", "done", None, '{"doubts": 1}'),
    ("ContactDelete", "waiting", None, "{}"),
    ("ContactUpdate", "done", None, '{"contact": "updated"}'),
    ("[x](https://evil.example/a) <b>b</b>", "unknown", None, "{}"),
)


@pytest.fixture
def news(sql, church):
    """Some of everything: events, stops that are not there yet, and differences."""
    for number, (type_, state, cause, facts) in enumerate(EVENTS):
        sql(
            "INSERT INTO webhook_events (church_id, source, dedupe_key, type, state, cause, facts, body, tries)"
            " VALUES (:c, 'workflow', :key, :type, :state, :cause, CAST(:facts AS jsonb), '', 1)",
            c=church,
            key=f"news {number}",
            type=type_,
            state=state,
            cause=cause,
            facts=facts,
        )
    sql(
        "INSERT INTO opt_outs (id, church_id, channel, address, event_id, asked_at, due_on) SELECT gen_random_uuid(),"
        " :c, 'sms', '+1615555010' || n, 1, now() - interval '14 days', current_date + 1 - n FROM generate_series(0, 3) AS n",
        c=church,
    )
    sql(
        "INSERT INTO dnd_differences (id, church_id, contact_id, channel, address, kind)"
        " VALUES (gen_random_uuid(), :c, 'c1', 'sms', '+16155550124', 'other_number')",
        c=church,
    )


@pytest.mark.usefixtures("news")
def test_what_matters_is_readable_and_goes_out_of_the_way(person, at_home):
    page = person("news", role=Role.ADMIN)
    failed = page.get_by_text(
        "Somebody asked for no more messages, and nothing says who it was.", exact=False
    )
    readable(page, lambda: expect(failed).to_be_visible(timeout=SOON), name="news", height=2200)
    expect(page.get_by_text("A contact was changed")).to_have_count(0)
    page.get_by_role("button", name="Seen").last.click()
    expect(page.get_by_text("Marked as seen.", exact=False)).to_be_visible(timeout=SOON)
    at_home(page)


@pytest.mark.usefixtures("news")
def test_home_tells_admins_of_stops_whose_days_run_out(person, at_home):
    page = person("", role=Role.ADMIN)
    line = page.get_by_text("4 stops are not yet confirmed in GoHighLevel.", exact=False)
    readable(page, lambda: expect(line).to_be_visible(timeout=SOON), name="home-stops")
    at_home(page)
