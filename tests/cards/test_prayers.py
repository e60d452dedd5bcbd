"""Prayer requests: read by those alone who may, each reading noted, and never another church's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, event, text

from ghl.cards.fields import parse_card
from ghl.cards.find import CardFilter, find
from ghl.cards.prayers import PrayerRefusedError, mark, marks, open_prayers, read_prayer
from ghl.cards.save import NewCard, save_cards
from ghl.churches import find_church
from ghl.ids import new_id
from ghl.people.policy import ChurchRole, SignedIn
from ghl.statuses import CardSource, Role
from tests.support.churches import church
from tests.support.filling import fill

WORDS = "For my mother.\nShe is ill."


@pytest.fixture
def church_id(database):
    return church(database)


@pytest.fixture
def save(database):
    def save(of, prayer=WORDS):
        card = parse_card({"first_name": "Anna", "email": "anna@example.org", "prayer_request": prayer})
        with database.church(of) as session:
            (saved,) = save_cards(
                session, of, [NewCard(card, CardSource.TYPED)], now=datetime(2026, 11, 22, tzinfo=UTC)
            )
        return saved.id

    return save


def reader(church_id, *, reads_prayers=True):
    member = ChurchRole(
        church_id, "grace", "Grace", "America/Chicago", False, Role.VIEWER, reads_prayers=reads_prayers
    )
    return SignedIn(new_id(), False, (member,), member, "ruth@example.org", "Ruth")


@pytest.fixture
def entries(database):
    def entries(church_id):
        with database.church(church_id) as session:
            return session.execute(text("SELECT * FROM audit_entries WHERE action = 'prayer.read'")).all()

    return entries


def test_each_reading_is_noted_and_its_words_are_not(database, church_id, save, entries):
    card_id, ruth = save(church_id), reader(church_id)
    for _ in range(2):
        with database.church(church_id) as session:
            assert read_prayer(session, ruth, card_id) == WORDS
    assert [(entry.actor, entry.subject, entry.facts) for entry in entries(church_id)] == [
        (ruth.actor, str(card_id), {})
    ] * 2


def test_a_reading_that_was_not_noted_was_none(database, church_id, save, entries):
    card_id = save(church_id)
    with database.church(church_id) as session:
        read_prayer(session, reader(church_id), card_id)
        session.rollback()
    assert entries(church_id) == []


def test_nobody_else_reads_it(database, church_id, save, entries):
    card_id = save(church_id)
    for somebody in (reader(church_id, reads_prayers=False), replace(reader(church_id), church=None)):
        with pytest.raises(PrayerRefusedError), database.church(church_id) as session:
            read_prayer(session, somebody, card_id)
    assert entries(church_id) == []


def test_another_church_s_prayer_is_none(database, church_id, save, entries):
    hope = church(database, slug="hope")
    theirs, without = save(hope), save(church_id, prayer="")
    with database.church(church_id) as session:
        assert read_prayer(session, reader(church_id), theirs) is None
        assert read_prayer(session, reader(church_id), without) is None
        assert read_prayer(session, reader(hope), theirs) is None
    assert entries(church_id) == entries(hope) == []


@pytest.fixture
def opened(database):
    """The openings of a church's page, as the change log has them."""

    def opened(church_id):
        with database.church(church_id) as session:
            return session.execute(
                text(
                    "SELECT actor, subject, facts FROM audit_entries WHERE action = 'prayers.opened' ORDER BY id"
                )
            ).all()

    return opened


class TestThePage:
    def test_newest_first_page_by_page_and_each_opening_is_one_entry(self, database, church_id, save, opened):
        ids, ruth = [save(church_id, f"Prayer {n}") for n in range(5)], reader(church_id)
        save(church_id, prayer="")
        seen, before = [], None
        while True:
            with database.church(church_id) as session:
                page = open_prayers(session, ruth, before=before, size=2)
            seen += [(prayer.card_id, prayer.text, prayer.name) for prayer in page.prayers]
            before = page.last
            if not page.more:
                break
        assert seen == [(card_id, f"Prayer {n}", "Anna") for n, card_id in reversed(list(enumerate(ids)))]
        assert [(row.actor, row.subject, row.facts) for row in opened(church_id)] == [
            (ruth.actor, None, {"cards": [5, 4]}),
            (ruth.actor, None, {"cards": [3, 2]}),
            (ruth.actor, None, {"cards": [1]}),
        ]

    def test_an_opening_that_was_not_noted_was_none_and_an_empty_page_is_none(
        self, database, church_id, save, opened
    ):
        with database.church(church_id) as session:
            assert open_prayers(session, reader(church_id)).prayers == ()
        save(church_id)
        with database.church(church_id) as session:
            open_prayers(session, reader(church_id))
            session.rollback()
        assert opened(church_id) == []

    def test_those_of_cards_that_were_set_aside_are_not_on_it(self, database, church_id, save):
        card_id = save(church_id)
        with database.church(church_id) as session:
            session.execute(text("UPDATE cards SET status = 'dismissed' WHERE id = :id"), {"id": card_id})
        with database.church(church_id) as session:
            assert open_prayers(session, reader(church_id)).prayers == ()

    def test_prayed_for_once_by_whom_and_taken_back(self, database, church_id, save):
        card_id, ruth, tom = save(church_id), reader(church_id), reader(church_id)

        def say(who, prayed):
            with database.church(church_id) as session:
                return mark(session, who, card_id, prayed=prayed)

        def stands():
            with database.church(church_id) as session:
                return {of: one.by for of, one in marks(session, ruth, [card_id]).items()}

        assert stands() == {}
        assert say(ruth, True)
        assert not say(tom, True)
        assert stands() == {card_id: ruth.actor}
        assert say(tom, False)
        assert not say(ruth, False)
        assert stands() == {}
        with database.church(church_id) as session:
            noted = session.execute(
                text(
                    "SELECT actor, action, subject, facts FROM audit_entries WHERE action LIKE 'prayer.%' ORDER BY id"
                )
            ).all()
        assert [tuple(row) for row in noted] == [
            (ruth.actor, "prayer.prayed_for", str(card_id), {}),
            (tom.actor, "prayer.not_prayed_for", str(card_id), {}),
        ]

    def test_another_church_s_are_none(self, database, church_id, save, opened):
        hope = church(database, slug="hope")
        theirs = save(hope)
        ruth = reader(church_id)
        with database.church(church_id) as session:
            assert open_prayers(session, ruth).prayers == ()
            assert marks(session, ruth, [theirs]) == {}
            assert not mark(session, ruth, theirs, prayed=True)
        assert opened(church_id) == opened(hope) == []

    def test_nobody_else_opens_ticks_or_sees_ticks(self, database, church_id, save):
        card_id, nobody = save(church_id), reader(church_id, reads_prayers=False)
        for ask in (
            lambda session: open_prayers(session, nobody),
            lambda session: marks(session, nobody, [card_id]),
            lambda session: mark(session, nobody, card_id, prayed=True),
        ):
            with pytest.raises(PrayerRefusedError), database.church(church_id) as session:
                ask(session)

    def test_no_search_looks_into_it(self, database, church_id, save):
        save(church_id, "For my mother Philippa")
        with database.church(church_id) as session:
            assert find(session, church_id, CardFilter(words="Philippa")).ids == ()
            assert len(find(session, church_id, CardFilter(words="Anna")).ids) == 1

    def test_a_page_is_read_from_its_index(self, database, database_urls):
        fill(database_urls, cards=3_000, churches=3)
        grace = find_church(database, "church-1").id
        owner = create_engine(database_urls.admin)
        with owner.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO prayer_requests (card_id, church_id, text) SELECT id, church_id, 'x' FROM cards"
                )
            )
            connection.execute(text("ANALYZE prayer_requests"))
        owner.dispose()
        plans = []
        with database.church(grace) as session:

            def note(_connection, _cursor, statement, parameters, *_):
                if "prayer_requests" in statement and statement.startswith("SELECT"):
                    plans.append((statement, parameters))

            event.listen(database._engine, "before_cursor_execute", note)
            first = open_prayers(session, reader(grace))
            open_prayers(session, reader(grace), before=first.last)
            event.remove(database._engine, "before_cursor_execute", note)
            connection = session.connection()
            for statement, parameters in plans:
                told = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
                assert any("ix_prayer_requests_newest" in line for line in told), "\n".join(told)
                assert not any("Sort" in line or "Seq Scan" in line for line in told), "\n".join(told)
        assert len(plans) == 2
