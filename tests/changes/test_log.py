"""The change log by filter and page, and as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, event, text

from ghl import audit
from ghl.changes.export import export_csv
from ghl.changes.log import Wanted, actors, card_subject, read
from ghl.db.url import database_url
from tests.support.churches import card_values, church, save

UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture
def grace(database):
    return church(database, slug="grace")


def add(database, church_id, action="card.noted", actor="user:1", subject=None, **facts):
    with database.church(church_id) as session:
        audit.record(
            session, church_id=church_id, actor=actor, action=action, subject=subject, facts=facts or None
        )


def seen(database, church_id, wanted=None, **how):
    with database.church(church_id) as session:
        return read(session, church_id, wanted or Wanted(), **how)


def test_newest_first_page_by_page(database, grace):
    for number in range(7):
        add(database, grace, n=number)
    first = seen(database, grace, limit=3)
    second = seen(database, grace, after=first.entries[-1].place, limit=3)
    third = seen(database, grace, after=second.entries[-1].place, limit=3)
    found = [one.facts.get("n") for page in (first, second, third) for one in page.entries]
    assert found == [6, 5, 4, 3, 2, 1, 0, None], "the last one is the church itself"
    assert (first.more, second.more, third.more) == (True, True, False)


def test_entries_of_one_moment_come_once(database, grace):
    with database.church(grace) as session:
        for number in range(5):
            audit.record(session, church_id=grace, actor="user:1", action="card.held", subject=str(number))
    first = seen(database, grace, limit=2)
    rest = seen(database, grace, after=first.entries[-1].place, limit=10)
    subjects = [one.subject for one in (*first.entries, *rest.entries) if one.subject]
    assert subjects == ["4", "3", "2", "1", "0"]


def test_filters(database, grace):
    (card,) = save(database, grace, card_values(1))
    add(database, grace, "card.held", "user:1", str(card.id))
    add(database, grace, "card.noted", "user:2", str(card.id))
    add(database, grace, "form.changed", "user:2")

    def actions(**wanted):
        return [one.action for one in seen(database, grace, Wanted(**wanted)).entries]

    assert actions(actor="user:2") == ["form.changed", "card.noted"]
    assert actions(actions=("card.held",)) == ["card.held"]
    assert actions(actions=("card.held", "form.changed")) == ["form.changed", "card.held"]
    assert actions(actor="user:2", actions=("card.noted", "card.held")) == ["card.noted"]
    with database.church(grace) as session:
        subject = card_subject(session, grace, card.number)
        assert card_subject(session, grace, 99) is None
    assert actions(subject=subject) == ["card.noted", "card.held"]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert actions(since=later) == []
    assert len(actions(before=later)) == 4
    assert seen(database, grace, Wanted(subject=subject)).entries[0].number == card.number


def test_who_stands_in_it(database, grace):
    for actor in ("user:2", "user:1", "user:2"):
        add(database, grace, actor=actor)
    with database.church(grace) as session:
        assert actors(session, grace) == ["test", "user:1", "user:2"]
        assert actors(session, grace, most=1) == ["test"]


def test_each_log_is_its_own(database, grace):
    hope = church(database, slug="hope")
    add(database, hope, "card.held")
    with database.system() as session:
        audit.record(session, church_id=None, actor="command line", action="user.added")
        assert [one.action for one in read(session, None, Wanted()).entries] == ["user.added"]
    assert [one.action for one in seen(database, grace).entries] == ["church.added"]
    with database.church(grace) as session:
        assert read(session, hope, Wanted()).entries == []
        assert read(session, None, Wanted()).entries == []


def test_where_a_change_came_from_is_noted(database, grace):
    database.come_from("192.0.2.1")
    add(database, grace)
    assert seen(database, grace).entries[0].origin == "192.0.2.1"


class TestFile:
    def rows(self, database, church_id, **wanted):
        content = b"".join(
            export_csv(
                database,
                church_id,
                Wanted(**wanted),
                actor="user:1",
                zone=UTC_ZONE,
                name_of=lambda actor: f"={actor}",
                it_of=lambda one: one.subject or "",
            )
        )
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))

    def test_it_says_what_the_page_says_and_runs_nothing(self, database, grace):
        add(database, grace, "card.held", subject="card 7", fields=["phone"])
        header, newest, *_ = self.rows(database, grace)
        assert header[:4] == ["when", "who", "what", "from where"]
        assert newest[1:3] == ["'=user:1", "kept card 7 back: phone"]
        assert newest[5:] == ["card.held", "card 7", '{"fields":["phone"]}']

    def test_making_one_is_noted(self, database, grace):
        self.rows(database, grace)
        newest = seen(database, grace).entries[0]
        assert (newest.action, newest.facts) == ("changes.exported", {"entries": 1})

    def test_more_than_one_piece(self, database, grace):
        with database.church(grace) as session:
            audit.record_each(
                session,
                church_id=grace,
                actor="a",
                action="card.held",
                subjects=[str(n) for n in range(2500)],
            )
        assert len(self.rows(database, grace, actions=("card.held",))) == 2501


ENTRIES = """
INSERT INTO audit_entries (church_id, at, actor, action, subject, facts)
SELECT CASE WHEN n % 3 = 0 THEN NULL ELSE CAST(:church AS uuid) END, now() - n * interval '1 minute',
       'user:' || n % 40, (ARRAY['card.held', 'card.noted', 'card.corrected', 'form.changed'])[1 + n % 4],
       'card ' || n % 9000, '{}'
FROM generate_series(1, 40000) AS n
"""


def test_no_question_reads_the_whole_log(database, database_urls, grace):
    """Like the queries of the other pages: in the order of an index, however long the log is."""
    engine = create_engine(database_url(database_urls.admin))
    with engine.begin() as connection:
        connection.execute(text(ENTRIES), {"church": grace})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) audit_entries"))
    said = []
    event.listen(database._engine, "before_cursor_execute", lambda _c, _u, s, p, *_: said.append((s, p)))
    since = datetime.now(UTC) - timedelta(days=2)
    for wanted in (
        Wanted(),
        Wanted(since=since),
        Wanted(before=since),
        Wanted(actor="user:7"),
        Wanted(actor="user:7", actions=("form.changed",), before=since),
        Wanted(actions=("form.changed",)),
        Wanted(actions=("card.held", "form.changed"), since=since),
        Wanted(subject="card 7"),
    ):
        page = seen(database, grace, wanted)
        seen(database, grace, wanted, after=page.entries[-1].place)
        if not wanted.subject:
            with database.system() as session:
                read(session, None, wanted)
    with database.church(grace) as session:
        actors(session, grace)
    with engine.begin() as connection:
        for statement, parameters in said:
            if "audit_entries" not in statement or not statement.startswith(("SELECT", "WITH")):
                continue
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
            assert "Seq Scan on audit_entries" not in plan, plan
            few = "subject" in str(parameters) or "card 7" in str(parameters)
            assert few or "Sort" not in plan or "Merge Append" in plan or "Append" in plan, plan
    engine.dispose()
