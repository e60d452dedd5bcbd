"""`hub status`, `hub doctor`, `hub db migrate`."""

import json
import time
from pathlib import Path

from sqlalchemy import create_engine, text

from ghl.statuses import MessageState
from tests.cli.conftest import run_hub


def test_status_has_the_shape_others_rely_on(hub):
    status = json.loads(hub("status").out)
    assert status["cards"] == {
        "to_review": 0,
        "waiting": 0,
        "sending": 0,
        "synced": 0,
        "needs_attention": 0,
        "held": 0,
        "dismissed": 0,
    }
    assert status["messages"] == dict.fromkeys(map(str, MessageState), 0)
    assert status["oldest_waiting_seconds"] is None
    assert status["breaker"]["state"] == "closed"
    assert status["workers"] == 0


def test_help_and_status_tell_how_long_they_take(real_hub, record_property):
    for arguments in (("--help",), ("status",)):
        begun = time.perf_counter()
        assert real_hub(*arguments).code == 0
        record_property(" ".join(arguments), round(time.perf_counter() - begun, 2))


def test_doctor_finds_all_well_but_the_missing_workers(hub):
    examined = hub("doctor", "--json")
    found = {finding["id"]: finding["level"] for finding in json.loads(examined.out)}
    assert examined.code == 0, examined.out
    assert {
        "database.new",
        "database.login.bound",
        "redis.answers",
        "keys.read",
        "clock.right",
    } <= found.keys()
    assert found["workers.none"] == "warning"
    assert found["ghl.simulator"] == "warning"
    assert "error" not in found.values()


def test_doctor_names_the_churches_that_stand_still(hub, database_urls):
    assert hub("church", "add", "grace", "--name", "Grace", "--timezone", "America/Chicago").code == 0
    assert hub("church", "add", "hope", "--name", "Hope", "--timezone", "America/Chicago").code == 0
    engine = create_engine(database_urls.admin)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE churches SET hold_cause = 'token_refused', hold_since = now() WHERE slug = 'grace'")
        )
    engine.dispose()
    assert hub("pause", "hope", "--reason", "We move").code == 0
    examined = hub("doctor", "--json")
    assert examined.code == 0
    told = {f["id"]: f["text"] for f in json.loads(examined.out) if f["id"].startswith("church.")}
    assert set(told) == {"church.held", "church.paused"}
    assert "grace" in told["church.held"]
    assert "hope" in told["church.paused"]


def test_doctor_names_what_is_not_brought_there_and_what_is_not_handled(hub, database_urls):
    assert hub("church", "add", "grace", "--name", "Grace", "--timezone", "America/Chicago").code == 0
    well = {f["id"] for f in json.loads(hub("doctor", "--json").out)}
    assert "stops.brought" in well
    assert not {"webhooks.failed", "webhooks.waiting"} & well
    engine = create_engine(database_urls.admin)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO opt_outs (id, church_id, channel, address, event_id, asked_at, due_on)"
                " SELECT gen_random_uuid(), id, 'sms', '+16155550100', 1, now(), current_date - 2 FROM churches"
            )
        )
        connection.execute(
            text(
                "INSERT INTO webhook_events (church_id, source, dedupe_key, type, state, received_at, seen_at, seen_by)"
                " SELECT id, 'app', n::text, 'InboundMessage', CASE n WHEN 3 THEN 'waiting' ELSE 'failed' END,"
                " now() - interval '1 hour', CASE n WHEN 2 THEN now() END, CASE n WHEN 2 THEN 'user:x' END"
                " FROM churches, generate_series(1, 3) AS n"
            )
        )
    engine.dispose()
    told = {f["id"]: f["text"] for f in json.loads(hub("doctor", "--json").out)}
    assert "1 stop is not in GoHighLevel after ten business days at grace" in told["stops.overdue"]
    assert "1 of what GoHighLevel told grace could not be handled" in told["webhooks.failed"]
    assert "grace" in told["webhooks.waiting"]
    assert "615555" not in str(told)


def test_doctor_tells_a_login_that_sees_everything(hub, database_urls):
    examined = hub("doctor", "--json", HUB_DATABASE_URL=database_urls.admin)
    assert examined.code == 1
    assert "database.login" in {f["id"] for f in json.loads(examined.out) if f["level"] == "error"}


def test_doctor_tells_everything_that_is_away_at_once(hub):
    examined = hub(
        "doctor",
        HUB_DATABASE_URL="postgresql+psycopg://hub:secret@127.0.0.1:1/hub",
        HUB_REDIS_URL="redis://127.0.0.1:1/0",
        HUB_ENCRYPTION_KEYS="1:short",
    )
    assert examined.code == 1
    assert examined.out.count("ERROR") == 3
    assert "secret" not in examined.out + examined.err


def test_doctor_tells_what_others_may_read(hub, environment):
    keys = Path(environment["HUB_DATA_DIR"], "keys")
    keys.mkdir(parents=True)
    keys.chmod(0o755)
    examined = hub("doctor", "--json")
    assert examined.code == 1
    assert "data.open" in {f["id"] for f in json.loads(examined.out)}


def test_a_database_that_was_never_migrated_is_told_and_mended(hub, database_urls):
    engine = create_engine(database_urls.admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("DROP SCHEMA hub CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    told = hub("church", "list")
    assert told.code == 2
    assert "hub db migrate" in told.err
    assert "database.old" in {f["id"] for f in json.loads(hub("doctor", "--json").out)}
    migrated = hub("db", "migrate")
    assert migrated.code == 0, migrated.err
    assert hub("church", "list").code == 0


def test_without_a_hub_a_command_says_so_in_one_line(bare_environment):
    refused = run_hub("church", "list", environment=bare_environment)
    assert refused.code == 2
    assert "No hub is running" in refused.err
    assert refused.err.count("\n") == 1


def test_a_database_that_is_away_is_one_line_without_its_password(hub):
    refused = hub("church", "list", HUB_DATABASE_URL="postgresql+psycopg://hub:secret@127.0.0.1:1/hub")
    assert refused.code == 2
    assert "PostgreSQL does not answer" in refused.err
    assert "secret" not in refused.err
    assert refused.err.count("\n") == 1


def test_what_is_no_address_is_told_and_not_repeated(hub):
    for command in (("status",), ("church", "list")):
        for wrong in ("hub:secret@db", "mysql://hub:secret@db/hub"):
            refused = hub(*command, HUB_DATABASE_URL=wrong)
            assert refused.code == 2, (command, refused.err)
            assert "secret" not in refused.err
            assert refused.err.count("\n") == 1


def test_status_tells_a_database_that_is_away_or_never_migrated(hub, database_urls):
    away = hub("status", HUB_DATABASE_URL="postgresql+psycopg://hub:secret@127.0.0.1:1/hub")
    assert away.code == 2
    assert "PostgreSQL does not answer" in away.err
    assert "secret" not in away.err
    engine = create_engine(database_urls.admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP TABLE card_counts"))
    engine.dispose()
    old = hub("status")
    assert old.code == 2
    assert "hub db migrate" in old.err


def test_a_wrong_setting_is_told_by_its_name(hub):
    refused = hub("status", HUB_WORKER_THREADS="many")
    assert refused.code == 2
    assert "HUB_WORKER_THREADS" in refused.err
    assert refused.err.count("\n") == 1


def test_an_address_in_clear_is_refused_before_a_token_could_go_there(hub):
    told = hub("doctor", HUB_GHL_BASE_URL="http://ghl.example.org")
    assert told.code == 2
    assert "HUB_GHL_BASE_URL" in told.err
    assert "https://" in told.err
