"""*News from GoHighLevel*, and the part of *Connection* that lets GoHighLevel tell us."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from ghl.statuses import Role
from ghl.webhooks.secrets import hash_of

PAGE, CONNECTION = "pages/news.py", "pages/connection.py"
HOSTILE = "[x](https://evil.example)"


@pytest.fixture
def event(sql, church):
    def event(type_="ContactUpdate", state="done", **columns):
        columns = {
            "church_id": church,
            "source": "app",
            "dedupe_key": f"k{datetime.now(UTC).timestamp()}",
            "type": type_,
            "state": state,
            "body": b"{}",
        } | columns
        names = ", ".join(columns)
        [(found,)] = sql(
            f"INSERT INTO webhook_events ({names}) VALUES ({', '.join(f':{one}' for one in columns)}) RETURNING id",
            **columns,
        )
        return found

    return event


def texts(app):
    assert not app.exception, app.exception
    kinds = ("text", "error", "warning", "success", "info", "code")
    return "\n".join(one.value for kind in kinds for one in app.get(kind))


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found.click().run()


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER, None])
def test_others_do_not_see_it(open_page, sign_in, role, event):
    event()
    app = open_page(sign_in(role, ops=role is None), PAGE)
    assert app.title[0].value == "This page is not for your role"
    assert "contact was changed" not in texts(app)


def test_nothing_yet_says_that_stops_are_still_caught(open_page, sign_in):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert "Stops are still caught: we look before each text and every night." in texts(app)


def test_events_are_listed_filtered_and_paged(open_page, sign_in, event):
    for _ in range(30):
        event()
    event(HOSTILE, "unknown")
    event("InboundMessage", "failed", cause="broken", tries=1)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    shown = texts(app)
    assert "Somebody wrote back" in shown
    assert "We could not read it." in shown
    assert f"Something else: {HOSTILE}" in shown
    assert re.search("Last news .*, from your app. 1 needs attention.", shown)
    assert shown.count("A contact was changed") == 23
    app = press(app, "Older")
    assert texts(app).count("A contact was changed") == 7
    app = press(app, "Newer")
    app.selectbox[0].select("failed").run()
    assert "A contact was changed" not in texts(app)
    app.selectbox[1].select("ContactDelete").run()
    assert "No news matches." in texts(app)
    app = press(app, "Clear filters")
    assert "A contact was changed" in texts(app)


def test_a_failed_one_is_handled_again(open_page, sign_in, event, sql):
    failed = event("InboundMessage", "failed", cause="broken", tries=3)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    app = press(app, "Handle again")
    assert "It is handled again in a moment." in texts(app)
    [row] = sql("SELECT state, tries FROM webhook_events WHERE id = :id", id=failed)
    assert row == ("waiting", 0)


def test_stops_that_are_not_there_and_differences(open_page, sign_in, sql, church):
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
    shown = texts(open_page(sign_in(Role.ADMIN), PAGE))
    assert re.search(r"\(615\) 555-0123: no more texts, asked .* Overdue since", shown)
    assert "(615) 555-0124 asked us for no more texts, and GoHighLevel did not say so." in shown


def test_connection_shows_the_secret_once(open_page, sign_in, sql, church):
    app = open_page(sign_in(Role.ADMIN), CONNECTION)
    assert "Automation, Workflows" in texts(app)
    app = press(app, "Make the secret")
    (secret,) = re.findall(r"hubw_[\w-]{43}", texts(app))
    [row] = sql("SELECT secret_hash, last4 FROM webhook_secrets WHERE church_id = :c", c=church)
    assert (bytes(row.secret_hash), row.last4) == (hash_of(secret), secret[-4:])
    app = press(app, "I have copied it")
    assert secret not in texts(app)
    assert f"The secret ends in {secret[-4:]}." in texts(app)
    app = press(app, "Make a new secret")
    assert "It works until" in texts(app)
    app = press(app, "End the one before it now")
    assert sql("SELECT count(*) FROM webhook_secrets")[0][0] == 1
