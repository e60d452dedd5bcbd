"""Prayer requests: read by those alone who may, each reading noted, and never another church's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ghl.cards.fields import parse_card
from ghl.cards.prayers import PrayerRefusedError, read_prayer
from ghl.cards.save import NewCard, save_cards
from ghl.ids import new_id
from ghl.people.policy import ChurchRole, SignedIn
from ghl.statuses import CardSource, Role
from tests.support.churches import church

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
