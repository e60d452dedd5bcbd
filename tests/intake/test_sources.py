"""Source keys: shown once, kept as a hash, ended for good, and never another church's."""

import hashlib

import pytest

from ghl.churches import add_church
from ghl.sources import (
    FORM,
    MAX_KEYS,
    KnownSources,
    SourceKeyError,
    create_source_key,
    list_source_keys,
    revoke_source_key,
)
from tests.intake.conftest import ShiftedClock


@pytest.fixture
def clock():
    return ShiftedClock()


@pytest.fixture
def churches(database):
    return [
        add_church(database, slug=slug, name=slug, timezone="America/Chicago", actor="test")
        for slug in ("grace", "hope")
    ]


def test_a_key_is_shown_once_and_kept_as_its_hash(database, churches, rows):
    made = create_source_key(database, churches[0], name="  Web\tsite ", actor="user:1")
    key = made.key.get_secret_value()

    assert FORM.fullmatch(key)
    assert key not in repr(made)
    [row] = rows("SELECT * FROM source_keys")
    assert (row.name, row.last4, row.church_id) == ("Web site", key[-4:], churches[0])
    assert bytes(row.key_hash) == hashlib.sha256(key.encode()).digest()
    everything = repr(rows("SELECT * FROM audit_entries")) + repr(row)
    assert key[:-4] not in everything
    assert ("user:1", "source_key.created") in rows("SELECT actor, action FROM audit_entries")


def test_no_two_keys_are_the_same_and_each_finds_its_church(database, churches, clock):
    keys = [
        create_source_key(database, church, name="Website", actor="t").key.get_secret_value()
        for church in churches
    ]
    known = KnownSources(database, clock)

    assert len(set(keys)) == 2
    assert [known.church_of(key).church_id for key in keys] == churches
    for wrong in (
        "",
        "hubk_",
        keys[0][:-1],
        keys[0] + "A",
        keys[0].lower(),
        "hubk_" + "\udcff" * 43,
        "x" * 10_000,
    ):
        assert known.church_of(wrong) is None


def test_the_database_is_asked_once_in_a_while(database, churches, clock, rows):
    made = create_source_key(database, churches[0], name="Website", actor="t")
    key, known = made.key.get_secret_value(), KnownSources(database, clock)
    assert known.church_of(key)

    revoke_source_key(database, churches[0], made.id, actor="t", clock=clock)
    clock.ahead = KnownSources.FRESH_SECONDS - 1
    assert known.church_of(key), "a moment of grace: the answer is remembered"
    clock.ahead = KnownSources.FRESH_SECONDS + 1
    assert known.church_of(key) is None
    assert not known.was_good(key)
    assert KnownSources.FRESH_SECONDS <= 30


def test_what_is_remembered_is_bounded(database, churches, clock):
    keys = [
        create_source_key(database, churches[0], name=f"Source {n}", actor="t").key.get_secret_value()
        for n in range(3)
    ]
    known = KnownSources(database, clock, most=2)
    for key in keys:
        assert known.church_of(key)

    assert [known.was_good(key) for key in keys] == [False, True, True]


def test_a_key_is_ended_by_its_own_church_alone_and_once(database, churches, clock):
    made = create_source_key(database, churches[0], name="Website", actor="t")

    with pytest.raises(SourceKeyError, match="no such key"):
        revoke_source_key(database, churches[1], made.id, actor="t", clock=clock)
    revoke_source_key(database, churches[0], made.id, actor="t", clock=clock)
    with pytest.raises(SourceKeyError, match="no such key"):
        revoke_source_key(database, churches[0], made.id, actor="t", clock=clock)


def test_a_list_shows_only_ones_own_and_no_key(database, churches, clock):
    old = create_source_key(database, churches[0], name="Old", actor="t")
    new = create_source_key(database, churches[0], name="New", actor="t")
    create_source_key(database, churches[1], name="Theirs", actor="t")
    revoke_source_key(database, churches[0], old.id, actor="t", clock=clock)

    listed = list_source_keys(database, churches[0])

    assert [(view.id, view.name, view.last4) for view in listed] == [
        (new.id, "New", new.last4),
        (old.id, "Old", old.last4),
    ]
    assert (listed[0].revoked_at, bool(listed[1].revoked_at)) == (None, True)


def test_names_and_numbers_are_bounded(database, churches):
    for name in ("", "  ", "x" * 101, "a\x00b"):
        with pytest.raises(SourceKeyError, match="needs a name"):
            create_source_key(database, churches[0], name=name, actor="t")
    for n in range(MAX_KEYS):
        create_source_key(database, churches[0], name=f"Source {n}", actor="t")
    with pytest.raises(SourceKeyError, match="Revoke one"):
        create_source_key(database, churches[0], name="One more", actor="t")
