"""The record of an import: how far it is, how it ended, who may have its refused rows, and when they go."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ghl.cards import imports
from ghl.cards.importing import import_table
from ghl.cards.imports import Counts, RefusedRows
from ghl.cards.table import Row
from ghl.clock import SystemClock
from ghl.ids import new_id
from ghl.people.policy import ChurchRole, SignedIn
from ghl.statuses import Role
from tests.support.churches import card_values, church

NOW = datetime.now(UTC)
FILE = RefusedRows(b"Why it was refused", prays=False)


@pytest.fixture
def here(database):
    return church(database)


@pytest.fixture
def act(database, here):
    """Asks one question of the record in a transaction of its own."""

    def act(ask, *values, **named):
        with database.church(here) as session:
            return ask(session, here, *values, **named)

    return act


def person(church_id, *, reads_prayers=False):
    member = ChurchRole(
        church_id, "grace", "Grace", "America/Chicago", False, Role.STAFF, reads_prayers=reads_prayers
    )
    return SignedIn(new_id(), False, (member,), member, "ruth@example.org", "Ruth")


def start(act, actor="user:ruth", **how):
    return act(imports.start, name="Sunday.csv", actor=actor, now=how.pop("now", NOW), **how)


def test_how_far_it_is_and_whether_it_is_to_stop(act):
    import_id = start(act, total=60)
    assert not act(imports.look, import_id).begun
    assert act(imports.go_on, import_id, Counts(10, 2, 1)) is False
    found = act(imports.look, import_id)
    assert (found.begun, found.over, found.total, found.counts) == (True, False, 60, Counts(10, 2, 1))
    act(imports.stop, import_id, actor="user:1")
    assert act(imports.go_on, import_id, Counts(11, 2, 1)) is True


def test_the_first_end_counts_and_nothing_goes_on_after_it(act):
    import_id = start(act)
    act(imports.end, import_id, Counts(3, 0, 1), now=NOW, finished=True, refused=FILE)
    act(imports.end, import_id, Counts(0, 0, 0), now=NOW, finished=False, trouble="late")
    act(imports.go_on, import_id, Counts(9, 9, 9))
    found = act(imports.look, import_id)
    assert (found.over, found.finished, found.trouble, found.counts) == (True, True, "", Counts(3, 0, 1))
    assert found.refused_kept


def test_what_was_not_read_is_found_again_by_who_started_it_alone(act):
    mine, other = start(act), start(act, "user:ben")
    act(imports.end, mine, Counts(1), now=NOW, finished=True)
    assert act(imports.unread, "user:ruth", now=NOW).id == mine
    assert act(imports.unread, "user:ben", now=NOW).id == other
    act(imports.close, mine)
    assert act(imports.unread, "user:ruth", now=NOW) is None
    assert {one.id for one in act(imports.latest, now=NOW)} == {mine, other}
    assert act(imports.latest, now=NOW + timedelta(days=31)) == []
    assert act(imports.unread, "user:ben", now=NOW + timedelta(days=31)) is None


def test_one_whose_process_ended_is_over(act, database, here):
    import_id = start(act)
    with database.church(here) as session:
        session.execute(text("UPDATE card_imports SET seen_at = now() - interval '3 minutes'"))
    found = act(imports.look, import_id)
    assert found.silent
    assert found.over
    act(imports.end, import_id, Counts(5), now=NOW, finished=True)
    assert not act(imports.look, import_id).silent, "it only was very slow"


def test_refused_rows_go_after_a_month_and_the_import_stays(act, database):
    import_id = start(act)
    act(imports.end, import_id, Counts(0, 0, 1), now=NOW, finished=True, refused=FILE)
    for days, kept in ((29, True), (31, False)):
        with database.system() as session:
            imports.prune(session, now=NOW + timedelta(days=days))
        assert act(imports.look, import_id).refused_kept is kept
    assert act(imports.look, import_id).counts.refused == 1


def test_system_work_reads_no_refused_row(database, act):
    start(act)
    for column in ("refused_rows", "name"):
        with pytest.raises(ProgrammingError, match="permission denied"), database.system() as session:
            session.execute(text(f"SELECT {column} FROM card_imports"))


@pytest.mark.parametrize("prays", [False, True])
def test_who_may_have_the_refused_rows(act, database, here, prays):
    ruth, ben, prayer_team = person(here), person(here), person(here, reads_prayers=True)
    import_id = start(act, ruth.actor)
    act(imports.end, import_id, Counts(0, 0, 1), now=NOW, finished=True, refused=RefusedRows(b"rows", prays))
    for who, may in ((ruth, True), (prayer_team, True), (ben, not prays)):
        assert act(imports.look, import_id).may_read_refused(who) is may
        with database.church(here) as session:
            if may:
                assert imports.refused_rows(session, who, import_id) == b"rows"
            else:
                with pytest.raises(imports.ImportRefusedError):
                    imports.refused_rows(session, who, import_id)
    hope = church(database, slug="hope")
    with database.church(hope) as session:
        assert imports.refused_rows(session, person(hope, reads_prayers=True), import_id) is None
    with database.church(here) as session:
        noted = session.execute(
            text("SELECT actor, facts FROM audit_entries WHERE action = 'import.refused_rows_downloaded'")
        ).all()
    assert [one.actor for one in noted] == [
        who.actor for who in (ruth, prayer_team, ben)[: 2 if prays else 3]
    ]
    assert all(one.facts == {"rows": 1} for one in noted)


def rows(count):
    return [Row(number, card_values(number)) for number in range(2, count + 2)]


def load(database, here, rows, **how):
    return import_table(
        database, here, rows, source_name="Sunday.csv", actor="command line", clock=SystemClock(),
        on_saved=lambda _church: None, **how,
    )  # fmt: skip


def test_each_import_has_a_record_and_its_cards_name_it(database, here, act):
    load(database, here, rows(3))
    load(database, here, rows(4))
    newest, oldest = act(imports.latest, now=SystemClock().now())
    assert (newest.counts, oldest.counts) == (Counts(1, 3, 0), Counts(3, 0, 0))
    assert newest.finished
    assert newest.name == "Sunday.csv"
    with database.church(here) as session:
        brought = session.execute(text("SELECT import_id, count(*) FROM cards GROUP BY 1")).all()
        noted = session.execute(
            text("SELECT subject FROM audit_entries WHERE action = 'cards.imported' ORDER BY id")
        ).all()
    assert {(row.import_id, row.count) for row in brought} == {(oldest.id, 3), (newest.id, 1)}
    assert [row.subject for row in noted] == [str(oldest.id), str(newest.id)]


def test_somebody_elsewhere_stops_it(database, here, act):
    import_id = start(act, total=1000)

    def ask_when_some_are_saved(received):
        if received >= 200:
            act(imports.stop, import_id, actor="user:1")

    report = load(database, here, rows(1000), import_id=import_id, progress=ask_when_some_are_saved)
    assert (report.finished, report.received) == (False, 400), "the batch that was under way is saved"
    assert act(imports.look, import_id).counts.created == 400
    assert not act(imports.look, import_id).over, "its end is noted by who began it"
