"""Commands about the change log's chains, and those that take a church away."""

import json

import pytest
from sqlalchemy import create_engine, text

from ghl.chain.seal import seal
from ghl.chain.watch import watch
from ghl.clock import SystemClock
from ghl.consent import ask, receipt
from ghl.keys.check import check_keys
from tests.support.churches import card_values, church, key_ring, save
from tests.web.said import say_yes


@pytest.fixture
def grace(database):
    church_id = church(database, slug="grace")
    seal(database)
    return church_id


@pytest.fixture
def tamper(database_urls):
    engine = create_engine(database_urls.admin)

    def tamper(statement):
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(statement))

    yield tamper
    engine.dispose()


def test_an_unbroken_log(hub, grace):
    told = hub("audit", "verify")
    assert told.code == 0, told.err
    assert "grace: unbroken, 1 sealed, head " in told.out
    printed = json.loads(hub("audit", "verify", "grace", "--json").out)
    (head,) = printed["heads"]
    assert (printed["unbroken"], head["chain"], head["position"]) == (True, str(grace), 1)


def test_a_broken_log_says_where_and_fails(hub, grace, tamper):
    tamper("UPDATE audit_entries SET actor = 'somebody else'")
    told = hub("audit", "verify")
    assert told.code == 1
    assert "grace: BROKEN" in told.out
    assert "(number 1 of the chain), or its seal, was changed." in told.out
    assert told.err == "hub: The change log is broken in 1 of 2 chains: grace\n"
    printed = json.loads(hub("audit", "verify", "--json").out)
    assert [one["kind"] for head in printed["heads"] for one in head["problems"]] == ["changed"]
    del grace


def test_doctor_tells_of_a_broken_log(hub, grace, database, tamper):
    def findings():
        return {one["id"]: one["level"] for one in json.loads(hub("doctor", "--json").out)}

    watch(database)
    assert findings()["change_log.unbroken"] == "ok"
    tamper("UPDATE audit_entries SET actor = 'somebody else'")
    watch(database)
    assert findings()["change_log.broken"] == "error"
    del grace


def test_heads_that_were_kept_find_a_log_that_was_cut_off(hub, grace, tamper, tmp_path):
    kept = tmp_path / "heads.json"
    kept.write_text(hub("audit", "verify", "--json").out)
    assert hub("audit", "verify", "--anchor", str(kept)).code == 0
    tamper("DELETE FROM audit_entries")
    tamper("DELETE FROM audit_seals")
    assert hub("audit", "verify").code == 0
    told = hub("audit", "verify", "--anchor", str(kept))
    assert told.code == 1
    assert "its end was cut off" in told.out
    del grace


@pytest.mark.parametrize("content", ["", "{}", '{"heads": [{"chain": "x"}]}'])
def test_a_file_without_heads_is_told(hub, grace, tmp_path, content):
    file = tmp_path / "heads.json"
    file.write_text(content)
    told = hub("audit", "verify", "--anchor", str(file))
    assert told.code == 1
    assert "holds no heads of chains" in told.err
    del grace


def test_where_a_change_came_from_is_noted(hub, database):
    assert hub("church", "add", "hope", "--name", "Hope", "--timezone", "UTC").code == 0
    with database.system() as session:
        found = session.execute(text("SELECT origin FROM audit_entries WHERE action = 'church.added'"))
        assert found.scalars().all() == ["command line"]


def test_a_church_that_is_not_there(hub, grace):
    assert hub("audit", "verify", "nobody").code == 1
    del grace


def test_removing_a_church_wants_its_name(hub, grace, database):
    save(database, grace, card_values(1))
    told = hub("church", "remove", "grace", "--name", "Hope")
    assert (told.code, told.err) == (1, "hub: That is not the name of this church. Nothing was removed.\n")
    told = hub("church", "remove", "grace", given="Grace\n")
    assert told.code == 0, told.err
    assert "Grace is removed." in told.out
    assert json.loads(hub("church", "list", "--json").out) == []
    seal(database)
    assert hub("audit", "verify").code == 0


def test_how_long_cards_are_kept(hub, grace):
    assert hub("church", "keep", "grace", "--years", "3").out == "Grace keeps its cards for 3 years.\n"
    assert hub("church", "keep", "grace", "--forever").out == "Grace keeps its cards for ever.\n"
    assert hub("church", "keep", "grace").code == 2
    assert hub("church", "keep", "grace", "--years", "0").code == 2
    del grace


def test_removing_a_church_with_other_keys_stops_before_anything_is_stopped(hub, grace, database):
    check_keys(database, key_ring())
    told = hub("church", "remove", "grace", "--name", "Grace")
    assert told.code == 2
    assert "encryption key 1" in told.err
    with database.system() as session:
        assert session.scalars(text("SELECT id FROM churches WHERE removing_at IS NULL")).all() == [grace]


def test_the_chain_of_a_church_whose_row_is_gone_is_read_too(hub, grace, tamper):
    tamper("DELETE FROM churches")
    tamper("UPDATE audit_entries SET actor = 'somebody else'")
    told = hub("audit", "verify")
    assert told.code == 1
    assert f"{grace}: BROKEN" in told.out


def test_a_receipt_is_known_by_the_church_that_made_it_alone(hub, grace, database, tmp_path):
    church(database, slug="hope")
    saved = say_yes(database, grace)
    now = SystemClock().now()
    with database.church(grace) as session:
        person = ask.of_card(session, grace, saved.id, now=now)
        made = receipt.make(session, grace, person, actor="user:x", now=now, zone=None, name_of=str)
    file = tmp_path / "receipt.json"
    file.write_bytes(receipt.as_json(made))
    told = hub("audit", "receipt", "grace", str(file))
    assert told.code == 0, told.err
    assert told.out.startswith("This receipt is whole, and was made by this hub on ")
    told = hub("audit", "receipt", "hope", str(file))
    assert (told.code, told.out) == (1, "")
    assert "its change log does not know it" in told.err
    file.write_bytes(receipt.as_json(made).replace(b"Keller", b"Smith"))
    assert "its checksum is not that of what stands in it" in hub("audit", "receipt", "grace", str(file)).err
    file.write_text("x")
    assert "This is no consent receipt." in hub("audit", "receipt", "grace", str(file)).err
