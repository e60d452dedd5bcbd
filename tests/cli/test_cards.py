"""`hub import-cards` and what `hub status` says of it."""

import json

CSV = """first_name,last_name,email,phone
Anna,Berg,anna@example.org,(512) 555-0143
Bo,,,
,,,
Anna,Berg,anna@example.org,(512) 555-0143
Cy,Day,cy@example.org,
"""


def test_cards_are_saved_and_counted(hub, grace, tmp_path):
    file = tmp_path / "cards.csv"
    file.write_text(CSV + 'Dee,Eck,dee@example.org,"two\nlines"\n')
    done = hub("import-cards", "grace", str(file))
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert set(report) == {"received", "created", "duplicates", "rejected"}
    assert report["received"] == report["created"] + report["duplicates"] + len(report["rejected"])
    assert report["duplicates"] == 1
    status = json.loads(hub("status", "grace").out)
    assert status["cards"]["waiting"] + status["cards"]["needs_attention"] == report["created"]
    assert status["oldest_waiting_seconds"] is not None
    again = json.loads(hub("import-cards", "grace", str(file)).out)
    assert again["created"] == 0


def test_a_card_is_saved_although_redis_is_away(hub, grace, tmp_path):
    file = tmp_path / "cards.csv"
    file.write_text(CSV)
    done = hub("import-cards", "grace", str(file), HUB_REDIS_URL="redis://127.0.0.1:1/0")
    assert done.code == 0, done.err
    assert json.loads(done.out)["created"] == 3
    status = hub("status", HUB_REDIS_URL="redis://127.0.0.1:1/0")
    assert json.loads(status.out)["breaker"] == {"state": "unknown"}


def test_a_file_that_is_none_is_told_in_one_line(hub, grace, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    for name in ("missing.csv", "empty.csv", "."):
        refused = hub("import-cards", "grace", str(tmp_path / name))
        assert refused.code == 1, name
        assert refused.err.startswith("hub: "), name
        assert refused.err.count("\n") == 1, name
