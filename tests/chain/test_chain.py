"""The chains over the change log, and the owner of the database who tampers with it in every way."""

import threading
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ghl import audit
from ghl.cards.correct import correct
from ghl.cards.digest import digest
from ghl.cards.fields import parse_card
from ghl.chain.corrections import altered
from ghl.chain.hashing import INSTALLATION, START, SealedEntry, canonical, entry_hash
from ghl.chain.seal import UNSEALED, seal, seal_batch, sealed_below
from ghl.chain.verify import Kind, verify
from tests.chain.conftest import add, ids, kinds, report_of
from tests.support.churches import card_values, church, save


class TestHash:
    ENTRY = SealedEntry(
        7, UUID(int=1), datetime(2026, 11, 26, tzinfo=UTC), "ab", "c", "d", "", {"b": 1, "a": [2]}
    )

    def test_what_moves_from_one_part_to_the_next_changes_the_bytes(self):
        moved = SealedEntry(7, UUID(int=1), self.ENTRY.at, "a", "bc", "d", "", {"b": 1, "a": [2]})
        where = {"chain": UUID(int=1), "position": 3, "previous": START}
        assert canonical(self.ENTRY, **where) != canonical(moved, **where)

    def test_nothing_is_not_an_empty_text(self):
        where = {"chain": UUID(int=1), "position": 3, "previous": START}
        without = SealedEntry(7, UUID(int=1), self.ENTRY.at, "ab", "c", None, "", {})
        empty = SealedEntry(7, UUID(int=1), self.ENTRY.at, "ab", "c", "", "", {})
        assert canonical(without, **where) != canonical(empty, **where)

    def test_the_hash_is_what_it_was(self):
        """Written down: another one would break every chain there is."""
        hashed = entry_hash(self.ENTRY, chain=UUID(int=1), position=3, previous=START)
        assert hashed.hex() == "7166c1a65d8aad36c04888d99067ea6efa668d736bcfaafbdbec31688c850506"


class TestSealing:
    def test_each_church_and_the_installation_have_a_chain(self, database, grace, owner):
        hope = church(database, slug="hope")
        seal(database)
        rows = owner("SELECT chain, position FROM audit_seals ORDER BY chain, position")
        by_chain: dict = {}
        for chain, position in rows:
            by_chain.setdefault(chain, []).append(position)
        assert by_chain == {INSTALLATION: [1], grace: [1, 2, 3, 4, 5, 6], hope: [1]}
        assert all(report.good for report in verify(database))

    def test_nothing_to_seal_is_nothing(self, database, grace):
        del grace
        assert seal(database) == 0

    def test_many_are_sealed_in_batches(self, database, grace, owner):
        with database.church(grace) as session:
            audit.record_each(
                session,
                church_id=grace,
                actor="user:1",
                action="card.held",
                subjects=[f"card {number}" for number in range(2500)],
            )
        assert seal(database, most=300, batches=5) == 1500
        assert report_of(database, grace).unsealed == 1000
        assert seal(database) == 1000
        assert report_of(database, grace).good
        assert owner("SELECT max(position) FROM audit_seals WHERE chain = :c", c=grace) == [(2506,)]

    def test_a_lower_id_that_appears_later_is_sealed_too(self, database, grace):
        """Ids are given before the commit."""
        with database.church(grace) as slow:
            audit.record(slow, church_id=grace, actor="user:1", action="card.noted")
            add(database, grace, 99)
            assert seal(database) == 1
        assert seal(database) == 1
        report = report_of(database, grace)
        assert (report.good, report.head.position, report.unsealed) == (True, 8, 0)

    def test_two_sealers_make_one_chain(self, database, grace):
        for number in range(60):
            add(database, grace, number)
        done: list[int] = []
        start = threading.Barrier(4)

        def work():
            start.wait()
            for _ in range(30):
                with database.system() as session:
                    done.append(len(seal_batch(session, most=5)))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        while sealed := seal(database):
            done.append(sealed)
        assert sum(done) == 60
        assert report_of(database, grace).good

    def test_nobody_of_the_hub_may_change_or_remove_a_seal(self, database, grace):
        for enter in (lambda: database.church(grace), database.system, lambda: database.erasing(grace)):
            for statement in ("UPDATE audit_seals SET position = position", "DELETE FROM audit_seals"):
                with pytest.raises(DBAPIError, match="permission denied"), enter() as session:
                    session.execute(text(statement))
            for statement in ("UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries"):
                with pytest.raises(DBAPIError, match="permission denied"), enter() as session:
                    session.execute(text(statement))

    def test_another_churchs_seals_are_not_seen(self, database, grace):
        hope = church(database, slug="hope")
        seal(database)
        with database.church(hope) as session:
            assert session.execute(text("SELECT DISTINCT chain FROM audit_seals")).scalars().all() == [hope]
        del grace


class TestTampering:
    """Each way, by somebody whom neither rights nor triggers hold back."""

    @pytest.mark.parametrize(
        "change",
        [
            "actor = 'user:2'",
            "action = 'card.held'",
            "subject = 'card 77'",
            "subject = NULL",
            "at = at + interval '1 microsecond'",
            "facts = facts || '{\"n\": 8}'",
            "origin = '192.0.2.1'",
        ],
    )
    def test_a_changed_entry_is_named(self, database, grace, owner, change):
        entry = ids(owner, grace)[2]
        assert owner(f"UPDATE audit_entries SET {change} WHERE id = :id", id=entry) == 1
        report = report_of(database, grace)
        assert [(one.kind, one.entry, one.position) for one in report.problems] == [(Kind.CHANGED, entry, 3)]

    def test_an_entry_moved_to_another_church_is_named(self, database, grace, owner):
        hope = church(database, slug="hope")
        entry = ids(owner, grace)[2]
        owner("UPDATE audit_entries SET church_id = :hope WHERE id = :id", hope=hope, id=entry)
        assert [one.entry for one in report_of(database, grace).problems] == [entry]

    def test_a_removed_entry_is_named(self, database, grace, owner):
        entry = ids(owner, grace)[3]
        owner("DELETE FROM audit_entries WHERE id = :id", id=entry)
        report = report_of(database, grace)
        assert [(one.kind, one.entry) for one in report.problems] == [(Kind.REMOVED, entry)]

    def test_an_entry_removed_with_its_seal_is_named(self, database, grace, owner):
        entry = ids(owner, grace)[3]
        owner("DELETE FROM audit_entries WHERE id = :id", id=entry)
        owner("DELETE FROM audit_seals WHERE entry_id = :id", id=entry)
        report = report_of(database, grace)
        assert [(one.kind, one.position) for one in report.problems] == [(Kind.SEAL_REMOVED, 4)]

    def test_a_seal_that_is_missing_while_later_ones_close_up_is_named(self, database, grace, owner):
        entry = ids(owner, grace)[3]
        owner("DELETE FROM audit_entries WHERE id = :id", id=entry)
        owner("DELETE FROM audit_seals WHERE entry_id = :id", id=entry)
        owner("UPDATE audit_seals SET position = position - 1 WHERE chain = :c AND position > 4", c=grace)
        assert not report_of(database, grace).good

    def test_a_changed_seal_is_named(self, database, grace, owner):
        owner("UPDATE audit_seals SET hash = sha256('x') WHERE chain = :c AND position = 2", c=grace)
        report = report_of(database, grace)
        assert [(one.kind, one.position) for one in report.problems] == [
            (Kind.CHANGED, 2),
            (Kind.SEAL_CHANGED, 3),
        ]

    def test_an_entry_put_between_old_ones_is_named(self, database, grace, owner):
        """A week later, with an id that no entry got, or one below all others."""
        (burned,) = owner("SELECT nextval(pg_get_serial_sequence('audit_entries', 'id')) AS id")
        add(database, grace)
        seal(database)
        owner("UPDATE audit_seals SET sealed_at = sealed_at - interval '7 days'")
        assert report_of(database, grace).good
        for number in (burned.id, -5):
            owner(
                "INSERT INTO audit_entries (id, church_id, at, actor, action, facts) OVERRIDING SYSTEM VALUE"
                " VALUES (:id, :c, now() - interval '7 days', 'user:2', 'card.noted', '{}')",
                id=number,
                c=grace,
            )
        assert seal(database) == 0
        report = report_of(database, grace)
        assert [(one.kind, one.entry) for one in report.problems] == [
            (Kind.INSERTED, -5),
            (Kind.INSERTED, burned.id),
        ]

    def test_an_entry_that_says_it_is_older_than_those_before_it_is_named(self, database, grace, owner):
        (entry,) = owner(
            "INSERT INTO audit_entries (church_id, at, actor, action, facts)"
            " VALUES (:c, now() - interval '7 days', 'user:2', 'card.noted', '{}') RETURNING id",
            c=grace,
        )
        seal(database)
        report = report_of(database, grace)
        assert [(one.kind, one.entry) for one in report.problems] == [(Kind.INSERTED, entry.id)]

    def test_an_end_that_was_cut_off_is_found_by_an_anchor(self, database, grace, owner):
        kept = report_of(database, grace).head
        for entry in ids(owner, grace)[-2:]:
            owner("DELETE FROM audit_entries WHERE id = :id", id=entry)
            owner("DELETE FROM audit_seals WHERE entry_id = :id", id=entry)
        assert report_of(database, grace).good, "the chain alone cannot know"
        assert kinds(report_of(database, grace, anchors={grace: kept})) == [Kind.CUT_OFF]

    def test_a_chain_that_is_gone_is_found_by_an_anchor(self, database, grace, owner):
        kept = report_of(database, grace).head
        for table, column in (("audit_entries", "church_id"), ("audit_seals", "chain")):
            owner(f"DELETE FROM {table} WHERE {column} = :c", c=grace)
        owner("DELETE FROM churches WHERE id = :c", c=grace)
        assert kinds(report_of(database, grace, anchors={grace: kept})) == [Kind.CUT_OFF]

    def test_a_chain_written_anew_as_a_whole_is_found_by_an_anchor(self, database, grace, owner):
        kept = report_of(database, grace).head
        owner("UPDATE audit_entries SET actor = 'user:2' WHERE church_id = :c", c=grace)
        owner("DELETE FROM audit_seals WHERE chain = :c", c=grace)
        seal(database)
        assert report_of(database, grace).good, "the chain alone cannot know"
        assert kinds(report_of(database, grace, anchors={grace: kept})) == [Kind.REWRITTEN]

    def test_an_anchor_of_before_holds_when_the_chain_has_grown(self, database, grace):
        kept = report_of(database, grace).head
        add(database, grace, 9)
        seal(database)
        assert report_of(database, grace, anchors={grace: kept}).good

    def test_what_is_not_sealed_yet_is_told_apart(self, database, grace):
        add(database, grace, 9)
        report = report_of(database, grace)
        assert (report.good, report.unsealed, report.head.position) == (True, 1, 6)


def test_a_long_time_without_a_scheduler_is_no_tampering(database, owner):
    church_id = church(database, slug="grace")
    seal(database)
    owner("UPDATE audit_seals SET sealed_at = sealed_at - interval '3 hours'")
    add(database, church_id)
    report = report_of(database, church_id)
    assert (report.good, report.unsealed) == (True, 1)
    seal(database)
    assert report_of(database, church_id).good


def test_sealing_reads_neither_table_from_its_beginning(database, owner):
    """A million entries that are sealed cost a turn of the scheduler nothing."""
    church_id = church(database, slug="grace")
    owner(
        "INSERT INTO audit_entries (church_id, actor, action, facts)"
        " SELECT :c, 'user:1', 'card.noted', '{}' FROM generate_series(1, 20000)",
        c=church_id,
    )
    owner(
        "INSERT INTO audit_seals (chain, position, entry_id, hash, previous, sealed_at)"
        " SELECT :c, row_number() OVER (ORDER BY id), id, sha256('a'), sha256('b'),"
        " now() - interval '3 hours' + id * interval '1 millisecond'"
        " FROM audit_entries",
        c=church_id,
    )
    owner("ANALYZE audit_entries, audit_seals")
    statement = UNSEALED.compile(dialect=database._engine.dialect)
    with database.system() as session:
        after = sealed_below(session)
        plan = [
            row[0]
            for row in session.connection().exec_driver_sql(
                f"EXPLAIN {statement.string}", dict(statement.params) | {"after": after, "most": 1000}
            )
        ]
    scans = [line for line in plan if " on audit_" in line]
    assert scans
    assert all("Index" in line for line in scans), plan
    assert sum("Index Cond" in line for line in plan) == len(scans), plan


class TestCorrections:
    @pytest.fixture
    def corrected(self, database):
        church_id = church(database, slug="grace")
        (card,) = save(database, church_id, card_values(1))
        for number, base in (("+16155550111", 1), ("+16155550122", 2)):
            with database.church(church_id) as session:
                new = parse_card(card_values(1, phone=number))
                now = datetime.now(UTC)
                correct(session, church_id, card.id, new, base_revision=base, actor="user:1", now=now)
        return church_id

    def test_what_was_saved_is_what_was_noted(self, database, corrected):
        assert list(altered(database, corrected)) == []

    def test_a_revision_that_was_changed_is_named(self, database, corrected, owner):
        owner('UPDATE card_revisions SET fields = fields || \'{"phone": "+16155550133"}\' WHERE no = 2')
        (problem,) = altered(database, corrected)
        assert "revision 2 of card 1 is not what was saved" in problem.text
        assert "5550133" not in problem.text

    def test_nobody_can_try_out_what_the_hash_is_of_when_the_card_is_gone(self, database, corrected, owner):
        hashes = {row.d for row in owner("SELECT facts ->> 'digest' AS d FROM audit_entries") if row.d}
        assert len(hashes) == 2
        fields = owner("SELECT fields, salt FROM card_revisions WHERE no = 2")[0]
        assert digest(fields.fields, bytes(fields.salt)) in hashes
        assert digest(fields.fields, b"") not in hashes
        owner("DELETE FROM card_revisions")
        assert list(altered(database, corrected)) == []
