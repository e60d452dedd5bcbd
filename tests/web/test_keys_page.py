"""The page *Keys*: for who runs the installation, without any key."""

from ghl.crypto import KeyRing, new_key_line
from ghl.heartbeat import beat
from ghl.ids import new_id
from ghl.keys.check import check_keys
from ghl.statuses import Role
from tests.support.churches import connected_church
from tests.support.proofs import keep_proof

PAGE = "pages/keys.py"
ONE, TWO = new_key_line(1), new_key_line(2)


def words(app):
    return [one.value for one in app.text] + [one.value for one in app.code]


def alive(database, *versions):
    with database.system() as session:
        beat(session, new_id(), kind="worker", host="box", pid=7, key_versions=versions)


def test_it_is_for_ops_alone(open_page, sign_in):
    for role in Role:
        assert (
            open_page(sign_in(role, email=f"{role}@example.org"), PAGE).title[0].value
            == "This page is not for your role"
        )


def test_from_one_key_to_the_next_in_words(open_page, sign_in, database, monkeypatch):
    monkeypatch.delenv("HUB_ENCRYPTION_KEYS", raising=False)
    cookie = sign_in(None, ops=True)
    app = open_page(cookie, PAGE)
    assert not app.exception
    assert "No encryption key is here, and nothing is sealed yet. Make one: hub keys new" in words(app)

    one = KeyRing.parse(ONE)
    connected_church(database, one, location_id="L1")
    check_keys(database, one)
    alive(database, 1)
    seen = words(open_page(cookie, PAGE))
    assert "Everything is sealed with key 1. Nothing to do." in seen
    assert {"Key 1", "Sealed with it: tokens (1).", "1 worker runs, with these keys."} <= set(seen)

    both = KeyRing.parse(f"{ONE},{TWO}")
    check_keys(database, both)
    alive(database, 1, 2)
    assert any("1 lacks the newest key" in line for line in words(open_page(cookie, PAGE)))


def test_what_a_lost_key_takes_along_is_told(open_page, sign_in, database):
    church_id = connected_church(database, KeyRing.parse(TWO), location_id="L1")
    keep_proof(database, KeyRing.parse(ONE), church_id)
    check_keys(database, KeyRing.parse(TWO))
    alive(database, 2)
    seen = words(open_page(sign_in(None, ops=True), PAGE))
    assert any("proofs of consent made with key 1 can't be looked up (1)" in line for line in seen)


def test_no_key_and_no_token_is_on_it(open_page, sign_in, database):
    both = KeyRing.parse(f"{ONE},{TWO}")
    connected_church(database, both, location_id="L1")
    check_keys(database, both)
    app = open_page(sign_in(None, ops=True), PAGE)
    seen = str(words(app))
    assert "hub keys rotate" in seen
    for line in (ONE, TWO):
        assert line.partition(":")[2] not in seen
    assert "pit-" not in seen
