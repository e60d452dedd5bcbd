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


def choose(app, label, value):
    (found,) = [one for one in app.selectbox if one.label == label]
    return found.select(value).run()


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
    event("ContactDelete", "waiting")
    event("InboundMessage", facts='{"stops": 1}')
    event("InboundMessage", "failed", cause="broken", tries=1)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    shown = texts(app)
    assert shown.count("Somebody wrote back") == 2
    assert "We could not read it." in shown
    assert "They asked for no more messages." in shown
    assert "A contact was removed or merged" in shown
    assert re.search("Last news .*, from your app. 1 needs attention.", shown)
    assert "A contact was changed" not in shown
    assert HOSTILE not in shown
    app = choose(app, "How it stands", "")
    shown = texts(app)
    assert f"Something else: {HOSTILE}" in shown
    assert shown.count("A contact was changed") == 21
    app = press(app, "Older")
    assert texts(app).count("A contact was changed") == 9
    app = press(app, "Newer")
    app = choose(app, "How it stands", "failed")
    assert "A contact was changed" not in texts(app)
    app = choose(app, "What", "ContactDelete")
    assert "No news matches." in texts(app)
    app = press(app, "Clear filters")
    assert "They asked for no more messages." in texts(app)


def test_where_nothing_matters_the_rest_is_a_press_away(open_page, sign_in, event):
    event()
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert "Nothing of what came needs you." in texts(app)
    app = press(app, "Show everything")
    assert "A contact was changed" in texts(app)


@pytest.mark.parametrize(
    "columns", [{"state": "failed", "cause": "broken"}, {"state": "done", "facts": '{"doubts": 1}'}]
)
def test_what_somebody_has_seen_is_out_of_the_way_and_found_again(open_page, sign_in, event, sql, columns):
    seen = event("InboundMessage", **columns)
    app = press(open_page(sign_in(Role.ADMIN), PAGE), "Seen")
    assert "Marked as seen." in texts(app)
    assert "Somebody wrote back" not in texts(app)
    assert "1 needs attention" not in texts(app)
    app = choose(app, "How it stands", "seen")
    assert re.search(r"Seen by .+, .*\.", texts(app))
    [row] = sql("SELECT seen_by, seen_at IS NOT NULL AS at FROM webhook_events WHERE id = :id", id=seen)
    assert row.seen_by.startswith("user:")
    assert row.at
    [(actor, subject)] = sql("SELECT actor, subject FROM audit_entries WHERE action = 'webhook.seen'")
    assert (actor, subject) == (row.seen_by, f"event:{seen}")
    # What is handled again is to be seen again.
    app = press(app, "Handle again")
    assert sql("SELECT state, seen_at FROM webhook_events WHERE id = :id", id=seen) == [("waiting", None)]


def test_the_last_one_of_a_page_is_seen_and_the_page_before_is_shown(open_page, sign_in, event):
    for _ in range(26):
        event("InboundMessage", "failed", cause="broken")
    app = press(open_page(sign_in(Role.ADMIN), PAGE), "Older")
    assert texts(app).count("Somebody wrote back") == 1
    app = press(app, "Seen")
    assert texts(app).count("Somebody wrote back") == 25


def test_a_difference_is_seen(open_page, sign_in, sql, church):
    for contact, settled in (("c1", None), ("c2", datetime.now(UTC))):
        sql(
            "INSERT INTO dnd_differences (id, church_id, contact_id, channel, address, kind, settled_at)"
            " VALUES (gen_random_uuid(), :c, :contact, 'sms', '+16155550124', 'other_number', :settled)",
            c=church,
            contact=contact,
            settled=settled,
        )
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert texts(app).count("has another phone number in GoHighLevel") == 1
    app = press(app, "Seen")
    assert "has another phone number" not in texts(app)
    assert "Seen by" in texts(choose(app, "Which", "seen"))
    app = choose(app, "Which", "")
    assert texts(app).count("has another phone number in GoHighLevel") == 2
    [(by, action)] = sql(
        "SELECT d.seen_by, a.action FROM dnd_differences AS d JOIN audit_entries AS a"
        " ON a.subject = 'difference:' || d.id AND a.actor = d.seen_by"
    )
    assert by.startswith("user:")
    assert action == "difference.seen"


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


def test_home_tells_admins_alone_of_stops_whose_days_run_out(open_page, sign_in, sql, church):
    admin, staff = sign_in(Role.ADMIN), sign_in(Role.STAFF, email="tom@example.org")
    assert "not yet confirmed" not in texts(open_page(admin, "pages/home.py"))
    sql(
        "INSERT INTO opt_outs (id, church_id, channel, address, event_id, asked_at, due_on) SELECT gen_random_uuid(),"
        " :c, 'sms', '+1615555010' || n, 1, now(), current_date - 3 FROM generate_series(1, 2) AS n",
        c=church,
    )
    shown = texts(open_page(admin, "pages/home.py"))
    assert "2 stops are not yet confirmed in GoHighLevel. The first was due on" in shown
    assert "not yet confirmed" not in texts(open_page(staff, "pages/home.py"))
