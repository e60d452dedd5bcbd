"""`hub webhooks`: what came, what of it is shown, and having it handled again."""

import json

import pytest
from sqlalchemy import create_engine, text

from ghl.churches import find_church


@pytest.fixture
def event(database, database_urls, grace):
    church = find_church(database, grace).id
    engine = create_engine(database_urls.admin)

    def event(state="failed", type_="InboundMessage", body=b'{"body": "Mary said STOP"}', facts="{}"):
        with engine.begin() as connection:
            return connection.execute(
                text(
                    "INSERT INTO webhook_events (church_id, source, dedupe_key, type, state, body, facts)"
                    " VALUES (:c, 'app', gen_random_uuid()::text, :type, :state, :body, CAST(:facts AS jsonb))"
                    " RETURNING id"
                ),
                {"c": church, "type": type_, "state": state, "body": body, "facts": facts},
            ).scalar_one()

    yield event
    engine.dispose()


def listed(hub, *options):
    told = hub("webhooks", "list", "grace", *options, "--json")
    assert told.code == 0, told.err
    return [one["id"] for one in json.loads(told.out)]


def test_what_came_is_listed_without_what_it_said(hub, event):
    failed, stopped = event(), event("done", facts='{"stops": 1}')
    ordinary = event("done", "ContactUpdate")
    assert listed(hub) == [ordinary, stopped, failed]
    assert listed(hub, "--state", "failed") == [failed]
    assert listed(hub, "--state", "matters") == [stopped, failed]
    assert listed(hub, "--state", "seen") == []
    shown = hub("webhooks", "list", "grace", "--most", "2").out
    assert "stops 1" in shown
    assert "These are the newest 2" in shown
    assert "Mary" not in shown + hub("webhooks", "list", "grace", "--json").out


def test_one_and_all_that_failed_are_handled_again(hub, event):
    first, second, third = event(), event(), event()
    assert hub("webhooks", "replay", "grace", str(first)).out == "1 handled again in a moment.\n"
    assert listed(hub, "--state", "waiting") == [first]
    refused = hub("webhooks", "replay", "grace", str(first))
    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert hub("webhooks", "replay", "grace", "--failed").out == "2 handled again in a moment.\n"
    assert listed(hub, "--state", "waiting") == [third, second, first]
    assert hub("webhooks", "replay", "grace", "--failed").out == "None failed.\n"


@pytest.mark.parametrize(
    "asked",
    [
        ("replay", "grace"),
        ("replay", "grace", "1", "--failed"),
        ("list", "grace", "--state", "nonsense"),
        ("list", "grace", "--most", "0"),
    ],
)
def test_what_cannot_be_is_told(hub, grace, asked):
    assert hub("webhooks", *asked).code == 2


def test_what_is_erased_cannot_be_handled_again(hub, event):
    gone = event(body=None)
    assert hub("webhooks", "replay", "grace", str(gone)).code == 1
    assert hub("webhooks", "replay", "grace", "--failed").out == "None failed.\n"
