"""The reading of chains bit by bit: what it says on the page, and that it notices what happens afterwards."""

import pytest

from ghl.chain import watch as watching
from ghl.chain.hashing import INSTALLATION
from ghl.chain.seal import seal
from ghl.chain.verify import Kind
from ghl.chain.watch import checked, watch
from tests.chain.conftest import add, ids


def look(database, chain):
    with database.church(chain) as session:
        return checked(session, chain)


def test_nobody_looked_yet(database, grace):
    seen = look(database, grace)
    assert (seen.position, seen.checked_at, seen.sealed) == (0, None, 6)


def test_new_entries_are_checked_in_their_turn(database, grace):
    assert watch(database) == []
    add(database, grace)
    seal(database)
    assert (look(database, grace).position, look(database, grace).sealed) == (6, 7)
    assert watch(database) == []
    seen = look(database, grace)
    assert (seen.position, seen.problem) == (7, None)
    with database.system() as session:
        assert checked(session, INSTALLATION).position == 1


def test_a_church_reads_its_own_check_alone(database, grace):
    watch(database)
    with database.church(grace) as session:
        assert checked(session, INSTALLATION).position == 0


@pytest.mark.parametrize("most", [2, 2000])
def test_what_is_changed_after_it_was_checked_is_found(database, grace, owner, monkeypatch, most):
    monkeypatch.setattr(watching, "MOST_AGAIN", most)
    watch(database)
    owner("UPDATE audit_entries SET actor = 'user:2' WHERE id = :id", id=ids(owner, grace)[4])
    found = [problem for _ in range(12) for problem in watch(database)]
    assert {problem.kind for problem in found} == {Kind.CHANGED}
    assert "was changed" in look(database, grace).problem


def test_a_problem_stays_until_a_whole_reading_finds_none(database, grace, owner, monkeypatch):
    monkeypatch.setattr(watching, "MOST_AGAIN", 2)
    entry = ids(owner, grace)[0]
    owner("UPDATE audit_entries SET actor = 'user:2' WHERE id = :id", id=entry)
    assert watch(database)
    owner("UPDATE audit_entries SET actor = 'test' WHERE id = :id", id=entry)
    assert look(database, grace).problem
    for _ in range(12):
        watch(database)
    seen = look(database, grace)
    assert (seen.problem, seen.problem_since) == (None, None)


def test_an_end_that_is_cut_off_after_it_was_checked_is_found(database, grace, owner):
    watch(database)
    for entry in ids(owner, grace)[-2:]:
        owner("DELETE FROM audit_entries WHERE id = :id", id=entry)
        owner("DELETE FROM audit_seals WHERE entry_id = :id", id=entry)
    assert any(watch(database) for _ in range(6))
    assert look(database, grace).problem


def test_a_chain_written_anew_after_it_was_checked_is_found(database, grace, owner):
    watch(database)
    owner("UPDATE audit_entries SET actor = 'user:2' WHERE church_id = :c", c=grace)
    owner("DELETE FROM audit_seals WHERE chain = :c", c=grace)
    seal(database)
    assert any(problem.kind is Kind.REWRITTEN for _ in range(6) for problem in watch(database))
